"""A command under the lease, or the very first one, which has none."""

import signal
import subprocess
import sys
from pathlib import Path

import pytest

from cutover.do.contract import NoContract, UnreadableContract
from cutover.do.world import Unavailable
from cutover.say import guarding
from cutover.say.answer import BadInput
from tests.cutover_bench import Bench, Output

ROOT = Path(__file__).parent.parent


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


def test_a_guard_that_finds_no_contract_runs_nothing(empty_bench: Bench, capfd: Output) -> None:
    """A typo in the name of the stack looks so, and so does another region."""

    def opening() -> None:
        raise NoContract("there is no contract /slipway/testing/contract in eu-west-1")

    empty_bench.before_opening = opening
    assert empty_bench.run("guard", "--", sys.executable, "-c", "print('ran')") == 2
    said = capfd.readouterr()
    assert (said.out, said.err) == (
        "",
        "there is no contract /slipway/testing/contract in eu-west-1\n",
    )


@pytest.mark.parametrize(("code", "there", "exits"), [(0, True, 0), (0, False, 2), (9, False, 9)])
def test_a_command_that_writes_the_contract_again_runs_without_a_lease(
    empty_bench: Bench,
    capfd: Output,
    code: int,
    there: bool,  # noqa: FBT001
    exits: int,
) -> None:
    opened = iter([False, there])

    def opening() -> None:
        if not next(opened):
            raise UnreadableContract("/slipway/testing/contract in eu-west-1: it is of version 1")

    empty_bench.before_opening = opening
    script = f"import sys; print('ran'); sys.exit({code})"
    assert empty_bench.run("guard", "--", sys.executable, "-c", script) == exits
    said = capfd.readouterr()
    assert "ran\n" in said.out
    first, *rest = said.err.splitlines()
    assert first == (
        "/slipway/testing/contract in eu-west-1: it is of version 1; the command runs without a "
        "lease, since nobody can tell where that is"
    )
    if exits == 0:
        assert said.out.endswith("stack testing has its contract now\n")
    else:
        assert rest == [
            f"the command ended with code {code}, and still /slipway/testing/contract in "
            "eu-west-1: it is of version 1"
        ]
    assert empty_bench.store.lease.version == 0


OTHERS = BadInput("it is another account's"), "it is another account's"
AWAY = (
    Unavailable("AWS does not answer"),
    "AWS does not answer; `cutover status` says whether it has its contract now",
)


@pytest.mark.parametrize(
    ("code", "exits", "after"), [(0, 2, OTHERS), (9, 9, OTHERS), (0, 10, AWAY), (9, 9, AWAY)]
)
def test_what_is_wrong_after_such_a_command_hides_no_code_of_its_own(
    empty_bench: Bench, capfd: Output, code: int, exits: int, after: tuple[Exception, str]
) -> None:
    error, said = after
    errors = iter([UnreadableContract("it is of version 1"), error])

    def opening() -> None:
        raise next(errors)

    empty_bench.before_opening = opening
    assert (
        empty_bench.run("guard", "--", sys.executable, "-c", f"raise SystemExit({code})") == exits
    )
    assert capfd.readouterr().err.splitlines()[-1] == (
        f"the command ended with code {code}, and still {said}"
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


def test_others_read_what_is_guarded_and_no_secret_of_it(bench: Bench, capfd: Output) -> None:
    held: list[str] = []
    bench.clock.meanwhile = lambda: held.append(repr(bench.store.lease.owner))
    command = ("env", "PASSPHRASE=hunter2", sys.executable, "-c", "import time; time.sleep(0.5)")
    assert bench.run("guard", "--", *command) == 0
    assert f"by='ann@desk ({Path(sys.executable).name})'" in held[0]
    assert "hunter2" not in repr(bench.store.entries) + "".join(held)
