"""The three environments as the real stack files describe them, each recorded once a test run.

A team edits these files and nothing else, so what a test expects of a dial it reads from `chosen`.
"""

import json
from functools import cache

from infra import settings
from infra.settings import PROJECT, Settings
from rehearsal.recording import Recording, record
from rehearsal.stack_file import stack_config
from stacks.environment import environment

STACKS = ("prod", "staging", "testing")


@cache
def recorded(stack: str) -> Recording:
    """What `pulumi up` of a stack asks for."""
    return record(environment, stack=stack)


@cache
def chosen(stack: str) -> Settings:
    """The settings in a stack's file."""
    raw = {
        key.removeprefix(f"{PROJECT}:"): _value(text) for key, text in stack_config(stack).items()
    }
    found, problems = settings.parse(raw)
    assert found is not None, problems
    assert problems == []
    return found


def _value(text: str) -> object:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text
