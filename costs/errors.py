"""What stops an estimate: sentences for the person who asked for it."""


class CostError(Exception):
    """One sentence: what is wrong, and what to do."""
