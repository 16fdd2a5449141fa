"""The one error that a rehearsal shows to the person who started it."""


class RehearsalError(Exception):
    """One sentence for the person who reads it; the command prints it and exits with 1."""
