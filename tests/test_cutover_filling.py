"""A slot is filled with what was proven or is to be, probed by itself, and rolled in place."""

import dataclasses
from typing import Any

import pytest
from decisions import (
    ALL_BLUE,
    ALL_GREEN,
    BLUE,
    EMPTY_BLUE,
    EMPTY_GREEN,
    FILL_BLUE,
    FIRST,
    FOREIGN,
    GREEN,
    QUIET_ALARMS,
    R2,
    REFRESH,
    ROLLBACK,
    SHIFT_BLUE,
    SMOKE_BLUE,
    ask,
    back,
    filled,
    finishing,
    foreign,
    go_on,
    held,
    left,
    noted,
    passed,
    reached,
    resumed,
    services,
    setting,
    smoke,
    started,
    summary,
    targets,
    turning,
    with_plan,
)

from cutover.decide.actions import (
    Fill,
    Look,
    Register,
    Roll,
    Wait,
)
from cutover.decide.filling import fill, roll
from cutover.decide.filling import smoke as smoke_step
from cutover.decide.journal import Draft
from cutover.decide.state import State, Summary

# Filling.

FILL = reached("fill green")
DEFINED = go_on(FILL, noted("fill green", "task_definition", "release:2"))
ASKED = go_on(DEFINED, noted("fill green", "asked", "ecs-svc/2"))


def filling(**changes: Any) -> Any:
    """Green was asked for four tasks, and all is well but for the changes."""
    seen: dict[str, Any] = {
        "weights": ALL_BLUE,
        "services": services(),
        "health": targets(4, 4),
        "steady": {"green": 3},
    }
    return ask(fill, ASKED, **(seen | changes))


def test_a_slot_is_filled_one_call_after_the_other() -> None:
    assert ask(fill, FILL) == Look(at="weights")
    assert ask(fill, FILL, weights=ALL_BLUE) == Register(step="fill green")
    assert ask(fill, DEFINED, weights=ALL_BLUE) == Fill(
        step="fill green", slot="green", task_definition="release:2", tasks=4
    )
    assert ask(fill, ASKED, weights=ALL_BLUE) == Look(at="services")
    assert ask(fill, ASKED, weights=ALL_BLUE, services=services()) == Look(
        at="health", slot="green"
    )
    assert filling() == filled("fill green", GREEN)


@pytest.mark.parametrize("state", [FILL, DEFINED, ASKED], ids=["register", "fill", "wait"])
def test_what_serves_is_not_replaced(state: State) -> None:
    assert ask(fill, state, weights=FOREIGN) == foreign("blue 70, green 30", "blue 100, green 0")
    serving = left(state, FOREIGN)
    assert ask(fill, serving, weights=FOREIGN) == held(
        "invariant", "green has traffic (blue 70, green 30), and keeps its tasks"
    )


@pytest.mark.parametrize(
    ("changes", "running"),
    [
        ({"rollout": "IN_PROGRESS"}, 4),
        ({"pending": 1}, 4),
        ({"running": 3}, 3),
        ({"running": 5}, 5),
        ({"running": 3, "desired": 3}, 3),
        ({"task_definition": "release:1"}, 4),
    ],
)
def test_a_service_that_has_not_settled_is_waited_for(
    changes: dict[str, Any], running: int
) -> None:
    assert filling(services=services(**changes)) == Wait(
        seconds=4, why=f"{running} of 4 tasks of green are running"
    )


def test_what_a_rollback_fills_again_is_trusted_as_before() -> None:
    """It served for good once; a rollback that is given up after the filling takes nothing away."""
    plan = with_plan(ROLLBACK, steps=(FILL_BLUE, SMOKE_BLUE, SHIFT_BLUE))
    empty = dataclasses.replace(BLUE, tasks=0)
    state = started(
        noted("fill blue", "asked", "ecs-svc/1"),
        plan=plan,
        summary=summary(committed=ALL_GREEN, slots={"blue": empty, "green": GREEN}, schema=2),
    )
    seen: dict[str, Any] = {"services": services(), "health": targets(4, 4), "steady": {"blue": 3}}
    assert ask(fill, state, **seen) == filled("fill blue", BLUE)
    untrusted = dataclasses.replace(empty, trusted=False)
    slots = {**state.summary.slots, "blue": untrusted}
    never = dataclasses.replace(state, summary=dataclasses.replace(state.summary, slots=slots))
    assert ask(fill, never, **seen) == filled("fill blue", dataclasses.replace(BLUE, trusted=False))


@pytest.mark.parametrize(
    "again", [resumed(), resumed(by_hand=True), turning(FILL_BLUE, SMOKE_BLUE, SHIFT_BLUE)]
)
def test_a_filling_that_has_failed_is_asked_for_again_when_a_person_says_so(again: Draft) -> None:
    """ECS starts no more tasks of a deployment that its circuit breaker has given up."""
    plan = with_plan(ROLLBACK, steps=(FILL_BLUE, SMOKE_BLUE, SHIFT_BLUE))
    by_green = summary(committed=ALL_GREEN, slots={"blue": BLUE, "green": GREEN}, schema=2)
    asked = started(noted("fill blue", "asked", "ecs-svc/1"), plan=plan, summary=by_green)
    gone = dataclasses.replace(services()["blue"], rollout="FAILED", reason="no image")
    seen: dict[str, Any] = {"services": {"blue": gone, "green": services()["green"]}}
    why = held("late", "blue did not start r1: no image")
    assert ask(fill, asked, **seen) == why
    mended = go_on(asked, *why.drafts, again)
    assert ask(fill, mended, **seen) == Fill(
        step="fill blue", slot="blue", task_definition="release:1", tasks=4
    )


def test_more_tasks_than_were_asked_for_are_no_trouble() -> None:
    assert filling(services=services(running=5, desired=5)) == filled("fill green", GREEN)


@pytest.mark.parametrize(
    ("healthy", "steady"), [(3, {"green": 3}), (4, {"green": 2}), (4, {"blue": 3}), (4, {})]
)
def test_targets_are_healthy_for_some_reads_in_a_row(healthy: int, steady: dict) -> None:
    assert filling(health=targets(4, healthy), steady=steady) == Wait(
        seconds=4, why=f"{healthy} of 4 targets of green are healthy"
    )


def test_a_target_that_nobody_has_read_was_read_healthy_no_time() -> None:
    seen: dict[str, Any] = {
        "weights": ALL_BLUE,
        "services": services(),
        "health": targets(4, 4),
    }
    assert ask(fill, ASKED, setting=setting(healthy_reads=1), **seen) == Wait(
        seconds=4, why="4 of 4 targets of green are healthy"
    )
    assert ask(fill, ASKED, setting=setting(healthy_reads=0), **seen) == filled("fill green", GREEN)


def test_a_release_that_does_not_start_goes_no_further() -> None:
    failed = services(rollout="FAILED", reason="tasks failed to start")
    assert filling(services=failed, health={}) == Look(at="health", slot="blue")
    assert filling(services=failed) == back(
        "green did not start r2: tasks failed to start", EMPTY_GREEN
    )
    assert filling(services=failed, health=targets(1, 1)) == held(
        "late",
        "green did not start r2: tasks failed to start; but blue can't take the traffic back: 1 of "
        "its 4 tasks are healthy",
    )


def test_a_deployment_that_failed_before_is_not_this_one() -> None:
    """ECS may show for a while what was before the change, also of the same definition."""
    for definition in ("release:0", "release:2"):
        stale = services(
            task_definition=definition, deployment="ecs-svc/1", rollout="FAILED", running=0
        )
        assert filling(services=stale, health={}) == Wait(
            seconds=4, why="0 of 4 tasks of green are running"
        )


def test_the_release_of_before_is_replaced() -> None:
    """Green still runs what served before: it is looked at, registered and proven anew."""
    old = dataclasses.replace(BLUE, task_definition="release:0", trusted=True)
    state = reached("fill green", summary=summary(slots={"blue": BLUE, "green": old}))
    assert ask(fill, state) == Look(at="weights")
    assert ask(fill, state, weights=ALL_BLUE) == Register(step="fill green")


@pytest.mark.parametrize("tasks", [0, 4])
def test_the_same_release_once_more_is_made_of_the_blueprint_of_today(tasks: int) -> None:
    known = dataclasses.replace(GREEN, task_definition="release:0", tasks=tasks, trusted=True)
    state = reached("fill green", summary=summary(slots={"blue": BLUE, "green": known}))
    assert ask(fill, state) == Look(at="weights")
    assert ask(fill, state, weights=ALL_BLUE) == Register(step="fill green")
    defined = go_on(state, noted("fill green", "task_definition", "release:2"))
    asked = go_on(defined, noted("fill green", "asked", "ecs-svc/2"))
    for resumed_or_not in (defined, go_on(defined, resumed())):
        assert ask(fill, resumed_or_not, weights=ALL_BLUE) == Fill(
            step="fill green", slot="green", task_definition="release:2", tasks=4
        )
    seen: dict[str, Any] = {
        "weights": ALL_BLUE,
        "health": targets(4, 4),
        "steady": {"green": 3},
    }
    old = services(task_definition="release:0")
    assert ask(fill, asked, services=old, **seen) == Wait(
        seconds=4, why="4 of 4 tasks of green are running"
    )
    # It is on trial again.
    assert ask(fill, asked, services=services(), **seen) == filled("fill green", GREEN)


def test_another_release_of_the_same_name_is_another_release() -> None:
    known = dataclasses.replace(GREEN, release=dataclasses.replace(R2, image="app@0"))
    state = reached("fill green", summary=summary(slots={"blue": BLUE, "green": known}))
    assert ask(fill, state, weights=ALL_BLUE) == Register(step="fill green")


def test_the_first_release_is_filled_whatever_the_weights_say() -> None:
    state = reached("fill blue", plan=FIRST, summary=Summary())
    assert ask(fill, state) == Look(at="weights")
    assert ask(fill, state, weights=ALL_GREEN) == Register(step="fill blue")
    asked = go_on(
        state,
        noted("fill blue", "task_definition", "release:1"),
        noted("fill blue", "asked", "ecs-svc/2"),
    )
    done = ask(
        fill,
        asked,
        weights=ALL_BLUE,
        services=services(),
        health=targets(2, 0),
        steady={"blue": 3},
    )
    assert done == filled("fill blue", dataclasses.replace(BLUE, tasks=2, trusted=False))
    failed = {
        "blue": services(task_definition="release:1", rollout="FAILED", reason="no image")["green"]
    }
    assert ask(fill, asked, weights=ALL_BLUE, services=failed) == back(
        "blue did not start r1: no image", EMPTY_BLUE
    )


HOME = reached("empty blue", turning(FILL_BLUE, SMOKE_BLUE, SHIFT_BLUE, by_hand=True))


def test_on_the_way_back_a_slot_gets_its_own_release_again() -> None:
    """What went through a whole deploy is still trusted, though its tasks are new."""
    assert ask(fill, HOME) == Fill(
        step="fill blue", slot="blue", task_definition="release:1", tasks=4
    )
    asked = go_on(HOME, noted("fill blue", "asked", "ecs-svc/2"))
    done = ask(fill, asked, services=services(), health=targets(4, 4), steady={"blue": 3})
    assert done == filled("fill blue", BLUE)
    never = dataclasses.replace(BLUE, trusted=False)
    slots = {**asked.summary.slots, "blue": never}
    untrusted = dataclasses.replace(asked, summary=dataclasses.replace(asked.summary, slots=slots))
    done = ask(fill, untrusted, services=services(), health=targets(4, 4), steady={"blue": 3})
    assert done == filled("fill blue", never)


def test_a_slot_that_can_t_be_filled_on_the_way_back_is_held() -> None:
    asked = go_on(HOME, noted("fill blue", "asked", "ecs-svc/2"))
    failed = services(task_definition="release:1", rollout="FAILED", reason="no capacity")
    failed = {"blue": failed["green"]}
    assert ask(fill, asked, services=failed) == held("late", "blue did not start r1: no capacity")


def test_a_rollback_fills_a_retired_slot_with_what_it_had() -> None:
    plan = with_plan(ROLLBACK, steps=(FILL_BLUE, SMOKE_BLUE, SHIFT_BLUE), tasks=6)
    gone = dataclasses.replace(BLUE, tasks=0)
    state = reached(
        "fill blue",
        plan=plan,
        summary=summary(committed=ALL_GREEN, slots={"blue": gone, "green": GREEN}),
    )
    assert ask(fill, state) == Fill(
        step="fill blue", slot="blue", task_definition="release:1", tasks=6
    )


# Smoke.


def test_a_slot_is_smoked_until_nothing_is_wrong() -> None:
    state = reached("smoke green")
    assert ask(smoke_step, state) == Look(at="smoke", slot="green")
    assert ask(smoke_step, state, smokes={"blue": smoke()}) == Look(at="smoke", slot="green")
    bad = {"green": smoke("r1 answers", "one target is silent")}
    assert ask(smoke_step, state, smokes=bad) == Wait(
        seconds=4, why="r1 answers; one target is silent"
    )
    well = {"green": smoke(requests=40)}
    assert ask(smoke_step, state, smokes=well) == Look(at="alarms")
    assert ask(smoke_step, state, smokes=well, alarms=QUIET_ALARMS) == passed(
        "smoke green", "40 probes through the test rule were answered well"
    )


def test_a_slow_boot_s_alarms_are_waited_for_before_anybody_is_sent_there() -> None:
    state, well = reached("smoke green"), {"green": smoke()}
    for alarms, why in (
        ({}, "alarm green-errors is missing"),
        ({"green-errors": "ALARM"}, "alarm green-errors is ALARM"),
        ({"green-errors": "INSUFFICIENT_DATA"}, "alarm green-errors is INSUFFICIENT_DATA"),
    ):
        assert ask(smoke_step, state, smokes=well, alarms=alarms) == Wait(seconds=4, why=why)
    # Nobody else's matter here: the gates ask them.
    own = {"green-errors": "OK", "blue-errors": "ALARM", "database": "ALARM"}
    assert ask(smoke_step, state, smokes=well, alarms=own) == passed(
        "smoke green", "200 probes through the test rule were answered well"
    )
    first = reached("smoke blue", plan=FIRST, summary=Summary())
    assert ask(smoke_step, first, smokes={"blue": smoke()}, alarms=own) == Wait(
        seconds=4, why="alarm blue-errors is ALARM"
    )


def test_the_way_back_asks_no_alarm() -> None:
    answered = passed("smoke blue", "200 probes through the test rule were answered well")
    turned = go_on(HOME, *finishing(HOME, FILL_BLUE))
    assert ask(smoke_step, turned, smokes={"blue": smoke()}) == answered
    plan = with_plan(ROLLBACK, steps=(FILL_BLUE, SMOKE_BLUE, SHIFT_BLUE))
    rollback = reached("smoke blue", plan=plan)
    assert ask(smoke_step, rollback, smokes={"blue": smoke()}) == answered


# Rolling.

ROLL = reached("roll blue", plan=REFRESH)
ROLL_ASKED = go_on(ROLL, noted("roll blue", "deployment", "ecs-svc/1"))


def rolled(**changes: Any) -> dict[str, Any]:
    return {"blue": dataclasses.replace(services()["blue"], **changes)}


def test_a_slot_is_rolled_one_call_after_the_other() -> None:
    assert ask(roll, ROLL) == Roll(step="roll blue", slot="blue")
    assert ask(roll, ROLL_ASKED) == Look(at="services")
    assert ask(roll, ROLL_ASKED, services=rolled()) == Look(at="health", slot="blue")
    assert ask(roll, ROLL_ASKED, services=rolled(), health=targets(4, 0)) == passed(
        "roll blue", "4 new tasks of blue are healthy"
    )


def test_green_is_rolled_when_green_serves() -> None:
    step = dataclasses.replace(REFRESH.steps[0], key="roll green", slot="green")
    state = reached(
        "roll green",
        plan=with_plan(REFRESH, entering="green", steps=(step,)),
        summary=summary(committed=ALL_GREEN, slots={"green": GREEN}),
    )
    assert ask(roll, state) == Roll(step="roll green", slot="green")
    asked = go_on(state, noted("roll green", "deployment", "ecs-svc/2"))
    assert ask(roll, asked, services=services()) == Look(at="health", slot="green")


@pytest.mark.parametrize(
    "changes",
    [
        {"rollout": "IN_PROGRESS"},
        {"pending": 1},
        {"running": 3},
        {"running": 5},
        {"task_definition": "release:2"},
    ],
)
def test_a_roll_that_has_not_settled_is_waited_for(changes: dict[str, Any]) -> None:
    seen = {"services": rolled(**changes), "health": targets(4, 0)}
    assert ask(roll, ROLL_ASKED, **seen) == Wait(seconds=4, why="ECS replaces the tasks of blue")


def test_rolled_tasks_are_healthy_all_of_them() -> None:
    """As many as there are now: autoscaling may have added some."""
    more = rolled(running=6, desired=6)
    assert ask(roll, ROLL_ASKED, services=more, health=targets(5, 0)) == Wait(
        seconds=4, why="targets of blue become healthy"
    )
    assert ask(roll, ROLL_ASKED, services=more, health=targets(6, 0)) == passed(
        "roll blue", "6 new tasks of blue are healthy"
    )


@pytest.mark.parametrize("rollout", ["COMPLETED", "FAILED"])
def test_how_an_older_deployment_ended_says_nothing_of_the_roll(rollout: str) -> None:
    """ECS may answer with what was before it was asked."""
    older = rolled(deployment="ecs-svc/0", rollout=rollout)
    assert ask(roll, ROLL_ASKED, services=older, health=targets(4, 0)) == Wait(
        seconds=4, why="blue does not show ecs-svc/1 yet"
    )


def test_a_roll_that_failed_is_held() -> None:
    failed = rolled(rollout="FAILED", reason="no secret")
    assert ask(roll, ROLL_ASKED, services=failed, health=targets(4, 4)) == held(
        "late", "blue was not rolled: no secret"
    )
