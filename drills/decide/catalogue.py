"""What a database is beside its rows, and where a restored one differs from its source."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

SHOWN = 3


@dataclass(frozen=True, kw_only=True)
class Catalogue:
    """Lines of text, one for each fact. `schema` has every column, constraint, index, view,
    function, trigger and policy, with owners and grants; `behind` names the sequences that would
    hand out a value that their column has already."""

    extensions: frozenset[str]
    roles: frozenset[str]
    schema: frozenset[str]
    settings: frozenset[str]
    behind: frozenset[str]


def differences(source: Iterable[str], restored: Iterable[str]) -> str:
    """What is missing and what is extra as one text, "" when nothing is."""
    here, there = {*source}, {*restored}
    parts = [
        _some(sorted(here - there), "missing"),
        _some(sorted(there - here), "not in the source"),
    ]
    return "; ".join(part for part in parts if part)


def facts_apart(source: Mapping[str, str], restored: Mapping[str, str]) -> str:
    """The facts that are not the same, such as the key or the subnets; "" when all are."""
    return differences(
        (f"{name} {value}" for name, value in source.items()),
        (f"{name} {value}" for name, value in restored.items()),
    )


def _some(lines: list[str], what: str) -> str:
    if not lines:
        return ""
    more = f" and {len(lines) - SHOWN} more" if len(lines) > SHOWN else ""
    # The text of a view or a function has lines of its own.
    shown = ", ".join(" ".join(line.split()) for line in lines[:SHOWN])
    return f"{what}: {shown}{more}"
