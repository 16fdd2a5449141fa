"""A store that tells what is in the journal once it is there, and never before."""

from collections.abc import Callable, Sequence

from cutover.decide.journal import Draft, Entry
from cutover.decide.state import State
from cutover.do.store import Snapshot, Store
from cutover.do.world import Unavailable
from infra.outputs import Owner

Hear = Callable[[State, State, Sequence[Draft]], None]
"""Told of the state before and after each write of this process, and what it wrote."""


class Announced:
    """Another store's equal in everything else."""

    def __init__(self, store: Store, hear: Hear) -> None:
        self._store, self._hear = store, hear
        self._unsure: tuple[State, Sequence[Draft]] | None = None

    def read(self) -> Snapshot:
        """A write whose answer was lost is told of here, when as much has been added."""
        found = self._store.read()
        if self._unsure:
            before, drafts = self._unsure
            if found.state.sequence == before.sequence + len(drafts):
                self._unsure = None
                self._tell(before, found.state, drafts)
        return found

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
        drafts = tuple(drafts)
        try:
            written = self._store.append(
                snapshot,
                drafts,
                owner=owner,
                run=run,
                release=release,
                steal=steal,
                answered=answered,
            )
        except Unavailable:
            self._unsure = (snapshot.state, drafts)
            raise
        self._unsure = None  # not before: an attempt that is refused may have met the one before it
        self._tell(snapshot.state, written.state, drafts)
        return written

    def want(self, snapshot: Snapshot, wish: str) -> None:
        self._store.want(snapshot, wish)

    def history(self) -> Sequence[Entry]:
        return self._store.history()

    def _tell(self, before: State, after: State, drafts: Sequence[Draft]) -> None:
        if drafts:
            self._hear(before, after, drafts)
