"""Evaluates CloudWatch's alarms, which moto only writes down."""

import datetime
import operator
import time
from collections.abc import Callable, Iterator
from typing import Any

from infra.outputs import METRIC_PERIOD_SECONDS
from rehearsal.aws.control_plane import ControlPlane
from rehearsal.aws.metric_math import Number, evaluated

# What is reported here; every other metric is of a service of AWS's that does not run.
_REPORTED = ("AWS/ApplicationELB", "Slipway/")
_BREACHES = {
    "GreaterThanOrEqualToThreshold": operator.ge,
    "GreaterThanThreshold": operator.gt,
    "LessThanThreshold": operator.lt,
    "LessThanOrEqualToThreshold": operator.le,
}


class Alarms:
    """Call `step` often: each alarm on minutes of metrics is ALARM or OK, M of N periods.

    A minute is this rehearsal's period, in whole seconds: the threshold holds for that. A period
    without data breaches nothing, as `notBreaching` says. An alarm that says otherwise waits for
    what does not happen here, such as a backup of AWS's, and is left alone, as is one on a metric
    that nothing here reports. So are the windows of error budgets, which are longer than a
    rehearsal, and the composite alarms over them: they stay OK.
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
            if alarm.get("TreatMissingData") != "breaching" and all(map(_is_here, _series(alarm))):
                self._evaluate(alarm, period)

    def _evaluate(self, alarm: dict[str, Any], period: int) -> None:
        periods = alarm["EvaluationPeriods"]
        found = {
            one["Id"]: self._points(one["MetricStat"], period - periods, period)
            for one in _series(alarm)
        }
        math = {q["Id"]: q["Expression"] for q in alarm.get("Metrics", []) if "Expression" in q}
        breaches, threshold = _BREACHES[alarm["ComparisonOperator"]], alarm["Threshold"]
        breaching = 0
        for at in range(period - periods, period):
            values: dict[str, Number] = {id_: points.get(at) for id_, points in found.items()}
            value = evaluated(math, values) if math else next(iter(values.values()))
            breaching += value is not None and breaches(value, threshold)
        state = "ALARM" if breaching >= alarm.get("DatapointsToAlarm", periods) else "OK"
        if state != alarm["StateValue"]:
            self._cloudwatch.set_alarm_state(
                AlarmName=alarm["AlarmName"],
                StateValue=state,
                StateReason=f"{breaching} of {periods} datapoints breach the threshold {threshold}",
            )

    def _points(self, series: dict[str, Any], start: int, end: int) -> dict[int, float]:
        """The values of a series by the number of their period."""
        statistic = series["Stat"]
        points = self._cloudwatch.get_metric_statistics(
            Namespace=series["Metric"]["Namespace"],
            MetricName=series["Metric"]["MetricName"],
            Dimensions=series["Metric"]["Dimensions"],
            Statistics=[statistic],
            Period=self._period_seconds,
            StartTime=self._moment(start),
            EndTime=self._moment(end),
        )["Datapoints"]
        return {
            int(point["Timestamp"].timestamp()) // self._period_seconds: point[statistic]
            for point in points
        }

    def _moment(self, period: int) -> datetime.datetime:
        return datetime.datetime.fromtimestamp(period * self._period_seconds, datetime.UTC)


def _series(alarm: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """What an alarm looks at, of one metric as of several: `Id` and `MetricStat`."""
    if "MetricName" in alarm:
        metric = {key: alarm[key] for key in ("Namespace", "MetricName", "Dimensions")}
        statistic = alarm.get("Statistic") or alarm["ExtendedStatistic"]
        stat = {"Metric": metric, "Period": alarm["Period"], "Stat": statistic}
        yield {"Id": "metric", "MetricStat": stat}
    yield from (query for query in alarm.get("Metrics", []) if "MetricStat" in query)


def _is_here(series: dict[str, Any]) -> bool:
    stat = series["MetricStat"]
    return (
        stat["Metric"]["Namespace"].startswith(_REPORTED)
        and stat["Period"] == METRIC_PERIOD_SECONDS
        and stat["Stat"] in ("Average", "Maximum", "Minimum", "SampleCount", "Sum")
    )
