"""Everything that stands against a deploy is said at once."""

import dataclasses
from typing import Any

import pytest
from decisions import (
    ALL_BLUE,
    ALL_GREEN,
    BLUE,
    DEPLOY,
    FIRST,
    FOREIGN,
    GREEN,
    QUIET_ALARMS,
    R1,
    R2,
    SETTING,
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

from cutover.decide.live import Service
from cutover.decide.model import Filled, Plan, Release
from cutover.decide.refusals import refusals
from cutover.decide.state import State, Summary
from infra.outputs import Slot

IDLE = services(running=0, desired=0)
TRUSTED = dataclasses.replace(GREEN, trusted=True)


def blue(**changes: Any) -> dict[Slot, Service]:
    """Blue serves, green runs nothing; the changes are blue's."""
    return {**IDLE, "blue": dataclasses.replace(IDLE["blue"], **changes)}


NOW = 2_000.0


def against(
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
    return refusals(
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
    assert against() == ()


def test_an_open_run_stands_against_it() -> None:
    assert against(started()) == (
        "run run2 is open; `cutover resume`, `cutover rollback` or `cutover abort` ends it",
    )


@pytest.mark.parametrize("state", ["ALARM", "INSUFFICIENT_DATA"])
@pytest.mark.parametrize("name", ["blue-errors", "database"])
def test_an_alarm_of_who_serves_or_of_the_environment_stands_against_it(
    name: str, state: str
) -> None:
    loud = QUIET_ALARMS | {name: state}
    assert against(alarms=loud) == (f"alarm {name} is {state}; {DESPITE}",)
    assert against(alarms=loud, plan=with_plan(DEPLOY, despite_alarms=True)) == ()


def test_an_alarm_that_nobody_can_read_stands_against_it() -> None:
    assert against(alarms={}) == (
        f"alarm blue-errors is missing, alarm database is missing; {DESPITE}",
    )
    assert against(alarms={}, plan=with_plan(DEPLOY, despite_alarms=True)) == ()


def test_an_alarm_of_the_idle_slot_stands_against_nothing() -> None:
    """It was set by the release that is to be replaced."""
    assert against(alarms=QUIET_ALARMS | {"green-errors": "ALARM"}) == ()


def test_a_freeze_stands_against_it_unless_it_is_overridden() -> None:
    stopped = go_on(ended(), frozen())
    assert against(stopped) == (FREEZE,)
    assert against(stopped, plan=with_plan(DEPLOY, despite_freeze=True)) == ()
    over = go_on(ended(), frozen(until=NOW))
    assert against(over) == ()
    assert against(over, now=NOW - 1) == (
        "stopped by `cutover freeze` until 1970-01-01 00:33:20 UTC: fair; `--despite-freeze` with "
        "a reason goes on all the same",
    )


def test_a_freeze_window_stands_against_it() -> None:
    assert against(freeze_windows=(WINDOW,)) == (
        f"{HELD_BACK}; `--despite-freeze` with a reason goes on all the same",
    )
    assert against(freeze_windows=(WINDOW,), now=3_000.0) == ()


def test_weights_that_nobody_explains_stand_against_it() -> None:
    assert against(weights=FOREIGN) == (
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
    found = against(healthy=healthy, seen=blue(desired=desired))
    assert found == ((sentence,) if refused else ())


def test_a_release_that_is_live_stands_against_itself() -> None:
    live = dataclasses.replace(R1, image="app@9")
    assert against(plan=with_plan(DEPLOY, release=live)) == (
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
    assert against(plan=with_plan(DEPLOY, release=release)) == found


def test_more_tasks_than_are_allowed_stand_against_it() -> None:
    assert against(plan=with_plan(DEPLOY, tasks=8)) == ()
    assert against(plan=with_plan(DEPLOY, tasks=9)) == ("9 tasks are wanted, and 8 are allowed",)


def test_more_connections_than_the_database_takes_stand_against_it() -> None:
    """Both slots keep their pools as long as both run; where nobody knows the limit, none is."""
    room: dict[str, Any] = {"connections_per_task": 10, "max_connections": 110}
    assert against(plan=with_plan(DEPLOY, tasks=7), **room) == ()
    assert against(plan=with_plan(DEPLOY, tasks=8), **room) == (
        "4 tasks of blue, 0 that green still runs and 8 new ones, 10 connections each, may open "
        "120, and the database takes 110: lower pgbouncer/pool_size, or take a larger instance "
        "class",
    )
    assert against(connections_per_task=10) == ()


@pytest.mark.parametrize(
    ("desired", "running", "stale"), [(4, 3, 4), (0, 4, 4), (3, 3, 3), (3, 0, 3)]
)
def test_tasks_that_the_slot_still_runs_keep_their_connections_until_others_have_come(
    desired: int, running: int, stale: int
) -> None:
    """The slot of a failed release keeps its tasks, and ECS replaces them one by one."""
    room: dict[str, Any] = {"connections_per_task": 10, "max_connections": 110}
    seen = services(running=running, desired=desired)
    found = against(seen=seen, **room)
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
    found = against(seen=blue(running=6), connections_per_task=10, max_connections=99)
    assert found == (
        "6 tasks of blue, 0 that green still runs and 4 new ones, 10 connections each, may open "
        "100, and the database takes 99: lower pgbouncer/pool_size, or take a larger instance "
        "class",
    )


@pytest.mark.parametrize(("idle", "home"), [(GREEN, "blue"), (TRUSTED, "green")])
def test_a_split_that_was_adopted_stands_against_it(idle: Filled, home: Slot) -> None:
    split = ended(summary(committed=FOREIGN, slots={"blue": BLUE, "green": idle}))
    assert against(split, weights=FOREIGN, healthy=0) == (
        "both slots have traffic (blue 70, green 30), and a deploy begins with one that has none: "
        f"`cutover rollback` gives all of it to {home}",
    )


def test_everything_that_stands_against_it_is_said_at_once() -> None:
    release = Release(release_id="r1", image="app@3", schema_min=3, schema_max=2)
    state = go_on(started(), frozen())
    found = against(
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
    found = refusals(state, ALL_GREEN, seen, targets(0, 3), QUIET_ALARMS, entering, NOW, SETTING)
    assert found == ("3 of the 4 tasks of green, which serves, are healthy",)


NOBODY: dict[Slot, Service] = {
    slot: dataclasses.replace(one, running=0, desired=0) for slot, one in IDLE.items()
}
RESTORE = (
    "runs tasks, and the journal knows of no release: restore the journal's table to a point in "
    "time, or scale the service to 0"
)


def first(seen: dict[Slot, Service], schema: int = 0, release: Release = R1) -> tuple[str, ...]:
    return refusals(
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
    found = against(state, plan=FIRST, seen=NOBODY, alarms=loud)
    assert found == (f"alarm database is ALARM; {DESPITE}", FREEZE)
