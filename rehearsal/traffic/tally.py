"""Counts what became of each request; pure, so that a report can be checked by hand."""

import itertools
import math
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

LISTED_FAILURES = 20
UNKNOWN_SLOT = "unknown"


@dataclass(frozen=True, kw_only=True, slots=True)
class Record:
    """One request. Times are seconds; `at` and `ended_at` count from the start of the load."""

    at: float
    """When it was due."""
    ended_at: float
    latency_seconds: float
    """From when its last byte was due, whether or not it was sent then."""
    late_seconds: float
    """How late the prober itself was: its part of the latency."""
    kind: str
    status: int | None
    reason: str
    """Empty for a success."""
    release: str | None


@dataclass(frozen=True, kw_only=True)
class KindCount:
    requests: int
    failed: int
    p50_ms: float
    p99_ms: float


@dataclass(frozen=True, kw_only=True)
class Second:
    """What was due in one second of the load."""

    second: int
    slots: dict[str, int]
    """Successes by the slot that answered."""
    failed: int
    p50_ms: float
    p99_ms: float


@dataclass(frozen=True, kw_only=True)
class LoadResult:
    """Exact counts of one load; `failed` is 0 only if each request got the answer it expected."""

    started_at: float
    """Seconds since the epoch."""
    seconds: float
    """From the start to the last answer."""
    planned_rate_per_second: float
    rate_per_second: float
    requests: int
    failed: int
    p50_ms: float
    p99_ms: float
    max_ms: float
    largest_gap_ms: float
    """See the function of this name."""
    prober_late_p99_ms: float
    kinds: dict[str, KindCount]
    slots: dict[str, int]
    reasons: dict[str, int]
    """How many requests failed for each reason."""
    failures: tuple[Record, ...]
    """The first 20 that failed."""
    timeline: tuple[Second, ...]


def tally(
    started_at: float, records: Iterable[Record], *, plan_rate: float, slots: Mapping[str, str]
) -> LoadResult:
    """Counts the records; `slots` maps release ids to slots, and what it lacks is `unknown`."""
    ordered = sorted(records, key=lambda record: record.at)
    failures = [record for record in ordered if record.reason]
    latencies = sorted(record.latency_seconds for record in ordered)
    last_due = ordered[-1].at if ordered else 0.0
    end = max((record.ended_at for record in ordered), default=0.0)
    by_second: dict[int, list[Record]] = {second: [] for second in range(math.floor(last_due) + 1)}
    for record in ordered:
        by_second[math.floor(record.at)].append(record)
    return LoadResult(
        started_at=started_at,
        seconds=round(end, 3),
        planned_rate_per_second=plan_rate,
        # n requests span n - 1 intervals; one alone has no rate but the planned one.
        rate_per_second=round((len(ordered) - 1) / last_due, 1) if last_due else plan_rate,
        requests=len(ordered),
        failed=len(failures),
        p50_ms=percentile_ms(latencies, 50),
        p99_ms=percentile_ms(latencies, 99),
        max_ms=percentile_ms(latencies, 100),
        largest_gap_ms=largest_gap_ms(ordered, last_due),
        prober_late_p99_ms=percentile_ms(sorted(record.late_seconds for record in ordered), 99),
        kinds={
            kind: _count([record for record in ordered if record.kind == kind])
            for kind in sorted({record.kind for record in ordered})
        },
        slots=_slots(ordered, slots),
        reasons=dict(Counter(record.reason for record in failures).most_common()),
        failures=tuple(failures[:LISTED_FAILURES]),
        timeline=tuple(
            Second(
                second=second,
                slots=_slots(due, slots),
                failed=sum(1 for record in due if record.reason),
                p50_ms=percentile_ms(sorted(record.latency_seconds for record in due), 50),
                p99_ms=percentile_ms(sorted(record.latency_seconds for record in due), 99),
            )
            for second, due in by_second.items()
        ),
    )


def percentile_ms(ascending_seconds: Sequence[float], percent: int) -> float:
    """The nearest-rank percentile in milliseconds, so always a value that occurred; 0 of none."""
    if not ascending_seconds:
        return 0.0
    rank = max(1, math.ceil(len(ascending_seconds) * percent / 100))
    return round(ascending_seconds[rank - 1] * 1000, 3)


def largest_gap_ms(records: Sequence[Record], last_due: float) -> float:
    """The longest time without a success while there should have been some.

    It is measured from the start to the first success after the last request was due; the slow
    ones that trickle in later say nothing about a gap.
    """
    successes = sorted(record.ended_at for record in records if not record.reason)
    before = [moment for moment in successes if moment < last_due]
    last = next(iter(successes[len(before) :]), max((r.ended_at for r in records), default=0.0))
    gaps = [later - earlier for earlier, later in itertools.pairwise([0.0, *before, last])]
    return round(max(gaps) * 1000, 3)


def _count(records: Sequence[Record]) -> KindCount:
    latencies = sorted(record.latency_seconds for record in records)
    return KindCount(
        requests=len(records),
        failed=sum(1 for record in records if record.reason),
        p50_ms=percentile_ms(latencies, 50),
        p99_ms=percentile_ms(latencies, 99),
    )


def _slots(records: Iterable[Record], slots: Mapping[str, str]) -> dict[str, int]:
    answered = Counter(
        slots.get(record.release or "", UNKNOWN_SLOT) for record in records if not record.reason
    )
    return dict(sorted(answered.items()))
