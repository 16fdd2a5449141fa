"""What is said of the requests at the end of a rehearsal, and which scenarios are played."""

import re
from typing import cast

import pytest

from rehearsal.blame import Excuse, Verdict
from rehearsal.checks import Unmet
from rehearsal.errors import RehearsalError
from rehearsal.scenarios import SCENARIOS
from rehearsal.traffic.client import Client
from rehearsal.traffic.tally import LoadResult, Record, tally
from rehearsal.traffic.visitor import Visitor
from rehearsal.under_load import kept_out, names, never_logged_out, nothing_else_failed


def record(number: int, *, failing: bool = False) -> Record:
    return Record(
        at=number / 10,
        ended_at=number / 10,
        latency_seconds=0.0,
        late_seconds=0.0,
        kind="health",
        status=502 if failing else 200,
        reason="status 502, expected 200" if failing else "",
        release=None if failing else "release-1",
    )


def load(failing: int = 0) -> LoadResult:
    records = [record(n, failing=n < failing) for n in range(40)]
    return tally(0.0, records, plan_rate=10, slots={"release-1": "blue"})


def test_no_failure_is_said_with_what_was_sent() -> None:
    verdict = Verdict(excuses=(), unexcused=())
    assert nothing_else_failed(load(), verdict) == "40 at 10/s: none failed; no others"


def test_every_excuse_is_told() -> None:
    excuses = (Excuse(failed=2, reason="at release-2"), Excuse(failed=1, reason="when killed"))
    assert nothing_else_failed(load(3), Verdict(excuses=excuses, unexcused=())) == (
        "40 at 10/s: 2 failed at release-2; 1 failed when killed; no others"
    )


def test_one_failure_without_a_reason_is_too_many() -> None:
    excuses = (Excuse(failed=2, reason="at release-2"),)
    verdict = Verdict(excuses=excuses, unexcused=(record(2, failing=True),))
    said = (
        "1 of 40 requests failed without a reason of ours; the first was health at 0.2 s, "
        "answered by nobody: status 502, expected 200"
    )
    with pytest.raises(Unmet, match=f"^{re.escape(said)}$"):
        nothing_else_failed(load(3), verdict)


@pytest.mark.parametrize(
    ("visits", "logged_out", "said"),
    [
        (40, 1, "of a person's 40 clicks 1 had lost the session"),
        (0, 0, "a person was refused all of 3 clicks"),
    ],
)
def test_a_session_that_is_lost_once_is_lost(visits: int, logged_out: int, said: str) -> None:
    def visitor(visits: int, logged_out: int) -> Visitor:
        found = Visitor(cast(Client, None))
        found.visits, found.logged_out, found.refused = visits, logged_out, 3
        return found

    with pytest.raises(Unmet, match=f"^{re.escape(said)}$"):
        never_logged_out(visitor(visits, logged_out))
    # A refusal is for the count of requests to judge.
    assert never_logged_out(visitor(40, 0)) == "one session lived through 40 clicks"


def test_a_release_that_was_to_be_kept_out_is_seen_by_its_first_answer() -> None:
    records = [record(n) for n in range(3)]
    assert kept_out(["release-5", "release-6"], records) == "release-5, release-6 answered nobody"
    with pytest.raises(Unmet, match=r"^release-1 answered requests$"):
        kept_out(["release-5", "release-1"], records)


def test_scenarios_are_played_in_their_own_order() -> None:
    every = tuple(name for name, _ in SCENARIOS)
    assert len(every) == 11
    assert (names("all"), names("none")) == (every, ())
    assert names("tasks-killed,errors") == ("errors", "tasks-killed")


@pytest.mark.parametrize("chosen", ["", "eror", "errors,", "all,errors"])
def test_an_unknown_scenario_is_one_sentence(chosen: str) -> None:
    with pytest.raises(RehearsalError, match=r"^there is no scenario .*; they are good-release, "):
        names(chosen)
