"""How an environment stands: may it go back, does AWS agree with the journal, what ends a hold."""

from collections.abc import Mapping

from cutover.decide import going_forward
from cutover.decide.destination import promise
from cutover.decide.going_back import may_stay
from cutover.decide.holding import explained
from cutover.decide.invariants import full, healthy
from cutover.decide.live import Health, Split
from cutover.decide.model import Weights, active, other, said
from cutover.decide.outcome import Exit, Result, exit_of
from cutover.decide.proof import shows
from cutover.decide.run import HoldCause
from cutover.decide.state import State
from infra.outputs import Slot

_ENDS: dict[HoldCause, str] = {
    "foreign": "find out who has changed what the reason names; then `cutover resume --adopt` "
    "takes it as it is, or `cutover rollback` goes back over it",
    "frozen": "`cutover resume` when the freeze is over, or `cutover rollback`",
    "gates": "look at the alarms and at the slot's errors; then `cutover resume` or "
    "`cutover rollback`",
    "invariant": "make the slot healthy that the reason names; then `cutover resume` or "
    "`cutover rollback`",
    "late": "find out what kept the step; then `cutover resume`, `cutover rollback` or "
    "`cutover abort`",
    "refused": "mend what AWS refuses; then `cutover resume` or `cutover rollback`",
    "schema": "mend the schema, so that the release can live with it; then `cutover resume` or "
    "`cutover abort`",
}

# A way back that can't be gone may stay so for ever: a journal that was restored to a moment before
# a release does not know what is to be proven there.
_NO_WAY_BACK: frozenset[HoldCause] = frozenset({"invariant", "late", "schema"})
_FORWARD = (
    "`cutover resume --forward` with a --reason, which gives all of the traffic to the slot that "
    "entered, without gates, where the way back can't be gone"
)

# Of a rollback: it can be given up where traffic may stay, and there only.
_ROLLBACK_ENDS: dict[tuple[HoldCause, bool], str] = {
    ("invariant", True): "make the slot healthy that the reason names; then `cutover resume` or "
    "`cutover rollback`; or `cutover abort`, after which `cutover rollback` goes to the slot "
    "without traffic",
    ("late", False): "find out what kept the step; then `cutover resume` or `cutover rollback`",
}


def ends_hold(state: State) -> str | None:
    """What a person does about the run that is held; None when none is."""
    run = state.run
    if run is None or run.cause is None:
        return None
    told = _ENDS[run.cause]
    stuck = run.cause in _NO_WAY_BACK and not run.forward
    if stuck and going_forward.refusal(run) is None:
        return f"{told}; or {_FORWARD}"
    if run.plan.verb != "rollback":
        return told
    return _ROLLBACK_ENDS.get((run.cause, may_stay(state, run)), told)


def forward_only(state: State, health: Mapping[Slot, Health]) -> str | None:
    """S6: why one change of weights can't go back now, a sentence; None when it can.

    Back is where an open deploy came from, and else the slot without traffic.
    """
    summary, run = state.summary, state.run
    if summary.committed is None:
        return "no release was ever live here"
    entering = run.plan.entering if run and run.plan.verb == "deploy" else None
    idle = other(entering or active(summary.committed))
    filled = summary.slots.get(idle)
    if filled is None:
        return f"{idle} never ran a release"
    release = filled.release
    if not filled.trusted:
        return f"{release.release_id} in {idle} never served for good, or was gone back from"
    if not release.lives_with(summary.schema):
        return f"{release.release_id} in {idle} {release.schema_said(summary.schema)}"
    if not filled.tasks:
        return f"{idle} is retired; `cutover rollback` fills it again with {release.release_id}"
    if not full(health[idle], filled.tasks):
        return f"{health[idle].healthy} of the {filled.tasks} tasks of {idle} are healthy"
    return None


def verdict(
    state: State, weights: Weights, health: Mapping[Slot, Health], split: Split | None
) -> Result:
    """Whether live AWS is what the journal says: DONE, or why not. `split` is None when nobody was
    probed, which only an EMPTY environment gets away with."""
    summary, run = state.summary, state.run
    if summary.committed is None and run is None:
        sentence = "the environment is empty: no release was ever live here"
        return Result(exit=Exit.DONE, sentence=sentence, state=state)
    if not explained(state, weights) and summary.committed is not None:
        adopt = "cutover resume --adopt" if run else "cutover verify --adopt"
        sentence = (
            f"the weights are {said(weights)}, and the journal left {said(summary.committed)}: "
            f"somebody else has set them; `{adopt}` takes them as they are, "
            f"{promise(state)}"
        )
        return Result(exit=Exit.FOREIGN_CHANGE, sentence=sentence, state=state)
    if run is not None:
        sentence = run.held or f"run {run.id} is open; `cutover status` shows its step"
        return Result(exit=exit_of(run.cause), sentence=sentence, state=state)
    serving = active(weights)
    filled = summary.slots[serving]
    if not healthy(health[serving], filled.tasks):
        sentence = (
            f"{serving} serves, and {health[serving].healthy} of its {filled.tasks} tasks are "
            "healthy"
        )
        return Result(exit=Exit.INVARIANT_BROKEN, sentence=sentence, state=state)
    proven, evidence = (
        shows(split, releases=state.releases, weights=weights)
        if split
        else (
            False,
            "nobody was probed",
        )
    )
    if not proven:
        sentence = f"the weights are {said(weights)}, and probes don't show it: {evidence}"
        return Result(exit=Exit.INVARIANT_BROKEN, sentence=sentence, state=state)
    sentence = f"AWS is as the journal says, {said(weights)}: {evidence}"
    return Result(exit=Exit.DONE, sentence=sentence, state=state)
