"""A journal and its lease in memory, by the rules of the protocol."""

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field

from cutover.decide.fold import fold
from cutover.decide.journal import Draft, Entry, chain
from cutover.decide.state import State
from cutover.do.store import Lease, LeaseLost, Snapshot
from infra.outputs import Owner


@dataclass(kw_only=True)
class MemoryJournal:
    """Every write is all or nothing."""

    lease_seconds: float
    entries: list[Entry] = field(default_factory=list)
    state: State = field(default_factory=State)
    lease: Lease = field(default_factory=Lease)

    def snapshot(self) -> Snapshot:
        return Snapshot(state=self.state, lease=self.lease)

    def write(
        self,
        snapshot: Snapshot,
        drafts: Sequence[Draft],
        *,
        at: float,
        owner: Owner,
        run: str,
        release: bool = False,
        steal: bool = False,
        answered: bool = False,
    ) -> Snapshot:
        held = self.lease
        if (snapshot.lease.version, snapshot.state.hash) != (held.version, self.state.hash):
            raise LeaseLost("the lease has changed since it was read")
        if held.owner and held.owner != owner and not steal:
            raise LeaseLost(f"the lease is held by {held.owner.purpose}")
        own = held.owner == owner
        token = held.token if own else held.token + 1
        added = chain(drafts, state=self.state, run=run, token=token, at=at)
        self.entries += added
        self.state = fold(added, self.state)
        self.lease = Lease(
            version=held.version + 1,
            token=token,
            owner=None if release else owner,
            ends_at=0 if release else at + self.lease_seconds,
            wanted=held.wanted if own and not release and not answered else "",
        )
        return self.snapshot()

    def want(self, snapshot: Snapshot, wish: str) -> None:
        if self.lease.owner and snapshot.lease.token == self.lease.token:
            self.lease = dataclasses.replace(self.lease, wanted=wish)
