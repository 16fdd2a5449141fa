"""Every problem of a settings file as one line: path, what must be there, what is there."""

import dataclasses
import types
import typing
from collections.abc import Sequence
from typing import Annotated, Any, Literal

from pydantic_core import ErrorDetails

from infra.bounds import Bound


def line(problem: ErrorDetails, shape: type) -> str:
    """One line for one finding of pydantic about a value of the dataclass `shape`."""
    path = "/".join(map(_step, problem["loc"]))
    match problem["type"]:
        case "unexpected_keyword_argument":
            keys = _type_at(shape, problem["loc"][:-1])
            return f"{path}: unknown key, expected one of {', '.join(_field_names(keys))}"
        case "missing":
            return f"{path}: is missing, must be {_allowed(_type_at(shape, problem['loc']))}"
        case _:
            wanted = _allowed(_type_at(shape, problem["loc"]))
            return f"{path}: must be {wanted}, got {_shown(problem['input'])}"


def _step(step: str | int) -> str:
    # A key may hold anything, and a problem has one line.
    text = str(step)
    return text if text and text.isprintable() else repr(text)


def _type_at(shape: Any, steps: Sequence[str | int]) -> Any:
    for step in steps:
        shape = bare(shape)
        if isinstance(step, int):
            shape = typing.get_args(shape)[0]
        else:
            shape = typing.get_type_hints(shape, include_extras=True)[step]
    return shape


def bare(annotation: Any) -> Any:
    """The type inside Annotated[...] and `... | None`."""
    if typing.get_origin(annotation) is Annotated:
        return bare(typing.get_args(annotation)[0])
    if isinstance(annotation, types.UnionType) or typing.get_origin(annotation) is typing.Union:
        return bare(typing.get_args(annotation)[0])
    return annotation


def _allowed(annotation: Any) -> str:
    if typing.get_origin(annotation) is Annotated:
        bounds = [
            extra.allowed for extra in typing.get_args(annotation)[1:] if isinstance(extra, Bound)
        ]
        return bounds[0]
    if annotation != bare(annotation):
        return f"{_allowed(typing.get_args(annotation)[0])}, or left out"
    if typing.get_origin(annotation) is Literal:
        return f"one of {', '.join(str(value) for value in typing.get_args(annotation))}"
    if dataclasses.is_dataclass(annotation):
        return f"a section with {', '.join(_field_names(annotation))}"
    named = {bool: "true or false", str: "a text", int: "a whole number"}
    return named.get(annotation, "a list")


def _field_names(shape: Any) -> list[str]:
    return [field.name for field in dataclasses.fields(bare(shape))]


def _shown(value: object) -> str:
    match value:
        case None:
            text = "nothing"
        case bool():
            text = str(value).lower()
        case _:
            text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
