"""Every error is one sentence and a code, an object too where one is asked for."""

import json
from pathlib import Path

import pytest

from cutover.decide.journal import Malformed
from cutover.do.contract import NoContract
from cutover.do.store import LeaseLost
from cutover.do.world import ForeignRule, Refused, Unavailable
from cutover.say import cli, given
from cutover.say.answer import BadInput
from tests.cutover_bench import DEPLOY, Bench, Output, answer
from tests.cutover_fakes import IMAGE

ROOT = Path(__file__).parent.parent


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
    sentence = "what is wrong, and what to do"
    if error is Unavailable:
        sentence = f"{sentence}; give the same command again"
    assert bench.run("status") == code
    assert capsys.readouterr() == ("", f"{sentence}\n")
    assert bench.run("status", "--json") == code
    said = capsys.readouterr()
    assert json.loads(said.out) == {
        "command": "status",
        "stack": "testing",
        "exit": code,
        "sentence": sentence,
    }
    assert said.err == f"{sentence}\n"


def test_an_outage_whose_sentence_says_what_to_do_first_is_not_tried_at_once(
    bench: Bench, capsys: Output
) -> None:
    def fail() -> None:
        raise Unavailable("AWS does not answer; `cutover verify` compares them")

    bench.before_opening = fail
    assert bench.run("status") == 10
    assert capsys.readouterr().err == "AWS does not answer; `cutover verify` compares them\n"


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
            "release 'r 2' is no id; give one of 1 to 64 letters, digits, dots, underscores and "
            "hyphens that begins with a letter or a digit",
        ),
        (
            (*DEPLOY, "r2", "--run-id", "x" * 65),
            f"run '{'x' * 65}' is no id; give one of 1 to 64 letters, digits, dots, underscores "
            "and hyphens that begins with a letter or a digit",
        ),
        (
            (*DEPLOY, ".", "--run-id", "a"),
            "release '.' is no id; give one of 1 to 64 letters, digits, dots, underscores and "
            "hyphens that begins with a letter or a digit",
        ),
        (
            (*DEPLOY, "r2", "--run-id", "-x"),
            "run '-x' is no id; give one of 1 to 64 letters, digits, dots, underscores and "
            "hyphens that begins with a letter or a digit",
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
            ("freeze", "--reason", "x", "--until", "9999-12-31T23:59:59-05:00"),
            "--until 9999-12-31T23:59:59-05:00 is no time; give one as 2026-12-24T18:00 or "
            "2026-12-24T18:00+01:00",
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


@pytest.mark.parametrize("bad", ["", "-x", ".", "..", "_r", "-", "r\n", "ö1", "r/2", "x" * 65])
def test_an_id_begins_with_a_letter_or_a_digit_of_a_release_and_of_a_run(bad: str) -> None:
    for what in ("release", "run"):
        with pytest.raises(BadInput) as error:
            given.name(what, bad)
        assert str(error.value) == (
            f"{what} {bad!r} is no id; give one of 1 to 64 letters, digits, dots, underscores and "
            "hyphens that begins with a letter or a digit"
        )


@pytest.mark.parametrize("good", ["r", "7", "2026-11-24.1", "v1_2.", "x" * 64])
def test_an_id_may_be_what_releases_are_called(good: str) -> None:
    given.name("release", good)


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
    empty_bench: Bench,
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
    assert empty_bench.opened == []


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
    empty_bench: Bench,
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
    assert empty_bench.opened == []


def test_wrong_usage_is_of_the_stack_in_the_environment_and_heeds_no_option_of_another(
    empty_bench: Bench, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SLIPWAY_STACK", "prod")
    monkeypatch.setattr("sys.argv", ["cutover", "deploy", "--json"])
    assert cli.main() == 2
    assert answer(capsys)["stack"] == "prod"
    monkeypatch.setattr("sys.argv", ["cutover", "shel", "--", "jq", "--json"])
    assert cli.main() == 2
    assert capsys.readouterr().out == ""
