"""The verbs through the real parser, on an environment in memory: codes, sentences, objects."""

import contextlib
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cutover.say.interrupts import interrupts_noted
from infra.outputs import Owner
from tests.cutover_bench import DEPLOY, Bench, Output

ROOT = Path(__file__).parent.parent


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_leaves_the_run_open_between_two_calls(
    bench: Bench, capsys: Output, number: int
) -> None:
    before = {n: signal.getsignal(n) for n in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}

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


DEAD = Owner(run="d9", purpose="deploy", host="ci", pid=3, by="ci")


@pytest.mark.parametrize(
    "command",
    [
        ("freeze", "--reason", "party"),
        ("unfreeze",),
        ("verify", "--adopt"),
        ("resume", "--adopt"),
        ("guard", "--", "/bin/false"),
    ],
    ids=lambda command: command[0],
)
def test_a_wait_for_a_dead_run_is_told_of_and_ctrl_c_ends_it(
    bench: Bench, capsys: Output, command: tuple[str, ...]
) -> None:
    bench.store.append(bench.store.read(), (), owner=DEAD, run="")
    written = len(bench.store.entries)
    began = bench.clock.at
    bench.clock.meanwhile = lambda: signal.raise_signal(signal.SIGINT)
    assert bench.run(*command) == 9
    waiting, ended = capsys.readouterr().err.splitlines()
    assert waiting.endswith(
        "deploy of ci (run d9, ci) has the lease: waiting 41 s at most for a sign of life"
    )
    assert ended.startswith("interrupted while it waited for the lease; ")
    assert (bench.clock.at - began, len(bench.store.entries)) == (1, written)
    assert bench.store.lease.owner == DEAD


def test_the_first_signal_counts_and_how_they_were_handled_comes_back() -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    with contextlib.suppress(RuntimeError), interrupts_noted() as interrupts:
        assert not interrupts
        signal.raise_signal(signal.SIGTERM)
        signal.raise_signal(signal.SIGINT)
        assert (bool(interrupts), interrupts.came) == (True, signal.SIGTERM)
        raise RuntimeError
    assert {number: signal.getsignal(number) for number in before} == before


def test_a_signal_within_is_a_signal_outside_too() -> None:
    """A rollback tries again and again, and each attempt notes signals: none is lost between."""
    before = signal.getsignal(signal.SIGTERM)
    with interrupts_noted() as outside:
        with interrupts_noted() as within:
            signal.raise_signal(signal.SIGTERM)
        assert within.came == outside.came == signal.SIGTERM
        assert signal.getsignal(signal.SIGTERM) == outside.note
    assert signal.getsignal(signal.SIGTERM) == before


def test_under_nohup_a_closed_terminal_is_no_signal() -> None:
    before = signal.signal(signal.SIGHUP, signal.SIG_IGN)
    try:
        with interrupts_noted() as interrupts:
            signal.raise_signal(signal.SIGHUP)
            assert interrupts.came is None
        assert signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    finally:
        signal.signal(signal.SIGHUP, before)


def test_a_message_that_gets_nowhere_is_said_once_and_changes_nothing(
    empty_bench: Bench, capsys: Output
) -> None:
    empty_bench.refuse_messages("the topic is gone")
    assert empty_bench.run(*DEPLOY, "r1") == 0
    said = capsys.readouterr()
    assert said.out == "r1 serves from blue\n"
    assert said.err.count("the fake channel was not told: the topic is gone\n") == 1


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
