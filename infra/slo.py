"""The service level objectives, and how fast their error budgets may burn; pure.

Burn rates and windows are the Google SRE Workbook's, chapter 5, table 5-8, for a budget of 30 days.
"""

import math
from dataclasses import dataclass
from typing import Literal

from infra.alarm import Severity

BUDGET_DAYS = 30
HOUR_SECONDS = 3600
DAY_SECONDS = 24 * HOUR_SECONDS
# Of fewer requests a window says nothing (the same as a gate's, cutover/decide/limits.py).
LEAST_REQUESTS = 100


ObjectiveName = Literal["availability", "latency"]


@dataclass(frozen=True, kw_only=True)
class BurnRate:
    """Told of when the budget burns `times` as fast as lasts it the 30 days, over both windows: the
    long one says that it matters, the short one, a twelfth of it, that it goes on."""

    name: str
    severity: Severity
    long_seconds: int
    times: float

    @property
    def short_seconds(self) -> int:
        return self.long_seconds // 12

    @property
    def spent_percent(self) -> float:
        """How much of the budget is gone when the long window is full of it."""
        return round(100 * self.times * self.long_seconds / (BUDGET_DAYS * DAY_SECONDS), 6)


BURN_RATES = (
    BurnRate(name="fast", severity="page", long_seconds=HOUR_SECONDS, times=14.4),
    BurnRate(name="slow", severity="page", long_seconds=6 * HOUR_SECONDS, times=6),
    BurnRate(name="day", severity="ticket", long_seconds=DAY_SECONDS, times=3),
    BurnRate(name="three-days", severity="ticket", long_seconds=3 * DAY_SECONDS, times=1),
)


@dataclass(frozen=True, kw_only=True)
class Objective:
    """`budget` is the share of requests that may be bad, a ratio of 1."""

    name: ObjectiveName
    bad: str
    """What a bad request is, in words that go on with `requests`."""
    budget: float

    def threshold(self, rate: BurnRate) -> float:
        """The ratio of bad requests above which a budget burns so fast."""
        return round(rate.times * self.budget, 8)

    def least_requests(self, rate: BurnRate) -> int:
        """Of so many requests in a window one bad one alone is within the threshold."""
        return max(LEAST_REQUESTS, math.ceil(round(1 / self.threshold(rate), 6)))


@dataclass(frozen=True, kw_only=True)
class Slo:
    """What users are promised of the API, as the balancer sees it; percentages of requests."""

    availability_percent: float
    latency_ms: int
    latency_percent: float

    @property
    def latency_seconds(self) -> float:
        return self.latency_ms / 1000

    @property
    def objectives(self) -> tuple[Objective, Objective]:
        """Availability, and of what was answered, latency."""
        return (
            Objective(
                name="availability",
                bad="answered with 5xx",
                budget=_left(self.availability_percent),
            ),
            Objective(
                name="latency",
                bad=f"answered after {self.latency_ms} ms",
                budget=_left(self.latency_percent),
            ),
        )


def _left(percent: float) -> float:
    return round((100 - percent) / 100, 8)
