"""The page about capacity: every environment's lines, as Markdown; pure."""

from collections.abc import Iterator, Mapping

from infra import capacity
from infra.settings import Settings

_INTRODUCTION = f"""\
# Capacity

What ten times today's traffic needs during a cutover, when both slots have all the tasks for it.
Written by `make capacity` from the stack files (`infra/capacity.py`); a test fails when it is
stale.

Today's traffic is `service/requests_per_minute_per_task` times `service/min_tasks`: put a figure of
a load test of your own app there, or all of this is about another one. Of the app it assumes what
the reference workload does: {capacity.APP_THREADS} threads in a task, one connection to Redis each.

Not in here, because no setting says it: the CPU, memory and disk of PostgreSQL and Redis under your
queries, and what other services allow you. Quotas are those of a new account, and environments
that share the account share them.
"""


def markdown(chosen: Mapping[str, Settings]) -> str:
    """The whole page, for the environments by name."""
    return "\n".join([*_page(chosen), ""])


def summary(settings: Settings) -> Iterator[str]:
    """What the lines are about, one sentence each."""
    today = capacity.requests_per_minute(settings)
    tenfold = today * capacity.TIMES
    yield f"Today {today:,} requests a minute; ten times that are {tenfold // 60:,} a second."
    yield (
        f"The limits of the edge ({settings.cdn.waf_requests_per_5_minutes:,} requests in five "
        f"minutes) and of nginx ({settings.nginx.rate_limit_per_second} a second and task) are for "
        "one client address: more people need no other limit, but ten times the traffic has to "
        f"come from {capacity.least_addresses(settings)} addresses or more."
    )


def _page(chosen: Mapping[str, Settings]) -> Iterator[str]:
    yield _INTRODUCTION
    for name, settings in chosen.items():
        yield from (f"## {name}", "", *summary(settings), "")
        yield from ("| | Today | Ten times | There is | |", "|---|---:|---:|---:|---|")
        for line in capacity.lines(settings):
            yield (
                f"| {line.what} | {line.today:,} | {line.tenfold:,} | {line.there_is:,} "
                f"| {line.verdict} |"
            )
        yield ""
