"""What each verb is going to do, step by step, and everything that stands against it."""

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
    QUIET_ALARMS,
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
    frozen,
    go_on,
    services,
    setting,
    started,
    summary,
    targets,
    with_plan,
)

from cutover.decide import planning
from cutover.decide.journal import State, Summary
from cutover.decide.live import Service
from cutover.decide.model import Filled, Plan, Release, Step
from cutover.decide.planning import NothingToDo, schema_after
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
    plan = planning.deploy(ended(), ALL_BLUE, IDLE, R2, SETTING, retire=False)
    assert plan == with_plan(DEPLOY, steps=STEPS[:-2])


def test_a_deploy_says_what_it_goes_on_in_spite_of() -> None:
    plan = planning.deploy(ended(), ALL_BLUE, IDLE, R2, SETTING, despite_freeze=True)
    assert plan == with_plan(DEPLOY, despite_freeze=True)
    plan = planning.deploy(ended(), ALL_BLUE, IDLE, R2, SETTING, despite_alarms=True)
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


# Refusals.

NOW = 2_000.0


def refusals(
    state: State | None = None,
    *,
    plan: Plan = DEPLOY,
    weights: dict[Slot, int] = ALL_BLUE,
    seen: dict[Slot, Service] | None = None,
    healthy: int = 4,
    alarms: dict[str, str] | None = None,
    now: float = NOW,
    **limits: Any,
) -> tuple[str, ...]:
    """Of a deploy to green that nothing stands against, but for the changes."""
    return planning.refusals(
        ended() if state is None else state,
        weights,
        seen or IDLE,
        targets(healthy, 0),
        QUIET_ALARMS if alarms is None else alarms,
        plan,
        now,
        setting(**limits),
    )


FREEZE = (
    "stopped by `cutover freeze` until `cutover unfreeze`: fair; `--despite-freeze` with a reason "
    "goes on all the same"
)
DESPITE = "`--despite-alarms` with a reason goes on all the same"
HELD_BACK = "in a freeze window until 1970-01-01 00:50:00 UTC: fair"
WINDOW = {"start": "1970-01-01T00:00:00Z", "end": "1970-01-01T00:50:00Z", "reason": "fair"}


def test_nothing_stands_against_a_deploy_when_all_is_well() -> None:
    assert refusals() == ()


def test_an_open_run_stands_against_it() -> None:
    assert refusals(started()) == (
        "run run2 is open; `cutover resume`, `cutover rollback` or `cutover abort` ends it",
    )


@pytest.mark.parametrize("state", ["ALARM", "INSUFFICIENT_DATA"])
@pytest.mark.parametrize("name", ["blue-errors", "database"])
def test_an_alarm_of_who_serves_or_of_the_environment_stands_against_it(
    name: str, state: str
) -> None:
    loud = QUIET_ALARMS | {name: state}
    assert refusals(alarms=loud) == (f"alarm {name} is {state}; {DESPITE}",)
    assert refusals(alarms=loud, plan=with_plan(DEPLOY, despite_alarms=True)) == ()


def test_an_alarm_that_nobody_can_read_stands_against_it() -> None:
    assert refusals(alarms={}) == (
        f"alarm blue-errors is missing, alarm database is missing; {DESPITE}",
    )
    assert refusals(alarms={}, plan=with_plan(DEPLOY, despite_alarms=True)) == ()


def test_an_alarm_of_the_idle_slot_stands_against_nothing() -> None:
    """It was set by the release that is to be replaced."""
    assert refusals(alarms=QUIET_ALARMS | {"green-errors": "ALARM"}) == ()


def test_a_freeze_stands_against_it_unless_it_is_overridden() -> None:
    stopped = go_on(ended(), frozen())
    assert refusals(stopped) == (FREEZE,)
    assert refusals(stopped, plan=with_plan(DEPLOY, despite_freeze=True)) == ()
    over = go_on(ended(), frozen(until=NOW))
    assert refusals(over) == ()
    assert refusals(over, now=NOW - 1) == (
        "stopped by `cutover freeze` until 1970-01-01 00:33:20 UTC: fair; `--despite-freeze` with "
        "a reason goes on all the same",
    )


def test_a_freeze_window_stands_against_it() -> None:
    assert refusals(freeze_windows=(WINDOW,)) == (
        f"{HELD_BACK}; `--despite-freeze` with a reason goes on all the same",
    )
    assert refusals(freeze_windows=(WINDOW,), now=3_000.0) == ()


def test_weights_that_nobody_explains_stand_against_it() -> None:
    assert refusals(weights=FOREIGN) == (
        "the weights are blue 70, green 30, and the journal left blue 100, green 0; `cutover "
        "verify --adopt` takes them as they are, `cutover rollback` gives all of the traffic to "
        "r1 in blue",
    )


@pytest.mark.parametrize(
    ("healthy", "desired", "refused"),
    [(4, 4, False), (5, 4, False), (3, 4, True), (1, 1, False), (0, 0, True), (0, 1, True)],
)
def test_a_slot_that_does_not_serve_well_stands_against_it(
    *, healthy: int, desired: int, refused: bool
) -> None:
    sentence = f"{healthy} of the {desired} tasks of blue, which serves, are healthy"
    found = refusals(healthy=healthy, seen=blue(desired=desired))
    assert found == ((sentence,) if refused else ())


def test_a_release_that_is_live_stands_against_itself() -> None:
    live = dataclasses.replace(R1, image="app@9")
    assert refusals(plan=with_plan(DEPLOY, release=live)) == (
        "release r1 is live already; probes tell releases apart by their id: give this one another",
    )


@pytest.mark.parametrize(
    ("least", "most", "found"),
    [
        (0, 1, ()),
        (1, 1, ()),
        (2, 3, ()),
        (0, 0, ("release r3 lives with schema 0 to 0, and the live one is 1",)),
        (
            3,
            3,
            (
                "release r3 migrates the schema to 3, and r1, which is live, ends at 2: deploy a "
                "release that lives with both first",
            ),
        ),
        (
            4,
            3,
            (
                "release r3 lives with schema 4 to 3, and the live one is 1",
                "release r3 migrates the schema to 4, and r1, which is live, ends at 2: deploy a "
                "release that lives with both first",
            ),
        ),
    ],
)
def test_a_schema_that_one_of_them_can_t_live_with_stands_against_it(
    least: int, most: int, found: tuple[str, ...]
) -> None:
    release = Release(release_id="r3", image="app@3", schema_min=least, schema_max=most)
    assert refusals(plan=with_plan(DEPLOY, release=release)) == found


def test_more_tasks_than_are_allowed_stand_against_it() -> None:
    assert refusals(plan=with_plan(DEPLOY, tasks=8)) == ()
    assert refusals(plan=with_plan(DEPLOY, tasks=9)) == ("9 tasks are wanted, and 8 are allowed",)


def test_more_connections_than_the_database_takes_stand_against_it() -> None:
    """Both slots keep their pools as long as both run; where nobody knows the limit, none is."""
    room: dict[str, Any] = {"connections_per_task": 10, "max_connections": 110}
    assert refusals(plan=with_plan(DEPLOY, tasks=7), **room) == ()
    assert refusals(plan=with_plan(DEPLOY, tasks=8), **room) == (
        "4 tasks of blue, 0 that green still runs and 8 new ones, 10 connections each, may open "
        "120, and the database takes 110: lower pgbouncer/pool_size, or take a larger instance "
        "class",
    )
    assert refusals(connections_per_task=10) == ()


@pytest.mark.parametrize(
    ("desired", "running", "stale"), [(4, 3, 4), (0, 4, 4), (3, 3, 3), (3, 0, 3)]
)
def test_tasks_that_the_slot_still_runs_keep_their_connections_until_others_have_come(
    desired: int, running: int, stale: int
) -> None:
    """The slot of a failed release keeps its tasks, and ECS replaces them one by one."""
    room: dict[str, Any] = {"connections_per_task": 10, "max_connections": 110}
    seen = services(running=running, desired=desired)
    found = refusals(seen=seen, **room)
    assert found == (
        ()
        if stale == 3
        else (
            "4 tasks of blue, 4 that green still runs and 4 new ones, 10 connections each, may "
            "open 120, and the database takes 110: empty green first with `cutover retire`, lower "
            "pgbouncer/pool_size, or take a larger instance class",
        )
    )


def test_tasks_of_the_serving_slot_count_while_they_go() -> None:
    found = refusals(seen=blue(running=6), connections_per_task=10, max_connections=99)
    assert found == (
        "6 tasks of blue, 0 that green still runs and 4 new ones, 10 connections each, may open "
        "100, and the database takes 99: lower pgbouncer/pool_size, or take a larger instance "
        "class",
    )


@pytest.mark.parametrize(("idle", "home"), [(GREEN, "blue"), (TRUSTED, "green")])
def test_a_split_that_was_adopted_stands_against_it(idle: Filled, home: Slot) -> None:
    split = ended(summary(committed=FOREIGN, slots={"blue": BLUE, "green": idle}))
    assert refusals(split, weights=FOREIGN, healthy=0) == (
        "both slots have traffic (blue 70, green 30), and a deploy begins with one that has none: "
        f"`cutover rollback` gives all of it to {home}",
    )


def test_everything_that_stands_against_it_is_said_at_once() -> None:
    release = Release(release_id="r1", image="app@3", schema_min=3, schema_max=2)
    state = go_on(started(), frozen())
    found = refusals(
        state,
        plan=with_plan(DEPLOY, release=release, tasks=9),
        healthy=3,
        alarms=QUIET_ALARMS | {"database": "ALARM"},
    )
    assert found == (
        "run run2 is open; `cutover resume`, `cutover rollback` or `cutover abort` ends it",
        f"alarm database is ALARM; {DESPITE}",
        FREEZE,
        "3 of the 4 tasks of blue, which serves, are healthy",
        "release r1 is live already; probes tell releases apart by their id: give this one another",
        "release r1 lives with schema 3 to 2, and the live one is 1",
        "release r1 migrates the schema to 3, and r1, which is live, ends at 2: deploy a release "
        "that lives with both first",
        "9 tasks are wanted, and 8 are allowed",
    )


def test_a_slot_of_the_other_colour_is_judged_by_its_own_health() -> None:
    state = ended(summary(committed=ALL_GREEN, slots={"green": TRUSTED}, schema=2))
    entering = with_plan(DEPLOY, entering="blue", release=dataclasses.replace(R2, release_id="r3"))
    seen: dict[Slot, Service] = {"blue": IDLE["green"], "green": IDLE["blue"]}
    found = planning.refusals(
        state, ALL_GREEN, seen, targets(0, 3), QUIET_ALARMS, entering, NOW, SETTING
    )
    assert found == ("3 of the 4 tasks of green, which serves, are healthy",)


NOBODY: dict[Slot, Service] = {
    slot: dataclasses.replace(one, running=0, desired=0) for slot, one in IDLE.items()
}
RESTORE = (
    "runs tasks, and the journal knows of no release: restore the journal's table to a point in "
    "time, or scale the service to 0"
)


def first(seen: dict[Slot, Service], schema: int = 0, release: Release = R1) -> tuple[str, ...]:
    return planning.refusals(
        ended(Summary(schema=schema)),
        ALL_GREEN,
        seen,
        targets(0, 0),
        QUIET_ALARMS,
        with_plan(FIRST, release=release),
        NOW,
        SETTING,
    )


def test_an_empty_environment_runs_nothing() -> None:
    assert first(NOBODY) == ()
    one = dataclasses.replace(NOBODY["green"], running=1)
    wanted = dataclasses.replace(NOBODY["blue"], desired=1)
    assert first({**NOBODY, "green": one}) == (f"green {RESTORE}",)
    assert first({"blue": wanted, "green": one}) == (f"blue {RESTORE}", f"green {RESTORE}")


def test_what_a_release_that_never_went_live_has_migrated_counts() -> None:
    assert first(NOBODY, schema=2) == ()
    assert first(NOBODY, schema=3) == (
        "release r1 lives with schema 0 to 2, and the live one is 3",
    )


def test_a_freeze_and_an_alarm_stand_against_a_first_release_too() -> None:
    state = go_on(ended(Summary()), frozen())
    loud = dict.fromkeys(QUIET_ALARMS, "ALARM")  # but nothing serves, and no slot's is asked
    found = refusals(state, plan=FIRST, seen=NOBODY, alarms=loud)
    assert found == (f"alarm database is ALARM; {DESPITE}", FREEZE)


@pytest.mark.parametrize(("live", "after"), [(0, 2), (2, 2), (3, 3)])
def test_a_migration_makes_the_schema_no_older(live: int, after: int) -> None:
    assert schema_after(ended(summary(schema=live)), R2) == after
