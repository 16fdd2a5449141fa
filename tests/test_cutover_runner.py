"""The loop takes for its own only what it has written itself."""

import dataclasses
from collections.abc import Sequence
from typing import Any

import pytest
from simulation import SETTING, Behaviour, Reality, SimClock, SimStore, SimWorld, process

from cutover.decide.journal import Draft
from cutover.decide.model import Release
from cutover.decide.outcome import Exit
from cutover.do.backoff import Backoff
from cutover.do.order import Order
from cutover.do.session import Session
from cutover.do.store import Snapshot
from cutover.do.world import Unavailable
from infra.outputs import Owner

RELEASE = Release(release_id="r1", image="app@1", schema_min=0, schema_max=0)
FASTER = Owner(run="b", purpose="deploy", host="other", pid=1, by="bob")


class Overtaken(SimStore):
    """Its first append is lost on the way, and somebody else's, of as many entries, arrives."""

    lost = 0

    def append(self, snapshot: Snapshot, drafts: Sequence[Draft], **arguments: Any) -> Snapshot:
        if not self.lost:
            self.lost += 1
            super().append(snapshot, drafts, **arguments | {"owner": FASTER, "run": "b"})
            raise Unavailable("timed out")
        return super().append(snapshot, drafts, **arguments)


def test_what_another_wrote_meanwhile_is_not_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    """Both raced from a free lease: token and number of entries are the same, the owner is not."""
    reality = Reality(behaviours={"r1": Behaviour()}, faults={})
    clock = SimClock(reality, 0)
    started: list[str] = []
    monkeypatch.setattr(SimWorld, "start_migration", lambda *_, **__: started.append("migrate"))
    order = Order(run="a", reason="because", by="ann", host="host", pid=1)
    store = Overtaken(reality, clock)
    session = Session(SimWorld(reality, clock, lambda: 0), store, clock, SETTING, order)
    result = session.deploy(RELEASE)
    assert (result.exit, result.sentence) == (
        Exit.LOCK_LOST,
        "somebody else wrote to the journal while it did not answer",
    )
    assert (store.lost, started) == (1, [])
    assert reality.journal.lease.owner == FASTER
    kinds = [(entry.run, entry.kind) for entry in reality.journal.entries]
    assert kinds == [("b", "started"), ("b", "noted")]


class Throttled(SimStore):
    """Nothing can be written at first, and later on once more."""

    tries = 0
    refused = False

    def append(self, snapshot: Snapshot, drafts: Sequence[Draft], **arguments: Any) -> Snapshot:
        self.tries += 1
        self.refused = self.tries in (1, 2, 3, 6)
        if self.refused:
            raise Unavailable("throttled")
        return super().append(snapshot, drafts, **arguments)


def test_a_run_waits_longer_each_time_and_in_its_own_step(monkeypatch: pytest.MonkeyPatch) -> None:
    reality = Reality(behaviours={"r1": Behaviour()}, faults={})
    clock = SimClock(reality, 0)
    slept: list[float] = []
    sleep = clock.sleep

    def note(seconds: float) -> None:
        if store.refused:
            slept.append(seconds)
            store.refused = False
        sleep(seconds)

    monkeypatch.setattr(clock, "sleep", note)
    order = Order(run="a", reason="because", by="ann", host="host", pid=1)
    store = Throttled(reality, clock)
    session = Session(SimWorld(reality, clock, lambda: 0), store, clock, SETTING, order)
    assert session.deploy(RELEASE).exit == Exit.DONE
    own = Backoff.of("a")
    assert slept[:3] == [own.next_seconds() for _ in range(3)]
    own.answered()
    assert slept[3:] == [own.next_seconds()]


class Late(SimStore):
    """One of its appends is not answered, and arrives together with the next one."""

    late = 2
    seconds = 0.0
    """Until it is given up."""
    arrived: Snapshot | None = None

    def __init__(self, reality: Reality, clock: SimClock) -> None:
        super().__init__(reality, clock)
        self.written: list[int] = []
        """How many entries each append was to write; one that renews the lease writes none."""

    def append(self, snapshot: Snapshot, drafts: Sequence[Draft], **arguments: Any) -> Snapshot:
        self.written.append(len(drafts))
        if len(self.written) == self.late:
            self._unanswered = (snapshot, tuple(drafts), arguments)
            self._r.time += self.seconds
            raise Unavailable("timed out")
        if len(self.written) == self.late + 1:
            late, entries, others = self._unanswered
            self.arrived = super().append(late, entries, **others)
        return super().append(snapshot, drafts, **arguments)


def test_a_write_that_arrives_late_is_our_own() -> None:
    """The next attempt meets it, which looks like somebody else's write, and is none."""
    reality = Reality(behaviours={"r1": Behaviour()}, faults={})
    clock = SimClock(reality, 0)
    order = Order(run="a", reason="because", by="ann", host="host", pid=1)
    store = Late(reality, clock)
    session = Session(SimWorld(reality, clock, lambda: 0), store, clock, SETTING, order)
    result = session.deploy(RELEASE)
    assert (result.exit, result.sentence) == (Exit.DONE, "r1 serves from blue")
    assert store.arrived is not None
    numbers = [entry.sequence for entry in reality.journal.entries]
    assert numbers == list(range(1, len(numbers) + 1))
    assert [entry.kind for entry in reality.journal.entries].count("started") == 1


@pytest.mark.parametrize(("seconds", "renewals"), [(0.0, 0), (20.0, 1)])
def test_a_lease_is_as_old_as_the_first_try_to_write_it(seconds: float, renewals: int) -> None:
    """It may have been written then: with 10 of 30 s left it is renewed before the next call."""
    reality = Reality(behaviours={"r1": Behaviour()}, faults={})
    clock = SimClock(reality, 0)
    order = Order(run="a", reason="because", by="ann", host="host", pid=1)
    store = Late(reality, clock)
    store.late, store.seconds = 1, seconds
    session = Session(SimWorld(reality, clock, lambda: 0), store, clock, SETTING, order)
    assert session.deploy(RELEASE).exit is Exit.DONE
    assert store.written[2:3].count(0) == renewals


class Slow(SimStore):
    """Its table takes its time over every intent, and the tasks of green die meanwhile."""

    def append(self, snapshot: Snapshot, drafts: Sequence[Draft], **arguments: Any) -> Snapshot:
        written = super().append(snapshot, drafts, **arguments)
        if any(draft.kind == "intent" for draft in drafts):
            self._r.time += SETTING.call_seconds + 1
            self._r.kill_tasks("green")
        return written


def test_before_a_write_it_looks_again_when_the_journal_was_slow(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """S2 is about the moment of the write, not about what was seen long before it."""
    reality = Reality(behaviours={"r1": Behaviour(), "r2": Behaviour()}, faults={})
    assert process(reality, "first").session.deploy(RELEASE).exit is Exit.DONE
    healthy: list[int] = []
    set_weights = SimWorld.set_weights

    def noted(world: SimWorld, *arguments: Any, **named: Any) -> Any:
        healthy.append(reality.health("green").healthy)
        return set_weights(world, *arguments, **named)

    monkeypatch.setattr(SimWorld, "set_weights", noted)
    monkeypatch.setattr(Reality, "check_write", lambda *_: None)
    clock = SimClock(reality, 0)
    order = Order(run="a", reason="because", by="ann", host="host", pid=1)
    world = SimWorld(reality, clock, lambda: 0)
    session = Session(world, Slow(reality, clock), clock, SETTING, order)
    result = session.deploy(dataclasses.replace(RELEASE, release_id="r2"))
    assert (result.exit, healthy) == (Exit.ROLLED_BACK, [])
    assert reality.weights == {"blue": 100, "green": 0}


def test_a_run_id_that_is_given_again_finds_no_task_of_the_earlier_run() -> None:
    behaviours = {"r1": Behaviour(migration_exit=1), "r2": Behaviour(), "r3": Behaviour()}
    reality = Reality(behaviours=behaviours, faults={})
    ended = [
        process(reality, run).session.deploy(dataclasses.replace(RELEASE, release_id=release_id))
        for run, release_id in (("nightly", "r1"), ("other", "r2"), ("nightly", "r3"))
    ]
    assert [result.exit for result in ended] == [Exit.ROLLED_BACK, Exit.DONE, Exit.DONE]
    assert ended[-1].state.releases == {"blue": "r2", "green": "r3"}
