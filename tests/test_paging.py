"""Each alerts topic tells when the other reaches nobody, and both are tried once a week."""

import json
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from tests.environments import STACKS, chosen, recorded
from watcher.subscribers import Subscribers, region_of

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
HERE, THERE = "eu-central-1", "us-east-1"


@pytest.mark.parametrize("stack", STACKS)
def test_the_topic_of_one_region_tells_of_the_silence_of_the_other(stack: str) -> None:
    for watched, prefix, region, told in (
        ("edge-alerts", stack, None, f"{stack}-alerts"),
        ("alerts", f"{stack}-edge", THERE, f"{stack}-edge-alerts"),
    ):
        alarm = recorded(stack).only(ALARM, f"{prefix}-silent-{watched}").inputs
        topic = recorded(stack).only("aws:sns/topic:Topic", told).outputs["arn"]
        assert alarm.get("region") == region
        assert {key: alarm[key] for key in alarm.keys() - {"region", "alarmDescription"}} == {
            "namespace": f"Slipway/{stack}",
            "metricName": "AlertsSubscribers",
            "dimensions": {"Topic": watched},
            "statistic": "Minimum",
            "period": 60,
            "evaluationPeriods": 15,
            "datapointsToAlarm": 15,
            "comparisonOperator": "LessThanThreshold",
            "threshold": 1,
            "treatMissingData": "breaching",
            "alarmActions": [topic],
            "okActions": [topic],
        }


@pytest.mark.parametrize("stack", STACKS)
def test_each_topic_is_tried_once_a_week_by_a_role_that_may_do_nothing_else(stack: str) -> None:
    for prefix, region in ((stack, None), (f"{stack}-edge", THERE)):
        alarm = recorded(stack).only(ALARM, f"{prefix}-weekly-test")
        schedule = (
            recorded(stack).only("aws:scheduler/schedule:Schedule", f"{prefix}-alerts-test").inputs
        )
        assert schedule.get("region") == alarm.inputs.get("region") == region
        assert schedule["scheduleExpression"] == "cron(0 9 ? * MON *)"
        assert schedule["flexibleTimeWindow"] == {"mode": "OFF"}
        role = recorded(stack).only("aws:iam/role:Role", f"{prefix}-alerts-test")
        assert schedule["target"] == {
            "arn": "arn:aws:scheduler:::aws-sdk:cloudwatch:setAlarmState",
            "roleArn": role.outputs["arn"],
            "input": json.dumps(
                {
                    "AlarmName": alarm.outputs["name"],
                    "StateReason": "the weekly test",
                    "StateValue": "ALARM",
                }
            ),
        }
        policy = (
            recorded(stack).only("aws:iam/rolePolicy:RolePolicy", f"{prefix}-alerts-test").inputs
        )
        assert json.loads(policy["policy"])["Statement"] == [
            {
                "Sid": "SetOffTheTest",
                "Effect": "Allow",
                "Action": "cloudwatch:SetAlarmState",
                "Resource": alarm.outputs["arn"],
            }
        ]
        (trust,) = json.loads(role.inputs["assumeRolePolicy"])["Statement"]
        account = chosen(stack).aws.account_id
        group = f"arn:aws:scheduler:{region or chosen(stack).aws.region}:{account}:schedule-group"
        assert trust["Principal"] == {"Service": "scheduler.amazonaws.com"}
        assert trust["Condition"] == {
            "StringEquals": {"aws:SourceAccount": account, "aws:SourceArn": f"{group}/default"}
        }


@pytest.fixture
def clients() -> Iterator[Any]:
    with mock_aws():
        yield lambda service, region: boto3.client(
            service, region_name=region, aws_access_key_id="none", aws_secret_access_key="none"
        )


@pytest.mark.parametrize("confirmed", ["0", "1", "12"])
def test_who_has_confirmed_is_counted_where_the_other_topic_is(
    clients: Any, confirmed: str
) -> None:
    topic = f"arn:aws:sns:{HERE}:123456789012:alerts"
    assert region_of(topic) == HERE
    # moto's own count stays 0.
    sns, cloudwatch = clients("sns", HERE), clients("cloudwatch", THERE)
    with Stubber(sns) as there, Stubber(cloudwatch) as here:
        there.add_response(
            "get_topic_attributes",
            {"Attributes": {"SubscriptionsConfirmed": confirmed, "SubscriptionsPending": "3"}},
            {"TopicArn": topic},
        )
        here.add_response(
            "put_metric_data",
            {},
            {
                "Namespace": "Slipway/prod",
                "MetricData": [
                    {
                        "MetricName": "AlertsSubscribers",
                        "Dimensions": [{"Name": "Topic", "Value": "alerts"}],
                        "Value": float(confirmed),
                        "Unit": "Count",
                    }
                ],
            },
        )
        Subscribers(
            topic=topic, called="alerts", namespace="Slipway/prod", sns=sns, cloudwatch=cloudwatch
        ).look(0)
        there.assert_no_pending_responses()
        here.assert_no_pending_responses()


def test_a_topic_that_is_gone_is_silence(clients: Any) -> None:
    watched = Subscribers(
        topic=f"arn:aws:sns:{HERE}:123456789012:gone",
        called="alerts",
        namespace="Slipway/prod",
        sns=clients("sns", HERE),
        cloudwatch=clients("cloudwatch", THERE),
    )
    with pytest.raises(Exception, match="NotFound"):
        watched.look(0)
    assert watched.cloudwatch.list_metrics()["Metrics"] == []
