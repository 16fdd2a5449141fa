"""How a statement of an IAM policy can be weakened: an Allow that allows more, a Deny that denies
less. Who may do less than is needed notices that by themselves. Pure."""

from collections.abc import Iterator, Mapping
from typing import Any


def allows(value: object) -> bool:
    """Whether it is a statement without which there would be less to do."""
    return isinstance(value, dict) and value.get("Effect") == "Allow"


def weaker(
    statement: Mapping[str, Any], gone: object
) -> Iterator[tuple[tuple[str | int, ...], object]]:
    """Each place within the statement, and what stands there instead; `gone` for nothing."""
    conditions = statement.get("Condition", {})
    if allows(statement):
        for key in ("Action", "Principal", "Resource"):
            if key in statement:
                yield (key,), "*"
        for operator, tests in conditions.items():
            for key in tests:
                yield ("Condition", operator, key), gone
        return
    yield ("Effect",), "Allow"
    for key in ("Action", "Resource"):
        if isinstance(statement.get(key), list):
            for number in range(len(statement[key])):
                yield (key, number), gone
    for operator, tests in conditions.items():
        for key in tests:
            # A denial of whoever is not `*` is one of nobody.
            yield ("Condition", operator, key), "*" if "Not" in operator else "another"
