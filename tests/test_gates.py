"""The gates' alarms: a pair for each slot, quiet while a slot is empty, by the objectives."""

from typing import Any

import pytest

from rehearsal.aws.metric_math import Number, evaluated
from tests.environments import STACKS, chosen, recorded

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
SAID = {
    "errors": "tasks of the {} slot answer with server errors",
    "unhealthy": "tasks of the {} slot fail their health check",
}


def watched(stack: str, slot: str) -> dict[str, dict[str, Any]]:
    """By kind, what is special of each alarm of a slot."""
    dimensions = {
        "LoadBalancer": recorded(stack)
        .only("aws:lb/loadBalancer:LoadBalancer")
        .outputs["arnSuffix"],
        "TargetGroup": recorded(stack)
        .only("aws:lb/targetGroup:TargetGroup", f"{stack}-{slot}")
        .outputs["arnSuffix"],
    }
    budget = 1 - chosen(stack).slo.availability_percent / 100

    def series(id_: str, name: str) -> dict[str, Any]:
        metric = {
            "namespace": "AWS/ApplicationELB",
            "metricName": name,
            "dimensions": dimensions,
            "stat": "Sum",
            "period": 60,
        }
        return {"id": id_, "metric": metric, "returnData": False}

    return {
        "errors": {
            "metricQueries": [
                series("routed", "RequestCount"),
                series("failed", "HTTPCode_Target_5XX_Count"),
                {
                    "id": "share",
                    "expression": "IF(FILL(failed,0)>=5,failed/routed,0)",
                    "label": "share",
                    "returnData": True,
                },
            ],
            "comparisonOperator": "GreaterThanThreshold",
            "threshold": pytest.approx(14.4 * budget),
        },
        "unhealthy": {
            "namespace": "AWS/ApplicationELB",
            "metricName": "UnHealthyHostCount",
            "dimensions": dimensions,
            "statistic": "Maximum",
            "period": 60,
            "comparisonOperator": "GreaterThanOrEqualToThreshold",
            "threshold": 1,
        },
    }


@pytest.mark.parametrize("stack", STACKS)
def test_each_slot_has_its_pair(stack: str) -> None:
    topic = recorded(stack).only("aws:sns/topic:Topic", f"{stack}-alerts").outputs["arn"]
    seen = 0
    for slot in ("blue", "green"):
        for kind, special in watched(stack, slot).items():
            alarm = recorded(stack).only(ALARM, f"{stack}-{slot}-{kind}")
            assert alarm.inputs == {
                "alarmDescription": (
                    f"page, platform: {SAID[kind].format(slot)}. "
                    "docs/runbooks/alarms.md#a-slot-fails"
                ),
                **special,
                "evaluationPeriods": 3,
                "datapointsToAlarm": 2,
                "treatMissingData": "notBreaching",
                "alarmActions": [topic],
                "okActions": [topic],
            }
            own = recorded(stack).exports["slots"][slot]["alarms"]
            assert own[kind] == alarm.outputs["arn"]
            assert own.keys() == SAID.keys()
            seen += 1
    assert seen == 4


@pytest.mark.parametrize(
    ("routed", "failed", "bad"),
    [
        (None, None, False),
        (10, 4, False),
        (10, 5, True),
        (347, 5, True),
        # Within what the objective allows for minutes, at any volume.
        (348, 5, False),
        (10_000, 144, False),
        (10_000, 145, True),
    ],
)
def test_a_few_errors_are_an_alarm_only_where_they_are_many(
    routed: Number, failed: Number, *, bad: bool
) -> None:
    assert chosen("prod").slo.availability_percent == 99.9
    alarm = recorded("prod").only(ALARM, "prod-blue-errors").inputs
    expressions = {q["id"]: q["expression"] for q in alarm["metricQueries"] if "expression" in q}
    value = evaluated(expressions, {"routed": routed, "failed": failed})
    assert (value is not None and value > alarm["threshold"]) is bad
