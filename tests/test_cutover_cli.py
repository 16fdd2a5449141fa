"""The verbs through the real parser, on an environment in memory: codes, sentences, objects."""

import contextlib
import getpass
import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from cutover.decide.journal import Malformed
from cutover.decide.live import TaskStatus
from cutover.do.backoff import FIRST_SECONDS
from cutover.do.contract import NoContract
from cutover.do.store import LeaseLost
from cutover.do.world import ForeignRule, Refused, Unavailable
from cutover.say import caller, cli, given, guarding, verbs
from cutover.say.answer import BadInput
from cutover.say.interrupts import interrupts_noted
from cutover.say.sentences import lasting
from cutover.say.wanted import Wanted
from infra.outputs import Owner
from tests.cutover_fakes import IMAGE, Bench, throttled

ROOT = Path(__file__).parent.parent
DEPLOY = ("deploy", "--image", IMAGE, "--release")
Output = pytest.CaptureFixture[str]


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    made = Bench(monkeypatch)
    made.deployed("r0", "r1")
    return made


@pytest.fixture
def empty(monkeypatch: pytest.MonkeyPatch) -> Bench:
    return Bench(monkeypatch)


def answer(output: Output) -> dict[str, object]:
    """The one object on standard output."""
    found = json.loads(output.readouterr().out)
    assert isinstance(found, dict)
    return found


def test_the_first_release_is_deployed_and_told_line_by_line(empty: Bench, capsys: Output) -> None:
    assert empty.run(*DEPLOY, "r1", "--reason", "the first") == 0
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
    assert empty.opened == [("testing", True)]
    assert empty.store.lease.owner is None


def test_people_are_told_once_of_each_change(empty: Bench) -> None:
    assert empty.run(*DEPLOY, "r1") == 0
    assert empty.messages == [
        "testing: deploy of release r1 into the blue slot has started, run run-1",
        "testing: blue has all of the traffic",
        "testing: deploy is done, run run-1: r1 serves from blue",
    ]


def test_a_deploy_as_json_is_one_object_and_its_progress_is_elsewhere(
    empty: Bench, capsys: Output
) -> None:
    assert empty.run(*DEPLOY, "r1", "--json") == 0
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
    assert capsys.readouterr().err.endswith("\nAWS can't take read now\n")


def test_a_rollback_that_is_tried_again_may_be_interrupted(bench: Bench, capsys: Output) -> None:
    bench.store.fails = throttled("read", times=10_000)
    bench.clock.meanwhile = lambda: signal.raise_signal(signal.SIGINT)
    began = bench.clock.at
    assert bench.run("rollback") == 10
    assert FIRST_SECONDS / 2 <= bench.clock.at - began < FIRST_SECONDS
    assert capsys.readouterr().err.endswith("\nAWS can't take read now\n")


def test_an_abort_is_tried_again_too(bench: Bench, capsys: Output) -> None:
    bench.store.fails = throttled("read", times=2)
    assert bench.run("abort") == 5
    assert capsys.readouterr().err.endswith("\nno run is open, so there is none to abort\n")
    assert bench.opened == [("testing", False)] * 3


def test_a_forward_step_is_not_tried_again_by_itself(bench: Bench, capsys: Output) -> None:
    bench.store.fails = throttled("read")
    assert bench.run("retire") == 10
    assert capsys.readouterr().err == "AWS can't take read now\n"


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


@pytest.mark.parametrize(
    ("least", "most", "found"),
    [
        (None, None, (6, 6)),
        (4, None, (4, 6)),
        (8, None, (8, 8)),
        (None, 7, (6, 7)),
        (1, 2, (1, 2)),
    ],
)
def test_what_of_the_schema_is_not_said_is_the_live_one(
    bench: Bench, least: int | None, most: int | None, found: tuple[int, int]
) -> None:
    wanted = Wanted(release_id="r", image=IMAGE, schema_min=least, schema_max=most, frontend=None)
    made = wanted.release(bench.world, schema=6)
    assert (made.schema_min, made.schema_max) == found


def test_a_time_without_a_zone_is_in_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TZ", "America/New_York")
    time.tzset()
    try:
        assert given.until("2027-01-15T08:00", 0) == 1_800_000_000
    finally:
        monkeypatch.undo()
        time.tzset()


def test_a_plan_touches_nothing_and_says_what_it_would_cost(bench: Bench, capsys: Output) -> None:
    entries, version = len(bench.store.entries), bench.store.lease.version
    assert bench.run("plan", "--image", IMAGE, "--release", "r2") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "deploy of r2 to blue, 2 tasks:"
    assert lines[5] == "  shift blue 10   0 s to 5 min, up to 10 % of users"
    assert lines[6].startswith("  watch 10        1 min to ")
    assert lines[-3] == (
        "rollback: one change of weights until the end of quiet green, proven within 5 min 41 s "
        "at most"
    )
    assert lines[-1] == "nothing stands against it"
    assert lines[-4].startswith("duration: at least 6 min 10 s, at most ")
    assert lines[-2].startswith("extra: 0.20 to ")
    assert (len(bench.store.entries), bench.store.lease.version) == (entries, version)


def test_a_plan_that_would_be_refused_is_refused_with_every_reason(
    bench: Bench, capsys: Output
) -> None:
    bench.world.alarmed = {"green-errors": "ALARM", "blue-errors": "ALARM"}
    assert bench.run("plan", "--image", IMAGE, "--release", "r1", "--json") == 5
    found = answer(capsys)
    refusals = [
        "alarm green-errors is ALARM; `--despite-alarms` with a reason goes on all the same",
        "release r1 is live already; probes tell releases apart by their id: give this one another",
    ]
    assert found["refusals"] == refusals
    assert found["sentence"] == "; ".join(refusals)
    assert set(found) == {
        *("command", "stack", "exit", "sentence", "release", "frontend", "entering", "tasks"),
        "steps",
        *("despite", "least_seconds", "most_seconds", "rollback_seconds", "least_task_hours"),
        *("most_task_hours", "way_back_until", "refusals"),
    }


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


def test_a_hotfix_is_no_better_than_its_own_alarms(bench: Bench) -> None:
    bench.world.alarmed = {"blue-errors": "ALARM"}
    hotfix = ("--image", IMAGE, "--release", "r2", "--despite-alarms", "--reason", "x")
    assert bench.run("deploy", *hotfix) == 3
    assert "turned" in bench.store.kinds()


def test_status_says_what_is_live(bench: Bench, capsys: Output) -> None:
    assert bench.run("status") == 0
    assert capsys.readouterr().out.splitlines() == [
        "testing: green is active",
        "weights: blue 0, green 100; as the journal left them",
        "blue: r0, 2 of 2 tasks running, 2 healthy",
        "green: r1, 2 of 2 tasks running, 2 healthy",
        "run: none is open",
        "lease: free",
        "schema: 0",
    ]


def test_status_of_a_held_run_says_what_to_do(bench: Bench, capsys: Output) -> None:
    bench.before_opening = lambda: bench.world.live.update(blue=30, green=70)
    assert bench.run("retire") == 7
    assert "somebody else has set them" in capsys.readouterr().err
    owner = Owner(run="up", purpose="guard", host="desk", pid=9, by="bob")
    bench.store.append(bench.store.read(), (), owner=owner, run="")
    bench.clock.at += 10
    bench.world.healthy = lambda slot, running: 1 if slot == "blue" else running
    assert bench.run("status") == 0
    assert capsys.readouterr().out.splitlines() == [
        "testing: green is active",
        "weights: blue 30, green 70; the journal left blue 0, green 100",
        "blue: r0, 2 of 2 tasks running, 1 healthy",
        "green: r1, 2 of 2 tasks running, 2 healthy",
        "run: run-1 (retire), at quiet blue",
        "held (foreign): the weights are blue 30, green 70, and the journal left blue 0, green "
        "100: somebody else has set them; `cutover resume --adopt` takes them as they are, "
        "`cutover rollback` gives all of the traffic to r0 in blue",
        "what to do: find out who has changed what the reason names; then `cutover resume --adopt` "
        "takes it as it is, or `cutover rollback` goes back over it",
        "lease: guard of bob (run up, desk), for another 20 s",
        "schema: 0",
        "FORWARD_ONLY: 1 of the 2 tasks of blue are healthy",
    ]


def test_status_as_json_has_the_documented_keys(empty: Bench, capsys: Output) -> None:
    assert empty.run("status", "--json") == 0
    found = answer(capsys)
    slot = {
        "release": None,
        "image": None,
        "task_definition": "none",
        "desired": 0,
        "running": 0,
        "pending": 0,
        "healthy": 0,
    }
    assert found == {
        "command": "status",
        "stack": "testing",
        "exit": 0,
        "sentence": "",
        "active": None,
        "weights": {"live": {"blue": 100, "green": 0}, "journal": None},
        "slots": {"blue": slot, "green": slot},
        "schema": 0,
        "run": None,
        "lease": None,
        "frontend": None,
        "frozen": None,
        "forward_only": "no release was ever live here",
        "unread": [],
    }


def test_status_shows_what_it_can_and_names_what_it_can_t(bench: Bench, capsys: Output) -> None:
    bench.world.fails = throttled("health blue")
    assert bench.run("status") == 10
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        "testing: green is active",
        "weights: blue 0, green 100; as the journal left them",
        "blue: r0, 2 of 2 tasks running, their health is not known",
        "green: r1, 2 of 2 tasks running, 2 healthy",
        "run: none is open",
        "lease: free",
        "schema: 0",
    ]
    assert said.err == ("the health of blue could not be read: AWS can't take health blue now\n")


def test_status_without_anything_to_read_still_answers(bench: Bench, capsys: Output) -> None:
    calls = ("weights", "services", "health blue", "health green")
    bench.world.fails = throttled(*calls, times=4)
    bench.store.fails = throttled("read")
    assert bench.run("status") == 10
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        "testing: which slot is active is not known",
        "weights: not known; what the journal left is not known",
        "blue: no release, its tasks are not known, their health is not known",
        "green: no release, its tasks are not known, their health is not known",
        "run: not known",
        "lease: not known",
        "schema: not known",
    ]
    assert said.err.count(" could not be read: AWS can't take ") == 5


@pytest.mark.parametrize(("denied", "throttles", "code"), [(1, 0, 5), (1, 1, 10), (0, 1, 10)])
def test_status_says_whether_to_ask_again(
    bench: Bench, capsys: Output, denied: int, throttles: int, code: int
) -> None:
    throttle = throttled("weights", times=throttles)

    def fail(call: str) -> None:
        throttle(call)
        if denied and call == "services":
            raise Refused("AWS denies ecs:DescribeServices")

    bench.world.fails = fail
    assert bench.run("status", "--json") == code
    found = json.loads(capsys.readouterr().out)
    assert found["exit"] == code
    assert found["sentence"] == "; ".join(found["unread"])
    assert len(found["unread"]) == denied + throttles
    assert (found["weights"]["live"] is None) == bool(throttles)
    assert (found["slots"]["green"]["running"] is None) == bool(denied)
    assert found["slots"]["green"]["healthy"] == 2


def test_verify_reads_probes_and_writes_nothing(bench: Bench, capsys: Output) -> None:
    entries, version = len(bench.store.entries), bench.store.lease.version
    assert bench.run("verify") == 0
    assert capsys.readouterr().out == (
        "AWS is as the journal says, blue 0, green 100: 50 of 50 probes (100.0%) were answered by "
        "r1; 100 % asked\n"
    )
    assert (len(bench.store.entries), bench.store.lease.version) == (entries, version)


def test_verify_finds_foreign_weights_and_adopts_them_when_told(
    bench: Bench, capsys: Output
) -> None:
    bench.world.live = {"blue": 100, "green": 0}
    entries = len(bench.store.entries)
    assert bench.run("verify") == 7
    assert len(bench.store.entries) == entries
    assert bench.run("verify", "--adopt", "--reason", "I did it") == 0
    newest = bench.store.entries[-1]
    assert (newest.kind, newest.data["weights"]) == ("adopted", {"blue": 100, "green": 0})
    assert bench.store.lease.owner is None
    assert bench.world.live == {"blue": 100, "green": 0}


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


def test_history_shows_the_newest_and_checks_the_chain(bench: Bench, capsys: Output) -> None:
    entries = bench.store.entries
    assert bench.run("history", "-n", "2", "--verify") == 0
    *lines, last = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert lines[-1] == (
        f"{len(entries):>5}  2027-01-15 08:06:08 UTC  d1 ended: the run is done: r1 serves from "
        "green"
    )
    assert last == f"the chain of {len(entries)} entries is whole, up to {entries[-1].hash}"


def test_history_as_json_is_an_entry_in_each_line(bench: Bench, capsys: Output) -> None:
    assert bench.run("history", "--json", "-n", "3", "--verify") == 0
    said = capsys.readouterr()
    found = [json.loads(line) for line in said.out.splitlines()]
    assert [entry["hash"] for entry in found] == [e.hash for e in bench.store.entries[-3:]]
    assert set(found[0]) == {
        *("sequence", "run", "token", "at", "kind", "data", "previous", "hash"),
    }


def test_a_shell_runs_what_the_active_slot_runs(
    bench: Bench, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cutover.say.shell.log_stream", lambda *_: "/slipway/app --log-stream x")
    bench.world.task_status = TaskStatus(stopped=True, exit_code=3, reason="done")
    bench.world.fails = throttled("task")
    assert bench.run("shell", "--json", "--", "python", "-c", "print(1)", "--json") == 3
    definition = bench.world.definitions["green"]
    assert bench.world.shells == [(definition, ("python", "-c", "print(1)", "--json"), "run-1")]
    said = capsys.readouterr()
    task = "arn:aws:ecs:eu-west-1:100000000000:task/cluster/0123456789abcdef"
    assert json.loads(said.out) == {
        "command": "shell",
        "stack": "testing",
        "exit": 3,
        "sentence": "the command ended with exit code 3",
        "task": task,
        "logs": "/slipway/app --log-stream x",
        "task_exit_code": 3,
    }
    assert said.err.splitlines() == [
        f"{task}: aws logs tail /slipway/app --log-stream x",
        "AWS can't take task now; trying again",
        "the command ended with exit code 3",
    ]


def test_a_shell_that_never_ran_is_refused(
    bench: Bench, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cutover.say.shell.log_stream", lambda *_: "")
    bench.world.task_status = TaskStatus(stopped=True, reason="CannotPullContainerError")
    assert bench.run("shell", "true") == 5
    assert capsys.readouterr().err.endswith(
        ": no log group takes its output\nthe command never ran: CannotPullContainerError\n"
    )


def test_an_empty_environment_has_no_shell(empty: Bench, capsys: Output) -> None:
    assert empty.run("shell", "true") == 5
    assert capsys.readouterr().err == (
        "no release is live here, so there is nothing to run a command beside\n"
    )
    assert empty.world.shells == []


def test_a_guarded_command_has_this_process_s_streams_and_its_own_code(
    bench: Bench, capfd: Output
) -> None:
    script = "import sys; print('out'); print('err', file=sys.stderr); sys.exit(12)"
    assert bench.run("guard", "--", sys.executable, "-c", script) == 12
    said = capfd.readouterr()
    assert said.out == "out\n"
    assert said.err == (
        "err\nthe command ended with code 12; the weights are as the journal left them: blue 0, "
        "green 100\n"
    )
    assert bench.store.lease.owner is None


def test_a_guard_that_finds_moved_weights_pages_and_writes_none(
    bench: Bench, capsys: Output
) -> None:
    calls = iter(range(9))

    def move() -> None:
        # The second opening is the guard's own, after the command.
        if next(calls) == 1:
            bench.world.live = {"blue": 1, "green": 99}

    bench.before_opening = move
    assert bench.run("guard", "--", sys.executable, "-c", "pass") == 7
    sentence = (
        "the weights are blue 1, green 99, and the journal left blue 0, green 100: the command has "
        "set them, or somebody beside it; `cutover verify --adopt` takes them as they are, "
        "`cutover rollback` gives all of the traffic to r0 in blue"
    )
    assert bench.messages == [f"testing: {sentence}"]
    assert capsys.readouterr().err.splitlines()[-1] == sentence
    assert bench.world.live == {"blue": 1, "green": 99}
    assert [e.kind for e in bench.store.entries][-1] == "observed"


def test_a_guard_draws_no_table_over_what_the_command_writes(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def draw(_clock: object) -> None:
        raise AssertionError("a table")

    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    monkeypatch.setattr("cutover.say.live_table.live_table", draw)
    assert bench.run("guard", "--", sys.executable, "-c", "pass") == 0
    with pytest.raises(AssertionError, match="a table"):
        bench.run("refresh")


def test_a_guarded_command_that_is_not_there_is_wrong_input(bench: Bench, capsys: Output) -> None:
    assert bench.run("guard", "--", "/no/such/pulumi", "up") == 2
    assert capsys.readouterr().err == "/no/such/pulumi can't be run: No such file or directory\n"
    assert bench.store.lease.owner is None


def test_a_guard_that_is_told_to_end_tells_the_command_and_waits(
    bench: Bench, capsys: Output
) -> None:
    def end() -> None:
        bench.clock.meanwhile = lambda: None
        signal.raise_signal(signal.SIGTERM)

    bench.clock.meanwhile = end
    script = "import time; time.sleep(600)"
    assert bench.run("guard", "--", sys.executable, "-c", script) == 128 + signal.SIGTERM
    assert "the command ended with code 143; the weights are as" in capsys.readouterr().err
    assert bench.store.lease.owner is None


@pytest.mark.parametrize(
    ("on_terminal", "sent"),
    [(True, [signal.SIGTERM]), (False, [signal.SIGINT, signal.SIGTERM])],
)
def test_what_the_terminal_has_sent_is_not_sent_again(
    monkeypatch: pytest.MonkeyPatch,
    on_terminal: bool,  # noqa: FBT001
    sent: list[int],
) -> None:
    """A second SIGINT would have Pulumi end an update half way."""
    signals: list[int] = []

    class Process:
        def __init__(self, command: list[str]) -> None:
            assert command == ["pulumi", "up"]

        def send_signal(self, number: int) -> None:
            signals.append(number)

    monkeypatch.setattr(guarding, "_on_terminal", lambda: on_terminal)
    monkeypatch.setattr(subprocess, "Popen", Process)
    command = guarding.Command(["pulumi", "up"])
    command.send_signal(signal.SIGINT)
    command.send_signal(signal.SIGTERM)
    assert signals == sent


@pytest.mark.parametrize(("code", "there", "exits"), [(0, True, 0), (0, False, 2), (9, False, 9)])
def test_the_very_first_command_runs_without_a_lease(
    empty: Bench,
    capfd: Output,
    code: int,
    there: bool,  # noqa: FBT001
    exits: int,
) -> None:
    opened = iter([False, there])

    def opening() -> None:
        if not next(opened):
            raise NoContract("there is no contract /slipway/testing/contract in eu-west-1")

    empty.before_opening = opening
    script = f"import sys; print('ran'); sys.exit({code})"
    assert empty.run("guard", "--", sys.executable, "-c", script) == exits
    said = capfd.readouterr()
    assert "ran\n" in said.out
    first, *rest = said.err.splitlines()
    assert first == (
        "there is no contract /slipway/testing/contract in eu-west-1; the command runs without a "
        "lease, since nobody can tell where that is"
    )
    if exits == 0:
        assert said.out.endswith("stack testing has its contract now\n")
    else:
        assert rest == [
            f"the command ended with code {code}, and still there is no contract "
            "/slipway/testing/contract in eu-west-1"
        ]
    assert empty.store.lease.version == 0


@pytest.mark.parametrize(("code", "exits"), [(0, 2), (9, 9)])
def test_what_is_wrong_after_the_very_first_command_hides_no_code_of_its_own(
    empty: Bench, capfd: Output, code: int, exits: int
) -> None:
    errors = iter([NoContract("there is no contract"), BadInput("it is another account's")])

    def opening() -> None:
        raise next(errors)

    empty.before_opening = opening
    assert empty.run("guard", "--", sys.executable, "-c", f"raise SystemExit({code})") == exits
    assert capfd.readouterr().err.splitlines()[-1] == (
        f"the command ended with code {code}, and still it is another account's"
    )


def test_a_command_that_leaves_a_contract_of_no_use_has_its_code_told(
    bench: Bench, capfd: Output
) -> None:
    opened = iter([True, False])

    def opening() -> None:
        if not next(opened):
            raise BadInput("it is another account's")

    bench.before_opening = opening
    assert bench.run("guard", "--", sys.executable, "-c", "raise SystemExit(9)") == 5
    assert capfd.readouterr().err == (
        "the command ended with code 9, and the weights could not be compared: it is another "
        "account's; `cutover verify` compares them\n"
    )
    assert bench.store.lease.owner is None


def test_a_command_s_own_seven_pages_nobody(bench: Bench) -> None:
    assert bench.run("guard", "--", sys.executable, "-c", "raise SystemExit(7)") == 7
    assert bench.messages == []


def test_a_contract_that_is_gone_after_the_command_does_not_run_it_again(
    bench: Bench, capfd: Output
) -> None:
    opened = iter([True, False])

    def opening() -> None:
        if not next(opened):
            raise NoContract("there is no contract")

    bench.before_opening = opening
    assert bench.run("guard", "--", sys.executable, "-c", "print('ran')") == 2
    said = capfd.readouterr()
    assert said.out == "ran\n"
    assert said.err == (
        "the command ended with code 0, and the weights could not be compared: there is no "
        "contract; `cutover verify` compares them\n"
    )


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (BadInput, 2),
        (NoContract, 2),
        (ForeignRule, 7),
        (Refused, 5),
        (LeaseLost, 6),
        (Malformed, 8),
        (Unavailable, 10),
    ],
)
def test_every_error_is_a_sentence_and_a_code(
    bench: Bench, capsys: Output, error: type[Exception], code: int
) -> None:
    def fail() -> None:
        raise error("what is wrong, and what to do")

    bench.before_opening = fail
    assert bench.run("status") == code
    assert capsys.readouterr() == ("", "what is wrong, and what to do\n")
    assert bench.run("status", "--json") == code
    said = capsys.readouterr()
    assert json.loads(said.out) == {
        "command": "status",
        "stack": "testing",
        "exit": code,
        "sentence": "what is wrong, and what to do",
    }
    assert said.err == "what is wrong, and what to do\n"


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (
            ("deploy", "--image", "app:latest", "--release", "r2"),
            "image app:latest is not named by its digest; give REPOSITORY@sha256: and 64 "
            "hexadecimal digits, as the push of the image printed them",
        ),
        (
            ("plan", "--image", f"{IMAGE}0", "--release", "r2"),
            f"image {IMAGE}0 is not named by its digest; give REPOSITORY@sha256: and 64 "
            "hexadecimal digits, as the push of the image printed them",
        ),
        (
            (*DEPLOY, "r 2"),
            "release 'r 2' is no id; it takes 1 to 64 letters, digits, dots, underscores and "
            "hyphens",
        ),
        (
            (*DEPLOY, "r2", "--run-id", "x" * 65),
            f"run '{'x' * 65}' is no id; it takes 1 to 64 letters, digits, dots, underscores and "
            "hyphens",
        ),
        (
            (*DEPLOY, "r2", "--despite-freeze"),
            "--despite-freeze needs a --reason, which the journal keeps",
        ),
        (
            (*DEPLOY, "r2", "--despite-alarms"),
            "--despite-alarms needs a --reason, which the journal keeps",
        ),
        (("resume", "--forward"), "--forward needs a --reason, which the journal keeps"),
        (
            ("resume", "--despite-alarms"),
            "--despite-alarms needs a --reason, which the journal keeps",
        ),
        (
            ("resume", "--despite-freeze"),
            "--despite-freeze needs a --reason, which the journal keeps",
        ),
        (
            ("plan", "--image", IMAGE, "--release", "r2", "--despite-freeze"),
            "--despite-freeze needs a --reason, which the journal keeps",
        ),
        (
            (*DEPLOY, "r2", "--schema-min", "3", "--schema-max", "2"),
            "--schema-min 3 is more than --schema-max 2; a release lives with the schema that it "
            "brings about",
        ),
        (
            ("freeze", "--reason", "x", "--until", "tomorrow"),
            "--until tomorrow is no time; give one as 2026-12-24T18:00 or 2026-12-24T18:00+01:00",
        ),
        (
            ("freeze", "--reason", "x", "--until", "2020-01-01"),
            "--until 2020-01-01 is over; give a time to come, in UTC or with its offset",
        ),
    ],
)
def test_wrong_input_is_one_sentence_and_nothing_is_changed(
    bench: Bench, capsys: Output, arguments: tuple[str, ...], sentence: str
) -> None:
    entries, version = len(bench.store.entries), bench.store.lease.version
    assert bench.run(*arguments) == 2
    assert capsys.readouterr() == ("", f"{sentence}\n")
    assert (len(bench.store.entries), bench.store.lease.version) == (entries, version)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["deplyo"], "No such command 'deplyo'. Did you mean 'deploy'?"),
        (["status"], "Missing option '--stack' (env var: 'SLIPWAY_STACK')."),
        (["status", "--stack", "prod", "--jsno"], "No such option: --jsno"),
        (["history", "--stack", "prod", "-n", "0"], "Invalid value for '-n': "),
        (["freeze", "--stack", "prod"], "Missing option '--reason'."),
        (["guard", "--stack", "prod"], "Missing argument 'COMMAND...'."),
        (["rollback", "--stack", "prod", "now"], "Got unexpected extra argument(s) (now)"),
    ],
)
def test_wrong_usage_is_one_sentence(
    empty: Bench,
    capsys: Output,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    sentence: str,
) -> None:
    monkeypatch.setattr("sys.argv", ["cutover", *arguments])
    assert cli.main() == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.startswith(sentence)
    assert said.err.count("\n") == 1
    assert empty.opened == []


@pytest.mark.parametrize(
    ("arguments", "command", "stack", "sentence"),
    [
        (["--json"], "", "", "No such option: --json"),
        (["deplyo", "--json"], "", "", "No such command 'deplyo'. Did you mean 'deploy'?"),
        (["plan", "--json", "--stack=prod", "--imgae"], "plan", "prod", "No such option: --imgae"),
        (["freeze", "--stack", "prod", "--json"], "freeze", "prod", "Missing option '--reason'."),
        (["shell", "--json", "--stack", "qa"], "shell", "qa", "Missing argument 'COMMAND...'."),
    ],
)
def test_wrong_usage_is_an_object_too_where_one_is_asked_for(
    empty: Bench,
    capsys: Output,
    monkeypatch: pytest.MonkeyPatch,
    arguments: list[str],
    command: str,
    stack: str,
    sentence: str,
) -> None:
    monkeypatch.setattr("sys.argv", ["cutover", *arguments])
    assert cli.main() == 2
    said = capsys.readouterr()
    assert json.loads(said.out) == {
        "command": command,
        "stack": stack,
        "exit": 2,
        "sentence": said.err.rstrip("\n"),
    }
    assert said.err.startswith(sentence)
    assert empty.opened == []


def test_wrong_usage_is_of_the_stack_in_the_environment_and_heeds_no_option_of_another(
    empty: Bench, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLIPWAY_STACK", "prod")
    monkeypatch.setattr("sys.argv", ["cutover", "deploy", "--json"])
    assert cli.main() == 2
    assert answer(capsys)["stack"] == "prod"
    monkeypatch.setattr("sys.argv", ["cutover", "shel", "--", "jq", "--json"])
    assert cli.main() == 2
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_leaves_the_run_open_between_two_calls(
    bench: Bench, capsys: Output, number: int
) -> None:
    before = {n: signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM)}

    def kill() -> None:
        if bench.store.state.run and bench.world.live["blue"]:
            bench.clock.meanwhile = lambda: None
            signal.raise_signal(number)
            signal.raise_signal(number)

    bench.clock.meanwhile = kill
    assert bench.run(*DEPLOY, "r2") == 9
    assert capsys.readouterr().err.endswith(
        "\ninterrupted between two calls; `resume` goes on from here\n"
    )
    assert {n: signal.getsignal(n) for n in before} == before
    assert bench.store.lease.owner is None
    assert bench.messages[-1] == (
        "testing: interrupted between two calls; `resume` goes on from here"
    )
    assert bench.run("resume") == 0
    assert capsys.readouterr().out == "r2 serves from blue\n"


def test_the_first_signal_counts_and_how_they_were_handled_comes_back() -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    with contextlib.suppress(RuntimeError), interrupts_noted() as interrupts:
        assert not interrupts
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)
        assert (bool(interrupts), interrupts.came) == (True, signal.SIGTERM)
        raise RuntimeError
    assert {number: signal.getsignal(number) for number in before} == before


def test_a_message_that_gets_nowhere_is_said_once_and_changes_nothing(
    empty: Bench, capsys: Output
) -> None:
    empty.refuse_messages("the topic is gone")
    assert empty.run(*DEPLOY, "r1") == 0
    said = capsys.readouterr()
    assert said.out == "r1 serves from blue\n"
    assert said.err.count("the fake channel was not told: the topic is gone\n") == 1


def test_who_did_it_is_the_job_or_the_person(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "desk")
    monkeypatch.setattr(getpass, "getuser", lambda: "ann")
    for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID"):
        monkeypatch.delenv(name, raising=False)
    assert caller.by() == "ann@desk"

    def nobody() -> str:
        raise KeyError("getpwuid(): uid not found: 1234")

    monkeypatch.setattr(getpass, "getuser", nobody)
    monkeypatch.setattr(os, "getuid", lambda: 1234)
    assert caller.by() == "uid 1234@desk"
    monkeypatch.setenv("GITHUB_SERVER_URL", "https://github.com")
    monkeypatch.setenv("GITHUB_REPOSITORY", "acme/shop")
    assert caller.by() == "uid 1234@desk"
    monkeypatch.setenv("GITHUB_RUN_ID", "77")
    assert caller.by() == "https://github.com/acme/shop/actions/runs/77"


@pytest.mark.parametrize(
    ("command", "name"),
    [
        ("pulumi up", "pulumi up"),
        ("/usr/local/bin/pulumi up --yes", "pulumi up"),
        ("env PASSPHRASE=hunter2 pulumi up", "pulumi up"),
        ("/usr/bin/env -i PASSPHRASE=hunter2 pulumi up", "pulumi up"),
        ("PASSPHRASE=hunter2 pulumi up", "pulumi up"),
        ("env -i -u TOKEN pulumi", "TOKEN pulumi"),
        ("pulumi --stack prod up", "pulumi"),
        ("make deploy-all", "make deploy-all"),
        ("mysql -phunter2", "mysql"),
        ("vault s.0f9a8b7c6d", "vault"),
        ("tool PASSPHRASE=hunter2", "tool"),
        ("tool thisistoolongtobeasubcommand", "tool"),
        ("pulumi", "pulumi"),
        ("env PASSPHRASE=hunter2", "a command"),
    ],
)
def test_a_command_is_named_without_what_may_be_a_secret(command: str, name: str) -> None:
    assert caller.what(command.split()) == name


def test_others_read_what_is_guarded_and_no_secret_of_it(bench: Bench, capfd: Output) -> None:
    held: list[str] = []
    bench.clock.meanwhile = lambda: held.append(repr(bench.store.lease.owner))
    command = ("env", "PASSPHRASE=hunter2", sys.executable, "-c", "import time; time.sleep(0.5)")
    assert bench.run("guard", "--", *command) == 0
    assert f"by='ann@desk ({Path(sys.executable).name})'" in held[0]
    assert "hunter2" not in repr(bench.store.entries) + "".join(held)


def test_two_runs_have_two_names() -> None:
    assert caller.new_run() != caller.new_run()


def python(script: str, *arguments: str) -> str:
    """What a fresh process prints."""
    done = subprocess.run(
        [sys.executable, "-c", script, *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return done.stdout


def test_help_lists_the_verbs_and_loads_nothing_that_takes_long() -> None:
    script = "import sys; from cutover.say.cli import main; main(); print(*sys.modules)"
    *shown, loaded = python(script, "--help").splitlines()
    verbs = [line.split()[0] for line in shown[shown.index("Commands:") + 1 :]]
    assert verbs == [
        *("plan", "deploy", "resume", "rollback", "abort", "retire", "refresh", "freeze"),
        *("unfreeze", "status", "verify", "history", "shell", "guard"),
    ]
    assert "cutover.say.cli" in loaded.split()
    assert not {"boto3", "pydantic", "pulumi", "rich.live"} & set(loaded.split())


def test_a_verb_loads_neither_pulumi_nor_what_draws() -> None:
    loaded = python("import sys, cutover.say.verbs; print(*sys.modules)").split()
    assert "boto3" in loaded
    assert not [name for name in loaded if name.startswith(("pulumi", "rich.live", "rich.table"))]


def test_a_python_without_its_packages_says_what_to_do() -> None:
    """Whoever is on call types `python`, and that is not always the one of the environment."""
    bare = [sys.executable, "-S", "-m", "cutover", "rollback", "--stack", "prod"]
    ended = subprocess.run(bare, cwd=ROOT, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout, ended.stderr) == (
        2,
        "",
        "this Python has no typer, which cutover needs; run `make setup`, and "
        "`. .venv/bin/activate` in this shell\n",
    )
