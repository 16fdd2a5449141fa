"""Alarms of one part of the environment, as CloudWatch takes them; each tells a topic, or none."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.alarm import Alarm, Metric, sources

_OPERATORS = {
    ">": "GreaterThanThreshold",
    ">=": "GreaterThanOrEqualToThreshold",
    "<": "LessThanThreshold",
    "<=": "LessThanOrEqualToThreshold",
}
# The others are CloudWatch's extended statistics, such as p90 and PR(:0.2).
_STATISTICS = ("Average", "Maximum", "Minimum", "SampleCount", "Sum")


@dataclass(frozen=True, kw_only=True)
class AlarmsArgs:
    """Without a topic nobody is told: such alarms are parts of a composite one.

    An alarm is where its metrics are, and tells only a topic of the same region.
    """

    alarms: Sequence[Alarm]
    topic_arn: pulumi.Input[str] | None
    region: str | None = None


class Alarms(pulumi.ComponentResource):
    """One alarm of CloudWatch's for each, named `<name>-<alarm>`."""

    arns: Mapping[str, pulumi.Output[str]]
    """ARN of each alarm, by its name here."""
    names: Mapping[str, pulumi.Output[str]]
    """What CloudWatch calls each of them."""

    def __init__(
        self, name: str, args: AlarmsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:Alarms", name, None, opts)
        told = None if args.topic_arn is None else [args.topic_arn]
        made = {
            alarm.name: aws.cloudwatch.MetricAlarm(
                f"{name}-{alarm.name}",
                region=args.region,
                alarm_description=alarm.description,
                **_watched(alarm),
                evaluation_periods=alarm.periods,
                datapoints_to_alarm=alarm.datapoints or alarm.periods,
                comparison_operator=_OPERATORS[alarm.comparison],
                threshold=alarm.threshold,
                treat_missing_data=alarm.missing,
                alarm_actions=told,
                ok_actions=told,
                opts=pulumi.ResourceOptions(parent=self),
            )
            for alarm in args.alarms
        }
        self.arns = {name: one.arn for name, one in made.items()}
        self.names = {name: one.name for name, one in made.items()}
        # In the state, and so in `pulumi stack export`, for who wonders about a number.
        self.register_outputs({"sources": sources(args.alarms)})


def _watched(alarm: Alarm) -> dict[str, Any]:
    if alarm.expressions:
        return {"metric_queries": _queries(alarm)}
    (metric,) = alarm.metrics.values()
    kind = "statistic" if metric.statistic in _STATISTICS else "extended_statistic"
    return {
        "namespace": metric.namespace,
        "metric_name": metric.name,
        "dimensions": metric.dimensions or None,
        kind: metric.statistic,
        "period": alarm.period_seconds,
    }


def _queries(alarm: Alarm) -> list[aws.cloudwatch.MetricAlarmMetricQueryArgs]:
    compared = [*alarm.expressions][-1]
    return [
        *(
            aws.cloudwatch.MetricAlarmMetricQueryArgs(
                id=id_, metric=_series(metric, alarm.period_seconds), return_data=False
            )
            for id_, metric in alarm.metrics.items()
        ),
        *(
            aws.cloudwatch.MetricAlarmMetricQueryArgs(
                id=id_, expression=expression, label=id_, return_data=id_ == compared
            )
            for id_, expression in alarm.expressions.items()
        ),
    ]


def _series(metric: Metric, period_seconds: int) -> aws.cloudwatch.MetricAlarmMetricQueryMetricArgs:
    return aws.cloudwatch.MetricAlarmMetricQueryMetricArgs(
        namespace=metric.namespace,
        metric_name=metric.name,
        dimensions=metric.dimensions,
        stat=metric.statistic,
        period=period_seconds,
    )
