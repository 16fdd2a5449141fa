"""The figures of a soak, from scripted commands and requests."""

import dataclasses
import io
from types import SimpleNamespace
from typing import cast

import pytest
from rich.console import Console

from rehearsal.aws.calls import Call
from rehearsal.environment import Environment
from rehearsal.progress import Progress
from rehearsal.soak import Change, Soak, goes_back, quiet_after, soak, table
from rehearsal.tool import Ended
from rehearsal.traffic.tally import Record, tally

STARTED = 5000.0


def change(verb: str, left: str, began: float, seconds: float, calls: int) -> Change:
    ended = Ended(
        verb=verb,
        exit=0,
        answer={},
        output="",
        began_at=STARTED + began,
        ended_at=STARTED + began + seconds,
        asked=(Call(STARTED + began, "sts"),) * calls + (Call(STARTED + began, "sns"),) * 3,
    )
    return Change(left=left, ended=ended)


def answered(release: str, at: float, seconds: float = 0.5) -> Record:
    return Record(
        at=at,
        ended_at=at + seconds,
        latency_seconds=seconds,
        late_seconds=0.0,
        kind="keep-alive",
        status=200,
        reason="",
        release=release,
    )


CHANGES = (
    change("deploy", "r1", 10, 30, 100),
    change("rollback", "r2", 50, 5, 9),
    change("deploy", "r1", 60, 40, 120),
)
RECORDS = [
    *(answered("r1", at) for at in (1, 11, 24.5, 39)),
    *(answered("r2", at) for at in (25, 49, 52.5)),
    *(answered("r1", at) for at in (53, 61, 80)),
    answered("r3", 81),
]


def test_a_release_is_left_with_its_last_answer_before_the_next_command() -> None:
    assert list(quiet_after(STARTED, RECORDS, CHANGES)) == [29.5, 3.0, 20.5]


def test_a_release_that_answers_nothing_more_is_left_at_once() -> None:
    assert list(quiet_after(STARTED, [answered("r1", 9)], CHANGES[:1])) == [0.0]


@pytest.mark.parametrize(
    ("cutovers", "rollbacks", "after"),
    [(20, 5, [4, 8, 12, 16, 20]), (2, 1, [2]), (3, 3, [1, 2, 3]), (7, 2, [4, 7]), (4, 0, [])],
)
def test_rollbacks_are_spread_over_the_cutovers(
    cutovers: int, rollbacks: int, after: list[int]
) -> None:
    seen = [n for n in range(1, 50) if goes_back(n, cutovers=cutovers, rollbacks=rollbacks)]
    assert seen == after


def test_the_table_has_every_figure() -> None:
    load = tally(STARTED, RECORDS, plan_rate=10, slots={})
    quiet = tuple(quiet_after(STARTED, RECORDS, CHANGES))
    soaked = Soak(changes=CHANGES, load=load, quiet_after_seconds=quiet)
    assert table(soaked).splitlines() == [
        "| what | seen |",
        "|---|---|",
        "| requests | 11 at 0.1/s |",
        "| failed | 0 |",
        "| cutovers | 2 |",
        "| rollbacks | 1 |",
        "| largest gap without a success | 19000 ms |",
        "| median and 99th percentile of latency | 500 and 500 ms |",
        "| seconds from a cutover's command to no request on the old slot "
        "| median 25.0, at most 29.5 |",
        "| seconds of a cutover as a whole | median 35.0, at most 40.0 |",
        "| API calls of a cutover | median 110, at most 120 |",
        "| seconds from a rollback's command to no request on the old slot "
        "| median 3.0, at most 3.0 |",
        "| seconds of a rollback as a whole | median 5.0, at most 5.0 |",
        "| API calls of a rollback | median 9, at most 9 |",
    ]


def test_what_was_seen_before_a_command_failed_is_not_lost() -> None:
    held = dataclasses.replace(CHANGES[2].ended, exit=8, answer={"sentence": "the journal is odd"})
    ends = iter([CHANGES[0].ended, held])
    load = tally(STARTED, RECORDS, plan_rate=10, slots={})
    running = SimpleNamespace(due=0, finish=lambda _slots: load, records=lambda: (STARTED, RECORDS))
    environment = SimpleNamespace(
        start_load=lambda kinds, *, rate_per_second: running,
        slot="blue",
        slots={},
        releases={"blue": "r1"},
        deploy=lambda *_: next(ends),
    )
    soaked = soak(
        cast(Environment, environment),
        Progress(Console(file=io.StringIO())),
        cutovers=3,
        rollbacks=0,
        requests=1,
        rate=10,
    )
    assert soaked.broken == "cutover deploy ended with 8 instead of 0: the journal is odd"
    assert soaked.changes == (CHANGES[0],)
    assert soaked.load == load
    assert "| cutovers | 1 |" in table(soaked)
