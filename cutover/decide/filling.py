"""The steps that have a slot run a release: filled with it, probed by itself, replaced in place."""

from cutover.decide.actions import Action, Append, Fill, Look, Register, Roll, Wait
from cutover.decide.alarms import unquiet
from cutover.decide.going_back import turn_or_hold
from cutover.decide.holding import hold, keep_if_serving, stopped
from cutover.decide.invariants import full
from cutover.decide.journal import Draft, plain
from cutover.decide.live import Live, Service
from cutover.decide.model import Filled, Step
from cutover.decide.run import Run
from cutover.decide.setting import Setting
from cutover.decide.state import State


def fill(state: State, run: Run, step: Step, live: Live, now: float, setting: Setting) -> Action:
    """The idle slot runs the release at the planned capacity, every target healthy for a while.

    On the way back it is the task definition that was proven, of which nothing is replaced. A
    deploy registers its own, also of a release that was here before: the blueprint may be another.
    """
    known = state.summary.slots.get(step.slot)
    brings = step.slot == run.plan.entering
    release = run.plan.brought if brings or known is None else known.release
    definition = run.notes.get(f"{step.key}/task_definition")
    if known and known.release == release and (run.turned or run.by_hand):
        definition = known.task_definition
    elif unsafe := keep_if_serving(state, live, step):
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
    again = known is not None and known.task_definition == definition  # what a rollback goes to
    trusted = bool(again and known and known.trusted)
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
