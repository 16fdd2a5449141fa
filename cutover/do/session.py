"""The verbs that change something, each as one call: what the command line, and tests, ask for."""

import dataclasses
from collections.abc import Callable, Mapping, Sequence

from cutover.decide import going_back, going_forward, planning, pointer
from cutover.decide.fold import fold
from cutover.decide.freeze import frozen
from cutover.decide.holding import adoptable, explained
from cutover.decide.invariants import healthy
from cutover.decide.journal import Draft, chain, plain
from cutover.decide.live import Health, Service
from cutover.decide.model import SCALE, Plan, Release, Weights, active, said
from cutover.decide.outcome import Exit, Result
from cutover.decide.refusals import refusals
from cutover.decide.run import Run
from cutover.decide.setting import Setting
from cutover.decide.state import State
from cutover.do.runner import Runner, Tell, result
from cutover.do.store import LeaseLost, Owner, Snapshot, Store
from cutover.do.taking import GIVE_WAY, Interrupted, take, write_letter
from cutover.do.world import Clock, ForeignRule, Refused, Unavailable, World
from infra.outputs import SLOTS, Slot


@dataclasses.dataclass(frozen=True, kw_only=True)
class Order:
    """Who wants what, and why: it goes into the journal. `run` names a new run, if one begins."""

    run: str
    reason: str
    by: str
    host: str
    pid: int


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
        interrupted: Callable[[], bool] = lambda: False,
    ) -> None:
        self._world, self._store, self._clock = world, store, clock
        self._setting, self._order = setting, order
        self._tell, self._interrupted = tell, interrupted

    def plan(
        self,
        release: Release,
        *,
        despite_freeze: bool = False,
        despite_alarms: bool = False,
        retire: bool = True,
    ) -> Plan:
        """What `deploy` would do now."""
        return self._plan(
            self._store.read().state,
            release,
            despite_freeze=despite_freeze,
            despite_alarms=despite_alarms,
            retire=retire,
        )

    def refusals(self, plan: Plan) -> tuple[str, ...]:
        """Why `deploy` would not begin now, a sentence each."""
        return self._refusals(self._store.read().state, plan)

    def deploy(
        self,
        release: Release,
        *,
        despite_freeze: bool = False,
        despite_alarms: bool = False,
        retire: bool = True,
    ) -> Result:
        """All the way of a release. The same run id again goes on with it, or says how it ended."""

        def begin(state: State) -> Sequence[Draft] | Result:
            if state.run and state.run.id == self._order.run:
                despite = _despite(freeze=despite_freeze, alarms=despite_alarms)
                again = (self._resumed(despite=despite),)
                return self._other_release(state, state.run, release) or again
            if state.run is None and state.summary.last_run == self._order.run:
                return self._read_again(state, "deploy")
            plan = self._plan(
                state,
                release,
                despite_freeze=despite_freeze,
                despite_alarms=despite_alarms,
                retire=retire,
            )
            refusals = self._refusals(state, plan)
            return self._refused(state, "; ".join(refusals)) if refusals else self._started(plan)

        return self._begin("deploy", begin)

    def resume(
        self,
        *,
        adopt: bool = False,
        forward: bool = False,
        despite_freeze: bool = False,
        despite_alarms: bool = False,
    ) -> Result:
        """Goes on with the open run; `adopt` takes foreign weights as they are. `forward` gives all
        of the traffic to the slot that entered, when the run goes back and can't."""

        def begin(state: State) -> Sequence[Draft] | Result:
            if state.run is None:
                return self._refused(state, "no run is open, so there is none to resume")
            if forward:
                why_not = going_forward.refusal(state.run)
                if why_not:
                    return self._refused(state, why_not)
                return (going_forward.forward(state.run, self._order.reason),)
            despite = _despite(freeze=despite_freeze, alarms=despite_alarms)
            resumed = self._resumed(despite=despite)
            found = self._world.weights() if adopt and state.summary.committed else None
            page = self._page_adopted(state) if adopt else ()
            if found is None or explained(state, found):
                return (*page, resumed)
            why_not = adoptable(state, found, self._health())
            if why_not:
                return self._refused(state, why_not)
            return (self._adopted(found), *page, resumed)

        return self._begin("resume", begin)

    def rollback(self) -> Result:
        """All traffic to the release that served before: without gates, approval or CloudWatch.

        Weights that somebody else has set are set back to the journal's where there was none, or
        while it is filled again. A slot that the other one has outgrown since is topped up first,
        if ECS answers and users can wait where they are.
        """

        def begin(state: State) -> Sequence[Draft] | Result:
            run = state.run
            if run and run.plan.verb == "rollback":
                return (self._resumed(by_hand=True),)
            if run and run.plan.verb == "deploy":
                reason = self._order.reason
                return (going_back.turn(state, run, self._setting, reason, by_hand=True),)
            given_up = (going_back.given_up(state, run),) if run else ()
            state = fold(chain(given_up, state=state, run="", token=0, at=0), state)
            emptied = any(filled.tasks == 0 for filled in state.summary.slots.values())
            services = self._world.services() if emptied else self._services_if_told()
            first = emptied and self._set_by_others(state) and self._could_serve(state)
            try:
                plan = planning.rollback(
                    state,
                    services,
                    self._setting,
                    restore_first=first,
                    grow_first=services is not None and self._may_wait(state, services),
                )
            except planning.NothingToDo:
                if not self._set_by_others(state):
                    raise
                plan = planning.restore(state, self._setting)
            return (*given_up, *self._started(plan))

        return self._begin("rollback", begin)

    def abort(self) -> Result:
        """Gives the open run up: traffic where it was before, the other slot empty; or where it is,
        when a way back is held that has moved nothing."""

        def begin(state: State) -> Sequence[Draft] | Result:
            run = state.run
            if run is None:
                return self._refused(state, "no run is open, so there is none to abort")
            if run.plan.verb in ("retire", "refresh") or going_back.may_stay(state, run):
                return (going_back.given_up(state, run),)
            if run.plan.verb == "rollback":
                return self._refused(
                    state, f"run {run.id} is a rollback; `cutover rollback` brings it to its end"
                )
            reason = self._order.reason
            turn = going_back.turn(state, run, self._setting, reason, by_hand=True, aborts=True)
            return (turn,)

        ended = self._begin("abort", begin)
        return self._read_again(ended.state, "abort") if ended.exit == Exit.DONE else ended

    def retire(self) -> Result:
        """The slot without traffic is emptied, once it has been quiet. Refused in a freeze."""

        def begin(state: State) -> Sequence[Draft] | Result:
            summary = state.summary
            stop = frozen(
                self._setting.freeze_windows,
                self._clock.now(),
                stop=summary.frozen,
                stop_until=summary.frozen_until,
            )
            if stop:
                return self._refused(state, f"{stop}; the way back stays warm until it is over")
            return self._simple(state, planning.retire)

        return self._begin("retire", begin)

    def refresh(self) -> Result:
        """The active slot's tasks are replaced in place."""
        return self._begin("refresh", lambda state: self._simple(state, planning.refresh))

    def freeze(self, *, until: float | None) -> Result:
        """No forward step until `unfreeze`, or that time; going back stays possible.

        A run that is under way learns of it with its next call, and writes it down itself.
        """
        order = self._order
        data = {"reason": order.reason, "by": order.by, "until": until}
        return self._note("freeze", Draft("frozen", data))

    def unfreeze(self) -> Result:
        """Forward steps are possible again."""
        order = self._order
        return self._note("unfreeze", Draft("unfrozen", {"reason": order.reason, "by": order.by}))

    def adopt(self) -> Result:
        """What the weights and `index.html` are now is right, whoever has set them. Refused while
        a run is open."""
        snapshot = self._store.read()
        if snapshot.state.run:
            return self._refused(
                snapshot.state,
                f"run {snapshot.state.run.id} is open; `cutover resume --adopt` takes the weights",
            )
        if snapshot.state.summary.committed is None:
            return self._refused(snapshot.state, "no release was ever live here; deploy one")
        weights = self._world.weights()
        why_not = adoptable(snapshot.state, weights, self._health())
        if why_not:
            return self._refused(snapshot.state, why_not)
        for draft in self._page_adopted(snapshot.state):
            self._note("adopt", draft)
        return self._note("adopt", self._adopted(weights))

    def _note(self, purpose: str, draft: Draft) -> Result:
        """One entry: by us when the lease can be had, else by who has it."""
        letter = write_letter(draft)
        while True:
            snapshot, steal = take(self._store, self._clock, self._setting, purpose, letter=letter)
            if snapshot.lease.owner is None or steal:
                break
            # A letter that is gone may have gone with the lease, unread.
            if _says(snapshot.state, draft):
                return Result(
                    exit=Exit.DONE,
                    sentence=f"the {snapshot.lease.owner.purpose} that is under way has noted it",
                    state=snapshot.state,
                )
        run = snapshot.state.run.id if snapshot.state.run else ""
        written = self._store.append(
            snapshot, (draft,), owner=self._owner(purpose), run=run, release=True, steal=steal
        )
        return Result(exit=Exit.DONE, sentence=f"{purpose} noted", state=written.state)

    def _simple(
        self, state: State, make: Callable[[State, Setting], Plan]
    ) -> Sequence[Draft] | Result:
        if state.run:
            return self._refused(
                state, f"run {state.run.id} is open; `resume`, `rollback` or `abort` ends it"
            )
        return self._started(make(state, self._setting))

    def _begin(self, purpose: str, begin: Callable[[State], Sequence[Draft] | Result]) -> Result:
        while True:
            try:
                snapshot, steal = take(
                    self._store, self._clock, self._setting, purpose, interrupted=self._interrupted
                )
            except LeaseLost as lost:
                return Result(exit=Exit.LOCK_LOST, sentence=str(lost), state=State())
            except Interrupted as interrupted:
                return Result(exit=Exit.INTERRUPTED, sentence=str(interrupted), state=State())
            try:
                drafts = begin(snapshot.state)
            except planning.NothingToDo as nothing:
                return self._refused(snapshot.state, str(nothing))
            if isinstance(drafts, Result):
                return drafts
            runner = Runner(
                self._world,
                self._store,
                self._clock,
                self._setting,
                self._owner(purpose),
                tell=self._tell,
                interrupted=self._interrupted,
            )
            run = self._run_of(snapshot, drafts)
            ended = runner.carry_on(snapshot, run, drafts, steal=steal)
            # A guard that renewed its lease, or a command that was faster, turns nobody away who
            # goes first: nothing is written yet, and the lease is asked for again.
            if ended.exit != Exit.LOCK_LOST or runner.had_the_lease or purpose not in GIVE_WAY:
                return ended

    def _plan(
        self,
        state: State,
        release: Release,
        *,
        despite_freeze: bool,
        despite_alarms: bool,
        retire: bool,
    ) -> Plan:
        weights, services = self._world.weights(), self._world.services()
        return planning.deploy(
            state,
            weights,
            services,
            release,
            self._setting,
            despite_freeze=despite_freeze,
            despite_alarms=despite_alarms,
            retire=retire,
        )

    def _refusals(self, state: State, plan: Plan) -> tuple[str, ...]:
        world = self._world
        weights, services = world.weights(), world.services()
        found = refusals(
            state,
            weights,
            services,
            self._health(),
            world.alarms(),
            plan,
            self._clock.now(),
            self._setting,
        )
        if plan.release and not world.image_exists(plan.release.image):
            found = (*found, f"there is no image {plan.release.image}; build and push it first")
        if plan.release and plan.release.page:
            refusal = pointer.refusal(state, plan.release.page, world.index())
            found = (*found, refusal) if refusal else found
        return found

    def _health(self) -> dict[Slot, Health]:
        return {slot: self._world.health(slot) for slot in SLOTS}

    def _read_again(self, state: State, purpose: str) -> Result:
        """How a run that is over ended: nothing is done any more, but AWS is read again (S10)."""
        committed = state.summary.committed
        try:
            weights = self._world.weights()
        except ForeignRule as rule:
            sentence = f"the run is over, and {rule}"
            return Result(exit=Exit.FOREIGN_CHANGE, sentence=sentence, state=state)
        if committed and weights != committed:
            sentence = f"the run is over, and since then somebody else has set {said(weights)}"
            return Result(exit=Exit.FOREIGN_CHANGE, sentence=sentence, state=state)
        if committed and (why_not := adoptable(state, weights, self._health())):
            return Result(exit=Exit.INVARIANT_BROKEN, sentence=why_not, state=state)
        return result(state, purpose)

    def _could_serve(self, state: State) -> bool:
        """Whether the slot with all of the traffic, by the journal, is fit for it."""
        committed = state.summary.committed
        if not committed or SCALE not in committed.values():
            return False
        serving = active(committed)
        return healthy(self._world.health(serving), state.summary.slots[serving].tasks)

    def _services_if_told(self) -> Mapping[Slot, Service] | None:
        """A way back does without ECS as long as a slot is warm."""
        try:
            return self._world.services()
        except (Refused, Unavailable):
            return None

    def _may_wait(self, state: State, services: Mapping[Slot, Service]) -> bool:
        """Whether a warm slot lacks tasks, and users are served where they are meanwhile."""
        if not planning.outgrown(state, services, self._setting):
            return False
        return not self._set_by_others(state) and self._could_serve(state)

    def _set_by_others(self, state: State) -> bool:
        """Whether somebody else has changed the traffic rule since the journal left it."""
        if state.summary.committed is None:
            return False
        try:
            return not explained(state, self._world.weights())
        except ForeignRule:
            return True

    def _other_release(self, state: State, run: Run, release: Release) -> Result | None:
        """The open run of this id is of another release, and must not be gone on with for this."""
        brings = run.plan.release
        if brings and (brings.release_id, brings.image) == (release.release_id, release.image):
            return None
        what = f"{brings.release_id}, {brings.image}" if brings else "no release"
        return self._refused(
            state,
            f"run {run.id} is open and brings {what}; end it with `cutover resume`, "
            "`cutover rollback` or `cutover abort`, and give another --run-id, or none",
        )

    def _started(self, plan: Plan) -> tuple[Draft]:
        order = self._order
        return (Draft("started", {"plan": plain(plan), "reason": order.reason, "by": order.by}),)

    def _resumed(self, *, by_hand: bool = False, despite: Sequence[str] = ()) -> Draft:
        order = self._order
        data = {"reason": order.reason, "by": order.by, "by_hand": by_hand}
        return Draft("resumed", data | ({"despite": list(despite)} if despite else {}))

    def _adopted(self, weights: Weights) -> Draft:
        return Draft("adopted", {"weights": dict(weights), "by": self._order.by})

    def _page_adopted(self, state: State) -> tuple[Draft, ...]:
        if not pointer.concerns(state):
            return ()
        draft = pointer.adoption(state, self._world.index(), self._order.by)
        return (draft,) if draft else ()

    def _refused(self, state: State, sentence: str) -> Result:
        return Result(exit=Exit.REFUSED, sentence=sentence, state=state)

    def _owner(self, purpose: str) -> Owner:
        order = self._order
        return Owner(run=order.run, purpose=purpose, host=order.host, pid=order.pid, by=order.by)

    def _run_of(self, snapshot: Snapshot, drafts: Sequence[Draft]) -> str:
        """Entries belong to the open run, unless they start another."""
        starts = any(draft.kind == "started" for draft in drafts)
        open_run = snapshot.state.run
        return self._order.run if starts or open_run is None else open_run.id


def _despite(**chosen: bool) -> list[str]:
    return [what for what, is_ in chosen.items() if is_]


def _says(state: State, draft: Draft) -> bool:
    """Whether the journal would be none the wiser for the draft."""
    run, at = state.run.id if state.run else "", state.summary.committed_at
    entries = chain((draft,), state=state, run=run, token=0, at=at)
    return fold(entries, state).summary == state.summary
