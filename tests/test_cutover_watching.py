"""Gates between two shifts: missing data never passes."""

import dataclasses
from typing import Any

import pytest
from decisions import (
    ALL_GREEN,
    BLUE,
    DEPLOY,
    FOREIGN,
    QUIET_ALARMS,
    SETTING,
    SHIFT_BLUE,
    STEPS,
    TEN,
    ask,
    back,
    finishing,
    foreign,
    go_on,
    held,
    passed,
    reached,
    resumed,
    sample,
    smoke,
    summary,
    targets,
    with_plan,
)

from cutover.decide.actions import Action, Look, Wait
from cutover.decide.limits import Limits
from cutover.decide.model import other
from cutover.decide.watching import watch
from infra.outputs import Slot

LOUD = QUIET_ALARMS | {"green-errors": "ALARM"}
UNREAD = {name: state for name, state in QUIET_ALARMS.items() if name != "green-errors"}
WATCH = reached("watch 10", at=1_100.0)
FROM = WATCH.run.watched_from if WATCH.run else 0
BAKE = reached("bake")


WELL = passed("watch 10", "1000 requests of green, 0 errors", home_latency_seconds=0.02)


def watching(now: float, **changes: Any) -> Action:
    """Ten percent of the traffic are green's, and all is well but for the changes."""
    seen: dict[str, Any] = {
        "weights": TEN,
        "health": targets(4, 4),
        "alarms": QUIET_ALARMS,
        "samples": {"blue": sample(9_000, now), "green": sample(1_000, now)},
    }
    return ask(watch, WATCH, now=now, **(seen | changes))


def baking(now: float, **changes: Any) -> Action:
    """All of the traffic is green's."""
    seen: dict[str, Any] = {
        "weights": ALL_GREEN,
        "health": targets(4, 4),
        "alarms": QUIET_ALARMS,
        "samples": {"blue": sample(0, None), "green": sample(9_000, now)},
    }
    return ask(watch, BAKE, now=now, **(seen | changes))


END = FROM + 60
BAKED = BAKE.summary.committed_at + 300


def test_the_limits_are_the_settings_own() -> None:
    """Those of the contract, and so of the stack file."""
    limits = Limits(latency_seconds=0.01, latency_factor=0, latency_margin_seconds=0)
    strict = dataclasses.replace(SETTING, limits=limits)
    assert watching(END) == WELL
    assert "took 0.020 s on average over 1,000 requests; 0.010 s allowed" in str(
        watching(END, setting=strict)
    )


# What is looked at.


def test_a_watch_looks_at_one_thing_after_the_other() -> None:
    seen: dict[str, Any] = {}
    expected = [
        (Look(at="weights"), {"weights": TEN}),
        (Look(at="health", slot="green"), {"health": {"green": targets(4, 4)["green"]}}),
        (Look(at="health", slot="blue"), {"health": targets(4, 4)}),
        (Look(at="alarms"), {"alarms": QUIET_ALARMS}),
        (Look(at="samples", since=FROM), {"samples": {}}),
        (Look(at="smoke", slot="green"), {"smokes": {"green": smoke()}}),
        (Look(at="smoke", slot="blue"), {"smokes": {"green": smoke(), "blue": smoke()}}),
    ]
    for look, answer in expected:
        assert ask(watch, WATCH, now=END, **seen) == look
        seen |= answer
    assert ask(watch, WATCH, now=END, **seen) == Wait(
        seconds=4, why="CloudWatch has no data of green since the change"
    )


def test_after_a_person_resumed_the_gates_count_from_there() -> None:
    state = go_on(WATCH, resumed(), at=1_500.0)
    seen = {"weights": TEN, "health": targets(4, 4), "alarms": QUIET_ALARMS}
    assert ask(watch, state, now=1_501.0, **seen) == Look(at="samples", since=1_500.0)


@pytest.mark.parametrize("slot", ["green", "blue"])
def test_a_slot_with_few_requests_is_probed(slot: Slot) -> None:
    plenty = {"blue": sample(100, END), "green": sample(100, END)}
    assert watching(END, samples=plenty) == passed(
        "watch 10", "100 requests of green, 0 errors", home_latency_seconds=0.02
    )
    for few in (sample(99, END), sample(0, None)):
        assert watching(END, samples=plenty | {slot: few}) == Look(at="smoke", slot=slot)
    missing = {other: plenty[other] for other in plenty if other != slot}
    assert watching(END, samples=missing) == Look(at="smoke", slot=slot)


def test_a_slot_of_which_nothing_new_is_heard_is_probed_again() -> None:
    """Without users there is no data but the probes', and a bake is longer than they reach."""
    for now, action in (
        (BAKED + 240, passed("bake", "100 requests of green, 0 errors")),
        (BAKED + 240.5, Look(at="smoke", slot="green")),
    ):
        assert baking(now, samples={"green": sample(100, BAKED)}) == action
    assert baking(
        BAKED + 241, samples={"green": sample(100, BAKED)}, smokes={"green": smoke()}
    ) == Wait(seconds=4, why="the newest data of green is 241 s old; 240 s allowed")


def test_who_has_no_traffic_any_more_is_not_probed() -> None:
    assert baking(BAKED) == passed("bake", "9000 requests of green, 0 errors")
    assert baking(BAKED, samples={}) == Look(at="smoke", slot="green")


# What happens then.


def test_foreign_weights_stop_the_watch() -> None:
    assert watching(END, weights=FOREIGN) == foreign("blue 70, green 30", "blue 90, green 10")
    assert baking(BAKED, weights=FOREIGN) == foreign("blue 70, green 30", "blue 0, green 100")


def test_a_watch_lasts_as_long_as_it_should() -> None:
    assert watching(END - 10) == Wait(seconds=4, why="10 % for another 10 s")
    assert watching(END - 1.5) == Wait(seconds=1.5, why="10 % for another 2 s")
    assert watching(END - 0.25) == Wait(seconds=0.25, why="10 % for another 0 s")
    assert watching(END) == WELL
    assert baking(BAKED - 7) == Wait(seconds=4, why="100 % for another 7 s")


@pytest.mark.parametrize("now", [FROM + 50, END, END + 400])
def test_a_certain_failure_turns_the_run_at_once(now: float) -> None:
    bad = {"blue": sample(9_000, now), "green": sample(1_000, now, errors=50)}
    assert watching(now, samples=bad) == back(
        "50 of 1,000 answers of green to users were errors (5.00%); 0.10% allowed", SHIFT_BLUE
    )
    slow = {"blue": sample(9_000, now), "green": sample(1_000, now, errors=50, latency=0.7)}
    assert watching(now, samples=slow, alarms=LOUD) == back(
        "alarm green-errors is ALARM; green took 0.700 s on average over 1,000 requests; 0.200 s "
        "allowed; 50 of 1,000 answers of green to users were errors (5.00%); 0.10% allowed",
        SHIFT_BLUE,
    )


def test_a_failure_holds_when_there_is_no_way_back() -> None:
    assert baking(BAKED, alarms=LOUD, health=targets(0, 4)) == held(
        "gates",
        "alarm green-errors is ALARM; but blue can't take the traffic back: 0 of its 4 tasks are "
        "healthy",
    )


def test_an_alarm_turns_the_run_only_when_it_can_not_speak_of_the_boot() -> None:
    """Three periods of ten seconds, and two until CloudWatch has heard of the last."""
    begun = go_on(reached("smoke green"), *passed("smoke green", "seen").drafts, at=1_200.0)
    begun = go_on(begun, *finishing(begun, STEPS[3]), at=1_210.0)
    for now, action in (
        (1_249.0, "alarm green-errors is ALARM, maybe still of when green booted"),
        (1_250.0, back("alarm green-errors is ALARM", SHIFT_BLUE)),
    ):
        seen = {"blue": sample(9_000, now), "green": sample(1_000, now)}
        decided = ask(
            watch, begun, now=now, weights=TEN, health=targets(4, 4), alarms=LOUD, samples=seen
        )
        if isinstance(action, str):
            action = Wait(seconds=4, why=f"10 % for another 21 s; {action}")
        assert decided == action


def test_a_hotfix_goes_on_in_spite_of_everybody_s_alarms_but_its_own() -> None:
    loud = QUIET_ALARMS | {"blue-errors": "ALARM", "database": "ALARM"}
    plan = with_plan(DEPLOY, despite_alarms=True)
    state = reached("watch 10", plan=plan, at=1_100.0)
    seen: dict[str, Any] = {
        "weights": TEN,
        "health": targets(4, 4),
        "samples": {"blue": sample(9_000, END), "green": sample(1_000, END)},
    }
    assert ask(watch, state, now=END, alarms=loud, **seen) == WELL
    assert ask(watch, state, now=END, alarms=LOUD, **seen) == back(
        "alarm green-errors is ALARM", SHIFT_BLUE
    )


def test_a_slot_that_lost_more_than_half_of_its_tasks_turns_the_run() -> None:
    assert watching(END, health=targets(4, 1)) == back(
        "only 1 of the 4 tasks of green are healthy", SHIFT_BLUE
    )
    assert baking(BAKED, health=targets(0, 1)) == held(
        "gates",
        "only 1 of the 4 tasks of green are healthy; but blue can't take the traffic back: 0 of "
        "its 4 tasks are healthy",
    )


def test_both_slots_at_zero_move_nothing() -> None:
    assert watching(END, health=targets(0, 0)) == held(
        "gates",
        "only 0 of the 4 tasks of green are healthy; but blue can't take the traffic back: 0 of "
        "its 4 tasks are healthy",
    )


def test_a_slot_that_lost_some_tasks_is_waited_for() -> None:
    assert watching(END - 10, health=targets(4, 3)) == Wait(
        seconds=4, why="10 % for another 10 s; 3 of 4 tasks are healthy"
    )
    assert watching(END, health=targets(4, 3)) == Wait(seconds=4, why="3 of 4 tasks are healthy")


@pytest.mark.parametrize(
    ("changes", "doubt"),
    [
        ({"alarms": UNREAD}, "alarm green-errors is missing"),
        ({"alarms": QUIET_ALARMS | {"database": "ALARM"}}, "alarm database is ALARM"),
        ({"alarms": QUIET_ALARMS | {"blue-errors": "ALARM"}}, "alarm blue-errors is ALARM"),
        (
            {"samples": {}, "smokes": {"blue": smoke(), "green": smoke()}},
            "CloudWatch has no data of green since the change",
        ),
        (
            {
                "samples": {"blue": sample(9_000, None), "green": sample(1_000, None)},
                "smokes": {"blue": smoke(), "green": smoke()},
            },
            "CloudWatch has no data of green since the change",
        ),
        ({"health": targets(4, 2)}, "2 of 4 tasks are healthy"),
    ],
)
def test_what_can_t_be_known_is_waited_for_and_then_held(
    changes: dict[str, Any], doubt: str
) -> None:
    assert watching(END - 10, **changes) == Wait(seconds=4, why=f"10 % for another 10 s; {doubt}")
    for extended in (0, 500):
        assert watching(END + extended, **changes) == Wait(seconds=4, why=doubt)
    assert watching(END + 500.5, **changes) == held(
        "gates", f"the gates at 10 % can't tell: {doubt}"
    )


def test_every_doubt_is_named() -> None:
    doubts = "alarm green-errors is missing; 3 of 4 tasks are healthy"
    lacking: dict[str, Any] = {"alarms": UNREAD, "health": targets(4, 3)}
    assert watching(END, **lacking) == Wait(seconds=4, why=doubts)
    assert watching(END + 501, **lacking) == held(
        "gates", f"the gates at 10 % can't tell: {doubts}"
    )


def test_a_gate_writes_down_how_fast_the_slot_is_that_is_left() -> None:
    seen = {"blue": sample(9_000, END, latency=0.35), "green": sample(1_000, END)}
    evidence = "1000 requests of green, 0 errors"
    assert watching(END, samples=seen) == passed("watch 10", evidence, home_latency_seconds=0.35)
    nobody = {"blue": sample(0, None), "green": sample(1_000, END)}
    well = {"green": smoke(), "blue": smoke()}
    assert watching(END, samples=nobody, smokes=well) == passed("watch 10", evidence)
    # In the bake it serves nobody, whoever still waits for an answer of it.
    last = {"blue": sample(3, BAKED), "green": sample(9_000, BAKED)}
    assert baking(BAKED, samples=last) == passed("bake", "9000 requests of green, 0 errors")


def test_an_app_that_is_slow_by_nature_passes_the_bake() -> None:
    """As slow as before: 0.3 s, of which half more and 50 ms are allowed."""
    state = reached("watch 50")
    known = passed("watch 50", "seen", home_latency_seconds=0.3).drafts
    state = go_on(state, *known, resumed())
    state = go_on(state, *finishing(state, STEPS[7]))
    now = state.summary.committed_at + 300
    seen: dict[str, Any] = {
        "weights": ALL_GREEN,
        "health": targets(4, 4),
        "alarms": QUIET_ALARMS,
    }
    for latency, action in (
        (0.49, passed("bake", "9000 requests of green, 0 errors")),
        (
            0.51,
            back("green took 0.510 s on average over 9,000 requests; 0.500 s allowed", SHIFT_BLUE),
        ),
    ):
        samples = {"green": sample(9_000, now, latency=latency)}
        assert ask(watch, state, now=now, samples=samples, **seen) == action
    # By the SLO alone, when no gate has known: a ladder of one step.
    assert baking(BAKED, samples={"green": sample(9_000, BAKED, latency=0.21)}) == back(
        "green took 0.210 s on average over 9,000 requests; 0.200 s allowed", SHIFT_BLUE
    )


def test_before_probes_turn_a_run_the_other_slot_is_probed_too() -> None:
    """A database is away: of home's users, metrics will say so in a minute or two."""
    few = {"blue": sample(9_000, END), "green": sample(10, END)}
    bad = {"green": smoke(requests=200, errors=200)}
    assert watching(END, samples=few, smokes=bad) == Look(at="smoke", slot="blue")
    mirrored = tuple(dataclasses.replace(step, slot=other(step.slot)) for step in STEPS)
    plan = with_plan(DEPLOY, entering="blue", steps=mirrored)
    before = summary(committed=ALL_GREEN, slots={"green": BLUE})
    seen: dict[str, Any] = {
        "weights": {"blue": 10, "green": 90},
        "health": targets(4, 4),
        "alarms": QUIET_ALARMS,
        "samples": {"green": few["blue"], "blue": few["green"]},
        "smokes": {"blue": bad["green"]},
    }
    state = reached("watch 10", plan=plan, summary=before)
    assert ask(watch, state, now=END, **seen) == Look(at="smoke", slot="green")
    assert watching(END, samples=few, smokes=bad | {"blue": smoke()}) == back(
        "200 of 200 answers of green to probes were errors (100.00%); 0.10% allowed", SHIFT_BLUE
    )
    doubt = (
        "200 of 200 answers of green to probes were errors (100.00%); 0.10% allowed, and blue is "
        "no better: 200 of 200"
    )
    both = bad | {"blue": smoke(requests=200, errors=200)}
    assert watching(END, samples=few, smokes=both) == Wait(seconds=4, why=doubt)
    # One that serves nobody excuses nothing.
    assert baking(BAKED, samples={"green": sample(10, BAKED)}, smokes=bad) == back(
        "200 of 200 answers of green to probes were errors (100.00%); 0.10% allowed", SHIFT_BLUE
    )


def test_a_doubt_that_is_gone_passes_even_late() -> None:
    assert watching(END + 499) == WELL
