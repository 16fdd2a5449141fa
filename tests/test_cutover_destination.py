"""What a sentence promises of `cutover rollback` is where it goes."""

import dataclasses

import pytest
from decisions import (
    ALL_BLUE,
    ALL_GREEN,
    BLUE,
    FIRST,
    FOREIGN,
    GREEN,
    REFRESH,
    ROLLBACK,
    SETTING,
    ended,
    reached,
    started,
    summary,
    with_plan,
)

from cutover.decide import planning
from cutover.decide.destination import before, destination, first_serves, promise
from cutover.decide.state import State, Summary
from infra.outputs import Slot

TRUSTED = dataclasses.replace(GREEN, trusted=True)
BOTH = {"blue": BLUE, "green": GREEN}
FIRST_LIVE = reached("shift blue 100", plan=FIRST, summary=Summary())


@pytest.mark.parametrize(
    ("state", "slot"),
    [
        (State(), None),
        (reached("smoke blue", plan=FIRST, summary=Summary()), None),
        # An open deploy came from there.
        (reached("migrate"), "blue"),
        (reached("bake"), "blue"),
        (reached("migrate", summary=summary(slots={"blue": BLUE, "green": TRUSTED})), "blue"),
        # An open rollback is on its way.
        (started(plan=ROLLBACK, summary=summary(committed=ALL_GREEN, slots=BOTH)), "blue"),
        (
            started(plan=ROLLBACK, summary=summary(slots={"blue": BLUE, "green": TRUSTED})),
            "blue",
        ),
        # Beside another verb, or none, it is the release before; where there is none, what serves.
        (ended(summary(committed=ALL_GREEN, slots=BOTH)), "blue"),
        (ended(summary(slots={"blue": BLUE, "green": TRUSTED})), "green"),
        (ended(summary(slots=BOTH)), "blue"),
        (ended(), "blue"),
        (started(plan=REFRESH, summary=summary(slots={"blue": BLUE, "green": TRUSTED})), "green"),
        (started(plan=with_plan(REFRESH, verb="retire"), summary=summary(slots=BOTH)), "blue"),
    ],
)
def test_it_goes_where_it_came_from(state: State, slot: Slot | None) -> None:
    assert destination(state) == slot
    if slot is None:
        assert promise(state) == "`cutover abort` gives the run up"
    elif state.run is None:
        try:
            plan = planning.rollback(state, None, SETTING)
        except planning.NothingToDo:
            plan = planning.restore(state, SETTING)
        assert plan.entering == slot


def test_the_promise_names_release_and_slot() -> None:
    back = "`cutover rollback` gives all of the traffic to"
    assert promise(reached("bake")) == f"{back} r1 in blue"
    assert promise(ended(summary(slots={"blue": BLUE, "green": TRUSTED}))) == f"{back} r2 in green"


def test_of_a_split_it_is_the_slot_that_can_be_trusted() -> None:
    split = summary(committed=FOREIGN, slots=BOTH)
    assert before(ended(split), FOREIGN) == "blue"
    trusted = summary(committed=FOREIGN, slots={"blue": BLUE, "green": TRUSTED})
    assert before(ended(trusted), FOREIGN) == "green"
    assert before(ended(summary(committed=FOREIGN)), FOREIGN) == "blue"
    assert before(ended(summary(slots=BOTH)), ALL_BLUE) == "green"


def test_the_first_release_has_nowhere_to_go_back_to() -> None:
    assert FIRST_LIVE.run is not None
    assert not first_serves(FIRST_LIVE, FIRST_LIVE.run)
    live = dataclasses.replace(FIRST_LIVE.summary, committed=ALL_BLUE)
    serving = dataclasses.replace(FIRST_LIVE, summary=live)
    assert first_serves(serving, FIRST_LIVE.run)
    assert destination(serving) == "blue"
