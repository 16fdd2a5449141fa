"""`verify`: whether live AWS is what the journal says, and the journal is whole."""

from cutover.decide import pointer
from cutover.decide.journal import Malformed
from cutover.decide.outcome import Exit, Result
from cutover.decide.proof import LEAST_PROBES
from cutover.decide.standing import verdict
from cutover.do.store import Store
from cutover.do.world import health_of_both
from cutover.say import wiring
from cutover.say.answer import Answer, of_result
from cutover.say.job import at_work, order_of


def verify(stack: str, *, adopt: bool, reason: str | None) -> Answer:
    """Live AWS against the journal, with probes, and the journal's whole chain, one call for each
    page of it; writes nothing but what `adopt` accepts."""
    if adopt:
        with at_work(stack, order_of("adopt", reason)) as job:
            adopted = job.session.adopt()
        if adopted.exit:
            return of_result(adopted)
    environment = wiring.open_environment(stack, order_of("verify", None).run)
    state, damage = environment.store.read().state, _damage(environment.store)
    weights = environment.world.weights()
    health = health_of_both(environment.world)
    split = environment.world.split(LEAST_PROBES) if state.summary.committed else None
    found, page = verdict(state, weights, health, split), state.summary.page
    if page and found.exit == Exit.DONE:
        world = environment.world
        found = pointer.verdict(found, page, world.index(), world.shown())
    if damage:
        code = found.exit or Exit.INVARIANT_BROKEN
        found = Result(exit=code, sentence=f"{found.sentence}; {damage}", state=found.state)
    return of_result(found)


def _damage(store: Store) -> str:
    """What is wrong with the journal before its newest run, a sentence; empty when nothing is. It
    stops no command, for none reads as far back; so nobody else would notice."""
    try:
        store.history()
    except Malformed as malformed:
        return (
            f"but an older part of the journal is damaged, which stops no command: {malformed}; "
            'docs/runbooks/cutover.md, "An older entry is damaged", says how it is put back'
        )
    return ""
