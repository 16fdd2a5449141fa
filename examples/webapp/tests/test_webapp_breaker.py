"""While a dependency is away, one caller at a time tries it."""

from __future__ import annotations

import logging

import pytest
from webapp.breaker import Breaker


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    clock = Clock()
    monkeypatch.setattr("webapp.breaker.time.monotonic", clock)
    return clock


def test_everybody_is_admitted_while_all_is_well(clock: Clock) -> None:
    breaker = Breaker("Redis", trial_seconds=3)
    assert [breaker.admits() for _ in range(3)] == [True] * 3
    breaker.passed()
    assert breaker.admits()


def test_nobody_is_admitted_for_a_second_and_then_one(clock: Clock) -> None:
    breaker = Breaker("Redis", trial_seconds=3)
    breaker.failed(OSError("refused"))
    clock.now += 0.9
    assert not breaker.admits()
    clock.now += 0.2
    assert [breaker.admits() for _ in range(3)] == [True, False, False]
    breaker.failed(OSError("refused"))
    clock.now += 0.9
    assert not breaker.admits()


def test_a_trial_that_passes_admits_everybody(clock: Clock) -> None:
    breaker = Breaker("Redis", trial_seconds=3)
    breaker.failed(OSError("refused"))
    clock.now += 1.1
    assert breaker.admits()
    breaker.passed()
    assert [breaker.admits() for _ in range(3)] == [True] * 3


def test_a_trial_without_a_result_blocks_nobody_for_ever(clock: Clock) -> None:
    breaker = Breaker("Redis", trial_seconds=3)
    breaker.failed(OSError("refused"))
    clock.now += 1.1
    assert breaker.admits()
    clock.now += 3.9
    assert not breaker.admits()
    clock.now += 0.2
    assert breaker.admits()


def test_the_log_has_changes_and_not_each_failure(
    clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    breaker = Breaker("Redis", trial_seconds=3)
    for _ in range(3):
        breaker.failed(OSError("refused\nby the server"))
    clock.now += 2.5
    breaker.passed()
    breaker.passed()
    assert caplog.messages == [
        "Redis is away; one request a second tries it again: refused by the server",
        "Redis is back after 2.5 s.",
    ]
