"""The three environments as the real stack files describe them, each recorded once a test run.

A team edits these files and nothing else, so what a test expects of a dial it reads from `chosen`.
"""

from functools import cache

from infra.settings import Settings
from rehearsal import capacity
from rehearsal.recording import Recording, record
from stacks.environment import environment

STACKS = ("prod", "staging", "testing")


@cache
def recorded(stack: str) -> Recording:
    """What `pulumi up` of a stack asks for."""
    return record(environment, stack=stack)


@cache
def recorded_again(stack: str) -> Recording:
    """The same once more, of which nothing may differ."""
    return record(environment, stack=stack)


@cache
def previewed(stack: str) -> Recording:
    """The same before the first update, when nobody knows yet what AWS will compute."""
    return record(environment, stack=stack, preview=True)


@cache
def chosen(stack: str) -> Settings:
    """The settings in a stack's file."""
    return capacity.chosen(stack)
