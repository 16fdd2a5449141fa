"""A command beside what is live, from the command line."""

import json
from pathlib import Path

import pytest

from cutover.decide.live import TaskStatus
from cutover.do.world import Unavailable
from tests.cutover_bench import Bench, Output
from tests.cutover_fakes import throttled

ROOT = Path(__file__).parent.parent


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


@pytest.mark.parametrize("silent", ["start_shell", "log_stream"])
def test_a_command_that_may_run_is_not_to_be_given_again_at_once(
    bench: Bench, capsys: Output, monkeypatch: pytest.MonkeyPatch, silent: str
) -> None:
    def away(*_: object) -> str:
        raise Unavailable("no answer")

    if silent == "start_shell":
        monkeypatch.setattr(bench.world, "start_shell", away)
    else:
        monkeypatch.setattr("cutover.say.shell.log_stream", away)
    assert bench.run("shell", "true") == 10
    assert capsys.readouterr().err == (
        "no answer; it may run all the same: look for its task with `aws ecs list-tasks --cluster "
        "the-cluster`, and give the same command again only if there is none\n"
    )


def test_a_shell_that_never_ran_is_refused(
    bench: Bench, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cutover.say.shell.log_stream", lambda *_: "")
    bench.world.task_status = TaskStatus(stopped=True, reason="CannotPullContainerError")
    assert bench.run("shell", "true") == 5
    assert capsys.readouterr().err.endswith(
        ": no log group takes its output\nthe command never ran: CannotPullContainerError\n"
    )


def test_an_empty_environment_has_no_shell(empty_bench: Bench, capsys: Output) -> None:
    assert empty_bench.run("shell", "true") == 5
    assert capsys.readouterr().err == (
        "no release is live here, so there is nothing to run a command beside\n"
    )
    assert empty_bench.world.shells == []
