"""The verbs that move something: each opens the environment, carries out, and answers."""

import sys
from collections.abc import Callable, Sequence

from cutover.decide.forecast import Forecast, forecast
from cutover.decide.model import Despite, Release, Terms
from cutover.decide.outcome import Exit, Result
from cutover.do.backoff import Backoff
from cutover.do.preflight import Preflight
from cutover.do.session import Session
from cutover.do.world import Unavailable
from cutover.say import foresight, given, wiring
from cutover.say.answer import Answer, BadInput, of_result
from cutover.say.interrupts import interrupts_noted
from cutover.say.job import Job, at_work, order_of
from cutover.say.wanted import Wanted
from cutover.say.wiring import Environment

# L2: a minute to go back in, and one for AWS to come back first.
INSIST_SECONDS = 120.0


def deploy(
    stack: str, wanted: Wanted, terms: Terms, *, run: str | None, reason: str | None
) -> Answer:
    """All the way of a release into the idle slot and to all of the traffic."""
    wanted.check()
    if run is not None:
        given.name("run", run)
    given.despite(terms.despite, reason)
    with at_work(stack, order_of("deploy", reason, run)) as job:
        environment = job.environment
        release = wanted.release(environment.world, schema=_schema(environment, wanted))
        if environment.credentials_end_at is not None:
            foresight.warn_of_credentials(environment, _foreseen(environment, release, terms))
        deployed = job.session.deploy(release, terms)
        if deployed.exit == Exit.DONE and wanted.release_id not in _serving(deployed):
            raise BadInput(
                f"run {job.order.run} was of another release than {wanted.release_id}, and is "
                "over; give another --run-id, or none"
            )
        return _answer(job, deployed)


def resume(
    stack: str,
    *,
    adopt: bool,
    forward: bool,
    reason: str | None,
    despite: Sequence[Despite],
) -> Answer:
    """Goes on with the open run."""
    given.despite(despite, reason)
    if forward:
        given.forward(reason)

    def act(session: Session) -> Result:
        return session.resume(adopt=adopt, forward=forward, despite=despite)

    return _carry_out(stack, "resume", reason, act)


def rollback(stack: str, *, reason: str | None) -> Answer:
    """All traffic to the release that served before."""
    return _insist(lambda: _carry_out(stack, "rollback", reason, Session.rollback, checked=False))


def abort(stack: str, *, reason: str | None) -> Answer:
    """Gives the open run up."""
    return _insist(lambda: _carry_out(stack, "abort", reason, Session.abort, checked=False))


def retire(stack: str, *, reason: str | None) -> Answer:
    """Empties the slot without traffic."""
    return _carry_out(stack, "retire", reason, Session.retire)


def refresh(stack: str, *, reason: str | None) -> Answer:
    """Replaces the active slot's tasks in place."""
    return _carry_out(stack, "refresh", reason, Session.refresh)


def freeze(stack: str, *, until: str | None, reason: str) -> Answer:
    """Stops forward steps."""
    end = None if until is None else given.until(until, wiring.SystemClock().now())
    return _carry_out(stack, "freeze", reason, lambda session: session.freeze(until=end))


def unfreeze(stack: str, *, reason: str | None) -> Answer:
    """Lets forward steps go on."""
    return _carry_out(stack, "unfreeze", reason, Session.unfreeze)


def _carry_out(
    stack: str,
    verb: str,
    reason: str | None,
    act: Callable[[Session], Result],
    *,
    checked: bool = True,
) -> Answer:
    with at_work(stack, order_of(verb, reason), checked=checked) as job:
        return _answer(job, act(job.session))


def _answer(job: Job, result: Result) -> Answer:
    job.people.left(result)
    return of_result(result)


def _serving(result: Result) -> list[str]:
    """The release ids of the slots that have traffic."""
    committed = result.state.summary.committed or {}
    return [release for slot, release in result.state.releases.items() if committed.get(slot)]


def _schema(environment: Environment, wanted: Wanted) -> int:
    """The live schema's version by the journal, which is asked only where it is needed."""
    return environment.store.read().state.summary.schema if wanted.asks_schema else 0


def _foreseen(environment: Environment, release: Release, terms: Terms) -> Forecast:
    state = environment.store.read().state
    preflight = Preflight(environment.world, environment.clock, environment.setting)
    return forecast(state, preflight.plan(state, release, terms), environment.setting)


def _insist(carry_out: Callable[[], Answer]) -> Answer:
    """Again and again while AWS does not answer, for the way back has no other time to be tried."""
    clock, backoff = wiring.SystemClock(), Backoff()
    ends = clock.monotonic() + INSIST_SECONDS
    with interrupts_noted() as interrupts:
        while True:
            try:
                return carry_out()
            except Unavailable as error:
                left = ends - clock.monotonic()
                if interrupts or left <= 0:
                    raise
                print(f"{error}; trying again", file=sys.stderr)
                clock.sleep(min(backoff.next_seconds(), left))
