"""How a run that is over ended: nothing is done any more, but AWS is read again (S10)."""

from cutover.decide.holding import adoptable
from cutover.decide.model import said
from cutover.decide.outcome import Exit, Result, result
from cutover.decide.state import State
from cutover.do.world import ForeignRule, World, health_of_both


def read_again(world: World, state: State, purpose: str) -> Result:
    """What the journal says of it, if what is live is still what the journal left."""
    committed = state.summary.committed
    try:
        weights = world.weights()
    except ForeignRule as rule:
        sentence = f"the run is over, and {rule}"
        return Result(exit=Exit.FOREIGN_CHANGE, sentence=sentence, state=state)
    if committed and weights != committed:
        sentence = f"the run is over, and since then somebody else has set {said(weights)}"
        return Result(exit=Exit.FOREIGN_CHANGE, sentence=sentence, state=state)
    if committed and (why_not := adoptable(state, weights, health_of_both(world))):
        return Result(exit=Exit.INVARIANT_BROKEN, sentence=why_not, state=state)
    return result(state, purpose)
