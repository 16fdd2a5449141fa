"""What the caller leaves out, and how it is called who asks."""

import getpass
import os
import sys
import time
from pathlib import Path

import pytest

from cutover.say import caller, given
from cutover.say.answer import BadInput
from cutover.say.wanted import Wanted
from infra.outputs import Owner
from tests.cutover_bench import Bench
from tests.cutover_fakes import IMAGE

ROOT = Path(__file__).parent.parent


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


def test_what_is_no_utf_8_is_kept_out_of_a_lease_that_everybody_must_read(bench: Bench) -> None:
    """pydantic takes no lone surrogate, so a lease with one could be read, and freed, by nobody."""
    held: list[Owner] = []

    def renewed() -> None:
        held.extend([bench.store.lease.owner] if bench.store.lease.owner else [])

    bench.clock.meanwhile = renewed
    assert bench.run("guard", "--purpose", "caf\udce9", "--", sys.executable, "-c", "") == 0
    assert held[0].by == "ann@desk (caf?)"
    assert bench.run("freeze", "--reason", "caf\udce9") == 0
    assert bench.store.state.summary.frozen == "caf?"
    assert bench.messages[-1] == "testing: frozen, no step forward: caf?"


def test_an_image_is_named_in_ascii() -> None:
    with pytest.raises(BadInput, match=r"is not named by its digest; give REPOSITORY@sha256:"):
        given.image("caf\udce9" + IMAGE)


def test_two_runs_have_two_names() -> None:
    assert caller.new_run() != caller.new_run()
