"""`plan`: what a deploy would do, cost and risk, and what stands against it."""

import sys

from cutover.decide.forecast import Forecast, Moment, forecast
from cutover.decide.model import Plan, Terms
from cutover.decide.outcome import Exit
from cutover.do.preflight import Preflight
from cutover.say import given, wiring
from cutover.say.answer import Answer
from cutover.say.job import order_of
from cutover.say.sentences import lasting
from cutover.say.wanted import Wanted
from cutover.say.wiring import Environment


def plan(stack: str, wanted: Wanted, terms: Terms, *, reason: str | None) -> Answer:
    """Reads, and touches nothing. REFUSED when `deploy` would be."""
    wanted.check()
    given.despite(terms.despite, reason)
    environment = wiring.open_environment(stack, order_of("plan", None).run)
    state = environment.store.read().state
    release = wanted.release(environment.world, schema=state.summary.schema)
    preflight = Preflight(environment.world, environment.clock, environment.setting)
    made = preflight.plan(state, release, terms)
    refusals = preflight.refusals(state, made)
    seen = forecast(state, made, environment.setting)
    warn_of_credentials(environment, seen)
    return Answer(
        exit=Exit.REFUSED if refusals else Exit.DONE,
        sentence="; ".join(refusals) if refusals else "nothing stands against it",
        text=text(made, seen),
        data=data(made, seen) | {"refusals": list(refusals)},
    )


def warn_of_credentials(environment: Environment, seen: Forecast) -> None:
    """Says, on standard error, that the run would outlive the credentials that it begins with."""
    if environment.credentials_end_at is None:
        return
    left = max(0, environment.credentials_end_at - environment.clock.now())
    if left < seen.least_seconds:
        print(
            f"the AWS credentials end in {lasting(left)}, and the deploy takes at least "
            f"{lasting(seen.least_seconds)}: it would be left half way; log in for longer",
            file=sys.stderr,
        )


def data(plan: Plan, seen: Forecast) -> dict[str, object]:
    """The keys of `--json`; seconds, percent of users, hours of one task."""
    return {
        "release": plan.release.release_id if plan.release else None,
        "frontend": plan.release.page.key if plan.release and plan.release.page else None,
        "entering": plan.entering,
        "tasks": plan.tasks,
        "despite": list(plan.despite),
        "steps": [
            {
                "step": moment.step.key,
                "least_seconds": moment.least_seconds,
                "most_seconds": moment.step.timeout_seconds,
                "exposed_percent": moment.exposed_percent,
                "way_back": moment.way_back,
            }
            for moment in seen.moments
        ],
        "least_seconds": seen.least_seconds,
        "most_seconds": seen.most_seconds,
        "rollback_seconds": seen.rollback_seconds,
        "least_task_hours": seen.least_task_hours,
        "most_task_hours": seen.most_task_hours,
        "way_back_until": seen.way_back_until,
    }


def text(plan: Plan, seen: Forecast) -> str:
    """The same for a person."""
    width = max(len(moment.step.key) for moment in seen.moments)
    release = plan.release.release_id if plan.release else ""
    despite = "".join(f", despite {what}" for what in plan.despite)
    return "\n".join(
        [
            f"{plan.verb} of {release} to {plan.entering}, {plan.tasks} tasks{despite}:",
            *(_row(moment, width) for moment in seen.moments),
            f"duration: at least {lasting(seen.least_seconds)}, at most "
            f"{lasting(seen.most_seconds)}",
            _back(seen),
            _cost(seen),
        ]
    )


def _row(moment: Moment, width: int) -> str:
    least, most = lasting(moment.least_seconds), lasting(moment.step.timeout_seconds)
    users = f"up to {moment.exposed_percent} % of users"
    page = f", index.html becomes {moment.step.page.key}" if moment.step.page else ""
    return f"  {moment.step.key:<{width}}  {least} to {most}, {users}{page}"


def _back(seen: Forecast) -> str:
    if seen.rollback_seconds is None:
        return "rollback: none, for there is no release to go back to that could live here"
    return (
        f"rollback: one change of weights until the end of {seen.way_back_until}, proven within "
        f"{lasting(seen.rollback_seconds)} at most"
    )


def _cost(seen: Forecast) -> str:
    least = f"{seen.least_task_hours:.2f}"
    if seen.most_task_hours is None:
        return f"extra: {least} task-hours at least, and more until `cutover retire`"
    return f"extra: {least} to {seen.most_task_hours:.2f} task-hours"
