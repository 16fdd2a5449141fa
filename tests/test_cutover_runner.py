"""The loop takes for its own only what it has written itself."""

from collections.abc import Sequence
from typing import Any

import pytest
from simulation import SETTING, Behaviour, Reality, SimClock, SimStore, SimWorld

from cutover.decide.journal import Draft
from cutover.decide.model import Release
from cutover.decide.outcome import Exit
from cutover.do.session import Order, Session
from cutover.do.store import Owner, Snapshot
from cutover.do.world import Unavailable

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
    assert reality.lease.owner == FASTER
    assert [entry.run for entry in reality.entries] == ["b"]
