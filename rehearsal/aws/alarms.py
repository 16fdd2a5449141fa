"""Evaluates CloudWatch's alarms, which moto only writes down."""

import datetime
import operator
import time
from collections.abc import Callable
from typing import Any

from rehearsal.aws.control_plane import ControlPlane

# What is reported here; every other metric is of a service of AWS's that does not run.
_REPORTED = ("AWS/ApplicationELB", "Slipway/")
_BREACHES = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}


class Alarms:
    """Call `step` often: each alarm on a statistic of one metric is ALARM or OK, M of N periods.

    Every alarm's period is this rehearsal's, in whole seconds: the threshold holds for that. A
    period without data breaches nothing, as `notBreaching` says. An alarm that says otherwise waits
    for what does not happen here, such as a backup of AWS's, and is left alone, as is one on a
    metric that nothing here reports. So are metric math, on which moto and this class know nothing,
    and with it the alarms on error budgets.
    """

    def __init__(
        self,
        plane: ControlPlane,
        *,
        period_seconds: int,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self._cloudwatch = plane.client("cloudwatch")
        self._period_seconds, self._clock = period_seconds, clock
        self._evaluated = 0

    def step(self) -> None:
        """Evaluates once in each period, when the data of the one before are there."""
        # Half a period late: the data of a period are written soon after its end.
        period = int(self._clock() / self._period_seconds - 0.5)
        if period == self._evaluated:
            return
        self._evaluated = period
        pages = self._cloudwatch.get_paginator("describe_alarms").paginate()
        for alarm in [alarm for page in pages for alarm in page["MetricAlarms"]]:
            if (
                "Statistic" in alarm
                and alarm["Namespace"].startswith(_REPORTED)
                and alarm.get("TreatMissingData") != "breaching"
            ):
                self._evaluate(alarm, period)

    def _evaluate(self, alarm: dict[str, Any], period: int) -> None:
        periods = alarm["EvaluationPeriods"]
        found = self._cloudwatch.get_metric_statistics(
            Namespace=alarm["Namespace"],
            MetricName=alarm["MetricName"],
            Dimensions=alarm["Dimensions"],
            Statistics=[alarm["Statistic"]],
            Period=self._period_seconds,
            StartTime=self._moment(period - periods),
            EndTime=self._moment(period),
        )["Datapoints"]
        breaches, threshold = _BREACHES[alarm["ComparisonOperator"]], alarm["Threshold"]
        breaching = sum(breaches(point[alarm["Statistic"]], threshold) for point in found)
        state = "ALARM" if breaching >= alarm.get("DatapointsToAlarm", periods) else "OK"
        if state != alarm["StateValue"]:
            self._cloudwatch.set_alarm_state(
                AlarmName=alarm["AlarmName"],
                StateValue=state,
                StateReason=f"{breaching} of {periods} datapoints breach the threshold {threshold}",
            )

    def _moment(self, period: int) -> datetime.datetime:
        return datetime.datetime.fromtimestamp(period * self._period_seconds, datetime.UTC)
