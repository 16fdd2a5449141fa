"""Status and verify judge alike what AWS and the journal say: exact sentences, exact codes."""

import dataclasses
from typing import Any, get_args

import pytest

from cutover.decide.live import Health, Split
from cutover.decide.model import Filled, Plan, Release
from cutover.decide.outcome import Exit
from cutover.decide.run import HoldCause, Run
from cutover.decide.standing import ends_hold, forward_only, verdict
from cutover.decide.state import State, Summary
from infra.outputs import Slot

WHOLE = Health(healthy=2, total=2)
HEALTH: dict[Slot, Health] = {"blue": WHOLE, "green": WHOLE}
R1 = Split(answers={"r1": 50}, unknown=0)


def filled(release_id: str, *, tasks: int = 2, trusted: bool = True, newest: int = 0) -> Filled:
    release = Release(release_id=release_id, image="app", schema_min=0, schema_max=newest)
    return Filled(release=release, task_definition="release:1", tasks=tasks, trusted=trusted)


def state(green: Filled | None, *, schema: int = 0, run: Run | None = None) -> State:
    slots: dict[Slot, Filled] = {"blue": filled("r1", newest=9)}
    if green:
        slots["green"] = green
    return State(
        summary=Summary(committed={"blue": 100, "green": 0}, slots=slots, schema=schema), run=run
    )


def open_run(held: str | None = None, cause: HoldCause | None = None) -> Run:
    plan = Plan(verb="deploy", entering="green", steps=(), tasks=2, floor=2)
    return Run(
        id="r7",
        plan=plan,
        steps=(),
        started_at=0,
        step_began_at=0,
        watched_from=0,
        held=held,
        cause=cause,
        explained=({"blue": 90, "green": 10},),
    )


@pytest.mark.parametrize(
    ("green", "schema", "healthy", "reason"),
    [
        (filled("r0"), 0, 2, None),
        (None, 0, 0, "green never ran a release"),
        (
            filled("r0", trusted=False),
            0,
            2,
            "r0 in green never served for good, or was gone back from",
        ),
        (
            filled("r0", newest=4),
            5,
            2,
            "r0 in green lives with schema 0 to 4, and the live one is 5",
        ),
        (
            filled("r0", tasks=0),
            0,
            0,
            "green is retired; `cutover rollback` fills it again with r0",
        ),
        (filled("r0"), 0, 1, "1 of the 2 tasks of green are healthy"),
    ],
)
def test_forward_only_says_why(
    green: Filled | None, schema: int, healthy: int, reason: str | None
) -> None:
    health: dict[Slot, Health] = {"blue": WHOLE, "green": Health(healthy=healthy, total=2)}
    assert forward_only(state(green, schema=schema), health) == reason


def test_an_open_deploy_goes_back_to_where_it_came_from() -> None:
    for green in (10, 90):
        ground = state(filled("r0", trusted=False), run=open_run())
        committed: dict[Slot, int] = {"blue": 100 - green, "green": green}
        ground = dataclasses.replace(
            ground, summary=dataclasses.replace(ground.summary, committed=committed)
        )
        assert forward_only(ground, HEALTH) is None
        health = {**HEALTH, "blue": Health(healthy=1, total=2)}
        assert forward_only(ground, health) == "1 of the 2 tasks of blue are healthy"


def test_an_open_run_of_another_verb_goes_back_to_who_has_no_traffic() -> None:
    retiring = dataclasses.replace(open_run().plan, verb="retire")
    ground = state(filled("r0"), run=dataclasses.replace(open_run(), plan=retiring))
    health = {**HEALTH, "green": Health(healthy=1, total=2)}
    assert forward_only(ground, health) == "1 of the 2 tasks of green are healthy"


def test_an_empty_environment_is_forward_only() -> None:
    assert forward_only(State(), HEALTH) == "no release was ever live here"


def test_every_hold_says_what_ends_it() -> None:
    causes = get_args(HoldCause)
    assert len(causes) == 7
    told = [ends_hold(state(filled("r0"), run=open_run("why", cause))) for cause in causes]
    assert all("`cutover resume" in one for one in told if one)
    assert len({*told}) == 7
    assert None not in told
    assert ends_hold(state(filled("r0"), run=open_run())) is None
    assert ends_hold(state(filled("r0"))) is None


@pytest.mark.parametrize(
    ("entering", "cause", "leaves"),
    [
        ("green", "invariant", True),
        ("blue", "invariant", True),
        ("green", "late", True),
        ("green", "foreign", False),
    ],
)
def test_a_rollback_can_be_left_where_traffic_may_stay(
    entering: Slot, cause: HoldCause, *, leaves: bool
) -> None:
    """Blue has all of the traffic, and may keep it unless a write was cut short."""
    plan = dataclasses.replace(open_run().plan, verb="rollback", entering=entering)
    held = dataclasses.replace(open_run("why", cause), plan=plan, explained=())
    assert ("`cutover abort`" in (ends_hold(state(filled("r0"), run=held)) or "")) is leaves
    cut = dataclasses.replace(held, explained=open_run().explained)
    assert "`cutover abort`" not in (ends_hold(state(filled("r0"), run=cut)) or "")


@pytest.mark.parametrize(
    ("cause", "changes", "told"),
    [
        ("late", {}, True),
        ("invariant", {}, True),
        ("schema", {}, True),
        ("foreign", {}, False),
        ("late", {"turned": None}, False),
        ("late", {"forward": True}, False),
        ("late", {"before": frozenset()}, False),
    ],
)
def test_a_deploy_that_can_t_go_back_is_told_of_the_way_forward(
    cause: HoldCause, changes: dict[str, Any], *, told: bool
) -> None:
    """As after a journal was restored to a moment before a release: no proof of it comes about."""
    stuck = {"turned": "slow", "before": frozenset({"smoke green"})}
    run = dataclasses.replace(open_run("why", cause), **(stuck | changes))
    ends = ends_hold(state(filled("r0"), run=run)) or ""
    way = (
        "; or `cutover resume --forward` with a --reason, which gives all of the traffic to the "
        "slot that entered, without gates, where the way back can't be gone"
    )
    assert ends.endswith(way) is told
    assert ("--forward" in ends) is told


def test_a_rollback_that_lost_what_it_went_to_is_told_how_to_leave_it() -> None:
    plan = dataclasses.replace(open_run().plan, verb="rollback", entering="blue")
    held = dataclasses.replace(open_run("why", "invariant"), plan=plan, explained=())
    assert ends_hold(state(filled("r0"), run=held)) == (
        "make the slot healthy that the reason names; then `cutover resume` or `cutover rollback`; "
        "or `cutover abort`, after which `cutover rollback` goes to the slot without traffic"
    )
    late = dataclasses.replace(held, cause="late", explained=open_run().explained)
    assert ends_hold(state(filled("r0"), run=late)) == (
        "find out what kept the step; then `cutover resume` or `cutover rollback`"
    )


def test_what_is_as_the_journal_says_is_done() -> None:
    result = verdict(state(filled("r0")), {"blue": 100, "green": 0}, HEALTH, R1)
    assert (result.exit, result.sentence) == (
        Exit.DONE,
        "AWS is as the journal says, blue 100, green 0: 50 of 50 probes (100.0%) were answered by "
        "r1; 100 % asked",
    )


def test_an_empty_environment_agrees_with_an_empty_journal() -> None:
    result = verdict(State(), {"blue": 100, "green": 0}, HEALTH, None)
    assert (result.exit, result.sentence) == (
        Exit.DONE,
        "the environment is empty: no release was ever live here",
    )


@pytest.mark.parametrize(
    ("run", "adopt", "back"),
    [
        (None, "cutover verify --adopt", "r0 in green"),
        (open_run("the gates can't tell", "gates"), "cutover resume --adopt", "r1 in blue"),
    ],
)
def test_foreign_weights_are_told_first(run: Run | None, adopt: str, back: str) -> None:
    result = verdict(state(filled("r0"), run=run), {"blue": 0, "green": 100}, HEALTH, R1)
    assert (result.exit, result.sentence) == (
        Exit.FOREIGN_CHANGE,
        "the weights are blue 0, green 100, and the journal left blue 100, green 0: somebody else "
        f"has set them; `{adopt}` takes them as they are, `cutover rollback` gives all of the "
        f"traffic to {back}",
    )


@pytest.mark.parametrize(
    ("cause", "code"),
    [("gates", Exit.HELD), ("foreign", Exit.FOREIGN_CHANGE), ("invariant", Exit.INVARIANT_BROKEN)],
)
def test_a_held_run_says_why(cause: HoldCause, code: Exit) -> None:
    ground = state(filled("r0"), run=open_run("because of it", cause))
    result = verdict(ground, {"blue": 90, "green": 10}, HEALTH, R1)
    assert (result.exit, result.sentence) == (code, "because of it")


def test_an_open_run_is_not_done() -> None:
    result = verdict(state(filled("r0"), run=open_run()), {"blue": 90, "green": 10}, HEALTH, R1)
    assert (result.exit, result.sentence) == (
        Exit.HELD,
        "run r7 is open; `cutover status` shows its step",
    )


def test_a_serving_slot_that_is_ill_breaks_an_invariant() -> None:
    health = {**HEALTH, "blue": Health(healthy=0, total=2)}
    result = verdict(state(filled("r0")), {"blue": 100, "green": 0}, health, R1)
    assert (result.exit, result.sentence) == (
        Exit.INVARIANT_BROKEN,
        "blue serves, and 0 of its 2 tasks are healthy",
    )


@pytest.mark.parametrize(
    ("split", "seen"),
    [
        (None, "nobody was probed"),
        (
            dataclasses.replace(R1, answers={"r1": 49}, unknown=1),
            "49 of 50 probes (98.0%) were answered by r1; 100 % asked; 1 by no known release",
        ),
    ],
)
def test_weights_that_probes_do_not_show_break_an_invariant(split: Split | None, seen: str) -> None:
    result = verdict(state(filled("r0")), {"blue": 100, "green": 0}, HEALTH, split)
    assert (result.exit, result.sentence) == (
        Exit.INVARIANT_BROKEN,
        f"the weights are blue 100, green 0, and probes don't show it: {seen}",
    )
