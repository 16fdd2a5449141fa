"""The verbs that change something, each as one call: what the command line, and tests, ask for."""

from collections.abc import Callable, Sequence

from cutover.decide import planning
from cutover.decide.journal import Draft
from cutover.decide.model import AS_USUAL, Despite, Release, Terms
from cutover.decide.outcome import Exit, Result, refused
from cutover.decide.setting import Setting
from cutover.decide.state import State
from cutover.do.logbook import Logbook, Tell
from cutover.do.noting import note, write
from cutover.do.openings import Opening, Openings
from cutover.do.order import Order
from cutover.do.reading_again import read_again
from cutover.do.runner import Runner
from cutover.do.store import LeaseLost, Snapshot, Store
from cutover.do.taking import GIVE_WAY, Interrupted, take, taken_over
from cutover.do.world import Clock, World


class Session:
    """One environment under one order. Every verb returns a Result, and raises nothing but
    Refused, Unavailable or Malformed, before anything was changed; what only notes something, also
    LeaseLost, when somebody was faster."""

    def __init__(
        self,
        world: World,
        store: Store,
        clock: Clock,
        setting: Setting,
        order: Order,
        *,
        tell: Tell = lambda _state, _what: None,
        waiting: Callable[[str], None] = lambda _sentence: None,
        interrupted: Callable[[], bool] = lambda: False,
    ) -> None:
        """`waiting` is told whose lease is waited for, and for how long."""
        self._world, self._store, self._clock = world, store, clock
        self._setting, self._order = setting, order
        self._tell, self._waiting, self._interrupted = tell, waiting, interrupted
        self._openings = Openings(world, clock, setting, order)

    def deploy(self, release: Release, terms: Terms = AS_USUAL) -> Result:
        """All the way of a release. The same run id again goes on with it, or says how it ended."""
        return self._begin("deploy", lambda state: self._openings.deploy(state, release, terms))

    def resume(
        self, *, adopt: bool = False, forward: bool = False, despite: Sequence[Despite] = ()
    ) -> Result:
        """Goes on with the open run; `adopt` takes foreign weights as they are. `forward` gives all
        of the traffic to the slot that entered, when the run goes back and can't."""

        def opening(state: State) -> Opening:
            return self._openings.resume(state, adopt=adopt, forward=forward, despite=despite)

        return self._begin("resume", opening)

    def rollback(self) -> Result:
        """All traffic to the release that served before: without gates, approval or CloudWatch.

        Weights that somebody else has set are set back to the journal's where there was none, or
        while it is filled again. A slot that the other one has outgrown since is topped up first,
        if ECS answers and users can wait where they are.
        """
        return self._begin("rollback", self._openings.rollback)

    def abort(self) -> Result:
        """Gives the open run up: traffic where it was before, the other slot empty; or where it is,
        when a way back is held that has moved nothing."""
        ended = self._begin("abort", self._openings.abort)
        return read_again(self._world, ended.state, "abort") if ended.exit == Exit.DONE else ended

    def retire(self) -> Result:
        """The slot without traffic is emptied, once it has been quiet. Refused in a freeze."""
        return self._begin("retire", self._openings.retire)

    def refresh(self) -> Result:
        """The active slot's tasks are replaced in place."""
        return self._begin("refresh", self._openings.refresh)

    def freeze(self, *, until: float | None) -> Result:
        """No forward step until `unfreeze`, or that time; going back stays possible.

        A run that is under way learns of it with its next call, and writes it down itself.
        """
        return self._note("freeze", self._order.frozen(until))

    def unfreeze(self) -> Result:
        """Forward steps are possible again."""
        return self._note("unfreeze", self._order.unfrozen())

    def adopt(self) -> Result:
        """What the weights and `index.html` are now is right, whoever has set them. Refused while
        a run is open."""
        try:
            snapshot, steal = self._take("adopt")
        except Interrupted as interrupted:
            return _ended_by(interrupted)
        opening = self._openings.adopt(snapshot.state)
        if isinstance(opening, Result):
            return opening
        # Only if the journal is still the same: another run may have set what was not seen.
        return write(self._store, snapshot, opening, self._order.owner("adopt"), steal=steal)

    def _note(self, purpose: str, draft: Draft) -> Result:
        owner = self._order.owner(purpose)
        try:
            return note(
                self._store,
                self._clock,
                self._setting,
                owner,
                draft,
                interrupted=self._interrupted,
                waiting=self._waiting,
            )
        except Interrupted as interrupted:
            return _ended_by(interrupted)

    def _take(self, purpose: str) -> tuple[Snapshot, bool]:
        return take(
            self._store,
            self._clock,
            self._setting,
            purpose,
            interrupted=self._interrupted,
            waiting=self._waiting,
        )

    def _begin(self, purpose: str, opening: Callable[[State], Opening]) -> Result:
        while True:
            try:
                snapshot, steal = self._take(purpose)
            except LeaseLost as lost:
                return Result(exit=Exit.LOCK_LOST, sentence=str(lost), state=State())
            except Interrupted as interrupted:
                return _ended_by(interrupted)
            try:
                drafts = opening(snapshot.state)
            except planning.NothingToDo as nothing:
                return refused(snapshot.state, str(nothing))
            if isinstance(drafts, Result):
                return drafts
            owner = self._order.owner(purpose)
            if steal and snapshot.lease.owner:
                drafts = (taken_over(snapshot.lease.owner, owner), *drafts)
            log = Logbook(
                self._store,
                self._clock,
                self._setting,
                owner,
                snapshot,
                run=self._run_of(snapshot.state, drafts),
                steal=steal,
                tell=self._tell,
            )
            runner = Runner(
                self._world,
                log,
                self._clock,
                self._setting,
                tell=self._tell,
                interrupted=self._interrupted,
            )
            ended = runner.carry_on(drafts)
            # A guard that renewed its lease, or a command that was faster, turns nobody away who
            # goes first: nothing is written yet, and the lease is asked for again.
            if ended.exit != Exit.LOCK_LOST or log.owns or purpose not in GIVE_WAY:
                return ended

    def _run_of(self, state: State, drafts: Sequence[Draft]) -> str:
        """Entries belong to the open run, unless they start another."""
        starts = any(draft.kind == "started" for draft in drafts)
        return self._order.run if starts or state.run is None else state.run.id


def _ended_by(interrupted: Interrupted) -> Result:
    return Result(exit=Exit.INTERRUPTED, sentence=str(interrupted), state=State())
