"""The gates' alarms: a pair for each slot, quiet while a slot is empty."""

import pytest

from tests.environments import STACKS, recorded

EXPECTED = {
    "errors": ("HTTPCode_Target_5XX_Count", "Sum", 5),
    "unhealthy": ("UnHealthyHostCount", "Maximum", 1),
}


@pytest.mark.parametrize("stack", STACKS)
def test_each_slot_has_its_pair(stack: str) -> None:
    topic = recorded(stack).only("aws:sns/topic:Topic", f"{stack}-alerts").outputs["arn"]
    balancer = recorded(stack).only("aws:lb/loadBalancer:LoadBalancer").outputs["arnSuffix"]
    seen = 0
    for slot in ("blue", "green"):
        group = recorded(stack).only("aws:lb/targetGroup:TargetGroup", f"{stack}-{slot}")
        for purpose, (metric, statistic, threshold) in EXPECTED.items():
            alarm = recorded(stack).only(
                "aws:cloudwatch/metricAlarm:MetricAlarm", f"{stack}-{slot}-{purpose}"
            )
            said = {
                "errors": f"tasks of the {slot} slot answer with server errors",
                "unhealthy": f"tasks of the {slot} slot fail their health check",
            }
            assert alarm.inputs == {
                "alarmDescription": (
                    f"page, platform: {said[purpose]}. docs/runbooks/alarms.md#a-slot-fails"
                ),
                "namespace": "AWS/ApplicationELB",
                "metricName": metric,
                "dimensions": {
                    "LoadBalancer": balancer,
                    "TargetGroup": group.outputs["arnSuffix"],
                },
                "statistic": statistic,
                "period": 60,
                "evaluationPeriods": 3,
                "datapointsToAlarm": 2,
                "comparisonOperator": "GreaterThanOrEqualToThreshold",
                "threshold": threshold,
                "treatMissingData": "notBreaching",
                "alarmActions": [topic],
                "okActions": [topic],
            }
            own = recorded(stack).exports["slots"][slot]["alarms"]
            assert own[purpose] == alarm.outputs["arn"]
            assert own.keys() == EXPECTED.keys()
            seen += 1
    assert seen == 4
