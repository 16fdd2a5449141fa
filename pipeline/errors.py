"""The one error that a workflow's step shows to the person who reads its log."""


class PipelineError(Exception):
    """One sentence; the command prints it and exits with 1."""
