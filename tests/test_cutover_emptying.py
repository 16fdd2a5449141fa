"""A slot is emptied when nobody is sent there: silence before tasks go; missing data is none."""

from typing import Any

import pytest
from decisions import (
    ALL_BLUE,
    ALL_GREEN,
    EMPTY_BLUE,
    EMPTY_GREEN,
    FIRST,
    FOREIGN,
    QUIET_GREEN,
    SHIFT_BLUE,
    TEN,
    answers,
    ask,
    committing,
    finishing,
    foreign,
    frozen,
    go_on,
    held,
    left,
    noted,
    passed,
    reached,
    sample,
    services,
    summary,
    targets,
    turning,
)

from cutover.decide.actions import (
    Action,
    Append,
    Look,
    ScaleIn,
    Wait,
)
from cutover.decide.emptying import quiet, scale_in
from cutover.decide.journal import Draft
from cutover.decide.live import Sample
from cutover.decide.state import State, Summary
from infra.outputs import Slot

QUIET = reached("quiet blue")
LEFT = QUIET.summary.committed_at
EMPTYING = reached("empty blue")
EMPTY_ASKED = go_on(EMPTYING, noted("empty blue", "asked", "yes"))


# Silence.


def silence(now: float, **changes: Any) -> Action:
    """Green serves, blue is sent nothing, and CloudWatch has all of it but for the changes."""
    seen: dict[str, Any] = {
        "weights": ALL_GREEN,
        "split": answers(r2=20),
        "samples": {"blue": sample(0, None), "green": sample(9_000, now)},
    }
    return ask(quiet, QUIET, now=now, **(seen | changes))


# The first period of metrics that is whole.
BEGIN = 1_030
DRAINED = BEGIN + 120
SHOWN = "20 of 20 probes (100.0%) were answered by r2; 100 % asked"


def test_silence_is_looked_at_one_thing_after_the_other() -> None:
    seen: dict[str, Any] = {}
    expected = [
        (Look(at="weights"), {"weights": ALL_GREEN}),
        (Look(at="split", probes=20), {"split": answers(r2=20)}),
        (
            Look(at="samples", since=LEFT),
            {"samples": {"blue": sample(0, None), "green": sample(9, DRAINED)}},
        ),
    ]
    for look, answer in expected:
        assert ask(quiet, QUIET, now=DRAINED, **seen) == look
        seen |= answer
    assert ask(quiet, QUIET, now=DRAINED, **seen) == passed(
        "quiet blue", f"blue was sent nothing for 120 s; {SHOWN}"
    )


def test_silence_begins_when_the_weights_were_committed() -> None:
    assert silence(LEFT + 110) == Wait(seconds=4, why="blue drains: 10 s")
    assert silence(LEFT + 118.5) == Wait(seconds=1.5, why="blue drains: 2 s")
    # Before all else: nothing needs to be asked as long as it can't be over.
    unseen: dict[str, Any] = {"split": None, "samples": None}
    assert silence(LEFT + 110, **unseen) == Wait(seconds=4, why="blue drains: 10 s")


def test_of_the_period_in_which_the_weights_changed_metrics_say_nothing() -> None:
    """It may have been sent requests until its end: silence that nobody saw is none."""
    assert LEFT < BEGIN < LEFT + 10
    for seen_until in (LEFT + 120, DRAINED - 0.5):
        seen = {"blue": sample(0, None), "green": sample(9_000, seen_until)}
        assert silence(DRAINED, samples=seen) == Wait(
            seconds=4, why="the metrics don't cover the time yet"
        )


def test_long_after_only_the_last_periods_of_metrics_count() -> None:
    """The drain's time, and five periods for metrics that come late."""
    now = LEFT + 5_000
    assert silence(now, samples=None) == Look(at="samples", since=now - 120 - 5 * 10)
    assert silence(LEFT + 170, samples=None) == Look(at="samples", since=LEFT)
    assert silence(LEFT + 171, samples=None) == Look(at="samples", since=LEFT + 1)


def test_foreign_weights_are_no_silence() -> None:
    assert silence(DRAINED, weights=FOREIGN) == foreign("blue 70, green 30", "blue 0, green 100")


def test_a_freeze_keeps_the_way_back_warm() -> None:
    stopped = go_on(QUIET, frozen(until=DRAINED))
    assert ask(quiet, stopped, now=DRAINED - 10, weights=ALL_GREEN) == held(
        "frozen",
        "stopped by `cutover freeze` until 1970-01-01 00:19:10 UTC: fair; `cutover resume` goes on "
        "when it is over",
    )
    assert ask(quiet, stopped, now=DRAINED, weights=ALL_GREEN) == Look(at="split", probes=20)
    given_up = reached(
        "bake", turning(SHIFT_BLUE, QUIET_GREEN, EMPTY_GREEN, by_hand=True, aborts=True)
    )
    emptying = go_on(given_up, *finishing(given_up, SHIFT_BLUE), frozen())
    assert ask(quiet, emptying, now=9_000.0, weights=ALL_BLUE) == Look(at="split", probes=20)


def test_a_slot_with_weight_is_not_quiet() -> None:
    state = left(QUIET, TEN)
    assert ask(quiet, state, now=9_000.0, weights=TEN) == held(
        "invariant", "blue has traffic, and can't be quiet"
    )


def test_a_probe_that_the_slot_answered_is_no_silence() -> None:
    assert silence(DRAINED, split=answers(r2=19, r1=1)) == Wait(
        seconds=4, why="19 of 20 probes (95.0%) were answered by r2; 100 % asked"
    )


@pytest.mark.parametrize(
    "samples",
    [
        {},
        {"blue": sample(0, None)},
        {"green": sample(9_000, DRAINED)},
        {"blue": sample(0, None), "green": sample(0, None)},
        {"blue": sample(0, None), "green": sample(9_000, DRAINED - 0.5)},
    ],
    ids=["nothing", "nothing of who serves", "nothing of who left", "metrics lost", "too old"],
)
def test_missing_data_is_no_silence(samples: dict[Slot, Sample]) -> None:
    assert silence(DRAINED, samples=samples) == Wait(
        seconds=4, why="the metrics don't cover the time yet"
    )


def test_what_a_gate_looked_at_covers_no_time_before() -> None:
    """The bake was resumed: its samples begin later than the silence that is claimed."""
    seen = {"blue": sample(0, None), "green": sample(9_000, DRAINED)}
    assert silence(DRAINED, samples=seen, samples_since=LEFT + 1) == Look(at="samples", since=LEFT)
    for since in (LEFT, LEFT - 50):
        assert silence(DRAINED, samples=seen, samples_since=since) == passed(
            "quiet blue", f"blue was sent nothing for 120 s; {SHOWN}"
        )


def test_one_request_is_no_silence() -> None:
    seen = {"blue": sample(1, DRAINED), "green": sample(9_000, DRAINED)}
    assert silence(DRAINED + 5, samples=seen) == Wait(
        seconds=4, why="blue was sent 1 requests in 125 s"
    )


def test_silence_is_as_long_as_the_data_of_who_serves() -> None:
    """Not as long as the time that has passed: the end of it nobody has seen yet."""
    seen = {"blue": sample(0, None), "green": sample(9_000, DRAINED + 3)}
    assert silence(DRAINED + 30, samples=seen) == passed(
        "quiet blue", f"blue was sent nothing for 123 s; {SHOWN}"
    )


def test_the_slot_that_was_to_enter_can_be_made_quiet_too() -> None:
    state = reached(
        "bake", turning(SHIFT_BLUE, QUIET_GREEN, EMPTY_GREEN, by_hand=True, aborts=True)
    )
    state = go_on(state, *committing("shift blue 100", ALL_BLUE, "seen"), at=1_500.0)
    seen = {"blue": sample(9_000, 1_620.0), "green": sample(0, None)}
    assert ask(
        quiet, state, now=1_620.0, weights=ALL_BLUE, split=answers(r1=20), samples=seen
    ) == passed(
        "quiet green",
        "green was sent nothing for 120 s; 20 of 20 probes (100.0%) were answered by r1; 100 % "
        "asked",
    )


# Scaling in.


def test_a_slot_is_emptied_one_call_after_the_other() -> None:
    assert ask(scale_in, EMPTYING) == Look(at="weights")
    assert ask(scale_in, EMPTYING, weights=ALL_GREEN) == Look(at="health", slot="green")
    seen: dict[str, Any] = {"weights": ALL_GREEN, "health": targets(0, 4)}
    assert ask(scale_in, EMPTYING, **seen) == Look(at="services")
    assert ask(scale_in, EMPTYING, services=services(), **seen) == ScaleIn(
        step="empty blue", slot="blue", floor=2
    )
    assert ask(scale_in, EMPTY_ASKED) == Look(at="weights")
    assert ask(scale_in, EMPTY_ASKED, weights=ALL_GREEN) == Look(at="services")
    gone = {"blue": services(running=0, desired=0)["green"]}
    assert ask(scale_in, EMPTY_ASKED, weights=ALL_GREEN, services=gone) == Append(
        drafts=(Draft("emptied", {"step": "empty blue", "slot": "blue"}),)
    )


@pytest.mark.parametrize(
    ("changes", "left"),
    [
        ({"running": 1, "desired": 0}, 1),
        ({"running": 0, "desired": 0, "pending": 1}, 0),
        ({"running": 0, "desired": 1}, 0),
    ],
)
def test_tasks_that_are_left_are_waited_for(changes: dict[str, Any], left: int) -> None:
    seen = {"blue": services(**changes)["green"]}
    assert ask(scale_in, EMPTY_ASKED, weights=ALL_GREEN, services=seen) == Wait(
        seconds=4, why=f"{left} tasks of blue are left"
    )


@pytest.mark.parametrize("state", [EMPTYING, EMPTY_ASKED], ids=["before", "after it was asked"])
def test_a_slot_that_may_serve_keeps_its_tasks(state: State) -> None:
    seen = {"health": targets(4, 4), "services": services()}
    assert ask(scale_in, state, weights=FOREIGN, **seen) == foreign(
        "blue 70, green 30", "blue 0, green 100"
    )
    serving = left(state, FOREIGN)
    assert ask(scale_in, serving, weights=FOREIGN, **seen) == held(
        "invariant", "blue has traffic (blue 70, green 30), and keeps its tasks"
    )


def test_a_slot_keeps_its_tasks_until_the_other_one_serves() -> None:
    """S5: half of what was planned is enough, less is not."""
    seen: dict[str, Any] = {"weights": ALL_GREEN, "services": services()}
    assert ask(scale_in, EMPTYING, health=targets(4, 2), **seen) == ScaleIn(
        step="empty blue", slot="blue", floor=2
    )
    assert ask(scale_in, EMPTYING, health=targets(4, 1), **seen) == held(
        "invariant", "blue keeps its tasks: 1 tasks of green, which serves, are healthy"
    )


def test_a_slot_keeps_its_tasks_when_nobody_knows_what_serves() -> None:
    state = reached("migrate", turning(EMPTY_GREEN), summary=summary(slots={}))
    seen: dict[str, Any] = {"health": targets(4, 4), "services": services()}
    assert ask(scale_in, state, weights=ALL_BLUE, **seen) == held(
        "invariant", "green keeps its tasks: 4 tasks of blue, which serves, are healthy"
    )


def test_the_first_release_is_emptied_though_nobody_serves() -> None:
    state = reached("smoke blue", turning(EMPTY_BLUE), plan=FIRST, summary=Summary())
    assert ask(scale_in, state) == Look(at="weights")
    assert ask(scale_in, state, weights=ALL_BLUE) == ScaleIn(
        step="empty blue", slot="blue", floor=2
    )
