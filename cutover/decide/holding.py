"""Stopping without moving anything, until a person has looked."""

from collections.abc import Mapping

from cutover.decide.actions import Action, Append, Look
from cutover.decide.destination import promise
from cutover.decide.freeze import frozen
from cutover.decide.invariants import healthy
from cutover.decide.journal import Draft
from cutover.decide.live import Health, Live
from cutover.decide.model import SCALE, Step, Weights, said
from cutover.decide.run import HoldCause, Run
from cutover.decide.setting import Setting
from cutover.decide.state import State
from infra.outputs import SLOTS, Slot


def hold(cause: HoldCause, reason: str) -> Append:
    """The run stays open, its lease is freed, and nothing moves; `reason` is one sentence."""
    return Append(drafts=(Draft("held", {"cause": cause, "reason": reason}),), last=True)


def stopped(state: State, run: Run, now: float, setting: Setting) -> Append | None:
    """A freeze stops a run that goes forward before each of its steps; None when it may go on.

    On the ladder, with a share of the traffic on its release, it waits and its gates go on.
    """
    reason = frozen_because(state, run, now, setting)
    if reason is None:
        return None
    if 0 < (state.summary.committed or {}).get(run.plan.entering, 0) < SCALE:
        return Append(drafts=(Draft("paused", {"reason": reason}),))
    return hold("frozen", f"{reason}; `cutover resume` goes on when it is over")


def frozen_because(state: State, run: Run, now: float, setting: Setting) -> str | None:
    """Why a freeze stops the run, one sentence; None when none does.

    Never the way back, nor a run that was ordered despite the freeze.
    """
    if run.turned or run.by_hand or run.plan.despite_freeze:
        return None
    return frozen(state.summary, setting.freeze_windows, now)


def explained(state: State, weights: Weights) -> bool:
    """S8: the journal knows how the weights came to be what they are."""
    known = [state.summary.committed, *(state.run.explained if state.run else ())]
    return weights in known


def foreign(state: State, weights: Weights) -> Append:
    """Somebody else has set the weights; overwriting them is for a person to decide."""
    committed = state.summary.committed
    left = said(committed) if committed else "nothing"
    return hold(
        "foreign",
        f"the weights are {said(weights)}, and the journal left {left}: somebody else has set "
        f"them; `cutover resume --adopt` takes them as they are, {promise(state)}",
    )


def adoptable(state: State, weights: Weights, health: Mapping[Slot, Health]) -> str | None:
    """S2 for weights that somebody else has set, and S5 for the open run: why they can't be taken
    as they are, or None."""
    for slot in SLOTS:
        known, seen = state.summary.slots.get(slot), health[slot].healthy
        if weights[slot] and (known is None or not healthy(health[slot], known.tasks)):
            return (
                f"{slot} has {weights[slot]} % of the traffic and {seen} healthy tasks: that can't "
                f"stay; {promise(state)}"
            )
    step = _in_the_way(state.run, weights) if state.run else None
    if state.run and step:
        remedy = (
            f"`cutover abort` gives run {state.run.id} up"
            if state.run.plan.verb == "retire"
            else promise(state)
        )
        limit = "it has not all" if step.kind == "point" else "it has any"
        return (
            f"{step.slot} has {weights[step.slot]} % of the traffic, and run {state.run.id} can't "
            f"go on with {step.key} as long as {limit}; {remedy}"
        )
    return None


def _in_the_way(run: Run, weights: Weights) -> Step | None:
    """The step for which one of the slots must have no traffic, and would have some; or for whose
    page it must have all, and would not."""
    done = run.done_at(weights)
    for step in run.steps:
        if step.key in done:
            continue
        if step.kind == "shift":
            return None  # from here on the weights are the run's own
        anew = step.kind == "fill" and (run.turned or run.by_hand)  # of what is there already
        if step.kind in ("quiet", "fill", "scale_in") and weights[step.slot] and not anew:
            return step
        if step.kind == "point" and weights[step.slot] != SCALE:
            return step
    return None


def keep_if_serving(state: State, live: Live, step: Step) -> Action | None:
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
