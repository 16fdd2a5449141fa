"""Alarms of the edge: CloudFront, its function and its firewall, all of them in us-east-1."""

from collections.abc import Iterator

import pulumi

from infra.alarm import Alarm, Metric
from infra.slo import LEAST_REQUESTS
from infra.waf_rules import WINDOW_SECONDS

_ERROR_PERCENT = 5
# Five minutes of ten, not the last five: CloudFront's metrics come minutes late, and FILL puts its
# own number there, so that an alarm on all of the last ones never fires (CloudWatch user guide,
# "Using metric math", FILL).
_PERIODS, _DATAPOINTS = 10, 5
_EDGE = {"Region": "Global"}


def distribution_alarms(distribution: pulumi.Input[str]) -> Iterator[Alarm]:
    """Pages and assets count here as well, which no objective sees."""
    dimensions = {"DistributionId": distribution, **_EDGE}
    yield Alarm(
        name="errors",
        severity="page",
        says=f"more than {_ERROR_PERCENT} % of what CloudFront answers are server errors",
        runbook="alarms.md#cloudfront-answers-with-errors",
        source="AWS's recommended alarm, 5 minutes of 10; it leaves the number open",
        metrics={
            "asked": Metric("AWS/CloudFront", "Requests", "Sum", dimensions),
            "rate": Metric("AWS/CloudFront", "5xxErrorRate", "Average", dimensions),
        },
        expressions={"percent": f"IF(FILL(asked,0)>={LEAST_REQUESTS},rate,0)"},
        comparison=">",
        threshold=_ERROR_PERCENT,
        periods=_PERIODS,
        datapoints=_DATAPOINTS,
    )


def viewer_function_alarms(function: pulumi.Input[str]) -> Iterator[Alarm]:
    """A function that fails is an error for everybody who asks for a page."""
    dimensions = {"FunctionName": function, **_EDGE}
    yield Alarm(
        name="fails",
        severity="page",
        says="the function that leads every path to the page fails",
        runbook="alarms.md#cloudfront-answers-with-errors",
        source="AWS's recommended alarms of CloudFront functions, in one: none in 5 minutes of 10",
        metrics={
            "failed": Metric("AWS/CloudFront", "FunctionExecutionErrors", "Sum", dimensions),
            "invalid": Metric("AWS/CloudFront", "FunctionValidationErrors", "Sum", dimensions),
            "throttled": Metric("AWS/CloudFront", "FunctionThrottles", "Sum", dimensions),
        },
        expressions={"bad": "FILL(failed,0)+FILL(invalid,0)+FILL(throttled,0)"},
        comparison=">",
        threshold=0,
        periods=_PERIODS,
        datapoints=_DATAPOINTS,
    )


def firewall_alarms(web_acl_metric: str, requests_per_window: int) -> Iterator[Alarm]:
    """In mode `count` nothing is blocked, and it never fires."""
    yield Alarm(
        name="blocks",
        severity="ticket",
        says="the firewall refuses many requests: an attack, or users that a rule takes for one",
        runbook="alarms.md#the-firewall-refuses-many",
        source="`cdn/waf_requests_per_5_minutes`: as much as one address may ask at all",
        metrics={
            "blocked": Metric(
                "AWS/WAFV2", "BlockedRequests", "Sum", {"WebACL": web_acl_metric, "Rule": "ALL"}
            )
        },
        comparison=">=",
        threshold=requests_per_window,
        period_seconds=WINDOW_SECONDS,
        periods=1,
    )
