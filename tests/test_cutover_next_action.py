"""Which step is next, when a step is late, and how a run ends."""

import dataclasses
from typing import Any, get_args

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
    QUIET_GREEN,
    REFRESH,
    ROLLBACK,
    SETTING,
    SHIFT_BLUE,
    SMOKE_BLUE,
    STEPS,
    TEN,
    adopted,
    answers,
    back,
    ended,
    finishing,
    foreign,
    frozen,
    go_on,
    held,
    noted,
    open_run,
    reached,
    resumed,
    services,
    started,
    summary,
    targets,
    turning,
    with_plan,
)

from cutover.decide import next_action as module
from cutover.decide.actions import Action, Append, Fill, Look, Migrate, Register, Roll, ScaleIn
from cutover.decide.journal import Draft, plain
from cutover.decide.live import Live
from cutover.decide.model import Outcome, Plan, Step, StepKind
from cutover.decide.next_action import next_action
from cutover.decide.state import State, Summary

# No release was ever live.
NONE = Summary()
BOTH = {"blue": BLUE, "green": GREEN}


def decide(state: State, now: float | None = None, **seen: Any) -> Action:
    """A moment after the newest entry, unless another time is said."""
    at = open_run(state).step_began_at + 1 if now is None else now
    return next_action(state, Live(**seen), at, SETTING)


def through(state: State) -> State:
    """All of the run's steps, as they are now, went well."""
    for step in open_run(state).steps:
        if step.key not in open_run(state).done:
            state = go_on(state, *finishing(state, step))
    return state


def ends(state: State, outcome: Outcome, **changes: Any) -> Append:
    """The end of the run, with a summary that differs in so much from what it was."""
    after = dataclasses.replace(
        state.summary, outcome=outcome, last_run=open_run(state).id, **changes
    )
    return Append(
        drafts=(Draft("ended", {"outcome": outcome, "summary": plain(after)}),), last=True
    )


# The next step.

MIGRATES = noted("migrate", "migrate asked", "yes")


@pytest.mark.parametrize(
    ("state", "first"),
    [
        (reached("migrate", MIGRATES), Migrate(step="migrate", verify_only=False)),
        (reached("smoke green"), Look(at="smoke", slot="green")),
        (reached("shift green 10"), Look(at="health", slot="green")),
        (reached("watch 10"), Look(at="health", slot="green")),
        (reached("fill green"), Register(step="fill green")),
        (reached("roll blue", plan=REFRESH), Roll(step="roll blue", slot="blue")),
    ],
)
def test_the_first_step_that_is_not_done_is_next(state: State, first: Action) -> None:
    assert decide(state, weights=state.summary.committed) == first


def test_a_quiet_step_waits_and_an_empty_step_scales_in() -> None:
    assert decide(reached("quiet blue")) == Look(at="weights")
    state = reached("empty blue")
    seen: dict[str, Any] = {"health": targets(4, 4), "services": services()}
    assert decide(state, weights=ALL_GREEN, **seen) == ScaleIn(
        step="empty blue", slot="blue", floor=2
    )


def test_each_kind_of_step_is_handled() -> None:
    handlers = vars(module)["_HANDLERS"]
    assert set(handlers) == set(get_args(StepKind))


@pytest.mark.parametrize(
    "state", [ended(), reached("bake", Draft("held", {"cause": "late", "reason": "late"}))]
)
def test_nothing_is_decided_without_a_run_that_could_go_on(state: State) -> None:
    with pytest.raises(ValueError, match=r"^there is no run that could go on$"):
        next_action(state, Live(), 2_000.0, SETTING)


# Deadlines.

TURNED = reached("bake", turning(FILL_BLUE, SMOKE_BLUE, SHIFT_BLUE, QUIET_GREEN, EMPTY_GREEN))


@pytest.mark.parametrize(
    ("key", "seconds", "way"),
    [
        ("migrate", 1800, ()),
        ("fill green", 900, (EMPTY_GREEN,)),
        ("smoke green", 170, (EMPTY_GREEN,)),
        ("shift green 10", 300, (EMPTY_GREEN,)),
        ("watch 10", 860, (SHIFT_BLUE,)),
        ("shift green 50", 300, (SHIFT_BLUE,)),
        ("bake", 1100, (SHIFT_BLUE,)),
    ],
)
def test_a_step_that_is_late_turns_the_run(key: str, seconds: int, way: tuple[Step, ...]) -> None:
    state = reached(key)
    at = open_run(state).step_began_at + seconds
    in_time = decide(state, now=at, health=targets(4, 4))
    late = decide(state, now=at + 0.5, health=targets(4, 4))
    assert late == back(f"{key} took more than {seconds} s", *way)
    lacking = decide(state, now=at + 0.5, health=targets(4, 4), waited_for="2 of 4 tasks run")
    assert lacking == back(f"{key} took more than {seconds} s (2 of 4 tasks run)", *way)
    assert in_time != late
    assert decide(state, now=at + 0.5) == Look(at="health", slot="blue")


def late(state: State) -> Action:
    step = next(one for one in open_run(state).steps if one.key not in open_run(state).done)
    return decide(
        state, now=open_run(state).step_began_at + step.timeout_seconds + 1, health=targets(4, 4)
    )


@pytest.mark.parametrize(
    ("state", "reason"),
    [
        (reached("quiet blue"), "quiet blue took more than 620 s"),
        (reached("empty blue"), "empty blue took more than 600 s"),
        (TURNED, "fill blue took more than 900 s"),
        (
            go_on(TURNED, Draft("passed", {"step": "fill blue", "evidence": "seen"})),
            "smoke blue took more than 120 s",
        ),
        (reached("watch 50", turning(SHIFT_BLUE)), "shift blue 100 took more than 300 s"),
        (
            reached("bake", turning(QUIET_GREEN, EMPTY_GREEN)),
            "quiet green took more than 620 s",
        ),
        (reached("bake", turning(EMPTY_GREEN)), "empty green took more than 600 s"),
        (
            reached(
                "shift blue 100", plan=ROLLBACK, summary=summary(committed=ALL_GREEN, slots=BOTH)
            ),
            "shift blue 100 took more than 300 s",
        ),
        (reached("roll blue", plan=REFRESH), "roll blue took more than 900 s"),
    ],
)
def test_a_step_that_is_late_is_held_where_there_is_no_way_back(state: State, reason: str) -> None:
    """Metrics that are lost after the bake are no reason to move anybody."""
    assert late(state) == held("late", reason)


def test_a_deploy_that_can_t_make_its_slot_quiet_touches_nothing() -> None:
    plan = with_plan(DEPLOY, steps=(QUIET_GREEN, *STEPS))
    assert late(reached("quiet green", plan=plan)) == back("quiet green took more than 620 s")


def test_a_first_release_that_is_late_is_taken_away() -> None:
    for key, seconds in (("fill blue", 900), ("smoke blue", 170), ("shift blue 100", 300)):
        state = reached(key, plan=FIRST, summary=NONE)
        assert late(state) == back(f"{key} took more than {seconds} s", EMPTY_BLUE)


def test_a_deadline_counts_from_the_begin_of_the_step_or_from_a_resume() -> None:
    """Not from what was noted or frozen meanwhile: nothing that repeats itself puts it off."""
    begun = reached("fill green")
    began = open_run(begun).step_began_at
    asked = go_on(begun, noted("fill green", "task_definition", "release:2"), at=1_500.0)
    asked = go_on(asked, frozen(until=1_501.0), at=1_500.0)
    at = {"weights": ALL_BLUE, "health": targets(4, 4)}
    late_one = back("fill green took more than 900 s", EMPTY_GREEN)
    fills = Fill(step="fill green", slot="green", task_definition="release:2", tasks=4)
    assert decide(asked, now=began + 900, **at) == fills
    assert decide(asked, now=began + 900.5, **at) == late_one
    again = go_on(asked, resumed(), at=1_600.0)
    assert decide(again, now=2_500.0, **at) == fills
    assert decide(again, now=2_500.5, **at) == late_one


# Answers that don't come.

SILENT = {"unanswered": "AWS can't take DescribeTargetHealth now"}
GIVEN_UP = "AWS has given no answer for too long: AWS can't take DescribeTargetHealth now"
PAUSED = reached("shift green 50", Draft("paused", {"reason": "fair"}))
OVER = reached("bake", turning())


@pytest.mark.parametrize(
    ("state", "seconds", "look"),
    [
        (reached("watch 10"), 860, Look(at="health", slot="blue")),
        (PAUSED, 6 * 3600, Look(at="weights")),
        (OVER, 0, Look(at="weights")),
    ],
    ids=["a gate", "a freeze", "the end"],
)
def test_an_answer_is_not_waited_for_for_ever(state: State, seconds: int, look: Look) -> None:
    """L1: people are told, and what the run was about to do waits for them."""
    limit = open_run(state).step_began_at + seconds + 60
    assert decide(state, now=limit, **SILENT) == look
    assert decide(state, now=limit + 0.5, **SILENT) == held("late", GIVEN_UP)
    # The next answer counts, however late it is.
    assert decide(state, now=limit + 0.5) == look


def test_what_was_answered_after_all_decides() -> None:
    state = reached("watch 10")
    late = open_run(state).step_began_at + 860 + 61
    turned = back("watch 10 took more than 860 s", SHIFT_BLUE)
    assert decide(state, now=late, health=targets(4, 4), **SILENT) == turned


# The end (S10).

DONE = through(reached("migrate"))


def test_a_run_is_over_when_aws_says_what_the_journal_says() -> None:
    assert decide(DONE) == Look(at="weights")
    assert decide(DONE, weights=ALL_GREEN) == Look(at="health", slot="green")
    assert decide(DONE, weights=ALL_GREEN, health={"blue": targets(4, 4)["blue"]}) == Look(
        at="health", slot="green"
    )


def test_weights_that_changed_before_the_end_are_somebody_s() -> None:
    assert decide(DONE, weights=FOREIGN, health=targets(4, 4)) == foreign(
        "blue 70, green 30", "blue 0, green 100"
    )


def test_what_was_live_and_came_through_is_trusted() -> None:
    # Autoscaling may take what is above the floor from now on.
    green = dataclasses.replace(GREEN, tasks=2, trusted=True)
    blue = dataclasses.replace(BLUE, tasks=0)
    assert decide(DONE, weights=ALL_GREEN, health=targets(0, 4)) == ends(
        DONE, "done", slots={"blue": blue, "green": green}
    )
    assert decide(DONE, weights=ALL_GREEN, health=targets(0, 1)) == ends(
        DONE, "done", slots={"blue": blue, "green": green}
    )


def test_a_run_does_not_end_while_nobody_serves() -> None:
    assert decide(DONE, weights=ALL_GREEN, health=targets(4, 0)) == held(
        "invariant", "green serves, and 0 of its 2 tasks are healthy"
    )


# The way back (S6).


@pytest.mark.parametrize("key", ["watch 10", "bake"])
def test_a_way_back_that_is_lost_is_noted_before_the_gates_go_on(key: str) -> None:
    state, weights = reached(key), TEN if key == "watch 10" else ALL_GREEN
    lost = Draft("forward_only", {"reason": "3 of the 4 tasks of blue, the way back, are healthy"})
    seen: dict[str, Any] = {"weights": weights, "health": targets(3, 4)}
    assert decide(state, **seen) == Append(drafts=(lost,))
    assert decide(go_on(state, lost), **seen) == Look(at="alarms")
    assert decide(state, weights=weights, health=targets(4, 4)) == Look(at="alarms")


def test_a_slot_that_is_emptied_is_no_way_back_that_was_lost() -> None:
    state = reached("quiet blue")
    assert decide(state, health=targets(3, 4)) == Look(at="weights")


def test_a_proof_a_moment_ago_shows_that_somebody_serves() -> None:
    """A rollback ends on answers of the release: they are more than health checks."""
    state = through(
        reached("shift blue 100", plan=ROLLBACK, summary=summary(committed=ALL_GREEN, slots=BOTH))
    )
    over = ends(state, "rolled_back", slots={"blue": BLUE, "green": dataclasses.replace(GREEN)})
    seen: dict[str, Any] = {"weights": ALL_BLUE, "split": answers(r1=50)}
    assert decide(state, **seen) == over
    assert decide(state, **seen, health=targets(0, 0)) == over


def test_a_rollback_trusts_what_it_went_to_and_no_longer_what_it_left() -> None:
    slots = {
        "blue": dataclasses.replace(BLUE, trusted=False),
        "green": dataclasses.replace(GREEN, trusted=True),
    }
    state = through(
        reached("shift blue 100", plan=ROLLBACK, summary=summary(committed=ALL_GREEN, slots=slots))
    )
    assert decide(state, weights=ALL_BLUE, health=targets(4, 4)) == ends(
        state, "rolled_back", slots={"blue": BLUE, "green": GREEN}
    )


@pytest.mark.parametrize(
    "plan",
    [REFRESH, Plan(verb="retire", entering="blue", steps=(EMPTY_GREEN,), tasks=4, floor=2)],
)
def test_a_run_that_brings_no_release_trusts_nothing_new(plan: Plan) -> None:
    slots = {"blue": dataclasses.replace(BLUE, trusted=False)}
    state = through(started(plan=plan, summary=summary(slots=slots)))
    assert decide(state, weights=ALL_BLUE, health=targets(4, 4)) == ends(state, "done")


@pytest.mark.parametrize(
    ("by_hand", "aborts", "outcome"),
    [(False, False, "rolled_back"), (True, False, "rolled_back"), (True, True, "aborted")],
)
def test_a_run_that_turned_trusts_no_more_than_before(
    *, by_hand: bool, aborts: bool, outcome: Outcome
) -> None:
    state = through(reached("bake", turning(SHIFT_BLUE, by_hand=by_hand, aborts=aborts)))
    assert state.summary.slots == BOTH
    assert decide(state, weights=ALL_BLUE, health=targets(4, 4)) == ends(
        state, outcome, why="r2 went back at bake: slow"
    )


def test_a_slot_that_nobody_proved_is_filled_again_before_it_serves() -> None:
    """A person went back while green was being filled: what runs there is no longer r0."""
    old = dataclasses.replace(GREEN, task_definition="release:0", trusted=True)
    before = summary(slots={"blue": BLUE, "green": old})
    emptied = {"blue": BLUE, "green": dataclasses.replace(old, tasks=0)}
    for drafts in ((), (noted("fill green", "asked", "yes"),)):
        state = reached("fill green", *drafts, summary=before)
        turned = through(go_on(state, turning(SHIFT_BLUE, by_hand=True)))
        assert decide(turned, weights=ALL_BLUE, health=targets(4, 4)) == ends(
            turned, "rolled_back", slots=emptied, why="r2 went back at fill green: slow"
        )


def test_a_slot_that_was_not_touched_is_still_what_it_was() -> None:
    old = dataclasses.replace(GREEN, task_definition="release:0", trusted=True)
    before = summary(slots={"blue": BLUE, "green": old})
    turned = through(reached("migrate", turning(SHIFT_BLUE, by_hand=True), summary=before))
    assert decide(turned, weights=ALL_BLUE, health=targets(4, 4)) == ends(
        turned, "rolled_back", why="r2 went back at migrate: slow"
    )
    unknown = through(reached("fill green", turning(SHIFT_BLUE, by_hand=True)))
    assert decide(unknown, weights=ALL_BLUE, health=targets(4, 4)) == ends(
        unknown, "rolled_back", why="r2 went back at fill green: slow"
    )


def test_a_first_release_that_did_not_make_it_leaves_nothing() -> None:
    state = through(reached("smoke blue", turning(EMPTY_BLUE), plan=FIRST, summary=NONE))
    assert decide(state) == Look(at="weights")
    for weights in (ALL_BLUE, ALL_GREEN):
        assert decide(state, weights=weights) == ends(
            state, "rolled_back", why="r1 went back at smoke blue: slow"
        )
    given_up = through(
        reached("smoke blue", turning(EMPTY_BLUE, aborts=True), plan=FIRST, summary=NONE)
    )
    assert decide(given_up, weights=ALL_BLUE) == ends(
        given_up, "aborted", why="r1 went back at smoke blue: slow"
    )


def test_why_a_run_went_back_is_why_it_first_did_and_who_came_through_has_no_reason() -> None:
    """What is met on the way back, a slot that is filled again say, is no reason to go back."""
    turned = turning(SHIFT_BLUE, reason="alarm green-errors is ALARM")
    again = turning(SHIFT_BLUE, reason="0 tasks of blue are healthy: filled again first")
    state = through(reached("watch 10", turned, again))
    why = "r2 went back at watch 10: alarm green-errors is ALARM"
    assert decide(state, weights=ALL_BLUE, health=targets(4, 4)) == ends(
        state, "rolled_back", why=why
    )
    after = go_on(state, *ends(state, "rolled_back", why=why).drafts)
    assert after.summary.why == why
    done = through(started(summary=dataclasses.replace(after.summary, last_run="")))
    action = decide(done, weights=ALL_GREEN, health=targets(4, 4))
    assert isinstance(action, Append)
    assert action.drafts[0].data["summary"]["why"] == ""


def test_a_first_release_that_made_it_is_live() -> None:
    state = through(reached("migrate", plan=FIRST, summary=NONE))
    first = dataclasses.replace(BLUE, tasks=2, trusted=True)
    assert state.summary.committed == ALL_BLUE
    assert decide(state, weights=ALL_BLUE, health=targets(2, 0)) == ends(
        state, "done", slots={"blue": first}
    )


def test_a_run_does_not_end_when_nobody_knows_what_serves() -> None:
    steps = (ROLL := REFRESH.steps[0],)
    state = go_on(
        started(adopted(ALL_GREEN), plan=with_plan(REFRESH, steps=steps)),
        Draft("passed", {"step": ROLL.key, "evidence": "seen"}),
    )
    assert decide(state, weights=ALL_GREEN) == Look(at="health", slot="green")
    reason = held("invariant", "the journal doesn't know what runs in green, which serves")
    assert decide(state, weights=ALL_GREEN, health=targets(4, 4)) == reason
    assert decide(state, weights=ALL_GREEN, split=answers(r1=50)) == reason


def test_the_slot_that_serves_is_the_one_with_more_of_the_traffic() -> None:
    state = go_on(through(reached("migrate", turning(SHIFT_BLUE, by_hand=True))), adopted(FOREIGN))
    assert decide(state, weights=FOREIGN) == Look(at="health", slot="blue")
    less = go_on(state, adopted({"blue": 30, "green": 70}))
    assert decide(less, weights={"blue": 30, "green": 70}) == Look(at="health", slot="green")
