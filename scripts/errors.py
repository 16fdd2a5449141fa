"""The one error that set-up shows to the person who started it."""


class SetUpError(Exception):
    """One sentence for the person who reads it; the command prints it and exits with 1."""
