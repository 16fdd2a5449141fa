"""What stops the guard before it can judge: sentences for the person who asked."""


class NotAPlan(Exception):
    """One sentence: why this is no plan that can be judged, and what to do."""
