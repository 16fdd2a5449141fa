"""What each verb is going to do, step by step."""

import dataclasses
from typing import Any

import pytest
from decisions import (
    ALL_BLUE,
    ALL_GREEN,
    BLUE,
    DEPLOY,
    EMPTY_GREEN,
    FILL_BLUE,
    FIRST,
    FOREIGN,
    GREEN,
    QUIET_GREEN,
    R1,
    R2,
    REFRESH,
    ROLLBACK,
    SETTING,
    SHIFT_BLUE,
    SMOKE_BLUE,
    STEPS,
    ended,
    services,
    summary,
    with_plan,
)

from cutover.decide import planning
from cutover.decide.live import Service
from cutover.decide.model import Plan, Step, Terms
from cutover.decide.planning import NothingToDo
from cutover.decide.state import State, Summary
from cutover.decide.steps import top_up, watch
from infra.outputs import Slot

IDLE = services(running=0, desired=0)
TRUSTED = dataclasses.replace(GREEN, trusted=True)


def blue(**changes: Any) -> dict[Slot, Service]:
    """Blue serves, green runs nothing; the changes are blue's."""
    return {**IDLE, "blue": dataclasses.replace(IDLE["blue"], **changes)}


# Deploy.


def test_a_deploy_goes_the_whole_way_of_its_ladder() -> None:
    assert planning.deploy(ended(), ALL_BLUE, IDLE, R2, SETTING) == DEPLOY


def test_a_deploy_from_green_is_the_same_the_other_way_round() -> None:
    state = ended(summary(committed=ALL_GREEN))
    plan = planning.deploy(
        state, ALL_GREEN, {"blue": IDLE["green"], "green": IDLE["blue"]}, R2, SETTING
    )
    assert plan.entering == "blue"
    assert [step.key for step in plan.steps][-4:] == [
        "shift blue 100",
        "bake",
        "quiet green",
        "empty green",
    ]


def test_the_slot_with_less_of_the_traffic_is_entered() -> None:
    state = ended(summary(committed=FOREIGN))
    assert planning.deploy(state, FOREIGN, IDLE, R2, SETTING).entering == "green"


def test_a_slot_that_still_runs_something_is_made_quiet_first() -> None:
    plan = planning.deploy(ended(), ALL_BLUE, services(running=1, desired=0), R2, SETTING)
    assert plan == with_plan(DEPLOY, steps=(QUIET_GREEN, *STEPS))
    asked = planning.deploy(ended(), ALL_BLUE, services(running=0), R2, SETTING)
    assert asked == DEPLOY


def test_a_slot_may_be_left_as_it_is() -> None:
    plan = planning.deploy(ended(), ALL_BLUE, IDLE, R2, SETTING, Terms(retire=False))
    assert plan == with_plan(DEPLOY, steps=STEPS[:-2])


def test_a_deploy_says_what_it_goes_on_in_spite_of() -> None:
    plan = planning.deploy(ended(), ALL_BLUE, IDLE, R2, SETTING, Terms(despite=("freeze",)))
    assert plan == with_plan(DEPLOY, despite_freeze=True)
    plan = planning.deploy(ended(), ALL_BLUE, IDLE, R2, SETTING, Terms(despite=("alarms",)))
    assert plan == with_plan(DEPLOY, despite_alarms=True)
    assert DEPLOY.despite == ()
    assert with_plan(DEPLOY, despite_freeze=True).despite == ("freeze",)
    both = with_plan(DEPLOY, despite_freeze=True, despite_alarms=True)
    assert both.despite == ("freeze", "alarms")


@pytest.mark.parametrize(("desired", "tasks"), [(1, 2), (2, 2), (7, 7), (9, 9)])
def test_a_slot_gets_as_many_tasks_as_the_other_one_and_never_too_few(
    desired: int, tasks: int
) -> None:
    plan = planning.deploy(ended(), ALL_BLUE, blue(desired=desired), R2, SETTING)
    assert (plan.tasks, plan.floor) == (tasks, 2)


@pytest.mark.parametrize("running", [0, 4])
def test_the_first_release_has_no_ladder(running: int) -> None:
    """Nobody is there to be shifted, and nobody else to be made quiet."""
    state = ended(Summary())
    found = planning.deploy(state, ALL_BLUE, services(running=running), R1, SETTING)
    assert found == FIRST
    assert planning.deploy(state, ALL_GREEN, IDLE, R1, SETTING).entering == "green"


def test_the_last_watch_is_the_bake() -> None:
    assert watch("green", 100, SETTING) == STEPS[8]
    assert watch("green", 99, SETTING) == Step(
        key="watch 99", kind="watch", slot="green", percent=99, seconds=60, timeout_seconds=860
    )


# Rollback.


def test_a_rollback_is_one_change_of_weights() -> None:
    state = ended(summary(committed=ALL_GREEN, slots={"blue": BLUE, "green": GREEN}))
    for seen in (None, IDLE):
        assert planning.rollback(state, seen, SETTING) == ROLLBACK


def test_a_rollback_fills_what_was_retired() -> None:
    gone = dataclasses.replace(BLUE, tasks=0)
    state = ended(summary(committed=ALL_GREEN, slots={"blue": gone, "green": GREEN}))
    steps = (FILL_BLUE, SMOKE_BLUE, SHIFT_BLUE)
    for seen, tasks in ((services(desired=7), 7), (services(desired=1), 2), (None, 2)):
        assert planning.rollback(state, seen, SETTING) == with_plan(
            ROLLBACK, steps=steps, tasks=tasks
        )


WARM = ended(summary(committed=ALL_GREEN, slots={"blue": BLUE, "green": GREEN}))


def test_a_rollback_may_have_a_warm_slot_grow_first() -> None:
    plan = planning.rollback(WARM, services(desired=7), SETTING, grow_first=True)
    assert plan == with_plan(ROLLBACK, steps=(top_up("blue"), SHIFT_BLUE))
    # One that was retired is filled with what is wanted anyhow.
    gone = dataclasses.replace(BLUE, tasks=0)
    retired = ended(summary(committed=ALL_GREEN, slots={"blue": gone, "green": GREEN}))
    plan = planning.rollback(retired, services(desired=7), SETTING, grow_first=True)
    assert [step.key for step in plan.steps] == ["fill blue", "smoke blue", "shift blue 100"]


def test_nobody_looks_how_large_a_slot_is_as_long_as_its_run_has_seen_to_it() -> None:
    """A quarter of an hour after the bake; the weights have changed before it."""
    until = WARM.summary.committed_at + 300 + 900
    assert not planning.unwatched(WARM, until, SETTING)
    assert planning.unwatched(WARM, until + 0.5, SETTING)


@pytest.mark.parametrize(
    ("state", "seen", "outgrown"),
    [
        (WARM, services(desired=5), True),
        (WARM, services(desired=4), False),
        (WARM, services(desired=3), False),
        (WARM, blue(desired=1) | {"green": services(desired=2)["green"]}, True),
        # What it runs by now is not what was proven there, or nobody knows it.
        (ended(summary(committed=ALL_GREEN, slots={"green": GREEN})), services(desired=5), False),
        (
            ended(
                summary(
                    committed=ALL_GREEN,
                    slots={"blue": dataclasses.replace(BLUE, task_definition="release:0")},
                )
            ),
            services(desired=5),
            False,
        ),
        # Nothing runs there: that is filling.
        (ended(summary(slots={"blue": BLUE, "green": GREEN})), services(desired=0), False),
        # Of green, when blue serves.
        (ended(summary(slots={"blue": BLUE, "green": GREEN})), services(desired=3), True),
        (State(), services(desired=5), False),
    ],
)
def test_a_warm_slot_is_outgrown_by_who_wants_more(
    state: State, seen: dict[Slot, Service], *, outgrown: bool
) -> None:
    assert planning.outgrown(state, seen, SETTING) is outgrown


def test_a_warm_slot_is_outgrown_only_as_far_as_it_may_grow() -> None:
    for most, found in ((4, False), (5, True)):
        limited = dataclasses.replace(SETTING, max_tasks=most)
        assert planning.outgrown(WARM, services(desired=8), limited) is found


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        (State(), "no release was ever live here, so there is none to go back to"),
        (
            ended(),
            "r1 serves, and there is no release to go back to: green never served for good, or was "
            "gone back from; deploy another release",
        ),
        (
            ended(summary(slots={"blue": BLUE, "green": GREEN})),
            "r1 serves, and there is no release to go back to: green holds r2, which never served "
            "for good, or was gone back from; deploy another release",
        ),
        (
            ended(summary(slots={"blue": BLUE, "green": dataclasses.replace(GREEN, tasks=0)})),
            "r1 serves, and there is no release to go back to: green holds r2, which never served "
            "for good, or was gone back from; deploy another release",
        ),
    ],
)
def test_a_rollback_goes_only_to_what_once_served_for_good(state: State, sentence: str) -> None:
    with pytest.raises(NothingToDo) as refused:
        planning.rollback(state, IDLE, SETTING)
    assert str(refused.value) == sentence


def test_while_a_slot_is_filled_the_journal_s_weights_may_be_set_back_first() -> None:
    gone = dataclasses.replace(BLUE, tasks=0)
    state = ended(summary(committed=ALL_GREEN, slots={"blue": gone, "green": GREEN}))
    plan = planning.rollback(state, IDLE, SETTING, restore_first=True)
    keys = ["shift green 100", "fill blue", "smoke blue", "shift blue 100"]
    assert [step.key for step in plan.steps] == keys
    warm = ended(summary(committed=ALL_GREEN, slots={"blue": BLUE, "green": GREEN}))
    assert planning.rollback(warm, None, SETTING, restore_first=True) == ROLLBACK


def test_weights_that_others_set_are_set_back_in_one_step() -> None:
    state = ended(summary(committed=ALL_GREEN, slots={"green": GREEN}))
    plan = planning.restore(state, SETTING)
    assert (plan.verb, plan.entering, plan.release, plan.tasks) == ("rollback", "green", R2, 4)
    assert [step.key for step in plan.steps] == ["shift green 100"]
    with pytest.raises(NothingToDo, match=r"^no release was ever live here, so the journal left"):
        planning.restore(ended(Summary()), SETTING)


def test_a_split_that_was_adopted_goes_back_to_the_slot_that_can_be_trusted() -> None:
    """To the idle one as always, if it has served for good; else to the one with more users."""
    for idle, home in ((GREEN, "blue"), (TRUSTED, "green")):
        state = ended(summary(committed=FOREIGN, slots={"blue": BLUE, "green": idle}))
        plan = planning.rollback(state, None, SETTING)
        assert [step.key for step in plan.steps] == [f"shift {home} 100"]
        assert plan.entering == home
    unknown = ended(summary(committed=FOREIGN))
    assert planning.rollback(unknown, None, SETTING) == ROLLBACK


# Retire and refresh.


def test_a_slot_is_retired_once_it_is_quiet() -> None:
    plan = Plan(verb="retire", entering="blue", steps=(QUIET_GREEN, EMPTY_GREEN), tasks=4, floor=2)
    assert planning.retire(ended(), SETTING) == plan


def test_the_slot_that_serves_is_refreshed() -> None:
    assert planning.refresh(ended(), SETTING) == REFRESH


@pytest.mark.parametrize("state", [State(), ended(summary(committed=FOREIGN))])
def test_who_serves_must_be_clear(state: State) -> None:
    with pytest.raises(NothingToDo) as retired:
        planning.retire(state, SETTING)
    assert str(retired.value) == (
        "no slot is without traffic by the journal, so there is none to retire"
    )
    with pytest.raises(NothingToDo) as refreshed:
        planning.refresh(state, SETTING)
    assert str(refreshed.value) == (
        "no slot has all of the traffic by the journal, so there is none to roll"
    )
