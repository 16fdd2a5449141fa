"""Runs a command that must not meet a cutover, `pulumi up` above all, and looks what it has done.

It holds the lease meanwhile, gives way to a rollback, and writes no weights, whatever it finds.
"""

from collections.abc import Callable
from dataclasses import dataclass

from cutover.decide.destination import promise
from cutover.decide.holding import explained
from cutover.decide.journal import Draft, Malformed
from cutover.decide.model import Weights, said
from cutover.decide.outcome import Exit
from cutover.decide.setting import Setting
from cutover.do.child import Child, wait
from cutover.do.guard_lease import GuardLease
from cutover.do.store import LeaseLost, Store
from cutover.do.taking import Interrupted
from cutover.do.world import Clock, ForeignRule, Refused, Unavailable
from infra.outputs import Owner


@dataclass(frozen=True, kw_only=True)
class Ended:
    """`code` is an Exit, or the command's own code if that is not 0 and the weights are right;
    `foreign` says that they are not, whatever code a command may end with."""

    code: int
    sentence: str
    foreign: bool = False


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
        self._clock, self._weights, self._signalled = clock, weights, signalled
        self._lease = GuardLease(store, clock, setting, owner, tell=tell)

    def run(self, start: Callable[[], Child]) -> Ended:
        """Refused when a run is open, LeaseLost when somebody is at work, Interrupted by a signal
        while it waits for the lease: nothing is started then.

        What `start` raises frees the lease. An error of AWS after the command is raised as it is,
        with the command's code in its sentence.
        """
        self._lease.take(lambda: self._signalled() is not None)
        try:
            child = start()
        except BaseException:
            self._lease.free()
            raise
        code = wait(child, self._clock, signalled=self._signalled, meanwhile=self._lease.keep)
        # What came before was for the command, which has had it.
        passed_on = self._signalled() is not None
        try:
            return self._compare(code, lambda: not passed_on and self._signalled() is not None)
        except (Refused, Unavailable, LeaseLost, Malformed, Interrupted) as error:
            raise type(error)(
                f"the command ended with code {code}, and the weights could not be compared: "
                f"{error}; `cutover verify` compares them"
            ) from error

    def _compare(self, code: int, interrupted: Callable[[], bool]) -> Ended:
        state = self._lease.own_again(interrupted).state
        committed = state.summary.committed
        ended = f"the command ended with code {code}; " if code else ""
        try:
            weights = self._lease.insist(self._weights)
        except ForeignRule as rule:
            return self._foreign(f"{ended}{rule}")
        except (Refused, Unavailable):
            self._lease.free()
            raise
        if committed is None:
            self._lease.free()
            return Ended(code=code, sentence=f"{ended}no release was ever live here")
        if explained(state, weights):
            self._lease.free()
            sentence = f"{ended}the weights are as the journal left them: {said(weights)}"
            return Ended(code=code, sentence=sentence)
        return self._foreign(
            f"{ended}the weights are {said(weights)}, and the journal left {said(committed)}: the "
            "command has set them, or somebody beside it; `cutover verify --adopt` takes them as "
            f"they are, {promise(state)}"
        )

    def _foreign(self, sentence: str) -> Ended:
        self._lease.free((Draft("observed", {"what": sentence}),))
        return Ended(code=Exit.FOREIGN_CHANGE, sentence=sentence, foreign=True)
