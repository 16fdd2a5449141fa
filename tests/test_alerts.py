"""What is asked of SNS. That AWS accepts it is the preview's to show."""

import json
from typing import Any

import pulumi
import pytest

from infra.alerts import Alerts, AlertsArgs
from infra.settings import AlertsSettings
from rehearsal.recording import Recording, record
from tests.environments import STACKS, chosen, recorded

ACCOUNT = "210987654321"
SUBSCRIPTION = "aws:sns/topicSubscription:TopicSubscription"
FOR_TOPICS = ("AccountDecidesThroughIam", "PublishersToTopicsOfThisAccount", "EventsToTopics")
TOPIC_ARN = "arn:aws:sns:eu-west-1:123456789012:topic/prod-alerts"


def _recorded(*emails: str) -> Recording:
    def program() -> None:
        alerts = Alerts(
            "prod",
            AlertsArgs(
                settings=AlertsSettings(emails=emails), account_id=ACCOUNT, key_arn="key-arn"
            ),
        )
        pulumi.export("topic_arn", alerts.topic_arn)

    return record(program, stack="prod")


def test_messages_are_encrypted_with_the_environments_key():
    assert _recorded().only("aws:sns/topic:Topic").inputs == {"kmsMasterKeyId": "key-arn"}


def test_only_alarms_events_and_the_budget_of_this_account_may_publish_and_only_over_tls():
    policy = _recorded().only("aws:sns/topicPolicy:TopicPolicy").inputs
    assert policy["arn"] == TOPIC_ARN
    assert json.loads(policy["policy"]) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "PublishersOfThisAccount",
                "Effect": "Allow",
                "Principal": {
                    "Service": [
                        "budgets.amazonaws.com",
                        "cloudwatch.amazonaws.com",
                        "events.rds.amazonaws.com",
                    ]
                },
                "Action": "sns:Publish",
                "Resource": TOPIC_ARN,
                "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
            },
            {
                "Sid": "Events",
                "Effect": "Allow",
                "Principal": {"Service": "events.amazonaws.com"},
                "Action": "sns:Publish",
                "Resource": TOPIC_ARN,
            },
            {
                "Sid": "OnlyOverTls",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "sns:Publish",
                "Resource": TOPIC_ARN,
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            },
        ],
    }


def test_each_address_is_subscribed():
    recording = _recorded("a@example.com", "b@example.com")
    subscriptions = recording.every(SUBSCRIPTION)
    assert [subscription.inputs for subscription in subscriptions] == [
        {"topic": TOPIC_ARN, "protocol": "email", "endpoint": address}
        for address in ("a@example.com", "b@example.com")
    ]
    assert len(recording.resources) == 5


def test_the_topic_is_handed_on_with_its_policy():
    recording = _recorded()
    assert recording.exports["topic_arn"] == TOPIC_ARN
    assert len(recording.resources) == 3


@pytest.mark.parametrize("stack", STACKS)
def test_the_addresses_are_those_of_the_stack_file(stack: str):
    found = [r.inputs["endpoint"] for r in recorded(stack).resources if r.type == SUBSCRIPTION]
    assert sorted(found) == sorted(2 * chosen(stack).alerts.emails)


@pytest.mark.parametrize("stack", STACKS)
def test_the_edge_tells_the_same_people_in_its_own_region_with_a_key_of_it(stack: str):
    def of(type_: str, name: str) -> dict[str, Any]:
        return recorded(stack).only(type_, f"{stack}-{name}").inputs

    key = recorded(stack).only("aws:kms/key:Key", f"{stack}-edge-key")
    assert of("aws:sns/topic:Topic", "edge-alerts") == {
        "region": "us-east-1",
        "kmsMasterKeyId": key.outputs["arn"],
    }
    here, there = (
        recorded(stack).only("aws:sns/topic:Topic", f"{stack}-{name}").outputs["arn"]
        for name in ("alerts", "edge-alerts")
    )
    policy = of("aws:sns/topicPolicy:TopicPolicy", "alerts-policy")["policy"]
    edge = of("aws:sns/topicPolicy:TopicPolicy", "edge-alerts-policy")["policy"]
    assert of("aws:sns/topicPolicy:TopicPolicy", "edge-alerts-policy")["region"] == "us-east-1"
    assert json.loads(edge) == json.loads(policy.replace(f'"{here}"', f'"{there}"'))
    policy = json.loads(of("aws:kms/key:Key", "key")["policy"])
    edge = json.loads(key.inputs["policy"])
    assert edge["Statement"] == [one for one in policy["Statement"] if one["Sid"] in FOR_TOPICS]
    assert len(edge["Statement"]) == len(FOR_TOPICS)
    assert (key.inputs["region"], key.inputs["enableKeyRotation"]) == ("us-east-1", True)
    assert key.inputs["deletionWindowInDays"] == 30
    assert of("aws:kms/alias:Alias", "edge-key-alias") == {
        "region": "us-east-1",
        "name": f"alias/slipway-{stack}-edge",
        "targetKeyId": key.outputs["keyId"],
    }
    regions = {
        (r.inputs["endpoint"], r.inputs["protocol"], r.inputs.get("region"))
        for r in recorded(stack).resources
        if r.type == SUBSCRIPTION
    }
    emails = chosen(stack).alerts.emails
    assert regions == {(one, "email", where) for one in emails for where in (None, "us-east-1")}
