"""Cutover after cutover, and rollbacks between them, while requests never stop: the figures."""

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cutover.decide.outcome import Exit
from rehearsal.environment import Environment
from rehearsal.errors import RehearsalError
from rehearsal.progress import Progress
from rehearsal.tool import Ended
from rehearsal.traffic.mixes import MANY_REQUESTS
from rehearsal.traffic.tally import LoadResult, Record


@dataclass(frozen=True, kw_only=True)
class Change:
    """All of the traffic went away from a release, by a deploy or a rollback."""

    left: str
    """The release that had it before."""
    ended: Ended


@dataclass(frozen=True, kw_only=True)
class Soak:
    """What was done, and what became of the requests meanwhile."""

    changes: tuple[Change, ...]
    load: LoadResult
    quiet_after_seconds: tuple[float, ...]
    """For each change: from its command to the last answer of the release that it left."""
    broken: str = ""
    """Why it ended before its time, a sentence."""


def soak(
    environment: Environment,
    progress: Progress,
    *,
    cutovers: int,
    rollbacks: int,
    requests: int,
    rate: int,
) -> Soak:
    """At least so many of each, or until a command ends otherwise than it should."""
    changes: list[Change] = []
    with progress.step(f"Sending {rate} requests/s"):
        load = environment.start_load(MANY_REQUESTS, rate_per_second=rate)
    number, broken = 0, ""
    try:
        while number < cutovers or load.due < requests + rate:
            number += 1
            returns = goes_back(number, cutovers=cutovers, rollbacks=rollbacks)
            with progress.step(f"Cutover {number}" + (" and back" if returns else "")):
                changes += _cut_over(environment, f"soak-{number}", returns=returns)
    except RehearsalError as error:
        # What was seen until then is not lost.
        broken = str(error)
    with progress.step("Counting requests"):
        result = load.finish(environment.slots)
    started_at, records = load.records()
    return Soak(
        changes=tuple(changes),
        load=result,
        quiet_after_seconds=tuple(quiet_after(started_at, records, changes)),
        broken=broken,
    )


def goes_back(number: int, *, cutovers: int, rollbacks: int) -> bool:
    """Whether a rollback follows this cutover, the first being 1: they are spread evenly."""
    return number <= cutovers and number * rollbacks // cutovers > (number - 1) * rollbacks // (
        cutovers
    )


def quiet_after(
    started_at: float, records: Sequence[Record], changes: Sequence[Change]
) -> Iterator[float]:
    """For each change: seconds from its command to the last answer of the release that it left.

    `started_at` is the load's start in epoch seconds. The release may come back with a later
    change, whose answers are not this one's.
    """
    begins = [change.ended.began_at - started_at for change in changes]
    for change, begin, end in zip(changes, begins, [*begins[1:], float("inf")], strict=True):
        last = max(
            (r.ended_at for r in records if r.release == change.left and begin <= r.ended_at < end),
            default=begin,
        )
        yield last - begin


def table(soaked: Soak) -> str:
    """The figures, as Markdown."""
    deploys = [c.ended for c in soaked.changes if c.ended.verb == "deploy"]
    rollbacks = [c.ended for c in soaked.changes if c.ended.verb == "rollback"]
    pairs = list(zip(soaked.changes, soaked.quiet_after_seconds, strict=True))
    load = soaked.load
    rows = [
        ("requests", f"{load.requests:,} at {load.rate_per_second:g}/s"),
        ("failed", f"{load.failed:,}"),
        ("cutovers", f"{len(deploys)}"),
        ("rollbacks", f"{len(rollbacks)}"),
        ("largest gap without a success", f"{load.largest_gap_ms:.0f} ms"),
        ("median and 99th percentile of latency", f"{load.p50_ms:.0f} and {load.p99_ms:.0f} ms"),
    ]
    for name, ended in (("cutover", deploys), ("rollback", rollbacks)):
        if ended:
            verb = ended[0].verb
            quiet = [seconds for change, seconds in pairs if change.ended.verb == verb]
            rows += [
                (f"seconds from a {name}'s command to no request on the old slot", _spread(quiet)),
                (f"seconds of a {name} as a whole", _spread([e.seconds for e in ended])),
                (f"API calls of a {name}", _spread([float(e.calls) for e in ended], digits=0)),
            ]
    lines = ["| what | seen |", "|---|---|", *(f"| {what} | {seen} |" for what, seen in rows)]
    return "\n".join(lines)


def _spread(values: Sequence[float], digits: int = 1) -> str:
    return f"median {statistics.median(values):.{digits}f}, at most {max(values):.{digits}f}"


def _cut_over(environment: Environment, release: str, *, returns: bool) -> Iterator[Change]:
    left = environment.releases[environment.slot]
    options = ["--no-retire"] if returns else []
    yield Change(left=left, ended=_done(environment.deploy(release, *options)))
    if returns:
        ended = environment.note(environment.tool.run("rollback"))
        yield Change(left=release, ended=_done(ended))


def _done(ended: Ended) -> Ended:
    if ended.exit != Exit.DONE:
        raise RehearsalError(
            f"cutover {ended.verb} ended with {ended.exit} instead of 0: {ended.sentence}"
        )
    return ended
