"""cutover as a process: what it is told, what is heard of it, and its end in every way."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from rehearsal import tool as tools
from rehearsal.aws.calls import Call
from rehearsal.errors import RehearsalError
from rehearsal.machine.supervisor import Supervisor
from rehearsal.tool import Tool
from rehearsal.watch import Watch

STAND_IN = """\
import json, os, sys, time
if "wait" in sys.argv:
    print("waiting", flush=True)
    time.sleep(300)
names = [n for n in os.environ if n.startswith("AWS_") or n == "SLIPWAY_SECRET"]
print("a line of progress", file=sys.stderr)
print(json.dumps({
    "sentence": "release-2 serves from green",
    "weights": {"blue": 0, "green": 100},
    "releases": {"blue": "release-1", "green": "release-2"},
    "argv": sys.argv[1:],
    "names": sorted(names),
}))
if "late" in sys.argv:
    with open(sys.argv[-1], "a+") as tries:
        tries.write("x")
        tries.seek(0)
        sys.exit(10 if len(tries.read()) < 3 else 3)
sys.exit(3 if "back" in sys.argv else 0)
"""


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    with Supervisor() as started:
        yield started


@pytest.fixture
def tool(supervisor: Supervisor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tool:
    """A stand-in for cutover, in the place where the real one is looked for."""
    (tmp_path / "cutover.py").write_text(STAND_IN)
    monkeypatch.setattr(tools, "ROOT", tmp_path)
    monkeypatch.setenv("SLIPWAY_SECRET", "of the shell that started the rehearsal")
    return Tool(
        supervisor=supervisor,
        watch=Watch(()),
        stack="staging",
        variables={"AWS_ENDPOINT_URL": "http://127.0.0.1:1"},
        calls=lambda: (Call(1.0, "ssm"), Call(time.time() + 300, "ssm")),
    )


def test_a_command_gets_the_stack_and_awss_variables_and_nothing_else(tool: Tool) -> None:
    ended = tool.run("deploy", "--release", "release-2")
    argv = ["deploy", "--stack", "staging", "--json", "--release", "release-2"]
    assert ended.answer["argv"] == argv
    assert ended.answer["names"] == ["AWS_ENDPOINT_URL"]


def test_what_it_answered_is_read_from_its_object(tool: Tool) -> None:
    ended = tool.run("resume")
    assert (ended.verb, ended.exit, ended.sentence) == ("resume", 0, "release-2 serves from green")
    assert ended.weights == {"blue": 0, "green": 100}
    assert ended.releases == {"blue": "release-1", "green": "release-2"}
    assert "a line of progress" in ended.output
    assert tool.run("resume", "back").exit == 3


def test_only_the_calls_between_begin_and_end_are_its_own(tool: Tool) -> None:
    early, late = Call(time.time() - 60, "ssm"), Call(time.time() + 60, "ssm")
    assert tool.run("rollback").calls == 0
    between = [early]
    tool.calls = lambda: (*between, late)
    command = tool.start("rollback", "wait")
    began = time.time()
    between += [Call(began, "ssm"), Call(began + 0.001, "sns"), Call(began + 0.002, "sts")]
    tool.watch.wait_until(
        lambda: time.time() > began + 0.01, what="no time passed", timeout_seconds=10
    )
    ended = command.kill()
    assert (ended.calls, ended.messages, ended.asked[0].at) == (2, 1, began)
    assert ended.loading_seconds == began - ended.began_at


def test_a_killed_command_has_no_answer(tool: Tool) -> None:
    command = tool.start("deploy", "wait")
    assert command.running
    tool.watch.wait_until(
        lambda: "waiting" in command.output(), what="it said nothing", timeout_seconds=30
    )
    ended = command.kill()
    assert (ended.exit, ended.answer, ended.sentence) == (-9, {}, "waiting")
    assert ended.weights == {}
    assert not command.running


def test_a_command_that_never_ends_is_named(tool: Tool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tools, "LONGEST_SECONDS", 0.3)
    with pytest.raises(RehearsalError, match=r"^cutover deploy did not end within 0\.3 seconds$"):
        tool.run("deploy", "wait")


def test_a_command_is_given_again_while_aws_does_not_answer(
    tool: Tool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tools, "AGAIN_SECONDS", 0)
    tries = tmp_path / "tries"
    assert tool.insist("deploy", "late", str(tries)).exit == 3
    assert tries.read_text() == "xxx"


def test_a_command_is_given_again_for_a_bounded_time(
    tool: Tool, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(tools, "INSIST_SECONDS", 0)
    tries = tmp_path / "tries"
    assert tool.insist("deploy", "late", str(tries)).exit == 10
    assert tries.read_text() == "x"


def test_the_program_that_is_run_is_the_one_of_this_checkout() -> None:
    assert (tools.ROOT / "cutover" / "__main__.py").exists()
