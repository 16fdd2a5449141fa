"""A hold says what a person needs; what nobody explained is nobody's to overwrite."""

import dataclasses

import pytest
from decisions import (
    ALL_BLUE,
    ALL_GREEN,
    BLUE,
    DEPLOY,
    EMPTY_GREEN,
    FILL_BLUE,
    FOREIGN,
    GREEN,
    QUIET_GREEN,
    ROLLBACK,
    SHIFT_BLUE,
    SMOKE_BLUE,
    TEN,
    adopted,
    committing,
    ended,
    go_on,
    held,
    intent,
    reached,
    started,
    summary,
    targets,
    turning,
    with_plan,
)

from cutover.decide.holding import adoptable, explained, foreign, hold
from cutover.decide.model import Page, said
from cutover.decide.state import State
from cutover.decide.steps import point
from infra.outputs import Slot

INTENT = intent("shift green 10", ALL_BLUE, TEN)


def test_a_hold_is_the_last_thing_that_a_run_writes() -> None:
    assert hold("late", "too late") == held("late", "too late")


def test_weights_are_said_slot_by_slot() -> None:
    assert said({"green": 10, "blue": 90}) == "blue 90, green 10"


def test_foreign_weights_are_named_beside_the_journal_s() -> None:
    assert foreign(ended(), FOREIGN) == held(
        "foreign",
        "the weights are blue 70, green 30, and the journal left blue 100, green 0: somebody else "
        "has set them; `cutover resume --adopt` takes them as they are, `cutover rollback` gives "
        "all of the traffic to r1 in blue",
    )
    assert foreign(State(), ALL_BLUE) == held(
        "foreign",
        "the weights are blue 100, green 0, and the journal left nothing: somebody else has set "
        "them; `cutover resume --adopt` takes them as they are, `cutover abort` gives the run up",
    )


def test_what_the_journal_left_is_explained_and_nothing_else() -> None:
    assert explained(ended(), ALL_BLUE)
    assert not explained(ended(), TEN)
    assert not explained(State(), ALL_BLUE)
    assert explained(reached("migrate"), ALL_BLUE)
    assert not explained(reached("migrate"), TEN)


def test_a_write_explains_both_sides_until_it_is_committed() -> None:
    asked = reached("shift green 10", INTENT)
    assert [explained(asked, one) for one in (ALL_BLUE, TEN, FOREIGN)] == [True, True, False]
    done = go_on(asked, *committing("shift green 10", TEN, "seen"))
    assert [explained(done, one) for one in (ALL_BLUE, TEN)] == [False, True]


def test_adopted_weights_are_explained() -> None:
    state = reached("shift green 10", INTENT, adopted(FOREIGN))
    assert [explained(state, one) for one in (FOREIGN, ALL_BLUE, TEN)] == [True, False, False]


@pytest.mark.parametrize(
    ("weights", "healthy", "why_not"),
    [
        (FOREIGN, (4, 4), None),
        (FOREIGN, (2, 2), None),
        (ALL_BLUE, (4, 0), None),
        (ALL_GREEN, (0, 4), None),
        (
            FOREIGN,
            (1, 4),
            "blue has 70 % of the traffic and 1 healthy tasks: that can't stay; `cutover "
            "rollback` gives all of the traffic to r1 in blue",
        ),
        (
            FOREIGN,
            (4, 1),
            "green has 30 % of the traffic and 1 healthy tasks: that can't stay; `cutover "
            "rollback` gives all of the traffic to r1 in blue",
        ),
    ],
)
def test_weights_are_adopted_only_onto_slots_that_can_serve(
    weights: dict[Slot, int], healthy: tuple[int, int], why_not: str | None
) -> None:
    known = ended(summary(slots={"blue": BLUE, "green": dataclasses.replace(GREEN, tasks=4)}))
    assert adoptable(known, weights, targets(*healthy)) == why_not


RETIRE = with_plan(DEPLOY, verb="retire", entering="blue", steps=(QUIET_GREEN, EMPTY_GREEN))
BOTH = {"blue": BLUE, "green": GREEN}
PAGED = with_plan(ROLLBACK, steps=(SHIFT_BLUE, point("blue", Page(key="r1.html", sha256="01"))))
IN_THE_WAY = "green has 30 % of the traffic, and run run2 can't go on with"


@pytest.mark.parametrize(
    ("state", "why_not"),
    [
        # A slot that is yet to be filled, and runs something else, serves.
        (
            reached("migrate", summary=summary(slots=BOTH)),
            f"{IN_THE_WAY} fill green as long as it has any; `cutover rollback` gives all "
            "of the traffic to r1 in blue",
        ),
        (
            started(plan=RETIRE, summary=summary(slots=BOTH)),
            f"{IN_THE_WAY} quiet green as long as it has any; `cutover abort` gives run run2 up",
        ),
        (
            go_on(reached("smoke green", summary=summary(slots=BOTH)), turning(EMPTY_GREEN)),
            f"{IN_THE_WAY} empty green as long as it has any; `cutover rollback` gives all "
            "of the traffic to r1 in blue",
        ),
        # A way back that waits for its page has moved the weights, and the page needs them there.
        (
            reached("point blue", plan=PAGED, summary=summary(slots=BOTH)),
            "blue has 70 % of the traffic, and run run2 can't go on with point blue as long as it "
            "has not all; `cutover rollback` gives all of the traffic to r1 in blue",
        ),
        # From its next change of weights on, they are what the run itself wants.
        (reached("shift green 10", summary=summary(slots=BOTH)), None),
        (reached("empty blue", summary=summary(slots=BOTH)), None),
        (
            go_on(reached("bake", summary=summary(slots=BOTH)), turning(SHIFT_BLUE, EMPTY_GREEN)),
            None,
        ),
        # What is filled again is what serves there.
        (
            go_on(
                reached("bake", summary=summary(slots=BOTH)),
                turning(FILL_BLUE, SMOKE_BLUE, SHIFT_BLUE),
            ),
            None,
        ),
    ],
)
def test_weights_are_adopted_only_where_the_open_run_can_go_on(
    state: State, why_not: str | None
) -> None:
    assert adoptable(state, FOREIGN, targets(4, 4)) == why_not


def test_weights_of_a_slot_that_nobody_knows_are_not_adopted() -> None:
    assert adoptable(ended(), FOREIGN, targets(4, 4)) == (
        "green has 30 % of the traffic and 4 healthy tasks: that can't stay; `cutover rollback` "
        "gives all of the traffic to r1 in blue"
    )
