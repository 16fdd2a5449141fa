"""Inputs as a rule reads them: what can't be known before the update is never taken for a value."""

from collections.abc import Iterator, Mapping
from typing import Any

UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
"""What the engine sends in the place of a text that some other resource has yet to compute."""

# The same for every kind of value (pulumi_policy/proxy.py); a rule does not care which it is.
_UNKNOWN = frozenset(
    {
        UNKNOWN,
        "1c4a061d-8072-4f0a-a4cb-0ff528b18fe7",
        "3eeb2bf0-c639-47a8-9e75-3b44932eb421",
        "6a19a0b0-7e62-4c92-b797-7f8e31da9cc2",
        "030794c1-ac77-496b-92df-f27374a8bd58",
        "e48ece36-62e2-4504-bad9-02848725956a",
        "dd056dcd-154b-4c76-9bd3-c8f88648b5ff",
    }
)


class NotKnownYet(Exception):
    """A rule reads a value that is known at the update only; `path` says which."""

    def __init__(self, path: str) -> None:
        super().__init__(f"{path} is not known before the update")
        self.path = path


class Inputs(Mapping[str, Any]):
    """A mapping that raises NotKnownYet where a value is unknown, however deep it lies.

    A text that was put together from an unknown one is unknown as a whole.
    """

    def __init__(self, values: Mapping[str, Any], path: str = "") -> None:
        self._values, self._path = values, path

    def __getitem__(self, key: str) -> Any:
        return _read(self._values[key], f"{self._path}.{key}".lstrip("."))

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def __repr__(self) -> str:
        return repr(self._values)

    def at(self, path: str) -> Any:
        """The value at dotted keys, or None where one of them is missing."""
        found: Any = self
        for key in path.split("."):
            found = found.get(key) if isinstance(found, Mapping) else None
        return found

    def has(self, path: str) -> bool:
        """Whether there is a value. It need not be known yet, but what it is part of must be."""
        parent, _, key = path.rpartition(".")
        within = self.at(parent) if parent else self
        try:
            return isinstance(within, Mapping) and within.get(key) not in (None, "", [], {})
        except NotKnownYet:
            return True

    def every(self, path: str) -> list[Any]:
        """The entries of a list, none when there is no list."""
        return list(self.at(path) or ())


def _read(value: Any, path: str) -> Any:
    match value:
        case str() if any(unknown in value for unknown in _UNKNOWN):
            raise NotKnownYet(path)
        case Mapping():
            return Inputs(value, path)
        case list() | tuple():
            return [_read(item, f"{path}.{number}") for number, item in enumerate(value)]
    return value
