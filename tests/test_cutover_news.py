"""What people are told: each change once, in words that need no journal beside them."""

import dataclasses
from typing import Any

import pytest

from cutover.decide.model import Filled, Outcome, Plan, Release, Step, Verb
from cutover.decide.news import news
from cutover.decide.run import HoldCause, Run
from cutover.decide.state import State, Summary

EMPTY = State()
STEP = Step(key="fill", kind="fill", slot="green")


def filled(release_id: str) -> Filled:
    release = Release(release_id=release_id, image="app@sha256:00", schema_min=1, schema_max=1)
    return Filled(release=release, task_definition="arn:td:1", tasks=2)


SLOTS = {"blue": filled("r41"), "green": filled("r42")}


def run(run_id: str = "a", verb: Verb = "deploy", **fields: Any) -> Run:
    release = filled("r42").release if verb == "deploy" else None
    plan = Plan(verb=verb, entering="green", steps=(STEP,), tasks=2, floor=1, release=release)
    times = {"started_at": 1.0, "step_began_at": 1.0, "watched_from": 1.0}
    return Run(id=run_id, plan=plan, steps=(STEP,), **times, **fields)


def state(run: Run | None = None, green: int | None = 0, **summary: Any) -> State:
    committed = None if green is None else {"blue": 100 - green, "green": green}
    return State(run=run, summary=Summary(committed=committed, slots=SLOTS, **summary))


def test_nothing_new_is_no_news() -> None:
    for same in (EMPTY, state(run()), state(run(held="no data"), frozen="fair")):
        assert news("prod", same, same) == ()
    later = dataclasses.replace(
        run(), step_began_at=9.0, done=frozenset({"fill"}), notes={"a/b": "c"}
    )
    assert news("prod", state(run()), state(later)) == ()


@pytest.mark.parametrize(
    ("verb", "what"),
    [("deploy", "deploy of release r42"), ("rollback", "rollback"), ("refresh", "refresh")],
)
def test_a_start(verb: Verb, what: str) -> None:
    assert news("prod", state(), state(run(verb=verb))) == (
        f"prod: {what} into the green slot has started, run a",
    )


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        (0, 5, "blue has 95 % of the traffic, green 5 %"),
        (5, 75, "green has 75 % of the traffic, blue 25 %"),
        (50, 100, "green has all of the traffic"),
        (5, 0, "blue has all of the traffic"),
        (None, 0, "blue has all of the traffic"),
    ],
)
def test_a_move(before: int | None, after: int, sentence: str) -> None:
    assert news("prod", state(run(), green=before), state(run(), green=after)) == (
        f"prod: {sentence}",
    )


def test_weights_that_nobody_knows_any_more_are_no_move() -> None:
    assert news("prod", state(run(), green=5), state(run(), green=None)) == ()


def test_a_turn_is_told_with_its_reason_and_once() -> None:
    turned = run(turned="green is slow")
    told = ("prod: run a turns back: green is slow",)
    assert news("prod", state(run()), state(turned)) == told
    assert news("prod", state(run(held="no data", cause="gates")), state(turned)) == told
    assert news("prod", state(turned), state(dataclasses.replace(turned, step_began_at=9.0))) == ()


def test_a_turn_forward_is_told_as_one() -> None:
    turned, forward = run(turned="green is slow"), run(turned="blue is gone", forward=True)
    told = ("prod: run a goes forward after all: blue is gone",)
    assert news("prod", state(turned), state(forward)) == told


def test_a_way_back_that_is_lost_is_told_once_and_once_when_it_is_there_again() -> None:
    lost = run(forward_only="1 of 2 left")
    told = ("prod: run a is FORWARD_ONLY: 1 of 2 left",)
    assert news("prod", state(run()), state(lost)) == told
    assert news("prod", state(lost), state(run(forward_only="none left"))) == ()
    assert news("prod", state(lost), state(run())) == ("prod: run a can go back again",)
    assert news("prod", state(lost), state(run("b"))) == (
        "prod: deploy ended, run a: r41 serves from blue",
        "prod: deploy of release r42 into the green slot has started, run b",
    )
    assert news("prod", state(lost), state()) == (
        "prod: deploy ended, run a: r41 serves from blue",
    )


def test_a_hold_is_told_with_what_to_do() -> None:
    cause: HoldCause = "gates"
    held = run(held="no data", cause=cause)
    sentence = (
        "prod: run a is held: {}; it waits for `resume`, `rollback` or `abort` of "
        "`python -m cutover`"
    )
    assert news("prod", state(run()), state(held)) == (sentence.format("no data"),)
    worse = dataclasses.replace(held, held="no answer")
    assert news("prod", state(held), state(worse)) == (sentence.format("no answer"),)
    assert news("prod", state(worse), state(run())) == ("prod: run a goes on",)


def test_a_wait_on_the_ladder_is_told_once_and_once_when_it_is_over() -> None:
    paused = run(paused="fair")
    told = ("prod: run a waits where it is, and its gates go on: fair",)
    assert news("prod", state(run()), state(paused)) == told
    assert news("prod", state(paused), state(dataclasses.replace(paused, step_began_at=9.0))) == ()
    assert news("prod", state(paused), state(run())) == ("prod: run a goes on",)
    assert news("prod", state(paused), state(run(turned="slow"))) == (
        "prod: run a turns back: slow",
    )
    held = run(paused="fair", held="fair", cause="frozen")
    assert news("prod", state(paused), state(held)) == (
        "prod: run a is held: fair; it waits for `resume`, `rollback` or `abort` of "
        "`python -m cutover`",
    )


@pytest.mark.parametrize(
    ("outcome", "how"),
    [("done", "is done"), ("rolled_back", "has gone back"), ("aborted", "was given up")],
)
def test_an_end_says_who_serves(outcome: Outcome, how: str) -> None:
    before = state(run(), green=100)
    assert news("prod", before, state(green=100, outcome=outcome)) == (
        f"prod: deploy {how}, run a: r42 serves from green",
    )
    empty = state(run(), green=None)
    assert news("prod", empty, state(green=None, outcome=outcome)) == (
        f"prod: deploy {how}, run a",
    )


def test_one_run_may_end_where_another_starts() -> None:
    before = state(run(verb="refresh"))
    after = state(run("b", verb="rollback"), outcome="aborted")
    assert news("prod", before, after) == (
        "prod: refresh was given up, run a: r41 serves from blue",
        "prod: rollback into the green slot has started, run b",
    )


def test_several_changes_at_once_are_all_told() -> None:
    after = state(run(turned="green is slow", held="green is gone", cause="gates"), green=5)
    assert news("prod", state(), after) == (
        "prod: blue has 95 % of the traffic, green 5 %",
        "prod: deploy of release r42 into the green slot has started, run a",
        "prod: run a turns back: green is slow",
        "prod: run a is held: green is gone; it waits for `resume`, `rollback` or `abort` of "
        "`python -m cutover`",
    )


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        ("", "fair", "frozen, no step forward: fair"),
        ("fair", "exam", "frozen, no step forward: exam"),
        ("fair", "", "no longer frozen"),
    ],
)
def test_a_freeze(before: str, after: str, sentence: str) -> None:
    assert news("prod", state(frozen=before), state(frozen=after)) == (f"prod: {sentence}",)
