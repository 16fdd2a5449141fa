"""What of a file can be used although other values of it can't."""

import dataclasses
import json
import typing
from collections.abc import Mapping
from typing import Any

from pydantic import TypeAdapter, ValidationError

from infra.problems import bare


class Unusable(Exception):
    """A value was asked for that has a problem of its own, which is told of elsewhere."""


class ValidPart:
    """The dataclass `shape` with the attributes that are valid in `raw`, as YAML gives it; any
    other raises Unusable."""

    def __init__(self, shape: type, raw: Mapping[str, Any]) -> None:
        self._shape, self._raw = shape, raw

    def __getattr__(self, name: str) -> Any:
        (field,) = (one for one in dataclasses.fields(self._shape) if one.name == name)
        hint = typing.get_type_hints(self._shape, include_extras=True)[name]
        if name not in self._raw:
            if field.default is dataclasses.MISSING:
                raise Unusable(name)
            return field.default
        raw, section = self._raw[name], bare(hint)
        if dataclasses.is_dataclass(section) and isinstance(raw, Mapping):
            return ValidPart(typing.cast(type, section), raw)
        try:
            return TypeAdapter(hint).validate_json(as_json(raw), strict=True)
        except ValidationError:
            raise Unusable(name) from None


def as_json(raw: Any) -> bytes:
    """What YAML gives, as JSON."""
    # "\ud800", half a character, is a text in YAML and none in JSON; as ? it is refused in place.
    return json.dumps(raw, ensure_ascii=False).encode(errors="replace")
