"""The commonest rule: one input of a resource has to hold a value that is allowed."""

import json
import re
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass
from typing import Any

from infra.guardrails.inputs import Inputs


@dataclass(frozen=True)
class Allowed:
    """What a value may be; the words follow "it must be"."""

    words: str
    holds: Callable[[Any], bool]


ON = Allowed("true", lambda value: value is True)
OFF = Allowed("false", lambda value: value is False)


def at_least(low: int) -> Allowed:
    """A number from `low` on."""
    return Allowed(f"at least {low}", lambda value: isinstance(value, int) and value >= low)


def one_of(values: Collection[Any]) -> Allowed:
    """One of the values."""
    listed = " or ".join(map(shown, sorted(values)))
    return Allowed(listed, lambda value: value in values)


def none_of(*values: Any) -> Allowed:
    """Given, and none of the values."""
    listed = " or ".join(map(shown, values))
    return Allowed(f"given and not {listed}", lambda value: value not in (None, *values))


def holding(*values: str) -> Allowed:
    """A list that has each of the values."""
    listed = " and ".join(values)
    return Allowed(f"a list with {listed}", lambda value: {*values} <= {*(value or ())})


def needs(path: str, allowed: Allowed) -> Callable[[Inputs], Iterable[str]]:
    """A check of the input at dotted camelCase keys; what is missing counts as None."""

    def check(inputs: Inputs) -> Iterable[str]:
        value = inputs.at(path)
        if not allowed.holds(value):
            yield wrong(path, value, allowed.words)

    return check


def gives(path: str) -> Callable[[Inputs], Iterable[str]]:
    """A check that there is an input at dotted camelCase keys, whatever it is."""

    def check(inputs: Inputs) -> Iterable[str]:
        if not inputs.has(path):
            yield wrong(path, inputs.at(path), "given")

    return check


def wrong(path: str, value: Any, allowed: str) -> str:
    """`multi_az is false, it must be true`."""
    is_now = "is not given" if value is None else f"is {shown(value)}"
    return f"{snake(path)} {is_now}, it must be {allowed}"


def shown(value: Any) -> str:
    """A value as an error shows it: short, and texts without quotes."""
    text = value if isinstance(value, str) else json.dumps(value, default=repr)
    return text if len(text) <= 80 else f"{text[:77]}..."


def snake(path: str) -> str:
    """The path as the program spells it."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", path).lower()
