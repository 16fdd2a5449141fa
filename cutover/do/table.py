"""The store on DynamoDB: one partition of the table holds an environment's lease and journal."""

import contextlib
from collections.abc import Sequence
from datetime import UTC, datetime

from cutover.decide.fold import fold
from cutover.decide.journal import Draft, Entry, Malformed, chain
from cutover.decide.state import State
from cutover.do.clients import Clients
from cutover.do.partition import Changed, Partition
from cutover.do.records import entry_of, head_of, item_of, lease_update, wish_update
from cutover.do.store import Lease, LeaseLost, Snapshot
from cutover.do.world import Clock
from infra.outputs import LEASE_RECORD, Owner

# Of a journal that looks damaged: more often than a transaction takes, and not for long.
_READS, _PAUSE_SECONDS = 3, 1.0


class Table:
    """A Store: one call for each page that is read, one transaction for each append.

    After Unavailable from `append` nobody knows whether it was applied. `read` again: it is there
    as a whole or not at all, and if it is, the state is the one after it and the lease names its
    owner, who goes on from there. Should it arrive after that, the next append raises LeaseLost
    and writes nothing.
    """

    def __init__(
        self, clients: Clients, *, table: str, scope: str, clock: Clock, lease_seconds: float
    ) -> None:
        """`table` is the contract's journal_table, `scope` the environment's name."""
        self._partition = Partition(clients=clients, table=table, scope=scope)
        self._scope = scope
        self._clock = clock
        self._lease_seconds = lease_seconds

    def read(self) -> Snapshot:
        """Goes back to the newest `ended` entry, which sums up all that was before it."""
        return self._read(whole=False)[0]

    def history(self) -> Sequence[Entry]:
        """Every entry, oldest first; the whole chain is checked, up to the lease's head."""
        return self._read(whole=True)[1]

    def append(
        self,
        snapshot: Snapshot,
        drafts: Sequence[Draft],
        *,
        owner: Owner,
        run: str,
        release: bool = False,
        steal: bool = False,
        answered: bool = False,
    ) -> Snapshot:
        """An owner is a run of a process on a host; another run of the same process is a new
        owner that needs nobody's leave."""
        held = snapshot.lease
        if held.owner and not steal and _process(held.owner) != _process(owner):
            raise LeaseLost(self._held(held, held.owner))
        own = held.owner is not None and _identity(held.owner) == _identity(owner)
        now = float(self._clock.now())
        lease = Lease(
            version=held.version + 1,
            token=held.token if own else held.token + 1,
            owner=None if release else owner,
            ends_at=0 if release else now + self._lease_seconds,
            wanted=held.wanted if own and not release and not answered else "",
        )
        entries = chain(drafts, state=snapshot.state, run=run, token=lease.token, at=now)
        items = [item_of(self._scope, entry) for entry in entries]
        # As a reader will see them: what nobody could read is not written.
        state = fold(map(entry_of, items), snapshot.state)
        update = lease_update(self._scope, held, lease, state, answered=answered)
        try:
            if items:
                self._partition.add(items, update)
            else:
                lease = head_of(self._partition.update(update)).lease
        except Changed as changed:
            found = head_of(changed.item).lease if changed.item else Lease()
            raise self._lost(held, found, owner) from None
        return Snapshot(state=state, lease=lease)

    def want(self, snapshot: Snapshot, wish: str) -> None:
        """Leaves the version alone, or a dead owner would look alive. Does nothing when the lease
        has changed hands since it was read."""
        if snapshot.lease.owner:
            with contextlib.suppress(Changed):
                self._partition.update(wish_update(self._scope, snapshot.lease, wish))

    def _read(self, *, whole: bool) -> tuple[Snapshot, list[Entry]]:
        """A query may meet one half of a transaction and not the other ("Isolation levels for
        DynamoDB transactions", Amazon DynamoDB Developer Guide): damage is what is still there
        after a while."""
        for _ in range(_READS - 1):
            with contextlib.suppress(Malformed):
                return self._read_once(whole=whole)
            self._clock.sleep(_PAUSE_SECONDS)
        return self._read_once(whole=whole)

    def _read_once(self, *, whole: bool) -> tuple[Snapshot, list[Entry]]:
        head, entries = None, []
        for item in self._partition.newest_first():
            if item["record"]["S"] == LEASE_RECORD:
                head = head_of(item)
                continue
            if head is None:
                raise Malformed(
                    f"the journal of {self._scope} has no lease; {self._partition.restore}"
                )
            entry = entry_of(item)
            # A query is no transaction: it may meet what was appended after it read the lease.
            if entry.sequence <= head.sequence:
                entries.append(entry)
                if entry.kind == "ended" and not whole:
                    break
        if head is None:
            return Snapshot(state=State(), lease=Lease()), []
        entries.reverse()
        state = fold(entries)
        if (state.sequence, state.hash) != (head.sequence, head.hash):
            raise Malformed(
                f"the journal of {self._scope} ends with entry {state.sequence}, which is not the "
                f"entry {head.sequence} that its lease knows; {self._partition.restore}"
            )
        return Snapshot(state=state, lease=head.lease), entries

    def _lost(self, read: Lease, found: Lease, owner: Owner) -> LeaseLost:
        if found.owner and _identity(found.owner) != _identity(owner):
            return LeaseLost(self._held(found, found.owner))
        return LeaseLost(
            f"the lease of {self._scope} has changed since it was read, from version "
            f"{read.version} to {found.version}; {self._look}"
        )

    def _held(self, lease: Lease, owner: Owner) -> str:
        until = datetime.fromtimestamp(lease.ends_at, UTC)
        return (
            f"the lease of {self._scope} is held by {owner.purpose} {owner.run} of {owner.by}, "
            f"process {owner.pid} on {owner.host}, until {until:%H:%M:%S} UTC; {self._look}"
        )

    @property
    def _look(self) -> str:
        return f"`python -m cutover status --stack {self._scope}` shows who has it"


def _process(owner: Owner) -> tuple[str, int]:
    return owner.host, owner.pid


def _identity(owner: Owner) -> tuple[str, str, int]:
    return owner.run, owner.host, owner.pid
