"""The command line's verbs: each parses, and leaves the rest to a module of its own."""
