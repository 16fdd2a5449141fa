"""Stopping without moving anything, until a person has looked."""

from cutover.decide.actions import Append
from cutover.decide.journal import Draft, HoldCause, State
from cutover.decide.model import Weights
from infra.outputs import SLOTS


def hold(cause: HoldCause, reason: str) -> Append:
    """The run stays open, its lease is freed, and nothing moves; `reason` is one sentence."""
    return Append(drafts=(Draft("held", {"cause": cause, "reason": reason}),), last=True)


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
        "them; `cutover resume --adopt` takes them as they are, `cutover rollback` sets them back",
    )


def said(weights: Weights) -> str:
    return ", ".join(f"{slot} {weights[slot]}" for slot in SLOTS)
