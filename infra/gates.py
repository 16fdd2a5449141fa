"""The alarms of a slot that a cutover asks before it goes on: one pair for each."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pulumi

from infra.alarm import Alarm, Metric
from infra.alarms import Alarms, AlarmsArgs
from infra.outputs import ALARM_PERIODS, METRIC_PERIOD_SECONDS, SLOTS, Slot

# A slot that answers five errors in a minute for two of three minutes is not noise at any volume.
_ERRORS_PER_MINUTE = 5
_RUNBOOK = "alarms.md#a-slot-fails"


@dataclass(frozen=True, kw_only=True)
class GatesArgs:
    balancer_suffix: pulumi.Input[str]
    target_group_suffixes: Mapping[Slot, pulumi.Input[str]]
    alerts_topic_arn: pulumi.Input[str]


class Gates(pulumi.ComponentResource):
    """Server errors of a slot's own tasks, and targets of a slot that fail their health check."""

    alarm_arns: dict[Slot, Mapping[str, pulumi.Output[str]]]
    """By slot and kind. A slot's own: what they say is judged by which slot enters."""

    def __init__(
        self, name: str, args: GatesArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:Gates", name, None, opts)
        self.alarm_arns = {
            slot: Alarms(
                f"{name}-{slot}",
                AlarmsArgs(alarms=[*_pair(slot, args)], topic_arn=args.alerts_topic_arn),
                pulumi.ResourceOptions(parent=self),
            ).arns
            for slot in SLOTS
        }
        self.register_outputs({})


def _pair(slot: Slot, args: GatesArgs) -> Iterator[Alarm]:
    for name, metric, statistic, threshold, says, source in (
        (
            "errors",
            "HTTPCode_Target_5XX_Count",
            "Sum",
            _ERRORS_PER_MINUTE,
            f"tasks of the {slot} slot answer with server errors",
            "ours: so many in a minute are no noise at any volume",
        ),
        (
            "unhealthy",
            "UnHealthyHostCount",
            "Maximum",
            1,
            f"tasks of the {slot} slot fail their health check",
            "ours: every task of a slot is needed",
        ),
    ):
        yield Alarm(
            name=name,
            severity="page",
            says=says,
            runbook=_RUNBOOK,
            source=source,
            # Of minutes without an error, and of an empty slot, there are no data.
            metrics={
                "value": Metric(
                    "AWS/ApplicationELB",
                    metric,
                    statistic,
                    {
                        "LoadBalancer": args.balancer_suffix,
                        "TargetGroup": args.target_group_suffixes[slot],
                    },
                )
            },
            comparison=">=",
            threshold=threshold,
            period_seconds=METRIC_PERIOD_SECONDS,
            periods=ALARM_PERIODS,
            datapoints=2,
        )
