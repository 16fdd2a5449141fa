"""The alarms of a slot that a cutover asks before it goes on: one pair for each."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.outputs import ALARM_PERIODS, METRIC_PERIOD_SECONDS, SLOTS, Slot

# A slot that answers five errors in a minute for two of three minutes is not noise at any volume.
_ERRORS_PER_MINUTE = 5


@dataclass(frozen=True, kw_only=True)
class GatesArgs:
    balancer_suffix: pulumi.Input[str]
    target_group_suffixes: Mapping[Slot, pulumi.Input[str]]
    alerts_topic_arn: pulumi.Input[str]


class Gates(pulumi.ComponentResource):
    """Server errors of a slot's own tasks, and targets of a slot that fail their health check."""

    alarm_arns: dict[Slot, dict[str, pulumi.Output[str]]]
    """By slot and kind. A slot's own: what they say is judged by which slot enters."""

    def __init__(
        self, name: str, args: GatesArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:Gates", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.alarm_arns = {}
        for slot in SLOTS:
            dimensions = {
                "LoadBalancer": args.balancer_suffix,
                "TargetGroup": args.target_group_suffixes[slot],
            }
            errors = aws.cloudwatch.MetricAlarm(
                f"{name}-{slot}-errors",
                alarm_description=f"Tasks of the {slot} slot answer with server errors",
                namespace="AWS/ApplicationELB",
                metric_name="HTTPCode_Target_5XX_Count",
                dimensions=dimensions,
                statistic="Sum",
                period=METRIC_PERIOD_SECONDS,
                evaluation_periods=ALARM_PERIODS,
                datapoints_to_alarm=2,
                comparison_operator="GreaterThanOrEqualToThreshold",
                threshold=_ERRORS_PER_MINUTE,
                # The metric exists only in minutes with an error.
                treat_missing_data="notBreaching",
                alarm_actions=[args.alerts_topic_arn],
                ok_actions=[args.alerts_topic_arn],
                opts=child,
            )
            unhealthy = aws.cloudwatch.MetricAlarm(
                f"{name}-{slot}-unhealthy",
                alarm_description=f"Tasks of the {slot} slot fail their health check",
                namespace="AWS/ApplicationELB",
                metric_name="UnHealthyHostCount",
                dimensions=dimensions,
                statistic="Maximum",
                period=METRIC_PERIOD_SECONDS,
                evaluation_periods=ALARM_PERIODS,
                datapoints_to_alarm=2,
                comparison_operator="GreaterThanOrEqualToThreshold",
                threshold=1,
                # An empty slot has no targets and so no metric.
                treat_missing_data="notBreaching",
                alarm_actions=[args.alerts_topic_arn],
                ok_actions=[args.alerts_topic_arn],
                opts=child,
            )
            self.alarm_arns[slot] = {"errors": errors.arn, "unhealthy": unhealthy.arn}
        self.register_outputs({})
