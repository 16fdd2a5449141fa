"""The alarms of a slot that a cutover asks before it goes on: one pair for each."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pulumi

from infra.alarm import Alarm, Metric
from infra.alarms import Alarms, AlarmsArgs
from infra.outputs import ALARM_PERIODS, METRIC_PERIOD_SECONDS, SLOTS, Slot
from infra.slo import BURN_RATES, Slo

# Of fewer errors in a minute a share says nothing.
_FEW = 5
_RUNBOOK = "alarms.md#a-slot-fails"


@dataclass(frozen=True, kw_only=True)
class GatesArgs:
    slo: Slo
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
    """Of minutes without an error, and of an empty slot, there are no data, and nothing is bad."""

    def metric(name: str, statistic: str) -> Metric:
        return Metric(
            "AWS/ApplicationELB",
            name,
            statistic,
            {
                "LoadBalancer": args.balancer_suffix,
                "TargetGroup": args.target_group_suffixes[slot],
            },
        )

    availability, _ = args.slo.objectives
    yield Alarm(
        name="errors",
        severity="page",
        says=f"tasks of the {slot} slot answer with server errors",
        runbook=_RUNBOOK,
        # Minutes, where the page over the whole budget takes an hour of them.
        source=f"the threshold of the fast page of `slo`, and no fewer than {_FEW} in a minute",
        metrics={
            "routed": metric("RequestCount", "Sum"),
            "failed": metric("HTTPCode_Target_5XX_Count", "Sum"),
        },
        expressions={"share": f"IF(FILL(failed,0)>={_FEW},failed/routed,0)"},
        comparison=">",
        threshold=availability.threshold(BURN_RATES[0]),
        period_seconds=METRIC_PERIOD_SECONDS,
        periods=ALARM_PERIODS,
        datapoints=2,
    )
    yield Alarm(
        name="unhealthy",
        severity="page",
        says=f"tasks of the {slot} slot fail their health check",
        runbook=_RUNBOOK,
        source="ours: every task of a slot is needed",
        metrics={"unhealthy": metric("UnHealthyHostCount", "Maximum")},
        comparison=">=",
        threshold=1,
        period_seconds=METRIC_PERIOD_SECONDS,
        periods=ALARM_PERIODS,
        datapoints=2,
    )
