"""Runs a command that must not meet a cutover, `pulumi up` above all, and looks what it has done.

It holds the lease meanwhile, gives way to a rollback, and writes no weights, whatever it finds.
"""

import contextlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeVar

from cutover.decide.holding import explained, said
from cutover.decide.journal import Draft, Malformed
from cutover.decide.model import Setting, Weights
from cutover.decide.outcome import Exit
from cutover.do.store import LeaseLost, Owner, Snapshot, Store
from cutover.do.taking import ASK_AGAIN_SECONDS, read_letter, take
from cutover.do.world import Clock, Refused, Unavailable

POLL_SECONDS = 0.2
# A rollback that has to fill its slot again has 900 s for it, and other steps beside.
OTHERS_SECONDS = 1800.0
# How long an answer of AWS is waited for, once the command has ended.
ANSWER_SECONDS = 60.0


Answer = TypeVar("Answer")


class Child(Protocol):
    """A running command, as subprocess.Popen is one."""

    def poll(self) -> int | None: ...
    def send_signal(self, number: int, /) -> None: ...


@dataclass(frozen=True, kw_only=True)
class Ended:
    """`code` is an Exit, or the command's own code if that is not 0 and the weights are right."""

    code: int
    sentence: str


class Guard:
    """One command under the lease. `weights` reads the traffic rule as it is after the command,
    which may have replaced it; `tell` is for the person who watches; `signalled` is the signal
    that this process was sent, None before."""

    def __init__(
        self,
        store: Store,
        clock: Clock,
        setting: Setting,
        owner: Owner,
        *,
        weights: Callable[[], Weights],
        tell: Callable[[str], None],
        signalled: Callable[[], int | None] = lambda: None,
    ) -> None:
        self._store, self._clock, self._setting, self._owner = store, clock, setting, owner
        self._weights, self._tell, self._signalled = weights, tell, signalled
        self._lost = False

    def run(self, start: Callable[[], Child]) -> Ended:
        """Refused when a run is open, LeaseLost when somebody is at work: nothing is started then.

        What `start` raises frees the lease. An error of AWS after the command is raised as it is,
        with the command's code in its sentence.
        """
        snapshot, steal = self._take()
        if run := snapshot.state.run:
            raise Refused(
                f"run {run.id} ({run.plan.verb}) is open, and nothing else may change the "
                "environment meanwhile; `cutover resume`, `cutover rollback` or `cutover abort` "
                "ends it"
            )
        self._have(self._append(snapshot, self._audit(snapshot) if steal else (), steal=steal))
        try:
            child = start()
        except BaseException:
            self._free(())
            raise
        code = wait(child, self._clock, signalled=self._signalled, meanwhile=self._keep)
        try:
            return self._compare(code)
        except (Refused, Unavailable, LeaseLost, Malformed) as error:
            raise type(error)(
                f"the command ended with code {code}, and the weights could not be compared: "
                f"{error}; `cutover verify` compares them"
            ) from error

    def _keep(self) -> None:
        """Renews the lease when a third of its term is over; never ends the command."""
        if self._lost or self._clock.monotonic() < self._due_at:
            return
        try:
            self._have(self._append(self._snapshot, ()))
        except Unavailable:
            self._due_at = self._clock.monotonic() + ASK_AGAIN_SECONDS
        except LeaseLost as lost:
            self._look_again(lost)
        except (Refused, Malformed) as error:
            self._lose(error)

    def _look_again(self, lost: LeaseLost) -> None:
        """A renewal whose answer was lost has changed the version, and the lease is still ours."""
        try:
            found = self._store.read()
        except (Unavailable, Refused, Malformed) as error:
            self._lose(error)
            return
        if found.lease.owner == self._owner:
            self._have(found)
        else:
            self._lose(lost)

    def _lose(self, error: Exception) -> None:
        self._lost = True
        self._tell(f"the lease is lost, and the command goes on to its end: {error}")

    def _have(self, snapshot: Snapshot) -> None:
        """The lease is ours; what others want noted is written down for them."""
        self._snapshot = snapshot
        self._due_at = self._clock.monotonic() + self._setting.lease_seconds / 3
        wanted = snapshot.lease.wanted
        letter = read_letter(wanted) if wanted else None
        if letter:
            self._snapshot = self._append(snapshot, (letter,), answered=True)

    def _compare(self, code: int) -> Ended:
        snapshot = self._own_again()
        committed = snapshot.state.summary.committed
        try:
            weights = self._insist(self._weights)
        except (Refused, Unavailable):
            self._free(())
            raise
        ended = f"the command ended with code {code}; " if code else ""
        if committed is None:
            self._free(())
            return Ended(code=code, sentence=f"{ended}no release was ever live here")
        if explained(snapshot.state, weights):
            self._free(())
            sentence = f"{ended}the weights are as the journal left them: {said(weights)}"
            return Ended(code=code, sentence=sentence)
        sentence = (
            f"{ended}the weights are {said(weights)}, and the journal left {said(committed)}: the "
            "command has set them, or somebody beside it; `cutover verify --adopt` takes them as "
            "they are, `cutover rollback` sets them back"
        )
        self._free((Draft("observed", {"what": sentence}),))
        return Ended(code=Exit.FOREIGN_CHANGE, sentence=sentence)

    def _own_again(self) -> Snapshot:
        """The journal, with the lease ours again; LeaseLost when others work for too long."""
        ends = self._clock.monotonic() + OTHERS_SECONDS
        while True:
            try:
                self._snapshot = self._insist(self._store.read)
                if self._snapshot.lease.owner != self._owner:
                    self._snapshot = self._insist(self._retake)
                return self._snapshot
            except LeaseLost:
                if self._clock.monotonic() >= ends:
                    raise
                self._clock.sleep(ASK_AGAIN_SECONDS)

    def _free(self, drafts: Sequence[Draft]) -> None:
        # An attempt whose answer was lost makes the next one fail, and has freed the lease.
        with contextlib.suppress(LeaseLost):
            self._insist(lambda: self._append(self._snapshot, drafts, release=True))

    def _insist(self, ask: Callable[[], Answer]) -> Answer:
        """Asks again while AWS does not answer, for a while."""
        ends = self._clock.monotonic() + ANSWER_SECONDS
        while True:
            try:
                return ask()
            except Unavailable:
                if self._clock.monotonic() >= ends:
                    raise
                self._clock.sleep(ASK_AGAIN_SECONDS)

    def _take(self) -> tuple[Snapshot, bool]:
        return take(self._store, self._clock, self._setting, self._owner.purpose)

    def _retake(self) -> Snapshot:
        snapshot, steal = self._take()
        return self._append(snapshot, self._audit(snapshot) if steal else (), steal=steal)

    def _append(self, snapshot: Snapshot, drafts: Sequence[Draft], **how: bool) -> Snapshot:
        return self._store.append(snapshot, drafts, owner=self._owner, run="", **how)

    def _audit(self, snapshot: Snapshot) -> tuple[Draft]:
        owner = snapshot.lease.owner
        dead = f"{owner.purpose} of {owner.by} (run {owner.run}, {owner.host})" if owner else ""
        what = f"guard of {self._owner.by} took over the lease of {dead}, which showed no life"
        return (Draft("observed", {"what": what}),)


def wait(
    child: Child,
    clock: Clock,
    *,
    signalled: Callable[[], int | None],
    meanwhile: Callable[[], None] = lambda: None,
) -> int:
    """The child's code once it has ended, as a shell says it: 128 and the number of the signal that
    ended it. It is sent the first signal that this process was sent, and no other."""
    passed_on = False
    while (code := child.poll()) is None:
        number = signalled()
        if number is not None and not passed_on:
            passed_on = True
            child.send_signal(number)
        meanwhile()
        clock.sleep(POLL_SECONDS)
    return code if code >= 0 else 128 - code
