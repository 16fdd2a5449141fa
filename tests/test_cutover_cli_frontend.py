"""`--frontend` from the command line: the page follows the release, there and back."""

import json
from typing import Any

import pytest

from cutover.do.world import Refused, Unavailable
from tests.cutover_bench import Bench, Output
from tests.cutover_fakes import IMAGE, throttled

KEY = "releases/r2/index.html"
DEPLOY = ("deploy", "--image", IMAGE, "--release", "r2")


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Bench:
    """r1 serves, with a page that a deploy has written."""
    bench = Bench(monkeypatch)
    bench.world.pages["releases/r1/index.html"] = "one"
    arguments = ("--release", "r1", "--frontend", "releases/r1/index.html")
    assert bench.run("deploy", "--image", IMAGE, *arguments) == 0
    assert bench.world.pages["index.html"] == "one"
    bench.world.pages[KEY] = "two"
    return bench


def test_there_and_back(bench: Bench, capsys: Output) -> None:
    assert bench.run(*DEPLOY, "--frontend", KEY, "--no-retire") == 0
    assert bench.world.pages["index.html"] == "two"
    assert f"prod: index.html is {KEY}".replace("prod", "testing") in bench.messages
    capsys.readouterr()
    assert bench.run("status") == 0
    assert f"frontend: {KEY}; as the journal left it" in capsys.readouterr().out.splitlines()
    assert bench.run("verify") == 0
    assert capsys.readouterr().out.endswith(f"; index.html is {KEY}\n")
    assert bench.run("rollback") == 0
    assert bench.world.pages["index.html"] == "one"
    assert "point blue: index.html is to be releases/r1/index.html" in told(bench, capsys)


def told(bench: Bench, capsys: Output) -> str:
    capsys.readouterr()
    assert bench.run("history") == 0
    return capsys.readouterr().out


def test_without_it_nobody_asks_s3(bench: Bench) -> None:
    def fail(call: str) -> None:
        if call in ("index", "point"):
            raise Refused("AWS denies s3:GetObject")

    bench.world.fails = fail
    assert bench.run(*DEPLOY, "--no-retire") == 0
    assert bench.run("rollback") == 0
    assert bench.world.pages["index.html"] == "one"


def test_plan_shows_the_step(bench: Bench, capsys: Output) -> None:
    capsys.readouterr()
    assert bench.run("plan", *DEPLOY[1:], "--frontend", KEY) == 0
    (line,) = (line for line in capsys.readouterr().out.splitlines() if "point green" in line)
    assert line.split("  ")[-1] == f"0 s to 5 min, up to 100 % of users, index.html becomes {KEY}"


def test_plan_and_deploy_refuse_a_page_that_is_not_there(bench: Bench, capsys: Output) -> None:
    before = len(bench.store.entries)
    for verb in ("plan", "deploy"):
        assert bench.run(verb, *DEPLOY[1:], "--frontend", "releases/r3/index.html") == 5
        assert "there is no releases/r3/index.html" in capsys.readouterr().err
    assert len(bench.store.entries) == before


@pytest.mark.parametrize("key", ["index.html", "/releases/r2/index.html", "a b"])
def test_what_can_t_be_a_page_s_key_is_wrong_input(bench: Bench, capsys: Output, key: str) -> None:
    assert bench.run(*DEPLOY, "--frontend", key) == 2
    assert f"--frontend {key} is no key of a release's own page" in capsys.readouterr().err


def test_somebody_else_s_page_is_refused_until_a_person_takes_it(
    bench: Bench, capsys: Output
) -> None:
    bench.world.pages["index.html"] = "somebody's"
    assert bench.run(*DEPLOY, "--frontend", KEY) == 5
    assert "index.html is another" in capsys.readouterr().err
    assert bench.run("verify") == 7
    assert bench.run("status", "--json") == 0
    frontend: dict[str, Any] = json.loads(capsys.readouterr().out)["frontend"]
    assert frontend == {"journal": "releases/r1/index.html", "explained": False}
    assert bench.run("verify", "--adopt") == 0
    assert bench.run(*DEPLOY, "--frontend", KEY) == 0
    assert bench.world.pages["index.html"] == "two"


def test_a_page_that_changes_under_a_run_holds_it(bench: Bench, capsys: Output) -> None:
    def meddle() -> None:
        if bench.world.live["green"] == 100 and bench.world.pages["index.html"] == "two":
            bench.world.pages["index.html"] = "somebody's"

    bench.clock.meanwhile = meddle
    assert bench.run(*DEPLOY, "--frontend", KEY, "--no-retire") == 7
    assert "`cutover resume --adopt` keeps it as it is" in capsys.readouterr().err
    assert bench.world.pages["index.html"] == "somebody's"
    bench.clock.meanwhile = lambda: None
    assert bench.run("rollback") == 0
    assert (bench.world.live["blue"], bench.world.pages["index.html"]) == (100, "one")


def test_a_held_run_goes_on_with_somebody_else_s_page(bench: Bench) -> None:
    def meddle() -> None:
        if bench.world.live["green"] == 100:
            bench.world.pages["index.html"] = "somebody's"

    bench.clock.meanwhile = meddle
    assert bench.run(*DEPLOY, "--frontend", KEY) == 7
    assert bench.run("resume") == 7
    assert bench.run("resume", "--adopt") == 0
    assert bench.world.pages["index.html"] == "somebody's"


def test_a_page_that_was_overwritten_is_put_back_by_hand(bench: Bench, capsys: Output) -> None:
    bench.world.pages["index.html"] = "somebody's"
    assert bench.run("verify") == 7
    bench.world.pages["index.html"] = bench.world.pages["releases/r1/index.html"]
    assert bench.run("verify") == 0
    assert capsys.readouterr().out.endswith("; index.html is releases/r1/index.html\n")


def test_a_held_run_goes_on_when_the_page_was_put_back_by_hand(
    bench: Bench, capsys: Output
) -> None:
    def meddle() -> None:
        if bench.world.live["green"] == 100:
            bench.world.pages["index.html"] = "somebody's"

    bench.clock.meanwhile = meddle
    assert bench.run(*DEPLOY, "--frontend", KEY) == 7
    bench.clock.meanwhile = lambda: None
    capsys.readouterr()
    assert bench.run("status", "--json") == 0
    key = json.loads(capsys.readouterr().out)["frontend"]["journal"]
    bench.world.pages["index.html"] = bench.world.pages[key]
    assert bench.run("resume") == 0
    assert bench.world.pages["index.html"] == "two"


def test_a_rollback_proves_its_weights_while_s3_is_away(bench: Bench, capsys: Output) -> None:
    assert bench.run(*DEPLOY, "--frontend", KEY, "--no-retire") == 0
    capsys.readouterr()

    def away(call: str) -> None:
        if call == "index":
            assert bench.store.read().state.summary.committed == {"blue": 100, "green": 0}
            raise Unavailable("s3:GetObject got no answer from AWS: timed out")

    bench.world.fails = away
    assert bench.run("rollback") == 4
    assert capsys.readouterr().err.splitlines()[-2:] == [
        "index.html did not become releases/r1/index.html within 300 s, as seen on the public "
        "path; blue has all of the traffic",
        "what to do: find out what kept the step; then `cutover resume` or `cutover rollback`",
    ]
    assert bench.world.live["blue"] == 100
    bench.world.fails = lambda _call: None
    assert bench.run("rollback") == 0
    assert bench.world.pages["index.html"] == "one"


def test_one_call_that_fails_is_tried_again(bench: Bench) -> None:
    bench.world.fails = throttled("point")
    assert bench.run(*DEPLOY, "--frontend", KEY) == 0
    assert bench.world.pages["index.html"] == "two"


def test_the_first_release_has_nothing_to_go_back_to(
    monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    bench = Bench(monkeypatch)
    bench.world.pages[KEY] = "two"

    def denied(call: str) -> None:
        if call == "point":
            raise Refused("AWS denies s3:PutObject")

    bench.world.fails = denied
    assert bench.run(*DEPLOY, "--frontend", KEY) == 4
    assert "index.html" not in bench.world.pages
    for verb in ("resume", "rollback", "abort"):
        capsys.readouterr()
        assert bench.run(verb) == 4
        assert "AWS denies s3:PutObject" in capsys.readouterr().err
    bench.world.fails = lambda _call: None
    assert bench.run("rollback") == 0
    assert capsys.readouterr().out == "r2 serves from blue\n"
    assert bench.world.pages["index.html"] == "two"


def test_weights_that_somebody_set_under_a_first_release_are_set_back(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    bench = Bench(monkeypatch)
    bench.world.pages[KEY] = "two"
    bench.world.fails = throttled("point")

    def meddle() -> None:
        if bench.store.read().state.summary.committed:
            bench.world.live.update(blue=0, green=100)

    bench.clock.meanwhile = meddle
    assert bench.run(*DEPLOY, "--frontend", KEY) == 7
    bench.clock.meanwhile = lambda: None
    assert bench.run("rollback") == 0
    assert (bench.world.live["blue"], bench.world.pages["index.html"]) == (100, "two")


def test_a_first_deploy_refuses_a_page_that_is_there_already(
    monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    bench = Bench(monkeypatch)
    bench.world.pages |= {KEY: "two", "index.html": "under construction"}
    assert bench.run(*DEPLOY, "--frontend", KEY) == 5
    assert "move it to a key of its own" in capsys.readouterr().err
    assert bench.world.pages["index.html"] == "under construction"
