"""The way back: what it undoes, and when it is not taken."""

import dataclasses
from typing import Any

import pytest
from decisions import (
    ALL_BLUE,
    ALL_GREEN,
    BLUE,
    DEPLOY,
    EMPTY_BLUE,
    EMPTY_GREEN,
    FILL_BLUE,
    FIRST,
    GREEN,
    QUIET_GREEN,
    REFRESH,
    ROLLBACK,
    SETTING,
    SETTLE,
    SHIFT_BLUE,
    SMOKE_BLUE,
    STEPS,
    adopted,
    back,
    finishing,
    go_on,
    held,
    intent,
    noted,
    open_run,
    reached,
    resumed,
    started,
    summary,
    targets,
    turning,
    with_plan,
)

from cutover.decide.actions import Action, Append, Look
from cutover.decide.going_back import (
    given_up,
    may_stay,
    turn,
    turn_or_hold,
    way_back,
    way_back_changed,
)
from cutover.decide.journal import Draft, plain
from cutover.decide.live import Health, Live
from cutover.decide.model import Page, Step
from cutover.decide.state import State, Summary
from cutover.decide.steps import point
from infra.outputs import Slot

DEFINED = noted("fill green", "task_definition", "release:2")
ASKED = noted("fill green", "asked", "yes")
EMPTY = Summary()


def steps(state: State, *, by_hand: bool = False, aborts: bool = False) -> tuple[Step, ...]:
    return way_back(state, open_run(state), SETTING, by_hand=by_hand, aborts=aborts)


def decide(state: State, reason: str = "slow", **seen: Any) -> Action:
    return turn_or_hold(state, open_run(state), Live(**seen), SETTING, reason, cause="gates")


# What a way back consists of.


def test_what_has_done_nothing_has_nothing_to_undo() -> None:
    assert steps(reached("migrate")) == ()


BEGUN = noted("migrate", "migrate", "task:1")
MIGRATES = noted("migrate", "migrate asked", "yes")


@pytest.mark.parametrize("drafts", [(BEGUN,), (MIGRATES,), (MIGRATES, BEGUN)])
def test_a_migration_that_may_still_run_is_waited_for_when_the_traffic_is_where_it_should_be(
    drafts: tuple[Draft, ...],
) -> None:
    begun = reached("migrate", *drafts)
    assert steps(begun) == (SETTLE,)
    assert steps(begun, by_hand=True, aborts=True) == (SHIFT_BLUE, SETTLE)
    seen = go_on(begun, noted("migrate", "migrate ended", "0"))
    assert steps(seen) == ()
    first = reached("migrate", *drafts, plan=FIRST, summary=EMPTY)
    assert steps(first) == (dataclasses.replace(SETTLE, slot="blue"),)


@pytest.mark.parametrize("since", [(resumed(),), (turning(SETTLE),), (resumed(), turning(SETTLE))])
def test_a_migration_that_was_asked_for_is_waited_for_whoever_else_takes_the_run_up(
    since: tuple[Draft, ...],
) -> None:
    """Killed before the task's ARN was noted, gone on with, and killed or frozen again."""
    assert steps(go_on(reached("migrate", MIGRATES), *since)) == (SETTLE,)


@pytest.mark.parametrize("drafts", [(), (DEFINED,), (DEFINED, ASKED)])
def test_a_slot_that_may_have_been_filled_is_emptied(drafts: tuple[Draft, ...]) -> None:
    """Killed between the call and its note, nobody knows: from the migration on, it may be."""
    assert steps(reached("fill green", *drafts)) == (EMPTY_GREEN,)


@pytest.mark.parametrize("key", ["smoke green", "shift green 10"])
def test_a_slot_that_never_served_is_emptied(key: str) -> None:
    assert steps(reached(key)) == (EMPTY_GREEN,)


@pytest.mark.parametrize("key", ["watch 10", "shift green 50", "bake", "quiet blue"])
def test_a_slot_that_has_served_keeps_its_tasks(key: str) -> None:
    assert steps(reached(key)) == (SHIFT_BLUE,)


def test_weights_that_may_have_been_written_are_set_back() -> None:
    state = reached("shift green 10", intent("shift green 10", ALL_BLUE, {"blue": 90, "green": 10}))
    assert steps(state) == (SHIFT_BLUE,)


def test_a_slot_from_which_somebody_took_the_traffic_has_served() -> None:
    assert steps(reached("shift green 50", adopted(ALL_BLUE))) == ()


def test_traffic_that_changed_as_the_run_began_was_not_the_run_s() -> None:
    at_once = started(summary=summary(committed_at=1_001.0))
    assert open_run(at_once).started_at == at_once.summary.committed_at
    state = go_on(at_once, *finishing(at_once, STEPS[0]))
    assert steps(state) == (EMPTY_GREEN,)


def test_a_slot_whose_tasks_may_be_gone_is_filled_first() -> None:
    assert steps(reached("empty blue")) == (FILL_BLUE, SMOKE_BLUE, SHIFT_BLUE)


def test_a_second_turn_remembers_what_was_done_before_the_first() -> None:
    state = reached("empty blue", turning(FILL_BLUE, SMOKE_BLUE, SHIFT_BLUE, by_hand=True))
    assert steps(state, by_hand=True) == (FILL_BLUE, SMOKE_BLUE, SHIFT_BLUE)
    assert steps(state, by_hand=True, aborts=True) == (
        FILL_BLUE,
        SMOKE_BLUE,
        SHIFT_BLUE,
        QUIET_GREEN,
        EMPTY_GREEN,
    )
    filled = reached("fill green", turning(SHIFT_BLUE, by_hand=True))
    assert steps(filled, by_hand=True, aborts=True) == (SHIFT_BLUE, QUIET_GREEN, EMPTY_GREEN)


@pytest.mark.parametrize("key", ["migrate", "fill green", "shift green 10", "bake"])
def test_a_person_sets_the_weights_whatever_they_are(key: str) -> None:
    """Somebody else may have sent the slot traffic: it counts as one that has served."""
    assert steps(reached(key), by_hand=True) == (SHIFT_BLUE,)


@pytest.mark.parametrize(
    ("key", "back"),
    [
        ("migrate", (SHIFT_BLUE,)),
        ("fill green", (SHIFT_BLUE, QUIET_GREEN, EMPTY_GREEN)),
        ("bake", (SHIFT_BLUE, QUIET_GREEN, EMPTY_GREEN)),
        ("empty blue", (FILL_BLUE, SMOKE_BLUE, SHIFT_BLUE, QUIET_GREEN, EMPTY_GREEN)),
    ],
)
def test_what_is_given_up_leaves_the_slot_empty_once_it_is_quiet(
    key: str, back: tuple[Step, ...]
) -> None:
    assert steps(reached(key), by_hand=True, aborts=True) == back


def test_the_first_release_leaves_nothing_behind() -> None:
    """There is nobody to shift to, and nobody was ever sent there."""
    assert steps(reached("migrate", plan=FIRST, summary=EMPTY)) == ()
    for key in ("fill blue", "smoke blue", "shift blue 100"):
        for aborts in (False, True):
            state = reached(key, plan=FIRST, summary=EMPTY)
            assert steps(state, by_hand=aborts, aborts=aborts) == (EMPTY_BLUE,)


def test_the_same_release_once_more_leaves_nothing_behind_either() -> None:
    """It needs no new task definition, and is filled all the same."""
    gone = Summary(slots={"blue": dataclasses.replace(BLUE, tasks=0, trusted=False)})
    state = reached("fill blue", noted("fill blue", "asked", "yes"), plan=FIRST, summary=gone)
    assert steps(state) == (EMPTY_BLUE,)


# The entry.


def test_a_turn_says_who_wanted_it_and_what_is_done() -> None:
    state = reached("bake")
    assert turn(state, open_run(state), SETTING, "slow") == Draft(
        "turned",
        {"steps": [plain(SHIFT_BLUE)], "reason": "slow", "by_hand": False, "aborts": False},
    )
    by_hand = turn(state, open_run(state), SETTING, "no", by_hand=True, aborts=True)
    assert by_hand == turning(
        SHIFT_BLUE, QUIET_GREEN, EMPTY_GREEN, reason="no", by_hand=True, aborts=True
    )


# Whether it is taken.


def test_a_run_goes_back_to_a_slot_that_can_serve() -> None:
    assert decide(reached("bake")) == Look(at="health", slot="blue")
    assert decide(reached("bake"), health=targets(2, 4)) == back("slow", SHIFT_BLUE)


def test_a_run_from_green_goes_back_to_green() -> None:
    """All the same the other way round."""
    plan = with_plan(DEPLOY, entering="blue", steps=FIRST.steps)
    state = started(
        Draft("migrated", {"step": "migrate", "schema": 2}),
        Draft("passed", {"step": "migrate", "evidence": "seen"}),
        adopted({"blue": 90, "green": 10}),
        plan=plan,
        summary=summary(committed=ALL_GREEN, slots={"green": GREEN, "blue": BLUE}),
    )
    green: dict[Slot, Health] = {"green": Health(healthy=1, total=4)}
    assert decide(state) == Look(at="health", slot="green")
    assert decide(state, health=green) == Look(at="health", slot="blue")
    assert decide(state, health=targets(0, 4)) == back("slow", shift_all("green"))
    assert decide(state, health=targets(0, 1)) == back("slow", shift_all("green"))
    assert steps(state, by_hand=True, aborts=True) == (
        shift_all("green"),
        dataclasses.replace(QUIET_GREEN, key="quiet blue", slot="blue"),
        EMPTY_BLUE,
    )


def shift_all(slot: Slot) -> Step:
    return dataclasses.replace(SHIFT_BLUE, key=f"shift {slot} 100", slot=slot)


def test_of_two_bad_slots_only_the_strictly_better_one_is_gone_back_to() -> None:
    """Blue has less than half of its tasks, so green's are counted too."""
    blue = {"blue": targets(1, 0)["blue"]}
    assert decide(reached("bake"), health=blue) == Look(at="health", slot="green")
    assert decide(reached("bake"), health=targets(1, 0)) == back("slow", SHIFT_BLUE)


@pytest.mark.parametrize(("blue", "green"), [(1, 1), (1, 2), (1, 4), (0, 0), (0, 4)])
def test_weights_stay_when_the_way_back_is_no_better(blue: int, green: int) -> None:
    assert decide(reached("bake"), health=targets(blue, green)) == held(
        "gates",
        f"slow; but blue can't take the traffic back: {blue} of its 4 tasks are healthy",
    )


def test_a_release_that_can_t_live_with_the_schema_is_not_gone_back_to() -> None:
    old = dataclasses.replace(
        BLUE, release=dataclasses.replace(BLUE.release, schema_min=0, schema_max=1)
    )
    state = reached("bake", summary=summary(slots={"blue": old}))
    assert decide(state, health=targets(4, 0)) == held(
        "schema",
        "slow; but blue can't take the traffic back: its release r1 lives with schema 0 to 1, and "
        "the live one is 2",
    )


@pytest.mark.parametrize(
    "state",
    [
        reached("bake", turning(SHIFT_BLUE)),
        reached("shift blue 100", plan=ROLLBACK, summary=summary(committed=ALL_GREEN)),
        reached("roll blue", plan=REFRESH),
        reached("quiet blue"),
        reached("empty blue"),
    ],
    ids=["turned already", "a rollback", "a refresh", "baked", "baked and quiet"],
)
def test_what_can_t_go_back_stays_where_it_is(state: State) -> None:
    assert decide(state, health=targets(4, 4)) == held("gates", "slow")


def test_the_bake_itself_can_still_be_gone_back_from() -> None:
    assert decide(reached("bake"), health=targets(4, 4)) == back("slow", SHIFT_BLUE)


# Whether it is there (S6).

LOST = Draft("forward_only", {"reason": "3 of the 4 tasks of blue, the way back, are healthy"})


def noticed(state: State, **seen: Any) -> Append | None:
    return way_back_changed(state, open_run(state), Live(**seen), 2_000.0)


def test_a_way_back_that_lost_a_task_is_noted_once_and_once_when_it_is_whole_again() -> None:
    baking = reached("bake")
    assert noticed(baking, health=targets(4, 0)) is None
    assert noticed(baking, health=targets(5, 0)) is None
    assert noticed(baking, health=targets(3, 4)) == Append(drafts=(LOST,))
    lost = go_on(baking, LOST)
    assert noticed(lost, health=targets(3, 4)) is None
    assert noticed(lost, health=targets(0, 4)) is None
    found = Append(drafts=(Draft("forward_only", {"reason": ""}),))
    assert noticed(lost, health=targets(4, 0)) == found
    assert noticed(go_on(lost, *found.drafts), health=targets(4, 4)) is None


def test_a_way_back_that_nobody_has_looked_at_has_not_changed() -> None:
    baking = reached("bake")
    for state in (baking, go_on(baking, LOST)):
        assert noticed(state) is None
        assert noticed(state, health={"green": targets(0, 4)["green"]}) is None
    unknown = reached("bake", summary=summary(slots={}))
    assert noticed(unknown, health=targets(0, 4)) is None


def test_a_dead_slot_is_never_gone_back_to() -> None:
    lost = go_on(reached("bake"), LOST)
    assert decide(lost, health=targets(0, 4)) == held(
        "gates", "slow; but blue can't take the traffic back: 0 of its 4 tasks are healthy"
    )


def test_nobody_s_health_is_asked_for_when_there_is_nobody_to_go_back_to() -> None:
    first = reached("smoke blue", plan=FIRST, summary=EMPTY)
    assert decide(first) == back("slow", EMPTY_BLUE)
    # A release that never went live once ran in the other slot.
    before = Summary(slots={"green": dataclasses.replace(GREEN, tasks=0)})
    assert decide(reached("smoke blue", plan=FIRST, summary=before)) == back("slow", EMPTY_BLUE)
    # Weights that were adopted, of a slot that never was filled.
    unknown = reached("fill green", summary=summary(slots={}))
    assert decide(unknown) == back("slow", EMPTY_GREEN)


# A way back that is given up.

HELD = Draft("held", {"cause": "late", "reason": "slow"})
REFILLED = with_plan(ROLLBACK, steps=(FILL_BLUE, SMOKE_BLUE, SHIFT_BLUE))
BY_GREEN = summary(committed=ALL_GREEN, slots={"blue": BLUE, "green": GREEN}, schema=2)
PAGED = with_plan(ROLLBACK, steps=(SHIFT_BLUE, point("blue", Page(key="r1.html", sha256="01"))))
BAKED = turning(FILL_BLUE, SMOKE_BLUE, SHIFT_BLUE, by_hand=True)


@pytest.mark.parametrize(
    ("state", "stays"),
    [
        (started(HELD, plan=REFILLED, summary=BY_GREEN), True),
        (started(plan=REFILLED, summary=BY_GREEN), False),
        (
            started(
                intent(SHIFT_BLUE.key, ALL_GREEN, ALL_BLUE), HELD, plan=ROLLBACK, summary=BY_GREEN
            ),
            False,
        ),
        (started(HELD, plan=ROLLBACK, summary=summary(committed={"blue": 1, "green": 99})), False),
        (started(HELD, plan=ROLLBACK, summary=summary()), True),
        (started(HELD, plan=PAGED, summary=summary()), True),
        (reached("point blue", HELD, plan=PAGED, summary=summary()), False),
        (reached("quiet blue", BAKED, HELD), True),
        (reached("quiet blue", BAKED), False),
        (reached("quiet blue", HELD), False),
        (reached("quiet blue", adopted({"blue": 1, "green": 99}), BAKED, HELD), False),
        (reached("bake", turning(SHIFT_BLUE), HELD), False),
        (reached("migrate", HELD, plan=FIRST, summary=EMPTY), False),
    ],
)
def test_traffic_may_stay_where_a_held_way_back_has_moved_none(
    state: State, *, stays: bool
) -> None:
    assert may_stay(state, open_run(state)) is stays


def test_what_a_way_back_began_to_fill_is_no_longer_counted_on() -> None:
    state = started(HELD, plan=REFILLED, summary=BY_GREEN)
    after = go_on(state, given_up(state, open_run(state))).summary
    assert (after.outcome, after.last_run, after.committed) == ("aborted", "run2", ALL_GREEN)
    assert after.slots == {"blue": dataclasses.replace(BLUE, tasks=0), "green": GREEN}


def test_what_has_baked_can_be_gone_back_to_when_its_way_back_is_given_up() -> None:
    state = reached("empty blue", BAKED, HELD)
    after = go_on(state, given_up(state, open_run(state))).summary
    assert after.slots == {
        "blue": dataclasses.replace(BLUE, tasks=0),
        "green": dataclasses.replace(GREEN, trusted=True),
    }


@pytest.mark.parametrize(("key", "tasks"), [("quiet blue", 4), ("empty blue", 0)])
def test_a_slot_that_was_to_be_emptied_is_not_counted_on_once_it_was_quiet(
    key: str, tasks: int
) -> None:
    emptying = tuple(step for step in DEPLOY.steps if step.key in ("quiet blue", "empty blue"))
    retire = with_plan(REFRESH, verb="retire", entering="green", steps=emptying)
    state = reached(key, plan=retire, summary=BY_GREEN)
    after = go_on(state, given_up(state, open_run(state))).summary
    assert after.slots == {"blue": dataclasses.replace(BLUE, tasks=tasks), "green": GREEN}
    assert after.why == "run run2 was given up"
