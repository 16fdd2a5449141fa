"""Paths, as the engine writes them, and what stands there."""

import pytest

from guard.decide.step import SECRET, UNKNOWN, at, hidden, outermost

INPUTS = {"rules": [{"expiration": {"days": 7}}, {"id": "two"}], "name": "logs"}


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("name", "logs"),
        ("rules[0].expiration.days", 7),
        ("rules[1].id", "two"),
        ("rules[2].id", None),
        ("rules[1].expiration.days", None),
        ("rules.id", None),
        ("name.first", None),
        ("name[0]", None),
        ("other", None),
    ],
)
def test_what_stands_at_a_path(path: str, found: object) -> None:
    assert at(INPUTS, path) == found


def test_the_outermost_property_of_a_path() -> None:
    paths = ("name", "rules[0].id", "tags.a[b]")
    assert [outermost(path) for path in paths] == ["name", "rules", "tags"]


def test_what_the_engine_hides() -> None:
    values = (UNKNOWN, SECRET, "", None, [], {}, 0)
    assert [hidden(value) for value in values] == [True, True, *[False] * 5]
    # As the engine prints them: plugin.UnknownStringValue, and a secret's placeholder.
    assert hidden("04da6b54-80e4-46f7-96ec-b56ff0331ba9")
    assert hidden("[secret]")
