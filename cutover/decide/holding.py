"""Stopping without moving anything, until a person has looked."""

from collections.abc import Mapping

from cutover.decide.actions import Append
from cutover.decide.invariants import healthy
from cutover.decide.journal import Draft, HoldCause, State
from cutover.decide.live import Health
from cutover.decide.model import Weights
from infra.outputs import SLOTS, Slot


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


def adoptable(state: State, weights: Weights, health: Mapping[Slot, Health]) -> str | None:
    """S2 for weights that somebody else has set: why they can't be taken as they are, or None."""
    for slot in SLOTS:
        known, seen = state.summary.slots.get(slot), health[slot].healthy
        if weights[slot] and (known is None or not healthy(health[slot], known.tasks)):
            return (
                f"{slot} has {weights[slot]} % of the traffic and {seen} healthy tasks: that can't "
                "stay; `cutover rollback` sets the weights back"
            )
    return None


def said(weights: Weights) -> str:
    return ", ".join(f"{slot} {weights[slot]}" for slot in SLOTS)
