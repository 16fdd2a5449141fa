"""The lease for as long as a command runs that this process can't stop."""

import contextlib
from collections.abc import Callable, Sequence
from typing import TypeVar

from cutover.decide.journal import Draft, Malformed
from cutover.decide.setting import Setting
from cutover.do.backoff import Backoff
from cutover.do.store import LeaseLost, Snapshot, Store
from cutover.do.taking import ASK_AGAIN_SECONDS, Interrupted, read_letter, take, taken_over
from cutover.do.world import Clock, Refused, Unavailable
from infra.outputs import Owner

# A rollback that has to fill its slot again has 900 s for it, and other steps beside.
OTHERS_SECONDS = 1800.0
# How long an answer of AWS is waited for, once the command has ended.
ANSWER_SECONDS = 60.0

Answer = TypeVar("Answer")


class GuardLease:
    """Taken, renewed, lost to a rollback, had again, and freed. Whoever wants something noted while
    it is ours finds it in the journal. `tell` is for the person who watches."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        setting: Setting,
        owner: Owner,
        *,
        tell: Callable[[str], None],
    ) -> None:
        self._store, self._clock, self._setting, self._owner = store, clock, setting, owner
        self._tell, self._lost, self._told = tell, False, ""

    def take(self, interrupted: Callable[[], bool]) -> None:
        """Refused when a run is open, LeaseLost when somebody is at work, Interrupted."""
        snapshot, steal = self._had(interrupted)
        if run := snapshot.state.run:
            raise Refused(
                f"run {run.id} ({run.plan.verb}) is open, and nothing else may change the "
                "environment meanwhile; `cutover resume`, `cutover rollback` or `cutover abort` "
                "ends it"
            )
        self._have(self._append(snapshot, self._audit(snapshot) if steal else (), steal=steal))

    def keep(self) -> None:
        """Renews the lease when a third of its term is over; says so when it is lost, and raises
        nothing."""
        if self._lost or self._clock.monotonic() < self._due_at:
            return
        try:
            self._renew()
        except Unavailable:
            self._due_at = self._clock.monotonic() + ASK_AGAIN_SECONDS
        except (LeaseLost, Refused, Malformed) as error:
            self._lost = True
            self._tell(f"the lease is lost, and the command goes on to its end: {error}")

    def own_again(self, interrupted: Callable[[], bool]) -> Snapshot:
        """The journal, with the lease ours; LeaseLost when others work for too long, Interrupted
        while it waits for them."""
        ends = self._clock.monotonic() + OTHERS_SECONDS
        while True:
            try:
                self._snapshot = self.insist(self._store.read)
                if self._snapshot.lease.owner != self._owner:
                    self._snapshot = self.insist(lambda: self._retake(interrupted))
                return self._snapshot
            except LeaseLost as lost:
                if self._clock.monotonic() >= ends:
                    raise
                if interrupted():
                    raise Interrupted(
                        f"interrupted while it waited for the lease: {lost}"
                    ) from None
                self._clock.sleep(ASK_AGAIN_SECONDS)

    def free(self, drafts: Sequence[Draft] = ()) -> None:
        """Writes the last entries, and ends the ownership with them."""
        # An attempt whose answer was lost makes the next one fail, and has freed the lease.
        with contextlib.suppress(LeaseLost):
            self.insist(lambda: self._append(self._snapshot, drafts, release=True))

    def insist(self, ask: Callable[[], Answer]) -> Answer:
        """Asks again while AWS does not answer, for ANSWER_SECONDS."""
        ends, backoff = self._clock.monotonic() + ANSWER_SECONDS, Backoff.of(self._owner.run)
        while True:
            try:
                return ask()
            except Unavailable:
                left = ends - self._clock.monotonic()
                if left <= 0:
                    raise
                self._clock.sleep(min(backoff.next_seconds(), left))

    def _renew(self) -> None:
        """One whose answer was lost has changed the version, and the lease is still ours."""
        try:
            renewed = self._append(self._snapshot, ())
        except LeaseLost:
            renewed = self._store.read()
            if renewed.lease.owner != self._owner:
                raise
        self._have(renewed)

    def _have(self, snapshot: Snapshot) -> None:
        """The lease is ours; what others want noted is written down for them."""
        self._snapshot = snapshot
        self._due_at = self._clock.monotonic() + self._setting.lease_seconds / 3
        wanted = snapshot.lease.wanted
        letter = read_letter(wanted) if wanted else None
        if letter:
            self._snapshot = self._append(snapshot, (letter,), answered=True)

    def _had(self, interrupted: Callable[[], bool]) -> tuple[Snapshot, bool]:
        return take(
            self._store,
            self._clock,
            self._setting,
            self._owner.purpose,
            interrupted=interrupted,
            waiting=self._tell_once,
        )

    def _tell_once(self, sentence: str) -> None:
        """The same owner may be waited for again and again."""
        if sentence != self._told:
            self._told = sentence
            self._tell(sentence)

    def _retake(self, interrupted: Callable[[], bool]) -> Snapshot:
        snapshot, steal = self._had(interrupted)
        return self._append(snapshot, self._audit(snapshot) if steal else (), steal=steal)

    def _append(self, snapshot: Snapshot, drafts: Sequence[Draft], **how: bool) -> Snapshot:
        return self._store.append(snapshot, drafts, owner=self._owner, run="", **how)

    def _audit(self, snapshot: Snapshot) -> tuple[Draft, ...]:
        owner = snapshot.lease.owner
        return (taken_over(owner, self._owner),) if owner else ()
