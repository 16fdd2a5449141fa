"""The steps that let time pass and look: gates between two shifts, and silence before scale-in."""

from typing import Any

from cutover.decide.actions import Action, Append, Look, Wait
from cutover.decide.capacity import grown, level
from cutover.decide.gates import DEFAULT_LIMITS, judge
from cutover.decide.going_back import turn_or_hold
from cutover.decide.holding import foreign, hold
from cutover.decide.invariants import full, healthy
from cutover.decide.journal import Draft
from cutover.decide.live import Live, Sample
from cutover.decide.model import SCALE, Step, other
from cutover.decide.run import Run
from cutover.decide.setting import Setting
from cutover.decide.state import State


def watch(state: State, run: Run, step: Step, live: Live, now: float, setting: Setting) -> Action:
    """The gates hold all through the step's time, and have data when it ends.

    A certain failure turns the run back at once; what is not known by the end is waited for.
    """
    doubts = gates(state, run, step, live, now, setting, since=run.watched_from)
    if not isinstance(doubts, list):
        return doubts
    left = run.watched_from + step.seconds - now
    if left > 0:
        why = f"{step.percent} % for another {left:.0f} s" + ("; ".join(["", *doubts]))
        return Wait(seconds=min(setting.poll_seconds, left), why=why)
    if doubts:
        if -left > setting.extension_seconds:
            return hold("gates", f"the gates at {step.percent} % can't tell: {'; '.join(doubts)}")
        return Wait(seconds=setting.poll_seconds, why="; ".join(doubts))
    samples = live.samples or {}
    sample, at_home = samples[step.slot], samples.get(other(step.slot))
    evidence = f"{sample.requests} requests of {step.slot}, {sample.errors} errors"
    data: dict[str, Any] = {"step": step.key, "evidence": evidence}
    if step.percent < SCALE and at_home and at_home.latency_seconds is not None:
        data["home_latency_seconds"] = at_home.latency_seconds
    return Append(drafts=(Draft("passed", data),))


def gates(
    state: State, run: Run, step: Step, live: Live, now: float, setting: Setting, *, since: float
) -> Action | list[str]:
    """What to look at first, or to do since a gate fails; else why they don't pass yet, sentences,
    none when they do. Traffic counts from `since`, epoch seconds."""
    home = other(step.slot)
    if live.weights is None:
        return Look(at="weights")
    if live.weights != state.summary.committed:
        return foreign(state, live.weights)
    for slot in (step.slot, home):
        if slot not in live.health:
            return Look(at="health", slot=slot)
    if any(seen.total != run.tasks for seen in live.health.values()):
        if live.services is None:
            return Look(at="services")
        if unlevel := level(state, run, live.services, setting):
            return unlevel
    if more := grown(state, run, live.health):
        return more
    if live.alarms is None:
        return Look(at="alarms")
    if live.samples is None:
        return Look(at="samples", since=since)
    tasks = state.summary.slots[step.slot].tasks
    if not healthy(live.health[step.slot], tasks):
        seen = live.health[step.slot].healthy
        reason = f"only {seen} of the {tasks} tasks of {step.slot} are healthy"
        return turn_or_hold(state, run, live, setting, reason, cause="gates")
    slots = (step.slot,) if step.percent == SCALE else (step.slot, home)
    for slot in slots:
        seen = live.samples.get(slot)
        if not _tells_enough(seen, now) and slot not in live.smokes:
            return Look(at="smoke", slot=slot)
    probed = live.smokes.get(step.slot)
    if step.percent < SCALE and probed and probed.errors and home not in live.smokes:
        # Whether it is home's trouble too, metrics would say a minute or two late.
        return Look(at="smoke", slot=home)
    judgement = judge(
        step.slot,
        states=live.alarms,
        expected=setting.alarms,
        despite_alarms=run.plan.despite_alarms,
        booting=now - max(run.smoked_at, run.raised_at) < setting.alarm_seconds,
        samples=live.samples,
        smokes=live.smokes,
        percent=step.percent,
        home_latency_seconds=run.home_latency_seconds,
        now=now,
        limits=setting.limits,
    )
    if judgement.verdict == "fail":
        return turn_or_hold(state, run, live, setting, "; ".join(judgement.reasons), cause="gates")
    doubts = list(judgement.reasons)
    if not full(live.health[step.slot], run.tasks):
        doubts.append(f"{live.health[step.slot].healthy} of {run.tasks} tasks are healthy")
    return doubts


def _tells_enough(sample: Sample | None, now: float) -> bool:
    """Whether the slot needs no probes: CloudWatch has enough of it, and still hears of it.

    Without users it would hear of nothing once the probes have filled up the first minutes.
    """
    return (
        sample is not None
        and sample.newest is not None
        and sample.requests >= DEFAULT_LIMITS.min_requests
        and now - sample.newest <= DEFAULT_LIMITS.stale_seconds
    )
