"""What ends a drill before it has an answer."""


class DrillError(Exception):
    """One sentence: what is wrong, and what to do about it."""


class BadInput(DrillError):
    """What the caller gave can't be used, and nothing was changed."""
