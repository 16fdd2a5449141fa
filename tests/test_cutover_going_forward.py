"""The order to go forward after all: whose it is, what it does, and what is left behind."""

import dataclasses

import pytest
from cutover_fakes import SETTING
from decisions import (
    ALL_BLUE,
    ALL_GREEN,
    BLUE,
    GREEN,
    ROLLBACK,
    SHIFT_BLUE,
    TEN,
    ask,
    finishing,
    go_on,
    held,
    intent,
    open_run,
    reached,
    summary,
    targets,
    turning,
)
from test_cutover_session import DEPLOY, ORDER, R1, Desk, live

from cutover.decide.actions import Append
from cutover.decide.going_forward import forward, refusal
from cutover.decide.journal import Draft, plain
from cutover.decide.live import Live
from cutover.decide.model import Page, Step
from cutover.decide.next_action import next_action
from cutover.decide.outcome import Exit
from cutover.decide.shifting import shift
from cutover.decide.state import State
from cutover.do.session import Session

SHIFT_GREEN = Step(
    key="shift green 100", kind="shift", slot="green", percent=100, timeout_seconds=300
)
BACK = turning(SHIFT_BLUE, by_hand=True)
STUCK = reached("watch 10", BACK, Draft("held", {"cause": "late", "reason": "slow"}))


def sent(state: State) -> State:
    return go_on(state, forward(open_run(state), "blue is gone"))


@pytest.mark.parametrize(
    ("state", "sentence"),
    [
        (STUCK, None),
        (reached("bake", BACK), None),
        (reached("shift green 10", BACK), None),
        (
            reached("smoke green", BACK),
            "what green runs was never proven, and gets no traffic; `cutover abort` gives run run2 "
            "up",
        ),
        (
            reached("watch 10"),
            "run run2 does not go back, and --forward is for one that can't; `cutover resume` "
            "without it goes on",
        ),
        (
            reached("shift blue 100", BACK, plan=ROLLBACK, summary=summary(committed=ALL_GREEN)),
            "run run2 does not go back, and --forward is for one that can't; `cutover resume` "
            "without it goes on",
        ),
    ],
)
def test_only_a_deploy_that_goes_back_from_what_was_proven_is_sent_forward(
    state: State, sentence: str | None
) -> None:
    assert refusal(open_run(state)) == sentence


def test_the_way_forward_is_one_step_and_the_page() -> None:
    run = open_run(sent(STUCK))
    assert run.steps == (SHIFT_GREEN,)
    assert (run.forward, run.by_hand, run.aborts, run.held) == (True, True, False, None)
    page = Page(key="r2.html", sha256="0b")
    release = dataclasses.replace(GREEN.release, page=page)
    paged = dataclasses.replace(run.plan, release=release)
    steps = forward(dataclasses.replace(run, plan=paged), "blue is gone").data["steps"]
    assert [step["key"] for step in steps] == ["shift green 100", "point green"]


def test_a_way_back_after_it_is_a_way_back_again() -> None:
    assert not open_run(go_on(sent(STUCK), BACK)).forward


@pytest.mark.parametrize("weights", [TEN, {"blue": 70, "green": 30}, {"blue": 0, "green": 0}])
def test_it_overwrites_whatever_is_there(weights: dict) -> None:
    assert ask(shift, sent(STUCK), weights=weights, health=targets(0, 4)) == Append(
        drafts=(intent("shift green 100", weights, ALL_GREEN),)
    )


def test_it_gives_nothing_to_a_slot_that_can_not_serve_better() -> None:
    again = ask(shift, sent(STUCK), weights=TEN, health=targets(0, 0))
    assert isinstance(again, Append)
    refilled = open_run(go_on(sent(STUCK), *again.drafts))
    assert [step.key for step in refilled.steps] == ["fill green", "smoke green", "shift green 100"]
    assert refilled.forward
    newer = sent(STUCK)
    newer = dataclasses.replace(newer, summary=dataclasses.replace(newer.summary, schema=4))
    assert ask(shift, newer, weights=TEN, health=targets(0, 4)) == held(
        "schema", "green runs r2, which lives with schema 2 to 3, and the live one is 4"
    )


def test_what_it_leads_to_is_trusted_and_what_it_leaves_is_not() -> None:
    state = sent(STUCK)
    state = go_on(state, *finishing(state, SHIFT_GREEN))
    seen = Live(weights=ALL_GREEN, health=targets(0, 4))
    ended = next_action(state, seen, open_run(state).step_began_at + 1, SETTING)
    assert isinstance(ended, Append)
    after = go_on(state, *ended.drafts).summary
    assert (after.outcome, after.committed) == ("done", ALL_GREEN)
    assert after.slots == {
        "blue": dataclasses.replace(BLUE, trusted=False),
        "green": dataclasses.replace(GREEN, trusted=True),
    }


def test_a_deploy_whose_old_slot_never_starts_again_is_brought_to_an_end() -> None:
    desk = Desk()
    live(desk, "r1")
    session = Session(
        desk.world,
        desk.store,
        desk.clock,
        SETTING,
        ORDER,
        interrupted=lambda: desk.store.state.summary.committed == TEN,
    )
    assert session.deploy(dataclasses.replace(R1, release_id="r2")).exit is Exit.INTERRUPTED
    desk.world.healthy = lambda slot, running: 0 if slot == "blue" else running
    for verb in (desk.session.rollback, desk.session.resume, desk.session.abort):
        stuck = verb()
        sentence = "fill blue took more than 900 s (0 of 2 targets of blue are healthy)"
        assert (stuck.exit, stuck.sentence) == (Exit.HELD, sentence)
    forwarded = desk.session.resume(forward=True)
    assert (forwarded.exit, forwarded.sentence) == (Exit.DONE, "r2 serves from green")
    assert desk.world.live == ALL_GREEN
    desk.world.healthy = lambda _slot, running: running
    live(desk, "r3")
    assert desk.world.live == ALL_BLUE
    assert desk.session.resume(forward=True).sentence == (
        "no run is open, so there is none to resume"
    )


def test_a_run_that_does_not_go_back_is_not_sent_forward() -> None:
    desk = Desk()
    live(desk, "r1")
    refresh = dataclasses.replace(ROLLBACK, verb="refresh")
    started = Draft("started", {"plan": plain(refresh), "reason": "x", "by": "bob"})
    desk.write(DEPLOY, started, release=True)
    entries = len(desk.store.entries)
    assert desk.session.resume(forward=True).exit is Exit.REFUSED
    assert len(desk.store.entries) == entries
