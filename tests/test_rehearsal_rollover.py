"""What a rehearsal says of the switch: a single failure, or a slot that was left out, is seen."""

import io
from typing import Any, cast

import pytest
from rich.console import Console

from rehearsal import commands
from rehearsal.checks import Unmet
from rehearsal.environment import Environment
from rehearsal.errors import RehearsalError
from rehearsal.progress import Progress
from rehearsal.reporting.report import Check
from rehearsal.rollover import Rollover, both_served, nothing_failed
from rehearsal.traffic.tally import Record, tally
from rehearsal.watch import Watch


def rolled(*, failing: int = 0, blue: int = 30, green: int = 10) -> Rollover:
    """Forty requests at ten a second, the first `failing` of them answered with 502."""
    records = [
        Record(
            at=n / 10,
            ended_at=n / 10,
            latency_seconds=0.0,
            late_seconds=0.0,
            kind="health",
            status=502 if n < failing else 200,
            reason="status 502, expected 200" if n < failing else "",
            release="r1",
        )
        for n in range(40)
    ]
    load = tally(0.0, records, plan_rate=10, slots={"r1": "blue"})
    return Rollover(load=load, sent={"blue": blue, "green": green})


def test_no_failure_is_said_with_what_was_sent() -> None:
    assert nothing_failed(rolled()) == (
        "40 requests at 10/s while all traffic moved to the other slot and back; none failed"
    )


def test_one_failed_request_is_too_many() -> None:
    with pytest.raises(Unmet, match=r"^1 of 40 requests failed: 1 status 502, expected 200$"):
        nothing_failed(rolled(failing=1))


def test_both_slots_are_counted_by_the_balancer() -> None:
    assert both_served(rolled()) == "the balancer sent blue 30, green 10 requests"


@pytest.mark.parametrize("counts", [{"blue": 0}, {"green": 0}])
def test_a_slot_that_was_sent_nothing_is_noticed(counts: dict[str, int]) -> None:
    with pytest.raises(Unmet, match=r"^the balancer sent blue \d+, green \d+ requests$"):
        both_served(rolled(**counts))


def under_load(monkeypatch: pytest.MonkeyPatch, outcome: Rollover | RehearsalError) -> list[Check]:
    def roll_over(*_: Any, **__: Any) -> Rollover:
        if isinstance(outcome, RehearsalError):
            raise outcome
        return outcome

    class Alive:
        watch = Watch(())

    monkeypatch.setattr(commands, "roll_over", roll_over)
    checks: list[Check] = []
    progress = Progress(Console(file=io.StringIO()))
    commands._under_load(cast(Environment, Alive()), progress, checks, rate=10, seconds=4)
    return checks


def test_a_switch_under_load_adds_its_two_checks(monkeypatch: pytest.MonkeyPatch) -> None:
    checks = under_load(monkeypatch, rolled(failing=2, green=0))
    assert [(check.name, check.passed) for check in checks] == [
        ("switch under load", False),
        ("both slots served", False),
    ]


def test_a_switch_that_could_not_be_done_is_a_failed_check(monkeypatch: pytest.MonkeyPatch) -> None:
    checks = under_load(monkeypatch, RehearsalError("the blue slot is still sent requests"))
    assert [(check.name, check.passed, check.detail) for check in checks] == [
        ("switch under load", False, "the blue slot is still sent requests")
    ]
