"""The steps that empty a slot: it is sent nothing any more, and then runs nothing."""

import math

from cutover.decide.actions import Action, Append, Look, ScaleIn, Wait
from cutover.decide.holding import foreign, hold, keep_if_serving, stopped
from cutover.decide.invariants import healthy
from cutover.decide.journal import Draft
from cutover.decide.live import Live
from cutover.decide.model import Step, other
from cutover.decide.proof import shows
from cutover.decide.run import Run
from cutover.decide.setting import Setting
from cutover.decide.state import State

# Enough answers that the slot which serves is in the metrics, and a stray one would show.
QUIET_PROBES = 20


def quiet(state: State, run: Run, step: Step, live: Live, now: float, setting: Setting) -> Action:
    """S5: the slot has had no weight, and has been sent nothing, for the step's time.

    The balancer reports nothing for a slot without requests, as it does when metrics are lost: so
    the slot that serves must have data for all of that time, which probes see to.
    """
    if live.weights is None:
        return Look(at="weights")
    if live.weights != state.summary.committed:
        return foreign(state, live.weights)
    if live.weights[step.slot]:
        return hold("invariant", f"{step.slot} has traffic, and can't be quiet")
    frozen = stopped(state, run, now, setting)
    if frozen:
        return frozen  # what comes next takes the way back
    # Metrics come late: a few periods more than the window itself are looked at.
    since = max(state.summary.committed_at, now - step.seconds - 5 * setting.metric_period_seconds)
    if now - since < step.seconds:
        left = step.seconds - (now - since)
        return Wait(
            seconds=min(setting.poll_seconds, left), why=f"{step.slot} drains: {left:.0f} s"
        )
    if live.split is None:
        return Look(at="split", probes=QUIET_PROBES)
    proven, evidence = shows(live.split, releases=state.releases, weights=live.weights)
    if not proven:
        return Wait(seconds=setting.poll_seconds, why=evidence)
    if live.samples is None or live.samples_since > since:
        return Look(at="samples", since=since)
    leaving, serving = live.samples.get(step.slot), live.samples.get(other(step.slot))
    newest = serving.newest if serving else None
    # Samples are of whole periods: of the one in which `since` lies they have nothing.
    begin = math.ceil(since / setting.metric_period_seconds) * setting.metric_period_seconds
    covered = (newest or begin) - begin
    if not leaving or covered < step.seconds:
        return Wait(seconds=setting.poll_seconds, why="the metrics don't cover the time yet")
    if leaving.requests:
        return Wait(
            seconds=setting.poll_seconds,
            why=f"{step.slot} was sent {leaving.requests} requests in {now - begin:.0f} s",
        )
    evidence = f"{step.slot} was sent nothing for {covered:.0f} s; {evidence}"
    return Append(drafts=(Draft("passed", {"step": step.key, "evidence": evidence}),))


def scale_in(
    state: State, run: Run, step: Step, live: Live, now: float, setting: Setting
) -> Action:
    """S5: the slot has no weight, and the other one serves, with tasks that autoscaling wants of it
    by now; then its own may go."""
    unsafe = keep_if_serving(state, live, step)
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
