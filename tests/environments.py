"""The three environments as the real stack files describe them, each recorded once a test run."""

from functools import cache

from rehearsal.recording import Recording, record
from stacks.environment import environment

STACKS = ("prod", "staging", "testing")


@cache
def recorded(stack: str) -> Recording:
    """What `pulumi up` of a stack asks for."""
    return record(environment, stack=stack)
