"""Whose lease may be taken is told by two looks, and by a clock that no sleep stops."""

import time
from collections.abc import Callable

import pytest
from cutover_fakes import SETTING, FakeClock, MemoryStore

from cutover.do.store import LeaseLost, Owner
from cutover.do.system_clock import SystemClock
from cutover.do.taking import ASK_AGAIN_SECONDS, Interrupted, take

DEPLOY = Owner(run="d1", purpose="deploy", host="ci", pid=2, by="ci")


@pytest.fixture
def store() -> MemoryStore:
    made = MemoryStore(clock=FakeClock())
    renew(made)
    return made


def renew(store: MemoryStore) -> None:
    store.append(store.read(), (), owner=DEPLOY, run="d1")


def slept(clock: FakeClock, meanwhile: Callable[[], None]) -> None:
    """Whoever waits for the lease sleeps much longer than it meant to, once."""

    def sleep() -> None:
        clock.at += SETTING.takeover_seconds
        clock.meanwhile = lambda: None
        meanwhile()

    clock.meanwhile = sleep


def test_who_slept_between_two_looks_takes_no_lease_of_a_living_owner(store: MemoryStore) -> None:
    """Its owner may send what it was about to for as long as its term lasts."""
    clock = FakeClock()
    slept(clock, lambda: renew(store))
    with pytest.raises(LeaseLost, match=r"^deploy of ci \(run d1, ci\) is under way; "):
        take(store, clock, SETTING, "resume")


def test_who_slept_and_asked_waits_from_the_last_sign_of_life_on(store: MemoryStore) -> None:
    clock = FakeClock()
    slept(clock, lambda: renew(store))
    began = clock.at
    snapshot, steal = take(store, clock, SETTING, "rollback")
    assert (snapshot.lease.version, steal) == (2, True)
    assert clock.at - began >= 2 * SETTING.takeover_seconds


def test_a_lease_that_nobody_touched_while_one_slept_is_taken(store: MemoryStore) -> None:
    clock = FakeClock()
    slept(clock, lambda: None)
    snapshot, steal = take(store, clock, SETTING, "resume")
    assert (snapshot.lease.version, steal) == (1, True)


def test_who_waits_says_so_once_for_whom_and_how_long(store: MemoryStore) -> None:
    said: list[str] = []
    take(store, FakeClock(), SETTING, "resume", waiting=said.append)
    assert said == [
        "deploy of ci (run d1, ci) has the lease: waiting 41 s at most for a sign of life"
    ]
    store.append(store.read(), (), owner=DEPLOY, run="d1", release=True)
    take(store, FakeClock(), SETTING, "resume", waiting=said.append)
    assert len(said) == 1


@pytest.mark.parametrize(
    ("purpose", "letter", "left"),
    [
        ("resume", "", "nothing was changed"),
        (
            "rollback",
            "",
            "what it asked of deploy of ci (run d1, ci) may still be done, `cutover status` says "
            "whether",
        ),
        (
            "freeze",
            "{}",
            "what it asked of deploy of ci (run d1, ci) may still be done, `cutover status` says "
            "whether",
        ),
    ],
)
def test_who_is_interrupted_waits_no_longer_and_says_what_is_left_of_it(
    store: MemoryStore, purpose: str, letter: str, left: str
) -> None:
    clock, came = FakeClock(), list[bool]()
    clock.meanwhile = lambda: came.append(True)
    began, reads = clock.at, list[str]()
    store.fails = reads.append
    with pytest.raises(Interrupted) as interrupted:
        take(store, clock, SETTING, purpose, letter=letter, interrupted=lambda: bool(came))
    assert str(interrupted.value) == f"interrupted while it waited for the lease; {left}"
    # The journal is not asked once more, which may take its time.
    assert (clock.at - began, reads.count("read")) == (ASK_AGAIN_SECONDS, 1)


def test_a_signal_before_the_first_wait_is_heeded_without_one(store: MemoryStore) -> None:
    clock = FakeClock()
    began = clock.at
    with pytest.raises(Interrupted, match=r"nothing was changed$"):
        take(store, clock, SETTING, "resume", interrupted=lambda: True)
    assert clock.at == began


def test_a_lease_ends_while_the_machine_is_suspended(monkeypatch: pytest.MonkeyPatch) -> None:
    """CLOCK_MONOTONIC stands still then on Linux, and CLOCK_BOOTTIME does not."""
    asked: list[int] = []
    monkeypatch.setattr(time, "clock_gettime", lambda number: asked.append(number) or 7.0)
    assert SystemClock().monotonic() == 7.0
    assert asked == [getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)]
