"""The way back from the command line: one command, tried again while AWS does not answer."""

import signal
from pathlib import Path

import pytest

from cutover.do.backoff import FIRST_SECONDS
from cutover.do.world import Unavailable
from cutover.say import verbs
from tests.cutover_bench import DEPLOY, Bench, Output
from tests.cutover_fakes import throttled

ROOT = Path(__file__).parent.parent
AWAY = "AWS can't take read now; give the same command again\n"


def test_a_rollback_is_one_command_without_a_reason(bench: Bench, capsys: Output) -> None:
    assert bench.run("rollback") == 0
    assert capsys.readouterr().out == "r0 serves from blue\n"
    assert bench.world.live == {"blue": 100, "green": 0}
    started = next(e for e in reversed(bench.store.entries) if e.kind == "started")
    assert started.data["reason"] == "rollback by ann@desk"
    # The account is not asked for: it is one call more that may fail.
    assert bench.opened == [("testing", False)]


def test_a_rollback_is_tried_again_while_aws_does_not_answer(bench: Bench, capsys: Output) -> None:
    bench.store.fails = throttled("read", times=3)
    assert bench.run("rollback") == 0
    said = capsys.readouterr()
    assert said.out == "r0 serves from blue\n"
    assert said.err.count("AWS can't take read now; trying again\n") == 3


def test_a_rollback_does_not_try_for_ever(bench: Bench, capsys: Output) -> None:
    bench.store.fails = throttled("read", times=10_000)
    began = bench.clock.at
    assert bench.run("rollback") == 10
    assert bench.clock.at - began == pytest.approx(verbs.INSIST_SECONDS)
    assert capsys.readouterr().err.endswith(f"\n{AWAY}")


def test_a_rollback_that_is_tried_again_may_be_interrupted(bench: Bench, capsys: Output) -> None:
    bench.store.fails = throttled("read", times=10_000)
    bench.clock.meanwhile = lambda: signal.raise_signal(signal.SIGINT)
    began = bench.clock.at
    assert bench.run("rollback") == 10
    assert FIRST_SECONDS / 2 <= bench.clock.at - began < FIRST_SECONDS
    assert capsys.readouterr().err.endswith(f"\n{AWAY}")


def test_an_abort_is_tried_again_too(bench: Bench, capsys: Output) -> None:
    bench.store.fails = throttled("read", times=2)
    assert bench.run("abort") == 5
    assert capsys.readouterr().err.endswith("\nno run is open, so there is none to abort\n")
    assert bench.opened == [("testing", False)] * 3


def test_a_rollback_that_is_interrupted_while_aws_is_asked_is_not_tried_again(
    bench: Bench, capsys: Output
) -> None:
    def interrupted(call: str) -> None:
        signal.raise_signal(signal.SIGTERM)
        raise Unavailable(f"AWS can't take {call} now")

    bench.store.fails = interrupted
    assert bench.run("rollback") == 10
    assert capsys.readouterr().err == AWAY


def test_an_abort_that_could_not_look_at_its_end_looks_again(bench: Bench, capsys: Output) -> None:
    """It is done by then, and to be told that no run is open would be the wrong answer."""
    bench.world.fails = throttled("task", times=10_000)
    bench.clock.meanwhile = lambda: signal.raise_signal(signal.SIGTERM)
    assert bench.run(*DEPLOY, "r2") == 9
    bench.clock.meanwhile = lambda: None
    bench.world.fails = lambda _call: None

    def at_the_end(call: str) -> None:
        if bench.store.state.run is None:
            bench.world.fails = lambda _call: None
            raise Unavailable(f"AWS can't take {call} now")

    bench.world.fails = at_the_end
    capsys.readouterr()
    assert bench.run("abort") == 0
    said = capsys.readouterr()
    assert said.out == "r1 serves from green\n"
    assert "AWS can't take weights now; trying again\n" in said.err
    assert bench.run("abort") == 0


def test_a_rollback_does_not_wait_for_ever_for_a_table_that_takes_no_entry(
    bench: Bench, capsys: Output
) -> None:
    """It can be read all the time."""
    bench.store.fails = throttled("append", times=10_000)
    began = bench.clock.at
    assert bench.run("rollback") == 10
    assert bench.clock.at - began < 2 * verbs.INSIST_SECONDS
    assert capsys.readouterr().err.endswith(
        "\nthe journal has not answered for as long as a lease lasts; nothing was begun; "
        "give the same command again\n"
    )
    bench.store.fails = lambda _call: None
    assert bench.run("rollback") == 0


def test_a_forward_step_is_not_tried_again_by_itself(bench: Bench, capsys: Output) -> None:
    bench.store.fails = throttled("read")
    assert bench.run("retire") == 10
    assert capsys.readouterr().err == AWAY


@pytest.mark.parametrize(
    ("verb", "sentence"),
    [
        ("resume", "no run is open, so there is none to resume"),
        ("abort", "no run is open, so there is none to abort"),
    ],
)
def test_nothing_to_do_is_refused(bench: Bench, capsys: Output, verb: str, sentence: str) -> None:
    before = bench.store.kinds()
    assert bench.run(verb) == 5
    assert capsys.readouterr() == ("", f"{sentence}\n")
    assert bench.store.kinds() == before


def test_retire_empties_the_slot_without_traffic(bench: Bench) -> None:
    assert bench.world.running == {"blue": 2, "green": 2}
    assert bench.run("retire", "--reason", "enough") == 0
    assert bench.world.running == {"blue": 0, "green": 2}


def test_refresh_rolls_the_active_slot(bench: Bench, capsys: Output) -> None:
    assert bench.run("refresh") == 0
    assert "roll green: 2 new tasks of green are healthy" in capsys.readouterr().err
    (noted,) = (entry.data for entry in bench.store.entries[-4:] if entry.kind == "noted")
    assert noted == {"step": "roll green", "name": "deployment", "value": "ecs-svc/1"}
