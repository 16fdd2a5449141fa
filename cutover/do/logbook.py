"""The journal as one run writes it, and the lease that every write takes or renews."""

import contextlib
from collections.abc import Callable

from cutover.decide.fold import foreseen
from cutover.decide.journal import Draft
from cutover.decide.setting import Setting
from cutover.decide.state import State
from cutover.do.backoff import Backoff
from cutover.do.store import LeaseLost, Snapshot, Store
from cutover.do.taking import read_letter
from cutover.do.world import Clock, Refused, Unavailable
from infra.outputs import Owner

# A shorter wait than this is not worth a call to renew the lease.
RENEW_SECONDS = 2.0

Tell = Callable[[State, str], None]
"""Told of each state of the run, and of what it waits for."""


class GaveWay(Exception):
    """Another command asked for the lease. Its purpose."""


class Silent(LeaseLost):
    """The journal did not answer for as long as a lease lasts. One sentence."""


class Logbook:
    """Entries are decided upon as soon as they are added, and written together with the first thing
    that must be durable.

    The first write takes the lease: nothing is written, and LeaseLost raised, when another has been
    faster since the snapshot. `state` is what all entries add up to, `owns` whether any is written.
    Whatever writes raises LeaseLost, Refused, and GaveWay once the write is there.
    """

    def __init__(
        self,
        store: Store,
        clock: Clock,
        setting: Setting,
        owner: Owner,
        snapshot: Snapshot,
        *,
        run: str,
        steal: bool,
        tell: Tell,
    ) -> None:
        self._store, self._clock, self._setting, self.owner = store, clock, setting, owner
        self._snapshot, self.state = snapshot, snapshot.state
        self.run, self._steal, self._tell = run, steal, tell
        self._pending = list[Draft]()
        self.owns, self._fresh_at = False, clock.monotonic()
        self.backoff = Backoff.of(owner.run)

    @property
    def written(self) -> State:
        """What the entries that are written add up to."""
        return self._snapshot.state

    @property
    def lease_left(self) -> float:
        """Seconds, if the lease is ours."""
        return self._setting.lease_seconds - (self._clock.monotonic() - self._fresh_at)

    def add(self, *drafts: Draft) -> None:
        """To be written with what comes next, and decided upon from now on."""
        self._pending += drafts
        self.state = foreseen(self.state, drafts, run=self.run, at=self._clock.now())
        if drafts:
            self.backoff.answered()
            self._tell(self.state, drafts[-1].kind)

    def flush(self) -> None:
        """Writes what is pending, if anything is."""
        if self._pending:
            self._write()

    def close(self) -> None:
        """Writes what is pending, and frees the lease."""
        if self._pending or self._snapshot.lease.owner == self.owner:
            self._write(release=True)

    def leave(self, sentence: str) -> None:
        """Frees the lease, if it is ours, with a last word about an open run."""
        if self.owns:
            self._pending.append(Draft("observed", {"what": sentence}))
            with contextlib.suppress(LeaseLost, Refused):  # another's, or it ends by itself
                self._write(release=True)

    def keep(self) -> None:
        """The lease outlasts the next calls, or is renewed first."""
        if self.lease_left < 2 * self._setting.call_seconds + 1:
            self._write()

    def renew(self) -> None:
        """After a wait, if it is ours: often, to learn soon what is wanted; of a rollback nobody
        wants anything."""
        often = self.owner.purpose != "rollback"
        due = RENEW_SECONDS if often else self._setting.lease_seconds / 3
        if self.owns and self._clock.monotonic() - self._fresh_at >= due:
            self._write()

    def _write(self, *, release: bool = False, answered: bool = False) -> None:
        """A write whose answer was lost is found by reading: it is whole, or it is not there, or it
        arrives later and is met by the next attempt."""
        since = asked_at = self._clock.monotonic()
        unanswered = False
        while True:
            try:
                written = self._store.append(
                    self._snapshot,
                    self._pending,
                    owner=self.owner,
                    run=self.run,
                    release=release,
                    steal=self._steal,
                    answered=answered,
                )
                break
            except Unavailable as error:
                self._tell(self.state, f"{error}; trying again")
                unanswered = True
            except LeaseLost:
                if not unanswered:
                    raise
            self._clock.sleep(self.backoff.next_seconds())
            found = self._found(since, release=release)
            if found is not None:
                # Which of the attempts it was, nobody can tell; the first is the safe guess.
                written, asked_at = found, since
                break
            asked_at = self._clock.monotonic()
        self._pending, self._steal = [], False
        self._take(written, asked_at)

    def _found(self, since: float, *, release: bool) -> Snapshot | None:
        """What an append without an answer has written; None when it has written nothing."""
        before = self._snapshot
        if self._clock.monotonic() - since > self._setting.lease_seconds:
            raise Silent("the journal has not answered for as long as a lease lasts")
        try:
            found = self._store.read()
        except Unavailable:
            return None
        if found.lease.version == before.lease.version:
            return None
        # A token is one owner's alone, but the next one is whoever's was faster.
        mine = found.lease.token == before.lease.token if self.owns else not release
        ours = found.lease.owner == (None if release else self.owner)
        if mine and ours and found.state.sequence == before.state.sequence + len(self._pending):
            return found
        raise LeaseLost("somebody else wrote to the journal while it did not answer")

    def _take(self, snapshot: Snapshot, asked_at: float) -> None:
        self._snapshot, self.state = snapshot, snapshot.state
        self.owns, self._fresh_at = True, asked_at
        wanted = snapshot.lease.wanted
        if not wanted or snapshot.lease.owner != self.owner:
            return
        letter = read_letter(wanted)
        if letter is None:
            raise GaveWay(wanted)
        self.add(letter)
        self._write(answered=True)
