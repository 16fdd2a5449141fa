"""A failed request is excused by a fault or a loss of ours, and by nothing else."""

import dataclasses

import pytest

from rehearsal.blame import Loss, judge
from rehearsal.traffic.tally import Record

STARTED = 1_000_000.0
OK = Record(
    at=10.0,
    ended_at=10.1,
    latency_seconds=0.1,
    late_seconds=0.0,
    kind="health",
    status=200,
    reason="",
    release="release-1",
)
FAILED = dataclasses.replace(OK, status=500, reason="status 500, expected 200")
NOBODY = dataclasses.replace(FAILED, release=None)
LOSS = Loss(release="release-9", began_at=STARTED + 20, ended_at=STARTED + 25)


def due(at: float, seconds: float = 0.1, of: Record = NOBODY) -> Record:
    return dataclasses.replace(of, at=at, ended_at=at + seconds)


def test_a_success_needs_no_excuse() -> None:
    verdict = judge(STARTED, [OK], faulty={"release-1": "errors"}, losses=[LOSS])
    assert (verdict.excuses, verdict.unexcused) == ((), ())


def test_a_faulty_release_excuses_what_it_answered_itself_and_nothing_else() -> None:
    own = dataclasses.replace(FAILED, release="release-2")
    verdict = judge(
        STARTED, [own, OK, own, FAILED, NOBODY], faulty={"release-2": "errors"}, losses=[]
    )
    (excuse,) = verdict.excuses
    assert (excuse.failed, excuse.reason) == (2, "at release-2, which has the fault errors")
    assert verdict.unexcused == (FAILED, NOBODY)


@pytest.mark.parametrize(
    ("record", "excused"),
    [
        (due(20.0), True),
        (due(25.0), True),
        (due(18.0, seconds=2.0), True),
        (due(18.0, seconds=1.9), False),
        (due(25.1), False),
        (due(22.0, of=dataclasses.replace(FAILED, release="release-9")), True),
        (due(22.0, of=FAILED), False),
    ],
)
def test_a_loss_excuses_what_was_under_way_in_its_time(record: Record, *, excused: bool) -> None:
    verdict = judge(STARTED, [record], faulty={}, losses=[LOSS])
    assert verdict.unexcused == (() if excused else (record,))
    assert sum(excuse.failed for excuse in verdict.excuses) == int(excused)


def test_a_loss_says_for_how_long_requests_failed() -> None:
    verdict = judge(
        STARTED, [due(19.0, 1.5), due(20.2), due(23.46), due(24.0, of=OK)], faulty={}, losses=[LOSS]
    )
    (excuse,) = verdict.excuses
    assert (excuse.failed, excuse.reason) == (
        3,
        "under way or sent in the 3.5 s after all tasks of release-9 were killed",
    )


def test_every_failure_is_counted_once() -> None:
    twice = Loss(release="release-9", began_at=STARTED + 22, ended_at=STARTED + 30)
    own = due(22.5, of=dataclasses.replace(FAILED, release="release-9"))
    records = [due(23.0), own, FAILED]
    verdict = judge(STARTED, records, faulty={"release-9": "slow"}, losses=[LOSS, twice])
    counted = sum(excuse.failed for excuse in verdict.excuses) + len(verdict.unexcused)
    assert counted == len(records)
