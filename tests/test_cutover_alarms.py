"""Whose alarm it is: the entering slot's own turn a run back, everybody else's make it wait."""

from typing import Any

import pytest

from cutover.decide import alarms
from cutover.decide.alarms import Finding, unquiet
from cutover.decide.setting import Alarms

ALARMS = Alarms(
    environment=frozenset({"database", "cache"}),
    slots={
        "blue": {"errors": "blue-errors", "unhealthy": "blue-unhealthy"},
        "green": {"errors": "green-errors", "unhealthy": "green-unhealthy"},
    },
)
QUIET = {
    **dict.fromkeys(("database", "cache"), "OK"),
    **dict.fromkeys(("blue-errors", "blue-unhealthy"), "OK"),
    **dict.fromkeys(("green-errors", "green-unhealthy"), "OK"),
}


def found(
    percent: int = 25,
    *,
    despite: bool = False,
    booting: bool = False,
    **states: Any,
) -> list[Finding]:
    """What is found of green, when all is quiet but what is given with `_` for its hyphen."""
    changed = {name.replace("_", "-"): state for name, state in states.items()}
    seen = {name: state for name, state in (QUIET | changed).items() if state}
    return list(
        alarms.found(
            "green",
            states=seen,
            alarms=ALARMS,
            percent=percent,
            despite=despite,
            booting=booting,
        )
    )


def holds(*reasons: str) -> list[Finding]:
    return [("hold", reason) for reason in reasons]


def test_quiet_alarms_say_nothing() -> None:
    assert found() == found(100) == found(despite=True) == found(booting=True) == []


@pytest.mark.parametrize("percent", [1, 100])
def test_an_alarm_that_may_speak_of_the_boot_holds(percent: int) -> None:
    reason = "alarm green-unhealthy is ALARM, maybe still of when green booted"
    for despite in (False, True):
        assert found(percent, booting=True, despite=despite, green_unhealthy="ALARM") == holds(
            reason
        )
    assert found(booting=True, green_errors=None) == holds("alarm green-errors is missing")
    assert found(booting=True, green_errors="ALARM", blue_errors="ALARM")[0] == (
        "hold",
        "alarm green-errors is ALARM, and so is blue-errors",
    )


@pytest.mark.parametrize("percent", [1, 99, 100])
@pytest.mark.parametrize("despite", [False, True])
@pytest.mark.parametrize("kind", ["errors", "unhealthy"])
def test_an_alarm_of_the_entering_slot_fails(percent: int, *, despite: bool, kind: str) -> None:
    states = {f"green_{kind}": "ALARM"}
    assert found(percent, despite=despite, **states) == [("fail", f"alarm green-{kind} is ALARM")]


@pytest.mark.parametrize("name", ["blue-errors", "database"])
def test_an_alarm_of_anybody_else_holds_unless_a_person_has_said_so(name: str) -> None:
    states = {name.replace("-", "_"): "ALARM"}
    assert found(**states) == holds(f"alarm {name} is ALARM")
    assert found(despite=True, **states) == []


def test_trouble_that_both_slots_share_holds() -> None:
    both = {"green_errors": "ALARM", "blue_errors": "ALARM"}
    shared = "alarm green-errors is ALARM, and so is blue-errors"
    assert found(**both) == holds(shared, "alarm blue-errors is ALARM")
    # Never in spite of the entering slot's own.
    assert found(despite=True, **both) == holds(shared)


@pytest.mark.parametrize("at_home", ["OK", "INSUFFICIENT_DATA", None])
def test_only_an_alarm_of_the_same_kind_excuses(at_home: str | None) -> None:
    assert found(green_errors="ALARM", blue_errors=at_home)[0] == (
        "fail",
        "alarm green-errors is ALARM",
    )
    assert found(green_errors="ALARM", blue_unhealthy="ALARM") == [
        ("fail", "alarm green-errors is ALARM"),
        ("hold", "alarm blue-unhealthy is ALARM"),
    ]


def test_a_database_s_alarm_excuses_no_slot() -> None:
    assert found(green_errors="ALARM", database="ALARM")[0] == (
        "fail",
        "alarm green-errors is ALARM",
    )


def test_at_100_percent_the_slot_that_was_left_does_not_matter() -> None:
    left = {"blue_errors": "ALARM", "blue_unhealthy": None}
    assert found(99, **left) == holds(
        "alarm blue-errors is ALARM", "alarm blue-unhealthy is missing"
    )
    assert found(100, **left) == []
    assert found(100, green_errors="ALARM", **left) == [("fail", "alarm green-errors is ALARM")]
    assert found(100, database="ALARM") == holds("alarm database is ALARM")


@pytest.mark.parametrize(("state", "said"), [(None, "missing"), ("INSUFFICIENT_DATA",) * 2])
def test_what_nobody_knows_holds(state: str | None, said: str) -> None:
    for name in QUIET:
        states = {name.replace("-", "_"): state}
        assert found(**states) == holds(f"alarm {name} is {said}")
        own = holds(f"alarm {name} is {said}") if name.startswith("green") else []
        assert found(despite=True, **states) == own


def test_alarms_that_could_not_be_read_hold_whatever_a_person_has_said() -> None:
    for despite in (False, True):
        seen = alarms.found(
            "green", states=None, alarms=ALARMS, percent=25, despite=despite, booting=False
        )
        assert list(seen) == holds("the alarms could not be read")


def test_blue_is_judged_by_its_own() -> None:
    states = QUIET | {"blue-errors": "ALARM", "green-unhealthy": "ALARM"}
    seen = alarms.found(
        "blue", states=states, alarms=ALARMS, percent=5, despite=False, booting=False
    )
    assert list(seen) == [
        ("fail", "alarm blue-errors is ALARM"),
        ("hold", "alarm green-unhealthy is ALARM"),
    ]


def test_every_alarm_that_is_not_quiet_is_named_once_in_order() -> None:
    states = {"b": "ALARM", "c": "OK", "d": "ALARM"}
    assert unquiet(["c", "b", "a", "b"], states) == {"a": "missing", "b": "ALARM"}
    assert list(unquiet(["c", "b", "a"], states)) == ["a", "b"]
    assert unquiet([], states) == {}
