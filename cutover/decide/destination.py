"""Where `cutover rollback` goes, from wherever an environment stands."""

from cutover.decide.model import SCALE, Weights, active, other
from cutover.decide.run import Run
from cutover.decide.state import State
from infra.outputs import Slot


def destination(state: State) -> Slot | None:
    """The slot that would get all of the traffic; None where no release was ever live."""
    committed, run = state.summary.committed, state.run
    if committed is None:
        return None
    if run and run.plan.verb == "rollback":
        return run.plan.entering
    if run and run.plan.verb == "deploy":
        return run.plan.entering if first_serves(state, run) else other(run.plan.entering)
    home = before(state, committed)
    known = state.summary.slots.get(home)
    return home if known and known.trusted else active(committed)


def promise(state: State) -> str:
    """What the command would do, as the end of a sentence about weights that are not right."""
    slot = destination(state)
    if slot is None:
        return "`cutover abort` gives the run up"
    return f"`cutover rollback` gives all of the traffic to {state.releases[slot]} in {slot}"


def before(state: State, committed: Weights) -> Slot:
    """The slot of the release that served before. Of a split that was adopted it is the slot with
    more of it, if the other one can't be trusted."""
    serving = active(committed)
    idle = state.summary.slots.get(other(serving))
    split = SCALE not in committed.values()
    return serving if split and not (idle and idle.trusted) else other(serving)


def first_serves(state: State, run: Run) -> bool:
    """Whether the run has brought the first release of all, which serves: there is none before."""
    home, committed = other(run.plan.entering), state.summary.committed
    return committed is not None and not committed[home] and home not in state.summary.slots
