"""The steps that prepare and clear a slot; none of them moves traffic."""

from cutover.decide.actions import (
    Action,
    Append,
    Fill,
    Look,
    Migrate,
    Register,
    Roll,
    ScaleIn,
    Wait,
)
from cutover.decide.alarms import unquiet
from cutover.decide.going_back import turn_or_hold
from cutover.decide.holding import foreign, hold, said, stopped
from cutover.decide.invariants import full, healthy
from cutover.decide.journal import Draft, Run, State, plain
from cutover.decide.live import Live, Service
from cutover.decide.model import Filled, Release, Setting, Step, other

_MIGRATIONS = (("migrate", False), ("verify", True))


def migrate(state: State, run: Run, step: Step, live: Live, now: float, setting: Setting) -> Action:
    """One task migrates, and the schema is what the release says; a second one verifies."""
    release = _release(run)
    for name, verify_only in _MIGRATIONS:
        if f"{step.key}/{name} ended" in run.notes:
            continue
        arn = run.notes.get(f"{step.key}/{name}")
        if arn is None:
            frozen = stopped(state, run, now, setting)
            return frozen or Migrate(step=step.key, verify_only=verify_only)
        if live.task is None:
            return Look(at="task", arn=arn)
        if not live.task.stopped:
            return Wait(seconds=setting.poll_seconds, why=f"the {name} task is running")
        if live.task.exit_code != 0:
            ended = f"exit code {live.task.exit_code}: {live.task.reason or 'no reason given'}"
            reason = f"the {name} task of {release.release_id} failed with {ended}"
            return turn_or_hold(state, run, live, setting, reason, cause="late")
        ended = Draft("noted", {"step": step.key, "name": f"{name} ended", "value": "0"})
        if verify_only:
            evidence = f"{release.release_id} finds the schema that it needs"
            after = Draft("passed", {"step": step.key, "evidence": evidence})
        else:  # whatever becomes of the run: the database has it
            schema = max(state.summary.schema, release.schema_min)
            after = Draft("migrated", {"step": step.key, "schema": schema})
        return Append(drafts=(ended, after))
    # The journal of an earlier program: it ended the step otherwise.
    evidence = f"{release.release_id} was migrated"
    return Append(drafts=(Draft("passed", {"step": step.key, "evidence": evidence}),))


def fill(state: State, run: Run, step: Step, live: Live, now: float, setting: Setting) -> Action:
    """The idle slot runs the release at the planned capacity, every target healthy for a while.

    On the way back it is the task definition that was proven, of which nothing is replaced. A
    deploy registers its own, also of a release that was here before: the blueprint may be another.
    """
    known = state.summary.slots.get(step.slot)
    brings = step.slot == run.plan.entering
    release = _release(run) if brings or known is None else known.release
    definition = run.notes.get(f"{step.key}/task_definition")
    if known and known.release == release and (run.turned or run.by_hand):
        definition = known.task_definition
    elif unsafe := _refuse_serving(state, live, step):
        return unsafe
    asked, tasks = run.notes.get(f"{step.key}/asked"), run.tasks
    frozen = None if asked else stopped(state, run, now, setting)
    if frozen:
        return frozen
    if definition is None:
        return Register(step=step.key)
    if not asked:
        return Fill(step=step.key, slot=step.slot, task_definition=definition, tasks=tasks)
    if live.services is None:
        return Look(at="services")
    service = live.services[step.slot]
    # ECS may show for a while what was before, and that may have failed.
    if service.rollout == "FAILED" and service.deployment == asked:
        reason = f"{step.slot} did not start {release.release_id}: {service.reason}"
        return turn_or_hold(state, run, live, setting, reason, cause="late")
    if not _settled(service, definition, tasks):
        return Wait(
            seconds=setting.poll_seconds,
            why=f"{service.running} of {tasks} tasks of {step.slot} are running",
        )
    if step.slot not in live.health:
        return Look(at="health", slot=step.slot)
    seen = live.health[step.slot]
    if not full(seen, tasks) or live.steady.get(step.slot, 0) < setting.healthy_reads:
        return Wait(
            seconds=setting.poll_seconds,
            why=f"{seen.healthy} of {tasks} targets of {step.slot} are healthy",
        )
    trusted = bool(known and known.trusted) and not brings  # it is its own release, again
    filled = Filled(release=release, task_definition=definition, tasks=tasks, trusted=trusted)
    data = {"step": step.key, "slot": step.slot, "filled": plain(filled)}
    return Append(drafts=(Draft("filled", data),))


def smoke(state: State, run: Run, step: Step, live: Live, _now: float, setting: Setting) -> Action:
    """Every probe through the test rule is answered by the release, and well.

    A slow boot sets the slot's alarms: before a release gets traffic they are quiet again. The way
    back asks no alarm.
    """
    if step.slot not in live.smokes:
        return Look(at="smoke", slot=step.slot)
    seen = live.smokes[step.slot]
    if seen.problems:
        return Wait(seconds=setting.poll_seconds, why="; ".join(seen.problems))
    if run.plan.verb == "deploy" and not run.turned:
        if live.alarms is None:
            return Look(at="alarms")
        loud = unquiet(setting.alarms.slots[step.slot].values(), live.alarms)
        if loud:
            why = ", ".join(f"alarm {name} is {state}" for name, state in loud.items())
            return Wait(seconds=setting.poll_seconds, why=why)
    evidence = f"{seen.requests} probes through the test rule were answered well"
    return Append(drafts=(Draft("passed", {"step": step.key, "evidence": evidence}),))


def scale_in(
    state: State, run: Run, step: Step, live: Live, now: float, setting: Setting
) -> Action:
    """S5: the slot has no weight, and the other one serves, with tasks that autoscaling wants of it
    by now; then its own may go."""
    unsafe = _refuse_serving(state, live, step)
    if unsafe:
        return unsafe
    serving = other(step.slot)
    filled = state.summary.slots.get(serving)
    if state.summary.committed is not None and f"{step.key}/asked" not in run.notes:
        if serving not in live.health:
            return Look(at="health", slot=serving)
        if live.services is None:
            return Look(at="services")
        seen, wanted = live.health[serving], live.services[serving].desired
        kept = f"{step.slot} keeps its tasks"
        why = f"{kept}: {seen.healthy} tasks of {serving}, which serves, are healthy"
        if filled is None or not healthy(seen, filled.tasks):
            return hold("invariant", why)
        if not healthy(seen, wanted):
            return Wait(seconds=setting.poll_seconds, why=f"{why}, and {wanted} are wanted")
    if f"{step.key}/asked" not in run.notes:
        frozen = stopped(state, run, now, setting)
        return frozen or ScaleIn(step=step.key, slot=step.slot, floor=run.plan.floor)
    if live.services is None:
        return Look(at="services")
    service = live.services[step.slot]
    if service.running or service.pending or service.desired:
        return Wait(
            seconds=setting.poll_seconds, why=f"{service.running} tasks of {step.slot} are left"
        )
    return Append(drafts=(Draft("emptied", {"step": step.key, "slot": step.slot}),))


def roll(state: State, run: Run, step: Step, live: Live, _now: float, setting: Setting) -> Action:
    """The slot's tasks were replaced by others of the same definition, and all are healthy."""
    filled = state.summary.slots[step.slot]
    deployment = run.notes.get(f"{step.key}/deployment")
    if deployment is None:
        return Roll(step=step.key, slot=step.slot)
    if live.services is None:
        return Look(at="services")
    service = live.services[step.slot]
    if service.deployment != deployment:  # ECS may show for a while what was before
        return Wait(seconds=setting.poll_seconds, why=f"{step.slot} does not show {deployment} yet")
    if service.rollout == "FAILED":
        return hold("late", f"{step.slot} was not rolled: {service.reason}")
    if not _settled(service, filled.task_definition, service.desired):
        return Wait(seconds=setting.poll_seconds, why=f"ECS replaces the tasks of {step.slot}")
    if step.slot not in live.health:
        return Look(at="health", slot=step.slot)
    if not full(live.health[step.slot], service.desired):
        return Wait(seconds=setting.poll_seconds, why=f"targets of {step.slot} become healthy")
    evidence = f"{service.running} new tasks of {step.slot} are healthy"
    return Append(drafts=(Draft("passed", {"step": step.key, "evidence": evidence}),))


def _settled(service: Service, definition: str, tasks: int) -> bool:
    return (
        service.task_definition == definition
        and service.rollout == "COMPLETED"
        and service.pending == 0
        and service.running == service.desired
        and service.running >= tasks
    )


def _refuse_serving(state: State, live: Live, step: Step) -> Action | None:
    """What runs in a slot is changed only while it has no weight, or before the first release."""
    if live.weights is None:
        return Look(at="weights")
    committed = state.summary.committed
    if committed is None:
        return None
    if live.weights != committed:
        return foreign(state, live.weights)
    if live.weights[step.slot]:
        return hold(
            "invariant", f"{step.slot} has traffic ({said(live.weights)}), and keeps its tasks"
        )
    return None


def _release(run: Run) -> Release:
    if run.plan.release is None:
        raise ValueError(f"a plan to {run.plan.verb} brings no release, and can't fill a slot")
    return run.plan.release
