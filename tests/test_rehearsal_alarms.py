"""The gates' alarms in a rehearsal: what the metrics say, two periods of three."""

import datetime
import itertools
from collections.abc import Iterator

import pytest

from rehearsal.aws.alarms import Alarms
from rehearsal.aws.control_plane import ControlPlane
from rehearsal.aws.creators import Endpoints, creating
from rehearsal.machine import ports

ACCOUNTS = itertools.count(400000000000)
NAMESPACE = "AWS/ApplicationELB"
DIMENSIONS = {"LoadBalancer": "app/alb/1", "TargetGroup": "targetgroup/blue/1"}
ERRORS = {
    "name": "blue-errors",
    "namespace": NAMESPACE,
    "metricName": "HTTPCode_Target_5XX_Count",
    "dimensions": DIMENSIONS,
    "statistic": "Sum",
    "period": 60,
    "evaluationPeriods": 3,
    "datapointsToAlarm": 2,
    "comparisonOperator": "GreaterThanOrEqualToThreshold",
    "threshold": 5,
    "treatMissingData": "notBreaching",
}
# The beginning of a period of 5 s.
START = 1_800_000_000


class World:
    """One alarm of the gates on moto, evaluated at moments that the test chooses."""

    def __init__(self, plane: ControlPlane) -> None:
        self.cloudwatch = plane.client("cloudwatch")
        self.now = float(START)
        self.create = creating(plane, Endpoints(postgres_port=1, redis_port=2))
        self.create("aws:cloudwatch/metricAlarm:MetricAlarm", "blue-errors", ERRORS)
        self.alarms = Alarms(plane, period_seconds=5, clock=lambda: self.now)

    def after(self, *errors: int | None) -> list[str]:
        """The state after each period with so many errors; None is one without data."""
        states: list[str] = []
        for count in errors:
            if count is not None:
                self.put(count)
            self.now += 7.5
            self.alarms.step()
            self.now -= 2.5
            states.append(self.described()["StateValue"])
        return states

    def put(
        self,
        count: int,
        target_group: str = DIMENSIONS["TargetGroup"],
        metric: str = "HTTPCode_Target_5XX_Count",
    ) -> None:
        dimensions = {**DIMENSIONS, "TargetGroup": target_group}
        self.cloudwatch.put_metric_data(
            Namespace=NAMESPACE,
            MetricData=[
                {
                    "MetricName": metric,
                    "Dimensions": [{"Name": k, "Value": v} for k, v in dimensions.items()],
                    "Value": float(count),
                    "Unit": "Count",
                    "Timestamp": datetime.datetime.fromtimestamp(self.now, datetime.UTC),
                }
            ],
        )

    def described(self) -> dict[str, str]:
        (alarm,) = self.cloudwatch.describe_alarms()["MetricAlarms"]
        return alarm


@pytest.fixture(scope="module")
def plane() -> Iterator[ControlPlane]:
    with ControlPlane(
        port=ports.reserve(), account_id=str(next(ACCOUNTS)), region="eu-west-1"
    ) as started:
        yield started


@pytest.fixture
def world(plane: ControlPlane, monkeypatch: pytest.MonkeyPatch) -> World:
    plane.account_id = str(next(ACCOUNTS))
    monkeypatch.setenv("MOTO_ACCOUNT_ID", plane.account_id)
    return World(plane)


def test_two_bad_periods_of_three_are_an_alarm_and_two_good_ones_end_it(world: World) -> None:
    assert world.after(0, 5, 4, 9, 0, 0) == ["OK", "OK", "OK", "ALARM", "OK", "OK"]
    world.after(5, 6)
    alarm = world.described()
    assert alarm["StateValue"] == "ALARM"
    assert alarm["StateReason"] == "2 of 3 datapoints breach the threshold 5.0"


def test_a_share_of_several_metrics_is_an_alarm_as_one_metric_is(world: World) -> None:
    def metric(name: str) -> dict[str, object]:
        return {
            "metric": {
                "namespace": NAMESPACE,
                "metricName": name,
                "dimensions": DIMENSIONS,
                "stat": "Sum",
                "period": 60,
            }
        }

    world.create(
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        "blue-errors",
        {
            "name": "blue-errors",
            "metricQueries": [
                {"id": "routed", **metric("RequestCount")},
                {"id": "failed", **metric("HTTPCode_Target_5XX_Count")},
                {
                    "id": "share",
                    "expression": "IF(FILL(failed,0)>=5,failed/routed,0)",
                    "returnData": True,
                },
            ],
            "evaluationPeriods": 3,
            "datapointsToAlarm": 2,
            "comparisonOperator": "GreaterThanThreshold",
            "threshold": 0.0144,
            "treatMissingData": "notBreaching",
        },
    )
    states: list[str] = []
    for requests, errors in ((1000, 14), (1000, 15), (1000, 15), (10, 4), (10, 5), (5000, None)):
        world.put(requests, metric="RequestCount")
        states += world.after(errors)
    assert states == ["OK", "OK", "ALARM", "ALARM", "ALARM", "OK"]


def test_a_window_of_hours_is_left_alone(world: World) -> None:
    world.create(
        "aws:cloudwatch/metricAlarm:MetricAlarm",
        "blue-errors",
        {**ERRORS, "period": 3600, "evaluationPeriods": 1, "datapointsToAlarm": 1},
    )
    assert world.after(9, 9) == ["OK", "OK"]


def test_a_period_without_data_breaches_nothing(world: World) -> None:
    assert world.after(None, 7, None, 7, None, None) == ["OK", "OK", "OK", "ALARM", "OK", "OK"]


def test_the_errors_of_another_slot_are_not_this_ones(world: World) -> None:
    for _ in range(3):
        world.put(100, target_group="targetgroup/green/2")
        assert world.after(None) == ["OK"]


def test_a_period_is_evaluated_once_and_only_when_its_data_can_be_there(world: World) -> None:
    world.put(9)
    world.now += 5
    world.put(9)
    world.now += 5
    for moment, state in ((2.4, "OK"), (2.5, "ALARM")):
        world.now = START + 10 + moment
        world.alarms.step()
        assert world.described()["StateValue"] == state
    world.cloudwatch.set_alarm_state(
        AlarmName=world.described()["AlarmName"], StateValue="OK", StateReason="by hand"
    )
    world.now = START + 10 + 7.4
    world.alarms.step()
    assert world.described()["StateValue"] == "OK"
