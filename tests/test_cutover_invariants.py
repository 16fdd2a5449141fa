"""S1 to S6, each at its very edge."""

import pytest

from cutover.decide.invariants import better, full, healthy, step_size, whole
from cutover.decide.live import Health
from cutover.decide.model import Weights


def targets(healthy: int) -> Health:
    return Health(healthy=healthy, total=9)


@pytest.mark.parametrize(
    ("weights", "holds"),
    [
        ({"blue": 100, "green": 0}, True),
        ({"blue": 0, "green": 100}, True),
        ({"blue": 99, "green": 1}, True),
        ({"blue": 0, "green": 0}, False),
        ({"blue": 50, "green": 49}, False),
        ({"blue": 50, "green": 51}, False),
        ({"blue": 101, "green": -1}, False),
        ({"blue": -1, "green": 101}, False),
        ({"blue": 100}, False),
        ({"blue": 100, "green": 0, "red": 0}, False),
        ({"blue": 100, "red": 0}, False),
        ({}, False),
    ],
)
def test_weights_are_of_both_slots_and_add_up(*, weights: Weights, holds: bool) -> None:
    assert whole(weights) is holds


@pytest.mark.parametrize(
    ("seen", "tasks", "holds"),
    [
        (2, 4, True),
        (1, 4, False),
        (3, 5, True),
        (2, 5, False),
        (1, 2, True),
        (1, 1, True),
        (0, 1, False),
        (1, 0, True),
        (0, 0, False),
    ],
)
def test_half_of_the_planned_tasks_is_healthy_and_never_none(
    *, seen: int, tasks: int, holds: bool
) -> None:
    assert healthy(targets(seen), tasks) is holds


@pytest.mark.parametrize(
    ("seen", "tasks", "holds"),
    [(4, 4, True), (5, 4, True), (3, 4, False), (1, 1, True), (1, 0, True), (0, 0, False)],
)
def test_all_of_the_planned_tasks_are_full_and_none_never_is(
    *, seen: int, tasks: int, holds: bool
) -> None:
    assert full(targets(seen), tasks) is holds


@pytest.mark.parametrize(
    ("one", "other", "holds"), [(2, 1, True), (1, 1, False), (0, 0, False), (1, 2, False)]
)
def test_the_lesser_evil_is_strictly_better(*, one: int, other: int, holds: bool) -> None:
    assert better(targets(one), targets(other)) is holds


@pytest.mark.parametrize(
    ("before", "after", "percent"),
    [
        ({"blue": 100, "green": 0}, {"blue": 90, "green": 10}, 10),
        ({"blue": 90, "green": 10}, {"blue": 100, "green": 0}, 10),
        ({"blue": 0, "green": 100}, {"blue": 100, "green": 0}, 100),
        ({"blue": 50, "green": 50}, {"blue": 50, "green": 50}, 0),
        # What somebody else has set need not add up.
        ({"blue": 100, "green": 90}, {"blue": 90, "green": 10}, 80),
        ({"blue": 5, "green": 0}, {"blue": 90, "green": 10}, 85),
    ],
)
def test_a_step_is_as_wide_as_the_slot_that_moves_most(
    before: Weights, after: Weights, percent: int
) -> None:
    assert step_size(before, after) == percent
