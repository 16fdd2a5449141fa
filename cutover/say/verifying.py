"""`verify`: whether live AWS is what the journal says."""

from cutover.decide import pointer
from cutover.decide.outcome import Exit
from cutover.decide.proof import LEAST_PROBES
from cutover.decide.standing import verdict
from cutover.do.world import health_of_both
from cutover.say import wiring
from cutover.say.answer import Answer, of_result
from cutover.say.job import at_work, order_of


def verify(stack: str, *, adopt: bool, reason: str | None) -> Answer:
    """Live AWS against the journal, with probes; writes nothing but what `adopt` accepts."""
    if adopt:
        with at_work(stack, order_of("adopt", reason)) as job:
            adopted = job.session.adopt()
        if adopted.exit:
            return of_result(adopted)
    environment = wiring.open_environment(stack, order_of("verify", None).run)
    state, weights = environment.store.read().state, environment.world.weights()
    health = health_of_both(environment.world)
    split = environment.world.split(LEAST_PROBES) if state.summary.committed else None
    found, page = verdict(state, weights, health, split), state.summary.page
    if page and found.exit == Exit.DONE:
        world = environment.world
        found = pointer.verdict(found, page, world.index(), world.shown())
    return of_result(found)
