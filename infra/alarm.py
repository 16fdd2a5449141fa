"""What an alarm looks at, from when on that is bad, and what it tells a person."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

import pulumi

# Who looks after it; a team's name is put here once.
OWNER = "platform"

Severity = Literal["page", "ticket"]
"""A page wakes somebody; a ticket waits for the morning."""


@dataclass(frozen=True)
class Metric:
    """One series of CloudWatch's, by the period of the alarm that looks at it."""

    namespace: str
    name: str
    statistic: str
    dimensions: Mapping[str, pulumi.Input[str]] = field(default_factory=dict[str, str])


@dataclass(frozen=True, kw_only=True)
class Alarm:
    """Fires when `datapoints` of the last `periods` are beyond the threshold; all of them if 0.

    `metrics` and `expressions` by id; what is compared is the last expression, or without any the
    only metric. `source` says where the numbers are from, `runbook` is a page of docs/runbooks
    with its heading's anchor.
    """

    name: str
    severity: Severity
    says: str
    runbook: str
    source: str
    metrics: Mapping[str, Metric]
    expressions: Mapping[str, str] = field(default_factory=dict[str, str])
    comparison: Literal[">", ">=", "<", "<="]
    threshold: float
    period_seconds: int = 60
    periods: int
    datapoints: int = 0
    missing: Literal["breaching", "notBreaching"] = "notBreaching"

    @property
    def description(self) -> str:
        """`severity, owner: sentence. link#anchor`: what stands in the mail at night."""
        return described(self.severity, self.says, self.runbook)


def described(severity: Severity, says: str, runbook: str) -> str:
    """The text of every alarm, of one metric or composite."""
    return f"{severity}, {OWNER}: {says}. docs/runbooks/{runbook}"


def sources(alarms: Sequence[Alarm]) -> dict[str, str]:
    """Where each alarm's numbers are from, by its name."""
    return {alarm.name: alarm.source for alarm in alarms}
