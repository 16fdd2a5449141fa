"""Metrics that are counted from log lines: what no service of AWS measures by itself.

A field that a pattern names is one that nginx or the app writes (docs/observability.md).
"""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.outputs import SLOTS, metrics_namespace

SLOW_SECONDS = 1
# What a probe of a cutover is answered by a slot is that cutover's concern.
_OF_USERS = " && ".join(f'($.probe != "{slot}")' for slot in SLOTS)


@dataclass(frozen=True, kw_only=True)
class LogMetric:
    """`value` for each line of the log that matches the pattern; nothing matched counts as 0."""

    metric: str
    log: str
    pattern: str
    value: str = "1"
    unit: str = "Count"


LOG_METRICS = (
    LogMetric(
        metric="AppErrors", log="app", pattern='{ ($.level = "ERROR") || ($.level = "CRITICAL") }'
    ),
    LogMetric(
        metric="FailedRequests", log="nginx", pattern=f"{{ ($.status >= 500) && {_OF_USERS} }}"
    ),
    LogMetric(
        metric="SlowRequests",
        log="nginx",
        pattern=f"{{ ($.seconds > {SLOW_SECONDS}) && {_OF_USERS} }}",
    ),
    # Once a minute: how long clients waited for a connection to the database, a second on average.
    LogMetric(
        metric="PoolWait",
        log="pgbouncer",
        pattern="[..., word = wait, microseconds, unit = us]",
        value="$microseconds",
        unit="Microseconds",
    ),
    LogMetric(metric="PoolErrors", log="pgbouncer", pattern='"pooler error"'),
)


@dataclass(frozen=True, kw_only=True)
class LogMetricsArgs:
    log_groups: Mapping[str, pulumi.Input[str]]
    """Name of the log group of each container."""


class LogMetrics(pulumi.ComponentResource):
    """A metric filter for each of LOG_METRICS."""

    namespace: str
    """CloudWatch's namespace of the metrics; they have no dimension."""

    def __init__(
        self, name: str, args: LogMetricsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:LogMetrics", name, None, opts)
        # A dimension could only be a field of the line, and each value of it is paid for.
        self.namespace = metrics_namespace(name)
        for one in LOG_METRICS:
            aws.cloudwatch.LogMetricFilter(
                f"{name}-{one.metric}",
                log_group_name=args.log_groups[one.log],
                pattern=one.pattern,
                metric_transformation=aws.cloudwatch.LogMetricFilterMetricTransformationArgs(
                    name=one.metric,
                    namespace=self.namespace,
                    value=one.value,
                    unit=one.unit,
                    default_value="0",
                ),
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({"namespace": self.namespace})
