"""What each verb begins with, by the journal and what is live."""

from collections.abc import Callable, Mapping, Sequence

from cutover.decide import going_back, going_forward, planning, pointer
from cutover.decide.fold import foreseen
from cutover.decide.freeze import frozen
from cutover.decide.holding import adoptable, explained
from cutover.decide.invariants import healthy
from cutover.decide.journal import Draft
from cutover.decide.live import Service
from cutover.decide.model import SCALE, Despite, Plan, Release, Terms, active
from cutover.decide.outcome import Result, refused, result
from cutover.decide.run import Run
from cutover.decide.setting import Setting
from cutover.decide.state import State
from cutover.do.order import Order
from cutover.do.preflight import Preflight
from cutover.do.reading_again import read_again
from cutover.do.world import Clock, ForeignRule, Refused, Unavailable, World, health_of_both
from infra.outputs import Slot

Opening = Sequence[Draft] | Result
"""The entries that are written first, or the answer where nothing is to be done."""


class Openings:
    """Reads, and changes nothing. Every method raises NothingToDo, Refused and Unavailable."""

    def __init__(self, world: World, clock: Clock, setting: Setting, order: Order) -> None:
        self._world, self._clock, self._setting, self._order = world, clock, setting, order

    def deploy(self, state: State, release: Release, terms: Terms) -> Opening:
        """The same run id again goes on with it, or says how it ended."""
        run, order = state.run, self._order
        if run and run.id == order.run:
            return _other_release(state, run, release) or (order.resumed(despite=terms.despite),)
        if run is None and state.summary.last_run == order.run:
            return read_again(self._world, state, "deploy")
        preflight = Preflight(self._world, self._clock, self._setting)
        plan = preflight.plan(state, release, terms)
        refusals = preflight.refusals(state, plan)
        return refused(state, "; ".join(refusals)) if refusals else (order.started(plan),)

    def resume(
        self, state: State, *, adopt: bool, forward: bool, despite: Sequence[Despite]
    ) -> Opening:
        order = self._order
        if state.run is None:
            return refused(state, "no run is open, so there is none to resume")
        if forward:
            why_not = going_forward.refusal(state.run)
            if why_not:
                return refused(state, why_not)
            return (order.signed(going_forward.forward(state.run, order.reason)),)
        resumed = order.resumed(despite=despite)
        found = self._world.weights() if adopt and state.summary.committed else None
        page = self._page_adopted(state) if adopt else ()
        if found is None or explained(state, found):
            return (*page, resumed)
        why_not = adoptable(state, found, health_of_both(self._world))
        return refused(state, why_not) if why_not else (order.adopted(found), *page, resumed)

    def rollback(self, state: State) -> Opening:
        run, order = state.run, self._order
        if run and run.plan.verb == "rollback":
            return (order.resumed(by_hand=True),)
        if run and run.plan.verb == "deploy":
            turned = going_back.turn(state, run, self._setting, order.reason, by_hand=True)
            return (order.signed(turned),)
        given_up = (order.signed(going_back.given_up(state, run)),) if run else ()
        state = foreseen(state, given_up)
        emptied = any(filled.tasks == 0 for filled in state.summary.slots.values())
        services = self._world.services() if emptied else self._services_if_told(state)
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
        return (*given_up, order.started(plan))

    def abort(self, state: State) -> Opening:
        run = state.run
        if run is None and state.summary.outcome == "aborted":
            return result(state, "abort")  # given again, since nobody could tell how it ended
        if run is None:
            return refused(state, "no run is open, so there is none to abort")
        if run.plan.verb in ("retire", "refresh") or going_back.may_stay(state, run):
            return (self._order.signed(going_back.given_up(state, run)),)
        if run.plan.verb == "rollback":
            return refused(
                state, f"run {run.id} is a rollback; `cutover rollback` brings it to its end"
            )
        reason = self._order.reason
        turned = going_back.turn(state, run, self._setting, reason, by_hand=True, aborts=True)
        return (self._order.signed(turned),)

    def retire(self, state: State) -> Opening:
        """Refused in a freeze."""
        stop = frozen(state.summary, self._setting.freeze_windows, self._clock.now())
        if stop:
            return refused(state, f"{stop}; the way back stays warm until it is over")
        return self._alone(state, planning.retire)

    def refresh(self, state: State) -> Opening:
        return self._alone(state, planning.refresh)

    def adopt(self, state: State) -> Opening:
        if state.run:
            open_run = f"run {state.run.id} is open"
            return refused(state, f"{open_run}; `cutover resume --adopt` takes the weights")
        if state.summary.committed is None:
            return refused(state, "no release was ever live here; deploy one")
        found = self._world.weights()
        why_not = adoptable(state, found, health_of_both(self._world))
        if why_not:
            return refused(state, why_not)
        return (*self._page_adopted(state), self._order.adopted(found))

    def _page_adopted(self, state: State) -> tuple[Draft, ...]:
        """The entry that takes `index.html` as it is; none when it need not be."""
        if not pointer.concerns(state):
            return ()
        draft = pointer.adoption(state, self._world.index(), self._order.by)
        return (draft,) if draft else ()

    def _alone(self, state: State, plan: Callable[[State, Setting], Plan]) -> Opening:
        """Of a verb that no run may be open for."""
        if state.run:
            return refused(
                state, f"run {state.run.id} is open; `resume`, `rollback` or `abort` ends it"
            )
        return (self._order.started(plan(state, self._setting)),)

    def _could_serve(self, state: State) -> bool:
        """Whether the slot with all of the traffic, by the journal, is fit for it."""
        committed = state.summary.committed
        if not committed or SCALE not in committed.values():
            return False
        serving = active(committed)
        return healthy(self._world.health(serving), state.summary.slots[serving].tasks)

    def _services_if_told(self, state: State) -> Mapping[Slot, Service] | None:
        """A way back to a warm slot does without ECS; and it asks nobody soon after a run, for it
        is to cost few calls."""
        if not planning.unwatched(state, self._clock.now(), self._setting):
            return None
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


def _other_release(state: State, run: Run, release: Release) -> Result | None:
    """The open run of this id is of another release, and must not be gone on with for this."""
    brings = run.plan.release
    if brings and (brings.release_id, brings.image) == (release.release_id, release.image):
        return None
    what = f"{brings.release_id}, {brings.image}" if brings else "no release"
    return refused(
        state,
        f"run {run.id} is open and brings {what}; end it with `cutover resume`, "
        "`cutover rollback` or `cutover abort`, and give another --run-id, or none",
    )
