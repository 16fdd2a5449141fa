"""A plan in numbers: exact for a small ladder, and nothing promised that isn't so."""

import dataclasses

import pytest

from cutover.decide import planning
from cutover.decide.forecast import forecast
from cutover.decide.live import Service
from cutover.decide.model import Filled, Plan, Release, Terms
from cutover.decide.setting import Alarms, Setting
from cutover.decide.state import State, Summary
from infra.outputs import SLOTS, Slot

SETTING = Setting(
    ladder_percent=(10, 100),
    step_seconds=60,
    bake_seconds=300,
    warm_seconds=120,
    min_tasks=2,
    max_tasks=8,
    alarms=Alarms(slots={"blue": {}, "green": {}}),
    extension_seconds=600,
    poll_seconds=2,
    healthy_reads=3,
)


def release(release_id: str, schema_min: int = 0, schema_max: int = 0) -> Release:
    return Release(
        release_id=release_id, image="app@sha256:1", schema_min=schema_min, schema_max=schema_max
    )


def state(live: Release | None) -> State:
    if live is None:
        return State()
    filled = Filled(release=live, task_definition="release:1", tasks=3)
    return State(summary=Summary(committed={"blue": 100, "green": 0}, slots={"blue": filled}))


def plan(state: State, wanted: Release, *, retire: bool = True) -> Plan:
    services: dict[Slot, Service] = {
        slot: Service(
            task_definition="release:1",
            desired=tasks,
            running=tasks,
            pending=0,
            deployment="ecs-svc/1",
            rollout="COMPLETED",
        )
        for slot, tasks in zip(SLOTS, (3, 0), strict=True)
    }
    weights: dict[Slot, int] = {"blue": 100, "green": 0}
    return planning.deploy(state, weights, services, wanted, SETTING, Terms(retire=retire))


def test_each_moment_has_its_largest_share_of_users_and_its_way_back() -> None:
    ground = state(release("r1"))
    seen = forecast(ground, plan(ground, release("r2")), SETTING)
    assert [(m.step.kind, m.exposed_percent, m.way_back) for m in seen.moments] == [
        ("migrate", 0, True),
        ("fill", 0, True),
        ("smoke", 0, True),
        ("shift", 10, True),
        ("watch", 10, True),
        ("shift", 100, True),
        ("watch", 100, True),
        ("quiet", 100, True),
        ("scale_in", 100, False),
    ]
    assert seen.way_back_until == "quiet blue"


def test_the_least_time_is_what_the_program_waits_and_the_most_all_timeouts() -> None:
    ground = state(release("r1"))
    made = plan(ground, release("r2"))
    seen = forecast(ground, made, SETTING)
    assert [m.least_seconds for m in seen.moments] == [4, 4, 0, 0, 60, 0, 300, 0, 2]
    assert seen.least_seconds == 370
    assert seen.most_seconds == sum(step.timeout_seconds for step in made.steps) > 3600


def test_a_slot_is_warm_for_so_long_from_its_last_weight() -> None:
    ground = state(release("r1"))
    made = plan(ground, release("r2"))
    short = dataclasses.replace(made.steps[-3], seconds=50)
    seen = forecast(
        ground,
        dataclasses.replace(made, steps=(*made.steps[:-3], short, *made.steps[-2:])),
        SETTING,
    )
    assert [m.least_seconds for m in seen.moments][-3:] == [50, 70, 2]
    assert seen.least_task_hours == 3 * (4 + 60 + 50 + 70 + 2) / 3600


def test_the_rollback_bound_has_a_dead_runners_lease_and_the_shift_in_it() -> None:
    ground = state(release("r1"))
    made = plan(ground, release("r2"))
    (shift,) = {step.timeout_seconds for step in made.steps if step.kind == "shift"}
    seen = forecast(ground, made, SETTING)
    assert seen.rollback_seconds == 30 + 2 * 5 + 1 + shift


def test_both_slots_are_paid_for_from_the_fill_to_the_scale_in() -> None:
    ground = state(release("r1"))
    made = plan(ground, release("r2"))
    seen = forecast(ground, made, SETTING)
    assert made.tasks == 3
    assert seen.least_task_hours == 3 * 366 / 3600
    most = sum(step.timeout_seconds for step in made.steps[1:])
    assert seen.most_task_hours == 3 * most / 3600


def test_without_retire_nobody_knows_the_most_that_is_paid() -> None:
    ground = state(release("r1"))
    seen = forecast(ground, plan(ground, release("r2"), retire=False), SETTING)
    assert seen.least_task_hours == 3 * 364 / 3600
    assert seen.most_task_hours is None
    assert seen.way_back_until == "bake"


def test_the_first_release_has_no_way_back_and_costs_nothing_extra() -> None:
    ground = state(None)
    seen = forecast(ground, plan(ground, release("r1")), SETTING)
    assert [m.exposed_percent for m in seen.moments] == [0, 0, 0, 100]
    assert not any(m.way_back for m in seen.moments)
    assert (seen.rollback_seconds, seen.way_back_until) == (None, None)
    assert (seen.least_task_hours, seen.most_task_hours) == (0, 0)


@pytest.mark.parametrize(("newest", "way_back"), [(6, False), (7, True)])
def test_a_release_that_can_not_live_with_the_new_schema_is_no_way_back(
    newest: int,
    way_back: bool,  # noqa: FBT001
) -> None:
    ground = state(release("r1", 0, newest))
    seen = forecast(ground, plan(ground, release("r2", 7, 7)), SETTING)
    assert (seen.rollback_seconds is not None) is way_back
    assert {m.way_back for m in seen.moments[:-1]} == {way_back}
    assert (seen.way_back_until is not None) is way_back


def test_a_slot_that_still_runs_is_emptied_of_traffic_before_it_is_filled() -> None:
    ground = state(release("r1"))
    made = plan(ground, release("r2"))
    quiet = dataclasses.replace(made.steps[-2], key="quiet green", slot="green")
    seen = forecast(ground, dataclasses.replace(made, steps=(quiet, *made.steps)), SETTING)
    assert seen.moments[0].exposed_percent == 0
    assert seen.moments[0].way_back
    assert seen.moments[0].least_seconds == 0
    assert seen.least_task_hours == 3 * 366 / 3600
