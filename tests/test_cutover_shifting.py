"""One change of weights: intent, write, proof, commitment, and every reason not to go on."""

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
    FOREIGN,
    GREEN,
    HALF,
    ROLLBACK,
    SHIFT_BLUE,
    SMOKE_BLUE,
    TEN,
    adopted,
    answers,
    ask,
    back,
    committing,
    current,
    finishing,
    foreign,
    frozen,
    go_on,
    held,
    intent,
    left,
    open_run,
    reached,
    resumed,
    services,
    setting,
    summary,
    targets,
    turning,
    with_plan,
)

from cutover.decide.actions import Action, Append, Look, SetWeights, Wait
from cutover.decide.journal import Draft
from cutover.decide.model import Step, Weights
from cutover.decide.shifting import shift
from cutover.decide.state import State, Summary
from infra.outputs import Slot

KEY = "shift green 10"
INTENT = intent(KEY, ALL_BLUE, TEN)
# No release was ever live.
NONE = Summary()
TO_TEN = reached(KEY)
WRITTEN = reached(KEY, INTENT)
BOTH = {"blue": BLUE, "green": GREEN}
# All of the traffic is green's, and a person wants it back.
BY_HAND = reached(
    "shift blue 100", plan=ROLLBACK, summary=summary(committed=ALL_GREEN, slots=BOTH, schema=2)
)
# At half of the traffic the run has turned by itself.
TURNED = reached("watch 50", turning(SHIFT_BLUE))
DAY = {"start": "2026-12-24T00:00:00Z", "end": "2026-12-27T00:00:00Z", "reason": "holidays"}
EVE = 1_798_070_400.0  # 2026-12-24
IN_DAY = "in a freeze window until 2026-12-27 00:00:00 UTC: holidays"


def decide(state: State, **seen: Any) -> Action:
    """Both slots are as large as the other one; what autoscaling changes is tested elsewhere."""
    return ask(shift, state, **({"services": services()} | seen))


def intends(step: str, before: Weights, after: Weights) -> Append:
    return Append(drafts=(intent(step, before, after),))


# The intent.


def test_weights_and_the_gaining_slot_are_looked_at_before_the_intent() -> None:
    assert decide(TO_TEN) == Look(at="weights")
    assert decide(TO_TEN, weights=ALL_BLUE) == Look(at="health", slot="green")
    seen = {"green": targets(0, 4)["green"]}
    assert decide(TO_TEN, weights=ALL_BLUE, health=seen) == intends(KEY, ALL_BLUE, TEN)


def test_weights_that_nobody_explains_are_not_overwritten() -> None:
    assert decide(TO_TEN, weights=FOREIGN, health=targets(4, 4)) == foreign(
        "blue 70, green 30", "blue 100, green 0"
    )
    # Not even when they are the wanted ones already, or those of the step before.
    assert decide(TO_TEN, weights=TEN, health=targets(4, 4)) == foreign(
        "blue 90, green 10", "blue 100, green 0"
    )


def test_what_a_person_adopted_is_where_the_next_step_starts() -> None:
    """Once the gates of the rung below have held there."""
    state = reached("shift green 50", adopted(FOREIGN))
    assert current(state).key == "watch 10"
    watched = go_on(state, *finishing(state, current(state)))
    assert decide(watched, weights=FOREIGN, health=targets(4, 4)) == intends(
        "shift green 50", FOREIGN, HALF
    )


def test_a_run_that_turned_during_a_write_knows_both_sides_of_it() -> None:
    state = go_on(WRITTEN, turning(SHIFT_BLUE))
    for before in (ALL_BLUE, TEN):
        assert decide(state, weights=before, health=targets(4, 4)) == intends(
            "shift blue 100", before, ALL_BLUE
        )
    assert decide(state, weights=FOREIGN, health=targets(4, 4)) == foreign(
        "blue 70, green 30", "blue 100, green 0"
    )


def test_a_person_who_goes_back_overwrites_whatever_is_there() -> None:
    assert decide(BY_HAND, weights=FOREIGN, health=targets(4, 4)) == intends(
        "shift blue 100", FOREIGN, ALL_BLUE
    )


def test_a_person_s_order_goes_on_over_what_came_between_its_intent_and_its_write() -> None:
    meant = go_on(BY_HAND, intent("shift blue 100", ALL_GREEN, ALL_BLUE))
    assert decide(meant, weights=FOREIGN, health=targets(4, 4)) == intends(
        "shift blue 100", FOREIGN, ALL_BLUE
    )
    split = answers(r1=1_000)
    written = ("shift blue 100", ALL_BLUE)
    assert decide(meant, written=written, split=split, weights=FOREIGN) == foreign(
        "blue 70, green 30", "blue 0, green 100"
    )
    # Who goes on with it later gives no such order, unless it is ordered anew.
    again = go_on(meant, resumed())
    assert decide(again, weights=FOREIGN, health=targets(4, 4)) == foreign(
        "blue 70, green 30", "blue 0, green 100"
    )
    assert decide(again, weights=ALL_GREEN, health=targets(4, 4)) == SetWeights()
    assert decide(go_on(meant, resumed(by_hand=True)), weights=FOREIGN, health=targets(4, 4)) == (
        intends("shift blue 100", FOREIGN, ALL_BLUE)
    )


def test_a_run_that_turns_by_itself_overwrites_nothing_that_came_after_its_intent() -> None:
    turned = go_on(
        reached("bake", turning(SHIFT_BLUE)), intent("shift blue 100", ALL_GREEN, ALL_BLUE)
    )
    assert decide(turned, weights=FOREIGN, health=targets(4, 4)) == foreign(
        "blue 70, green 30", "blue 0, green 100"
    )


# S4.


@pytest.mark.parametrize(
    ("key", "percent", "green"),
    [(KEY, 10, 0), ("shift green 50", 50, 10), ("shift green 100", 100, 50)],
)
def test_a_step_is_no_wider_than_the_plan_says(key: str, percent: int, green: int) -> None:
    """The rungs are 10, 50 and 100, and each step begins where the one before has ended."""
    after: dict[Slot, int] = {"blue": 100 - percent, "green": percent}
    for share in (green, green + 1, min(2 * percent - green, 100)):
        before: dict[Slot, int] = {"blue": 100 - share, "green": share}
        state = left(reached(key), before)
        assert decide(state, weights=before, health=targets(4, 4)) == intends(key, before, after)


@pytest.mark.parametrize(
    ("key", "percent", "green", "planned"),
    [
        (KEY, 10, 21, 10),
        ("shift green 50", 50, 9, 40),
        ("shift green 50", 50, 91, 40),
        ("shift green 100", 100, 49, 50),
    ],
)
def test_a_wider_step_is_not_taken(key: str, percent: int, green: int, planned: int) -> None:
    before: dict[Slot, int] = {"blue": 100 - green, "green": green}
    state = left(reached(key), before)
    assert decide(state, weights=before, health=targets(4, 4)) == held(
        "invariant",
        f"from blue {100 - green}, green {green} to blue {100 - percent}, green {percent} is more "
        f"than the {planned} % of this step",
    )


def test_the_way_back_is_as_wide_as_it_has_to_be() -> None:
    assert decide(BY_HAND, weights=ALL_GREEN, health=targets(4, 4)) == intends(
        "shift blue 100", ALL_GREEN, ALL_BLUE
    )
    baking = reached("bake", turning(SHIFT_BLUE))
    assert decide(baking, weights=ALL_GREEN, health=targets(4, 4)) == intends(
        "shift blue 100", ALL_GREEN, ALL_BLUE
    )


def test_a_plan_that_asks_for_no_weights_is_stopped() -> None:
    """S1: by hand, no other check stands before it."""
    steps = (dataclasses.replace(SHIFT_BLUE, percent=101),)
    state = reached(
        "shift blue 100", plan=with_plan(ROLLBACK, steps=steps), summary=BY_HAND.summary
    )
    assert decide(state, weights=ALL_GREEN, health=targets(4, 4)) == held(
        "invariant", "blue 101, green -1 are no weights"
    )


# Freezes.


def test_a_freeze_stops_each_step_forward() -> None:
    fair = "stopped by `cutover freeze` until `cutover unfreeze`: fair"
    state = reached(KEY, frozen())
    assert decide(state, weights=ALL_BLUE, health=targets(4, 4)) == held(
        "frozen", f"{fair}; `cutover resume` goes on when it is over"
    )
    for key, here in (("shift green 50", TEN), ("shift green 100", HALF)):
        state = reached(key, frozen())
        assert decide(state, weights=here, health=targets(4, 4)) == Append(
            drafts=(Draft("paused", {"reason": fair}),)
        )


def test_a_freeze_that_ends_by_itself_stops_no_longer_than_that() -> None:
    state = reached(KEY, frozen(until=3_000.0))
    seen = {"weights": ALL_BLUE, "health": targets(4, 4), "services": services()}
    assert ask(shift, state, now=2_999.0, **seen) == held(
        "frozen",
        "stopped by `cutover freeze` until 1970-01-01 00:50:00 UTC: fair; `cutover resume` goes on "
        "when it is over",
    )
    assert ask(shift, state, now=3_000.0, **seen) == intends(KEY, ALL_BLUE, TEN)


def test_a_freeze_window_stops_a_step_while_it_lasts() -> None:
    given = setting(freeze_windows=(DAY,))
    seen = {"weights": ALL_BLUE, "health": targets(4, 4), "services": services()}
    assert ask(shift, TO_TEN, now=EVE, setting=given, **seen) == held(
        "frozen", f"{IN_DAY}; `cutover resume` goes on when it is over"
    )
    assert ask(shift, TO_TEN, now=EVE - 1, setting=given, **seen) == intends(KEY, ALL_BLUE, TEN)


def test_the_first_release_waits_for_the_end_of_a_freeze_as_well() -> None:
    state = reached("shift blue 100", frozen(), plan=FIRST, summary=NONE)
    assert decide(state, weights=ALL_BLUE, health=targets(2, 0)) == held(
        "frozen",
        "stopped by `cutover freeze` until `cutover unfreeze`: fair; `cutover resume` goes on when "
        "it is over",
    )


@pytest.mark.parametrize(
    ("state", "left"),
    [(BY_HAND, ALL_GREEN), (TURNED, HALF)],
    ids=["by hand", "turned by itself"],
)
def test_a_freeze_never_stops_the_way_back(state: State, left: dict[Slot, int]) -> None:
    frozen_one = go_on(state, frozen())
    action = ask(
        shift,
        frozen_one,
        now=EVE,
        setting=setting(freeze_windows=(DAY,)),
        weights=left,
        health=targets(4, 4),
    )
    assert action == intends("shift blue 100", left, ALL_BLUE)


def test_a_freeze_stops_a_write_that_was_announced_and_not_made() -> None:
    """The process died after the intent, and the freeze came before it was resumed."""
    state = go_on(WRITTEN, frozen())
    stopped = held(
        "frozen",
        "stopped by `cutover freeze` until `cutover unfreeze`: fair; `cutover resume` goes on when "
        "it is over",
    )
    assert decide(state, weights=ALL_BLUE, health=targets(4, 4)) == stopped
    # What was made is proven all the same.
    assert decide(state, weights=TEN) == Look(at="split", probes=144)


def test_who_deploys_despite_the_freeze_is_not_stopped() -> None:
    state = reached(KEY, frozen(), plan=with_plan(DEPLOY, despite_freeze=True))
    assert decide(state, weights=ALL_BLUE, health=targets(4, 4)) == intends(KEY, ALL_BLUE, TEN)


# S2 and S7 in the moment of the intent, and again of the write.


@pytest.mark.parametrize("state", [TO_TEN, WRITTEN], ids=["intent", "write"])
@pytest.mark.parametrize("healthy", [0, 1])
def test_a_slot_with_too_few_tasks_gains_nothing(state: State, healthy: int) -> None:
    green = {"green": targets(0, healthy)["green"]}
    assert decide(state, weights=ALL_BLUE, health=green) == Look(at="health", slot="blue")
    steps = (EMPTY_GREEN,) if state is TO_TEN else (SHIFT_BLUE,)
    assert decide(state, weights=ALL_BLUE, health=targets(4, healthy)) == back(
        f"only {healthy} of the 4 tasks of green are healthy", *steps
    )


def test_half_of_the_tasks_are_enough_to_gain() -> None:
    assert decide(TO_TEN, weights=ALL_BLUE, health=targets(0, 2)) == intends(KEY, ALL_BLUE, TEN)
    assert decide(WRITTEN, weights=ALL_BLUE, health=targets(0, 2)) == SetWeights()


def test_forward_the_better_of_two_bad_slots_is_no_reason_to_go_on() -> None:
    assert decide(TO_TEN, weights=ALL_BLUE, health=targets(0, 1)) == held(
        "invariant",
        "only 1 of the 4 tasks of green are healthy; but blue can't take the traffic back: 0 of "
        "its 4 tasks are healthy",
    )


@pytest.mark.parametrize(
    ("state", "left"),
    [(BY_HAND, ALL_GREEN), (TURNED, HALF)],
    ids=["by hand", "turned by itself"],
)
def test_back_goes_what_is_strictly_better_and_nothing_else(
    state: State, left: dict[Slot, int]
) -> None:
    blue = {"blue": targets(1, 0)["blue"]}
    assert decide(state, weights=left) == Look(at="health", slot="blue")
    assert decide(state, weights=left, health=blue) == Look(at="health", slot="green")
    assert decide(state, weights=left, health=targets(1, 0)) == intends(
        "shift blue 100", left, ALL_BLUE
    )
    for here, there in ((0, 0), (1, 1), (0, 1), (1, 4)):
        found = targets(here, there)
        few = f"only {here} of the 4 tasks of blue are healthy"
        turned = Append(drafts=(filled_again(state, few),))
        assert decide(state, weights=left, health=found) == turned
        again = proven(go_on(state, filled_again(state, few)), "fill blue", "smoke blue")
        assert decide(again, weights=left, health=found) == held(
            "invariant", f"{few}, and green is no worse: the weights stay"
        )


def filled_again(state: State, few: str) -> Draft:
    """The way back begins anew, with the tasks that were lost."""
    return turning(
        FILL_BLUE,
        SMOKE_BLUE,
        SHIFT_BLUE,
        reason=f"{few}: filled again first",
        by_hand=open_run(state).by_hand,
    )


def proven(state: State, *keys: str) -> State:
    """The state with these steps done."""
    for key in keys:
        assert current(state).key == key
        state = go_on(state, *finishing(state, current(state)))
    return state


@pytest.mark.parametrize("state", [BY_HAND, TURNED], ids=["by hand", "turned by itself"])
def test_tasks_that_were_lost_are_filled_again_before_the_way_back(state: State) -> None:
    again = go_on(state, filled_again(state, "only 0 of the 4 tasks of blue are healthy"))
    left = ALL_GREEN if state is BY_HAND else HALF
    whole = decide(proven(again, "fill blue", "smoke blue"), weights=left, health=targets(4, 4))
    assert whole == intends("shift blue 100", left, ALL_BLUE)


@pytest.mark.parametrize("state", [TO_TEN, WRITTEN], ids=["intent", "write"])
def test_a_release_gains_nothing_while_it_can_t_live_with_the_schema(state: State) -> None:
    newer = dataclasses.replace(state, summary=dataclasses.replace(state.summary, schema=4))
    assert decide(newer, weights=ALL_BLUE, health=targets(4, 4)) == held(
        "schema",
        "green runs r2, which lives with schema 2 to 3, and the live one is 4",
    )


def test_no_way_back_to_a_release_that_can_t_live_with_the_schema() -> None:
    """S7: not even by hand, whatever the health."""
    newer = dataclasses.replace(BY_HAND, summary=dataclasses.replace(BY_HAND.summary, schema=3))
    assert decide(newer, weights=ALL_GREEN) == held(
        "schema",
        "blue runs r1, which lives with schema 0 to 2, and the live one is 3",
    )


def test_a_slot_that_nobody_filled_gains_nothing() -> None:
    state = reached(
        "shift blue 100",
        plan=ROLLBACK,
        summary=summary(committed=ALL_GREEN, slots={"green": GREEN}),
    )
    assert decide(state, weights=ALL_GREEN, health=targets(4, 4)) == held(
        "invariant", "the journal doesn't know what runs in blue"
    )


# The write, and going on with one that was cut short (D2).


def test_an_intent_is_written_when_nothing_has_changed_since() -> None:
    assert decide(WRITTEN) == Look(at="weights")
    assert decide(WRITTEN, weights=ALL_BLUE) == Look(at="health", slot="green")
    assert decide(WRITTEN, weights=ALL_BLUE, health=targets(4, 4)) == SetWeights()


def test_a_write_that_was_cut_short_is_proven_when_it_is_there() -> None:
    for state in (WRITTEN, go_on(WRITTEN, resumed())):
        assert decide(state, weights=TEN) == Look(at="split", probes=144)


def test_a_write_that_was_cut_short_is_written_when_it_is_not_there() -> None:
    state = go_on(WRITTEN, resumed())
    assert decide(state, weights=ALL_BLUE, health=targets(4, 4)) == SetWeights()


def test_a_write_that_was_cut_short_overwrites_nobody_else_s() -> None:
    assert decide(WRITTEN, weights=FOREIGN, health=targets(4, 4)) == foreign(
        "blue 70, green 30", "blue 100, green 0"
    )


def test_a_person_who_resumes_the_way_back_takes_it_from_the_start() -> None:
    state = go_on(BY_HAND, intent("shift blue 100", ALL_GREEN, ALL_BLUE), resumed(by_hand=True))
    assert decide(state, weights=FOREIGN, health=targets(4, 4)) == intends(
        "shift blue 100", FOREIGN, ALL_BLUE
    )


# AWS's answer, and the proof.


def test_an_answer_other_than_the_intent_is_no_weight_to_go_on_with() -> None:
    assert decide(WRITTEN, written=(KEY, ALL_BLUE)) == held(
        "invariant", "asked for blue 90, green 10, AWS answered that it set blue 100, green 0"
    )


def test_the_answer_to_another_step_proves_nothing() -> None:
    assert decide(WRITTEN, written=("shift green 50", TEN)) == Look(at="weights")
    assert decide(TO_TEN, written=(KEY, TEN)) == Look(at="weights")


def test_after_the_answer_the_public_path_is_asked_before_the_balancer() -> None:
    written = (KEY, TEN)
    assert decide(WRITTEN, written=written) == Look(at="split", probes=144)
    assert decide(WRITTEN, written=written, split=answers(r1=900, r2=100)) == Look(at="weights")


@pytest.mark.parametrize(
    ("key", "before", "after", "probes"),
    [
        ("shift green 50", TEN, HALF, 64),
        ("shift green 100", HALF, ALL_GREEN, 50),
    ],
)
def test_as_many_probes_as_tell_the_split_from_the_one_before(
    key: str, before: Weights, after: Weights, probes: int
) -> None:
    state = reached(key, intent(key, before, after))
    assert decide(state, weights=after) == Look(at="split", probes=probes)


def test_a_split_that_is_not_there_yet_is_waited_for() -> None:
    for seen in ({"weights": TEN}, {"written": (KEY, TEN)}):
        assert decide(WRITTEN, split=answers(r1=1_000), **seen) == Wait(
            seconds=1.0, why="0 of 1,000 probes (0.0%) were answered by r2; 10 % asked"
        )


def test_weights_that_changed_during_the_proof_are_somebody_s() -> None:
    split = answers(r1=900, r2=100)
    assert decide(WRITTEN, written=(KEY, TEN), split=split, weights=FOREIGN) == foreign(
        "blue 70, green 30", "blue 100, green 0"
    )


def test_a_proven_change_is_committed_with_its_evidence() -> None:
    split = answers(r1=900, r2=100)
    for seen in ({}, {"written": (KEY, TEN)}):
        assert decide(WRITTEN, weights=TEN, split=split, **seen) == Append(
            drafts=committing(
                KEY, TEN, "100 of 1,000 probes (10.0%) were answered by r2; 10 % asked"
            )
        )


# The first release.


def test_the_first_release_gets_the_weights_that_are_there() -> None:
    state = reached("shift blue 100", plan=FIRST, summary=NONE)
    assert decide(state, weights=ALL_BLUE) == Look(at="health", slot="blue")
    assert decide(state, weights=ALL_BLUE, health=targets(2, 0)) == intends(
        "shift blue 100", ALL_BLUE, ALL_BLUE
    )
    asked = go_on(state, intent("shift blue 100", ALL_BLUE, ALL_BLUE))
    assert decide(asked, weights=ALL_BLUE) == Look(at="split", probes=50)
    assert decide(asked, weights=ALL_BLUE, split=answers(r1=50)) == Append(
        drafts=committing(
            "shift blue 100", ALL_BLUE, "50 of 50 probes (100.0%) were answered by r1; 100 % asked"
        )
    )


@pytest.mark.parametrize("by_hand", [False, True])
def test_weights_that_changed_before_the_first_release_are_somebody_s(*, by_hand: bool) -> None:
    state = reached("shift blue 100", plan=FIRST, summary=NONE)
    if by_hand:
        step = Step(key="shift blue 100", kind="shift", slot="blue", percent=100)
        state = go_on(state, turning(step, by_hand=True))
    assert decide(state, weights=ALL_GREEN, health=targets(2, 0)) == foreign(
        "blue 0, green 100", "nothing", "`cutover abort` gives the run up"
    )


def test_the_first_release_needs_its_tasks_too() -> None:
    state = reached("shift blue 100", plan=FIRST, summary=NONE)
    assert decide(state, weights=ALL_BLUE, health=targets(0, 0)) == back(
        "only 0 of the 2 tasks of blue are healthy", EMPTY_BLUE
    )
