"""A deploy from the command line: what it says and warns of, and goes on in spite of."""

import json
import signal
from pathlib import Path

import pytest

from cutover.do.world import Refused
from cutover.say.sentences import lasting
from tests.cutover_bench import DEPLOY, Bench, Output, answer
from tests.cutover_fakes import IMAGE

ROOT = Path(__file__).parent.parent


def test_the_first_release_is_deployed_and_told_line_by_line(
    empty_bench: Bench, capsys: Output
) -> None:
    assert empty_bench.run(*DEPLOY, "r1", "--reason", "the first") == 0
    said = capsys.readouterr()
    assert said.out == "r1 serves from blue\n"
    assert [line.split(" ", 1)[1] for line in said.err.splitlines()] == [
        "deploy of r1 to blue begins, by ann@desk: the first",
        "migrate: the schema is at version 0",
        "migrate: r1 finds the schema that it needs",
        "fill blue: 2 of 2 targets of blue are healthy ...",
        "fill blue: 2 tasks of r1 are healthy",
        "smoke blue: 200 probes through the test rule were answered well",
        "shift blue 100: 50 of 50 probes (100.0%) were answered by r1; 100 % asked",
        "shift blue 100: the weights are blue 100, green 0",
        "the run is done: r1 serves from blue",
    ]
    assert empty_bench.opened == [("testing", True)]
    assert empty_bench.store.lease.owner is None


def test_people_are_told_once_of_each_change(empty_bench: Bench) -> None:
    assert empty_bench.run(*DEPLOY, "r1") == 0
    assert empty_bench.messages == [
        "testing: deploy of release r1 into the blue slot has started, run run-1",
        "testing: blue has all of the traffic",
        "testing: deploy is done, run run-1: r1 serves from blue",
    ]


def test_a_deploy_as_json_is_one_object_and_its_progress_is_elsewhere(
    empty_bench: Bench, capsys: Output
) -> None:
    assert empty_bench.run(*DEPLOY, "r1", "--json") == 0
    said = capsys.readouterr()
    assert json.loads(said.out) == {
        "command": "deploy",
        "stack": "testing",
        "exit": 0,
        "sentence": "r1 serves from blue",
        "run": "run-1",
        "weights": {"blue": 100, "green": 0},
        "releases": {"blue": "r1"},
        "ends_hold": None,
    }
    assert said.out.count("\n") == 1
    assert "the run is done" in said.err


def test_the_same_run_id_says_how_the_run_ended(bench: Bench, capsys: Output) -> None:
    assert bench.run(*DEPLOY, "r2", "--run-id", "mine") == 0
    entries = len(bench.store.entries)
    assert bench.run(*DEPLOY, "r2", "--run-id", "mine") == 0
    assert capsys.readouterr().out == "r2 serves from blue\n" * 2
    assert len(bench.store.entries) == entries


def test_a_run_id_of_another_release_is_no_success(bench: Bench, capsys: Output) -> None:
    assert bench.run(*DEPLOY, "r2", "--run-id", "mine") == 0
    capsys.readouterr()
    assert bench.run(*DEPLOY, "r3", "--run-id", "mine") == 2
    assert capsys.readouterr().err == (
        "run mine was of another release than r3, and is over; give another --run-id, or none\n"
    )


def test_what_to_do_about_a_held_run_is_said_with_its_reason(bench: Bench, capsys: Output) -> None:
    def refuse(call: str) -> None:
        if call == "task":
            raise Refused("AWS denies ecs:DescribeTasks")

    bench.world.fails = refuse
    ends = "mend what AWS refuses; then `cutover resume` or `cutover rollback`"
    assert bench.run(*DEPLOY, "r2") == 4
    told = capsys.readouterr().err.splitlines()
    assert told[-2:] == ["AWS denies ecs:DescribeTasks", f"what to do: {ends}"]
    assert bench.run("resume", "--json") == 4
    assert answer(capsys)["ends_hold"] == ends
    # Where the reason itself names the command, once is enough.
    bench.world.fails = lambda _call: None
    bench.world.live = {"blue": 30, "green": 70}
    assert bench.run("resume") == 7
    assert capsys.readouterr().err.splitlines()[-1].startswith("the weights are blue 30, green 70")
    bench.world.live = {"blue": 0, "green": 100}
    assert bench.run("resume", "--json") == 0
    assert answer(capsys)["ends_hold"] is None


def test_a_release_lives_with_the_live_schema_unless_it_says_otherwise(bench: Bench) -> None:
    assert bench.run(*DEPLOY, "r2", "--schema-max", "5") == 0
    assert bench.run(*DEPLOY, "r3", "--schema-min", "4", "--schema-max", "5") == 0
    assert bench.run(*DEPLOY, "r4") == 0
    found = {
        filled.release.release_id: (filled.release.schema_min, filled.release.schema_max)
        for filled in bench.store.state.summary.slots.values()
    }
    assert found == {"r3": (4, 5), "r4": (4, 4)}
    assert bench.store.state.summary.schema == 4


def test_a_hotfix_goes_live_in_spite_of_alarms_and_everybody_reads_so(
    bench: Bench, capsys: Output
) -> None:
    bench.world.alarmed = {"green-errors": "ALARM", "database": "INSUFFICIENT_DATA"}
    hotfix = ("--image", IMAGE, "--release", "r2", "--despite-alarms", "--reason", "the bug")
    assert bench.run("plan", *hotfix) == 0
    assert capsys.readouterr().out.startswith("deploy of r2 to blue, 2 tasks, despite alarms:\n")
    assert bench.run("plan", *hotfix, "--json") == 0
    assert answer(capsys)["despite"] == ["alarms"]

    seen: list[str] = []

    def look() -> None:
        bench.clock.meanwhile = lambda: None
        bench.run("status")
        seen.extend(capsys.readouterr().out.splitlines())

    bench.clock.meanwhile = look
    assert bench.run("deploy", *hotfix, "--reason", "green errs") == 0
    (run,) = [line for line in seen if line.startswith("run: ")]
    assert ("(deploy, despite alarms), at ") in run
    assert bench.run("history") == 0
    assert (
        "started: deploy of r2 to blue, despite alarms begins, by ann@desk: green errs"
        in capsys.readouterr().out
    )


@pytest.mark.parametrize("verb", ["plan", "deploy"])
def test_credentials_that_end_before_the_run_could_are_warned_of(
    bench: Bench, capsys: Output, verb: str
) -> None:
    release = (verb, "--image", IMAGE, "--release", "r2")
    assert bench.run("plan", *release[1:], "--json") == 0
    least = answer(capsys)["least_seconds"]
    bench.credentials_end_at = bench.clock.at + least - 60
    assert bench.run(*release) == 0
    (warning,) = [line for line in capsys.readouterr().err.splitlines() if "credentials" in line]
    assert warning == (
        f"the AWS credentials end in {lasting(least - 60)}, and the deploy takes at least "
        f"{lasting(least)}: it would be left half way; log in for longer"
    )


@pytest.mark.parametrize("ends_in", [None, 1e5])
def test_credentials_that_last_are_not_spoken_of(
    bench: Bench, capsys: Output, ends_in: float | None
) -> None:
    bench.credentials_end_at = None if ends_in is None else bench.clock.at + ends_in
    assert bench.run("plan", "--image", IMAGE, "--release", "r2") == 0
    assert "credentials" not in capsys.readouterr().err


def test_a_run_that_an_alarm_has_stopped_goes_on_in_spite_of_it_when_told(
    bench: Bench, capsys: Output
) -> None:
    """The database's alarm came after the start, when nobody could have known of it."""

    def alarm() -> None:
        state = bench.store.state
        if state.run and state.summary.committed == {"blue": 10, "green": 90}:
            bench.world.alarmed = {"database": "ALARM"}

    bench.clock.meanwhile = alarm
    assert bench.run(*DEPLOY, "r2") == 4
    assert "alarm database is ALARM" in capsys.readouterr().err
    assert bench.run("resume", "--despite-alarms", "--reason", "it is the backup") == 0
    assert bench.world.live == {"blue": 100, "green": 0}
    assert bench.run("history") == 0
    assert (
        "the run goes on, despite alarms, by ann@desk: it is the backup" in capsys.readouterr().out
    )


def test_a_hotfix_is_no_better_than_its_own_alarms(bench: Bench, capsys: Output) -> None:
    bench.world.alarmed = {"blue-errors": "ALARM"}
    hotfix = ("--image", IMAGE, "--release", "r2", "--despite-alarms", "--reason", "x")
    assert bench.run("deploy", *hotfix) == 3
    assert "turned" in bench.store.kinds()
    assert capsys.readouterr().err.splitlines()[-1] == (
        "r2 went back at smoke blue: took more than 420 s (alarm blue-errors is ALARM); r1 serves "
        "from green"
    )


def test_a_deploy_that_was_rolled_back_says_why_and_at_which_step(
    bench: Bench, capsys: Output
) -> None:
    """The last line, the object, and the same run id once more; all from the journal."""
    sentence = "r2 went back at watch 10: alarm blue-errors is ALARM; r1 serves from green"

    def alarm() -> None:
        if bench.world.live["blue"] == 10:
            bench.world.alarmed = {"blue-errors": "ALARM"}

    bench.clock.meanwhile = alarm
    assert bench.run(*DEPLOY, "r2", "--run-id", "nightly", "--json") == 3
    said = capsys.readouterr()
    assert json.loads(said.out)["sentence"] == sentence
    assert said.err.splitlines()[-1] == sentence
    assert bench.run(*DEPLOY, "r2", "--run-id", "nightly") == 3
    assert capsys.readouterr() == ("", f"{sentence}\n")
    assert bench.run("status") == 0
    assert "went back" not in capsys.readouterr().out


def test_a_deploy_that_a_person_sent_back_says_who_and_why(bench: Bench, capsys: Output) -> None:
    def interrupt() -> None:
        if bench.world.live["blue"] == 10:
            bench.clock.meanwhile = lambda: None
            signal.raise_signal(signal.SIGTERM)

    bench.clock.meanwhile = interrupt
    assert bench.run(*DEPLOY, "r2", "--run-id", "nightly") == 9
    assert bench.run("rollback", "--reason", "the shop is empty") == 0
    assert capsys.readouterr().out == "r1 serves from green\n"
    assert bench.run(*DEPLOY, "r2", "--run-id", "nightly") == 3
    assert capsys.readouterr().err == (
        "r2 went back at watch 10, by ann@desk: the shop is empty; r1 serves from green\n"
    )


def test_a_first_release_that_is_given_up_is_what_was_ordered(
    empty_bench: Bench, capsys: Output
) -> None:
    def interrupt() -> None:
        empty_bench.clock.meanwhile = lambda: None
        signal.raise_signal(signal.SIGTERM)

    empty_bench.clock.meanwhile = interrupt
    assert empty_bench.run(*DEPLOY, "r1", "--run-id", "first") == 9
    capsys.readouterr()
    for _ in range(2):  # once more, since nobody could tell how it ended
        assert empty_bench.run("abort", "--reason", "not today") == 0
        assert capsys.readouterr().out == (
            "the first release did not go live; the environment is empty, as it was\n"
        )
    assert empty_bench.run(*DEPLOY, "r1", "--run-id", "first") == 3
    assert capsys.readouterr().err == (
        "r1 went back at fill blue, by ann@desk: not today; the first release did not go live; "
        "the environment is empty, as it was\n"
    )
    empty_bench.clock.meanwhile = interrupt
    assert empty_bench.run(*DEPLOY, "r1") == 9
    # Nobody served before, so there is nobody to give the traffic back to.
    assert empty_bench.run("rollback") == 3
    assert empty_bench.store.state.summary.committed is None


def test_a_freeze_stops_a_deploy_and_ends(bench: Bench, capsys: Output) -> None:
    assert bench.run("freeze", "--reason", "party", "--until", "2027-02-01T10:00+01:00") == 0
    assert bench.store.state.summary.frozen_until == 1_801_472_400
    capsys.readouterr()
    assert bench.run("status") == 0
    assert capsys.readouterr().out.splitlines()[-2:] == [
        "frozen: stopped by `cutover freeze` until 2027-02-01 09:00:00 UTC: party",
        "schema: 0",
    ]
    assert bench.run(*DEPLOY, "r2") == 5
    assert capsys.readouterr().err.splitlines()[-1] == (
        "stopped by `cutover freeze` until 2027-02-01 09:00:00 UTC: party; `--despite-freeze` with "
        "a reason goes on all the same"
    )
    assert bench.run("unfreeze") == 0
    assert bench.store.state.summary.frozen == ""
    assert bench.run(*DEPLOY, "r2") == 0
