"""One change of weights, from the intent to the proof on the data plane."""

from cutover.decide.actions import Action, Append, Look, SetWeights, Wait
from cutover.decide.capacity import room
from cutover.decide.going_back import refill, turn_or_hold
from cutover.decide.holding import explained, foreign, hold, stopped
from cutover.decide.invariants import better, healthy, step_size, whole
from cutover.decide.journal import Draft
from cutover.decide.live import Live
from cutover.decide.model import Step, Weights, other, said, share
from cutover.decide.proof import probes_needed, shows
from cutover.decide.run import Run
from cutover.decide.setting import Setting
from cutover.decide.state import State


def shift(state: State, run: Run, step: Step, live: Live, now: float, setting: Setting) -> Action:
    """Intent, write, read back, proof, commitment; resumed from whatever of it is there.

    Weights that somebody else has set since the intent are overwritten only by the order of a
    person that is being carried out, with an intent from there; never once it has been written.
    """
    after = share(step.slot, step.percent)
    write = run.write
    if write and live.written and live.written[0] == step.key:
        answer = live.written[1]
        if answer != after:
            return hold(
                "invariant", f"asked for {said(after)}, AWS answered that it set {said(answer)}"
            )
        return _prove(state, step, live, setting, write.before, after)
    if live.weights is None:
        return Look(at="weights")
    if write is None:
        return _intend(state, run, step, live, live.weights, after, now, setting)
    if live.weights == after:
        return _prove(state, step, live, setting, write.before, after)
    if live.weights != write.before:
        if run.by_hand and not write.resumed:  # the order was given whatever the weights are
            return _intend(state, run, step, live, live.weights, after, now, setting)
        return foreign(state, live.weights)
    return _safe(state, run, step, live, now, setting) or SetWeights()


def _intend(
    state: State,
    run: Run,
    step: Step,
    live: Live,
    before: Weights,
    after: Weights,
    now: float,
    setting: Setting,
) -> Action:
    first = state.summary.committed is None
    if not first and not run.by_hand and not explained(state, before):
        return foreign(state, before)
    if first and before != after:
        return foreign(state, before)
    planned = _planned(run, step)
    if step_size(before, after) > planned:
        return hold(
            "invariant",
            f"from {said(before)} to {said(after)} is more than the {planned} % of this step",
        )
    if not whole(after):
        return hold("invariant", f"{said(after)} are no weights")
    unsafe = _safe(state, run, step, live, now, setting)
    if unsafe:
        return unsafe
    data = {"step": step.key, "before": dict(before), "after": dict(after)}
    return Append(drafts=(Draft("intent", data),))


def _planned(run: Run, step: Step) -> int:
    """S4: how many percent the plan moves with this step, from the rung before it; the way back
    has one rung, and so may be as wide as it has to be."""
    rungs = [0, *(known.percent for known in run.steps if known.kind == "shift")]
    return step.percent - rungs[rungs.index(step.percent) - 1]


def _safe(
    state: State, run: Run, step: Step, live: Live, now: float, setting: Setting
) -> Action | None:
    """S2, S6, S7, no freeze: what must be so in the moment of the write; None when it is."""
    frozen = stopped(state, run, now, setting)
    if frozen:
        return frozen
    gaining, filled = step.slot, state.summary.slots.get(step.slot)
    if filled is None:
        return hold("invariant", f"the journal doesn't know what runs in {gaining}")
    release = filled.release
    if not release.lives_with(state.summary.schema):
        return hold(
            "schema",
            f"{gaining} runs {release.release_id}, which "
            f"{release.schema_said(state.summary.schema)}",
        )
    if gaining not in live.health:
        return Look(at="health", slot=gaining)
    back = run.turned or run.by_hand
    if healthy(live.health[gaining], filled.tasks):
        first = state.summary.committed is None
        return None if back or first else room(state, run, step, live, setting)
    losing = other(gaining)
    if losing not in live.health:
        return Look(at="health", slot=losing)
    if back and better(live.health[gaining], live.health[losing]):
        return None
    seen = live.health[gaining].healthy
    reason = f"only {seen} of the {filled.tasks} tasks of {gaining} are healthy"
    if back:
        again = refill(run, step, reason)
        return again or hold("invariant", f"{reason}, and {losing} is no worse: the weights stay")
    return turn_or_hold(state, run, live, setting, reason, cause="invariant")


def _prove(
    state: State, step: Step, live: Live, setting: Setting, before: Weights, after: Weights
) -> Action:
    if live.split is None:
        probes = probes_needed(before[step.slot], after[step.slot])
        return Look(at="split", probes=probes)
    proven, evidence = shows(live.split, releases=state.releases, weights=after)
    if not proven:
        return Wait(seconds=setting.poll_seconds / 4, why=evidence)
    if live.weights is None:
        return Look(at="weights")
    if live.weights != after:
        return foreign(state, live.weights)
    return Append(
        drafts=(
            Draft("applied", {"step": step.key, "weights": dict(after)}),
            Draft("converged", {"step": step.key, "evidence": evidence}),
            Draft("committed", {"step": step.key, "weights": dict(after)}),
        )
    )
