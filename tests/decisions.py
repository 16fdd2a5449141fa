"""A run, as its journal really tells it, and what is decided next.

Blue serves r1 on four tasks, and r2 is deployed to green. Each entry is a second after the last.
"""

import dataclasses
from collections.abc import Callable
from typing import Any

from cutover.decide.actions import Action, Append
from cutover.decide.fold import fold
from cutover.decide.journal import Draft, chain, plain
from cutover.decide.live import Health, Live, Sample, Service, Smoke, Split
from cutover.decide.model import Filled, Plan, Release, Step, Weights, share
from cutover.decide.run import HoldCause, Run
from cutover.decide.setting import Alarms, Setting
from cutover.decide.state import State, Summary
from infra.outputs import Slot

STARTED_AT = 1_000.0
ALARMS = Alarms(
    environment=frozenset({"database"}),
    slots={"blue": {"errors": "blue-errors"}, "green": {"errors": "green-errors"}},
)
QUIET_ALARMS = {"database": "OK", "blue-errors": "OK", "green-errors": "OK"}
SETTING = Setting(
    ladder_percent=(10, 50, 100),
    step_seconds=60,
    bake_seconds=300,
    warm_seconds=120,
    min_tasks=2,
    max_tasks=8,
    alarms=ALARMS,
    metric_period_seconds=10,
    poll_seconds=4,
    healthy_reads=3,
    extension_seconds=500,
)
R1 = Release(release_id="r1", image="app@1", schema_min=0, schema_max=2)
R2 = Release(release_id="r2", image="app@2", schema_min=2, schema_max=3)
BLUE = Filled(release=R1, task_definition="release:1", tasks=4, trusted=True)
GREEN = Filled(release=R2, task_definition="release:2", tasks=4)
ALL_BLUE: dict[Slot, int] = {"blue": 100, "green": 0}
ALL_GREEN: dict[Slot, int] = {"blue": 0, "green": 100}
TEN: dict[Slot, int] = {"blue": 90, "green": 10}
HALF: dict[Slot, int] = {"blue": 50, "green": 50}
FOREIGN: dict[Slot, int] = {"blue": 70, "green": 30}
BEFORE = Summary(committed=ALL_BLUE, committed_at=500.0, slots={"blue": BLUE}, schema=1)

STEPS = (
    Step(key="migrate", kind="migrate", slot="green", timeout_seconds=1800),
    Step(key="fill green", kind="fill", slot="green", timeout_seconds=900),
    Step(key="smoke green", kind="smoke", slot="green", timeout_seconds=170),
    Step(key="shift green 10", kind="shift", slot="green", percent=10, timeout_seconds=300),
    Step(key="watch 10", kind="watch", slot="green", percent=10, seconds=60, timeout_seconds=860),
    Step(key="shift green 50", kind="shift", slot="green", percent=50, timeout_seconds=300),
    Step(key="watch 50", kind="watch", slot="green", percent=50, seconds=60, timeout_seconds=860),
    Step(key="shift green 100", kind="shift", slot="green", percent=100, timeout_seconds=300),
    Step(key="bake", kind="watch", slot="green", percent=100, seconds=300, timeout_seconds=1100),
    Step(key="quiet blue", kind="quiet", slot="blue", seconds=120, timeout_seconds=620),
    Step(key="empty blue", kind="scale_in", slot="blue", timeout_seconds=600),
)
DEPLOY = Plan(verb="deploy", entering="green", steps=STEPS, tasks=4, floor=2, release=R2)

SETTLE = Step(key="settle migrate", kind="settle", slot="green", timeout_seconds=1800)
FILL_BLUE = Step(key="fill blue", kind="fill", slot="blue", timeout_seconds=900)
SMOKE_BLUE = Step(key="smoke blue", kind="smoke", slot="blue", timeout_seconds=120)
SHIFT_BLUE = Step(key="shift blue 100", kind="shift", slot="blue", percent=100, timeout_seconds=300)
QUIET_GREEN = Step(key="quiet green", kind="quiet", slot="green", seconds=120, timeout_seconds=620)
EMPTY_GREEN = Step(key="empty green", kind="scale_in", slot="green", timeout_seconds=600)

FIRST_STEPS = (
    Step(key="migrate", kind="migrate", slot="blue", timeout_seconds=1800),
    FILL_BLUE,
    Step(key="smoke blue", kind="smoke", slot="blue", timeout_seconds=170),
    SHIFT_BLUE,
)
FIRST = Plan(verb="deploy", entering="blue", steps=FIRST_STEPS, tasks=2, floor=2, release=R1)
EMPTY_BLUE = Step(key="empty blue", kind="scale_in", slot="blue", timeout_seconds=600)
ROLLBACK = Plan(verb="rollback", entering="blue", steps=(SHIFT_BLUE,), tasks=4, floor=2, release=R1)
ROLL_BLUE = Step(key="roll blue", kind="roll", slot="blue", timeout_seconds=900)
REFRESH = Plan(verb="refresh", entering="blue", steps=(ROLL_BLUE,), tasks=4, floor=2)


# A journal.


def go_on(state: State, *drafts: Draft, run: str = "run2", at: float | None = None) -> State:
    """The state after these entries: a second apart, or all at one time."""
    for draft in drafts:
        when = STARTED_AT + state.sequence if at is None else at
        state = fold(chain((draft,), state=state, run=run, token=1, at=when), state)
    return state


def ended(summary: Summary = BEFORE) -> State:
    """A journal in which no run is open."""
    return go_on(
        State(), Draft("ended", {"outcome": "done", "summary": plain(summary)}), run="run1"
    )


def started(
    *drafts: Draft, plan: Plan = DEPLOY, summary: Summary = BEFORE, at: float | None = None
) -> State:
    """A run that has begun, with what else its journal says."""
    start = Draft("started", {"plan": plain(plan), "reason": "why", "by": "ann"})
    return go_on(go_on(ended(summary), start), *drafts, at=at)


def reached(
    key: str,
    *drafts: Draft,
    plan: Plan = DEPLOY,
    summary: Summary = BEFORE,
    at: float | None = None,
) -> State:
    """A run whose steps before this one are finished, with what else its journal says."""
    state = started(plan=plan, summary=summary)
    for step in plan.steps:
        if step.key == key:
            return go_on(state, *drafts, at=at)
        state = go_on(state, *finishing(state, step))
    raise KeyError(key)


def finishing(state: State, step: Step) -> tuple[Draft, ...]:
    """What the journal says of a step that went well."""
    run = open_run(state)
    match step.kind:
        case "migrate":
            return (
                Draft("migrated", {"step": step.key, "schema": 2}),
                Draft("passed", {"step": step.key, "evidence": "seen"}),
            )
        case "fill":
            filled = GREEN if step.slot == "green" else BLUE
            filled = dataclasses.replace(filled, tasks=run.plan.tasks, trusted=False)
            return (
                noted(step.key, "task_definition", filled.task_definition),
                noted(step.key, "asked", services()[step.slot].deployment),
                Draft("filled", {"step": step.key, "slot": step.slot, "filled": plain(filled)}),
            )
        case "shift":
            before = state.summary.committed or share(step.slot, step.percent)
            after = share(step.slot, step.percent)
            return (intent(step.key, before, after), *committing(step.key, after, "seen"))
        case "scale_in":
            return (
                noted(step.key, "asked", "yes"),
                Draft("emptied", {"step": step.key, "slot": step.slot}),
            )
        case _:
            return (Draft("passed", {"step": step.key, "evidence": "seen"}),)


def noted(step: str, name: str, value: str) -> Draft:
    return Draft("noted", {"step": step, "name": name, "value": value})


def intent(step: str, before: Weights, after: Weights) -> Draft:
    return Draft("intent", {"step": step, "before": dict(before), "after": dict(after)})


def committing(step: str, weights: Weights, evidence: str) -> tuple[Draft, Draft, Draft]:
    return (
        Draft("applied", {"step": step, "weights": dict(weights)}),
        Draft("converged", {"step": step, "evidence": evidence}),
        Draft("committed", {"step": step, "weights": dict(weights)}),
    )


def turning(
    *steps: Step, reason: str = "slow", by_hand: bool = False, aborts: bool = False
) -> Draft:
    data = {"steps": [plain(step) for step in steps], "reason": reason}
    return Draft("turned", data | {"by_hand": by_hand, "aborts": aborts})


def resumed(*, by_hand: bool = False) -> Draft:
    return Draft("resumed", {"reason": "why", "by": "ann", "by_hand": by_hand})


def adopted(weights: Weights) -> Draft:
    return Draft("adopted", {"weights": dict(weights), "by": "ann"})


def left(state: State, weights: Weights) -> State:
    """The same, had the journal left these weights."""
    return dataclasses.replace(
        state, summary=dataclasses.replace(state.summary, committed=dict(weights))
    )


def frozen(until: float | None = None) -> Draft:
    return Draft("frozen", {"reason": "fair", "by": "ann", "until": until})


def open_run(state: State) -> Run:
    assert state.run is not None
    return state.run


# What was seen.


def targets(blue: int, green: int) -> dict[Slot, Health]:
    """So many healthy targets of four in each slot."""
    return {"blue": Health(healthy=blue, total=4), "green": Health(healthy=green, total=4)}


def services(**changes: Any) -> dict[Slot, Service]:
    """Both slots as they should be when full; the changes are green's."""
    blue = Service(
        task_definition="release:1",
        desired=4,
        running=4,
        pending=0,
        deployment="ecs-svc/1",
        rollout="COMPLETED",
    )
    green = dataclasses.replace(blue, task_definition="release:2", deployment="ecs-svc/2")
    return {"blue": blue, "green": dataclasses.replace(green, **changes)}


def sample(requests: int, newest: float | None, errors: int = 0, latency: float = 0.02) -> Sample:
    return Sample(
        requests=requests,
        errors=errors,
        latency_seconds=latency if requests else None,
        newest=newest,
    )


def smoke(*problems: str, requests: int = 200, errors: int = 0) -> Smoke:
    return Smoke(problems=problems, requests=requests, errors=errors, latency_seconds=0.02)


def answers(**of: int) -> Split:
    """Answers of each release; `unknown` ones too."""
    unknown = of.pop("unknown", 0)
    return Split(answers=of, unknown=unknown)


# What is decided.

Handler = Callable[[State, Run, Step, Live, float, Setting], Action]


def current(state: State) -> Step:
    step = open_run(state).step
    assert step is not None
    return step


def ask(
    handler: Handler, state: State, now: float = 2_000.0, setting: Setting = SETTING, **seen: Any
) -> Action:
    """What the handler of the step at hand decides."""
    return handler(state, open_run(state), current(state), Live(**seen), now, setting)


def held(cause: HoldCause, reason: str) -> Append:
    return Append(drafts=(Draft("held", {"cause": cause, "reason": reason}),), last=True)


def back(reason: str, *steps: Step) -> Append:
    """The run turns by itself, to do these steps."""
    return Append(drafts=(turning(*steps, reason=reason),))


def filled(step: str, what: Filled) -> Append:
    slot = step.removeprefix("fill ")
    return Append(drafts=(Draft("filled", {"step": step, "slot": slot, "filled": plain(what)}),))


def passed(step: str, evidence: str, **known: float) -> Append:
    return Append(drafts=(Draft("passed", {"step": step, "evidence": evidence, **known}),))


TO_BLUE = "`cutover rollback` gives all of the traffic to r1 in blue"


def foreign(weights: str, left: str, then: str = TO_BLUE) -> Append:
    """The hold on weights that the journal does not explain."""
    return held(
        "foreign",
        f"the weights are {weights}, and the journal left {left}: somebody else has set them; "
        f"`cutover resume --adopt` takes them as they are, {then}",
    )


def with_plan(plan: Plan, **changes: Any) -> Plan:
    return dataclasses.replace(plan, **changes)


def setting(**changes: Any) -> Setting:
    return dataclasses.replace(SETTING, **changes)


def summary(**changes: Any) -> Summary:
    return dataclasses.replace(BEFORE, **changes)
