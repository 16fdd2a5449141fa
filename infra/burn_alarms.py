"""Alarms on how fast the error budgets burn: a composite one for each rate, of two windows each."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.alarm import Alarm, described
from infra.alarms import Alarms, AlarmsArgs
from infra.sli import Series, series
from infra.slo import BURN_RATES, DAY_SECONDS, BurnRate, Objective, Slo

RUNBOOK = "slo.md#the-error-budget-burns"
_SOURCE = "Google SRE Workbook, chapter 5, table 5-8, times the budget of `slo`"


@dataclass(frozen=True, kw_only=True)
class BurnAlarmsArgs:
    slo: Slo
    balancer_suffix: pulumi.Input[str]
    topic_arn: pulumi.Input[str]


class BurnAlarms(pulumi.ComponentResource):
    """Both windows of a rate must burn; only then, and only once, is anybody told."""

    arns: Mapping[str, pulumi.Output[str]]
    """ARN of each composite alarm, by objective and rate: `availability-fast`."""

    def __init__(
        self, name: str, args: BurnAlarmsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:BurnAlarms", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.arns = {}
        for objective in args.slo.objectives:
            measured = series(objective.name, args.slo, args.balancer_suffix)
            windows = Alarms(
                f"{name}-{objective.name}",
                AlarmsArgs(alarms=[*_windows(objective, measured)], topic_arn=None),
                child,
            )
            for rate in BURN_RATES:
                kind = f"{objective.name}-{rate.name}"
                self.arns[kind] = aws.cloudwatch.CompositeAlarm(
                    f"{name}-{kind}",
                    alarm_name=f"{name}-{kind}",  # the provider makes up none for this type
                    alarm_description=described(rate.severity, _says(objective, rate), RUNBOOK),
                    alarm_rule=pulumi.Output.format(
                        'ALARM("{0}") AND ALARM("{1}")',
                        windows.arns[f"{rate.name}-long"],
                        windows.arns[f"{rate.name}-short"],
                    ),
                    alarm_actions=[args.topic_arn],
                    ok_actions=[args.topic_arn],
                    opts=child,
                ).arn
        self.register_outputs({})


def _says(objective: Objective, rate: BurnRate) -> str:
    return (
        f"requests {objective.bad} burn the error budget {rate.times:g} times too fast, "
        f"{rate.spent_percent:g} % of it in {_length(rate.long_seconds)}"
    )


def _windows(objective: Objective, measured: Series) -> Iterator[Alarm]:
    for rate in BURN_RATES:
        for end, seconds in (("long", rate.long_seconds), ("short", rate.short_seconds)):
            # No period of an alarm is longer than a day: of three days each must burn.
            period = min(seconds, DAY_SECONDS)
            yield Alarm(
                name=f"{rate.name}-{end}",
                severity=rate.severity,
                says=f"over {_length(seconds)} {_says(objective, rate)}",
                runbook=RUNBOOK,
                source=_SOURCE,
                metrics=measured.metrics,
                expressions={
                    "asked": measured.asked,
                    "share": measured.share,
                    "burning": f"IF(asked>={objective.least_requests(rate)},share,0)",
                },
                comparison=">",
                threshold=objective.threshold(rate),
                period_seconds=period,
                periods=seconds // period,
            )


def _length(seconds: int) -> str:
    for unit, name in ((DAY_SECONDS, "day"), (3600, "hour"), (60, "minute")):
        if seconds % unit == 0:
            return f"{seconds // unit} {name}{'' if seconds == unit else 's'}"
    raise ValueError(f"{seconds} seconds are no whole minutes")
