"""Whether plain data has the shape of a dataclass: every problem at once, in a reader's words.

Imports the standard library alone, which is all that the watcher's archive has.
"""

import dataclasses
import json
import typing
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Literal

# Enough of a value to know it again.
_SHOWN_CHARACTERS = 60
_WORDS = {str: "a text", int: "a whole number", float: "a number", bool: "true or false"}


@dataclass(frozen=True)
class Allowed:
    """What a value of the right type must be besides, with the words that follow "must be"."""

    words: str
    holds: Callable[[Any], bool]


def problems(value: Any, shape: Any, path: str = "") -> Iterator[str]:
    """A phrase for each place of `value`, as json.loads gives it, that is not of `shape`: where,
    what must be there, what is there.

    A shape is a dataclass, str, int, float, bool, `tuple[X, ...]` or `dict[K, X]`, each of them
    alone or in `Annotated[…, Allowed(…)]`. A dict whose keys are a Literal has all of them.
    """
    bare, allowed = _bare(shape)
    inner = typing.get_args(bare)
    fields = _fields(bare)
    if fields is not None and isinstance(value, dict):
        found = list(_of_fields(value, fields, _needed(bare), path))
    elif typing.get_origin(bare) is dict and isinstance(value, dict):
        found = [each for key in value for each in problems(value[key], inner[1], _to(path, key))]
    elif typing.get_origin(bare) is tuple and isinstance(value, list):
        steps = enumerate(value)
        found = [each for at, item in steps for each in problems(item, inner[0], _to(path, at))]
    elif type(value) is bare or (bare is float and type(value) is int):
        found = []
    else:
        found = [_phrase(path, _words(bare, allowed), value)]
    if not found and allowed and not allowed.holds(value):
        found = [_phrase(path, allowed.words, value)]
    yield from found


def shown(value: Any) -> str:
    """A value for a sentence, as JSON in one line, and of a long one the beginning."""
    try:
        text = json.dumps(value)
    except RecursionError:  # json.loads has just managed it, with less of the stack in use
        return "nested too deeply"
    return text if len(text) <= _SHOWN_CHARACTERS else f"{text[: _SHOWN_CHARACTERS - 3]}..."


def _of_fields(
    value: Mapping[str, Any], fields: Mapping[str, Any], needed: Sequence[str], path: str
) -> Iterator[str]:
    missing = [_to(path, name) for name in needed if name not in value]
    if missing:
        yield f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} missing"
    for name, item in value.items():
        if name in fields:
            yield from problems(item, fields[name], _to(path, name))
        else:
            yield f"{_to(path, name)} is unknown, known are {', '.join(fields)}"


def _bare(shape: Any) -> tuple[Any, Allowed | None]:
    """The type inside Annotated, and what is allowed of it."""
    if typing.get_origin(shape) is not Annotated:
        return shape, None
    bare, allowed = typing.get_args(shape)
    return bare, allowed


def _fields(bare: Any) -> Mapping[str, Any] | None:
    """Name -> shape of all that a dataclass has, or a dict whose keys are a Literal."""
    if dataclasses.is_dataclass(bare):
        hints = typing.get_type_hints(bare, include_extras=True)
        return {field.name: hints[field.name] for field in dataclasses.fields(bare)}
    if typing.get_origin(bare) is dict:
        key, of = typing.get_args(bare)
        if typing.get_origin(key) is Literal:
            return dict.fromkeys(typing.get_args(key), of)
    return None


def _needed(bare: Any) -> list[str]:
    if dataclasses.is_dataclass(bare):
        fields = dataclasses.fields(bare)
        return [field.name for field in fields if field.default is dataclasses.MISSING]
    return list(_fields(bare) or ())


def _words(bare: Any, allowed: Allowed | None) -> str:
    fields = _fields(bare)
    if allowed:
        return allowed.words
    if fields:
        return f"an object with {', '.join(fields)}"
    if typing.get_origin(bare) is tuple:
        return "a list"
    return _WORDS.get(bare, "an object")


def _phrase(path: str, words: str, value: Any) -> str:
    return f"{path or 'it'} must be {words}, and is {shown(value)}"


def _to(path: str, step: str | int) -> str:
    # A key may hold anything, and a sentence has one line.
    text = step if isinstance(step, str) and step.isidentifier() else json.dumps(step)
    return f"{path}/{text}" if path else text
