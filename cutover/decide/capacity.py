"""S6: what autoscaling adds to one slot during a run, the other one gets as well."""

from collections.abc import Mapping

from cutover.decide.actions import Action, Append, Fill, Look, Wait
from cutover.decide.going_back import turn_or_hold
from cutover.decide.invariants import capable, full
from cutover.decide.journal import Draft
from cutover.decide.live import Health, Live, Service
from cutover.decide.model import Step, other
from cutover.decide.run import Run
from cutover.decide.setting import Setting
from cutover.decide.state import State
from infra.outputs import Slot


def level(
    state: State, run: Run, services: Mapping[Slot, Service], setting: Setting
) -> Append | Fill | None:
    """What brings both slots to as many tasks as the larger one wants: the note of that number, and
    then, once, the filling. None when it was asked for, whether or not the tasks have come."""
    wanted = min(max(service.desired for service in services.values()), setting.tasks_at_once)
    if wanted > run.tasks:
        return Append(drafts=(Draft("raised", {"tasks": wanted}),))
    for slot in (run.plan.entering, other(run.plan.entering)):
        found, filled = services[slot], state.summary.slots.get(slot)
        # More of what is proven there: another definition would replace it.
        proven = filled is not None and filled.task_definition == found.task_definition
        step = f"raise {slot} to {run.tasks}"
        if proven and found.desired < run.tasks and f"{step}/asked" not in run.notes:
            definition = found.task_definition
            return Fill(step=step, slot=slot, task_definition=definition, tasks=run.tasks)
    return None


def grown(state: State, run: Run, health: Mapping[Slot, Health]) -> Append | None:
    """The note that a slot has all that was raised, and can be counted on with it; once each."""
    for slot, seen in health.items():
        filled = state.summary.slots.get(slot)
        if filled and filled.tasks < run.tasks and full(seen, run.tasks):
            return Append(drafts=(Draft("grown", {"slot": slot, "tasks": run.tasks}),))
    return None


def top_up(state: State, run: Run, step: Step, live: Live, now: float, setting: Setting) -> Action:
    """The slot to go back to has what autoscaling has given the other one since its own run.

    Not at any price: ECS may have no room for them, and then traffic comes to what is there.
    """
    if now - run.step_began_at > step.timeout_seconds:
        return _topped_up(step, f"no more tasks are waited for than {step.timeout_seconds:g} s")
    if live.services is None:
        return Look(at="services")
    if unlevel := level(state, run, live.services, setting):
        return unlevel
    if step.slot not in live.health:
        return Look(at="health", slot=step.slot)
    if more := grown(state, run, live.health):
        return more
    seen = live.health[step.slot]
    evidence = f"{seen.healthy} of {run.tasks} tasks of {step.slot} are healthy"
    if full(seen, run.tasks):
        return _topped_up(step, evidence)
    return Wait(seconds=setting.poll_seconds, why=evidence)


def _topped_up(step: Step, evidence: str) -> Append:
    return Append(drafts=(Draft("passed", {"step": step.key, "evidence": evidence}),))


def room(state: State, run: Run, step: Step, live: Live, setting: Setting) -> Action | None:
    """What is to be done before the slot may gain its share; None when it has the tasks for it.

    Back, when the losing slot has grown to more than the gaining one may have beside it.
    """
    if live.services is None:
        return Look(at="services")
    unlevel = level(state, run, live.services, setting) or grown(state, run, live.health)
    if unlevel:
        return unlevel
    gaining, losing = step.slot, other(step.slot)
    wanted, seen = live.services[losing].desired, live.health[gaining].healthy
    if wanted > run.tasks:
        reason = (
            f"{losing} has grown to {wanted} tasks, and beside them {gaining} may have no more "
            f"than {setting.tasks_at_once} (service/max_tasks, and the database's connections)"
        )
        return turn_or_hold(state, run, live, setting, reason, cause="late")
    if not capable(live.health[gaining], run.tasks, step.percent):
        why = f"{seen} of {run.tasks} tasks of {gaining} are healthy"
        return Wait(seconds=setting.poll_seconds, why=why)
    return None
