"""What is asked of SNS. That AWS accepts it is the preview's to show."""

import dataclasses
import json

import pulumi

from infra import settings
from infra.alerts import Alerts, AlertsArgs
from rehearsal.recording import Recording, record

TOPIC_ARN = "arn:aws:sns:eu-west-1:123456789012:topic/prod-alerts"


def _recorded(*emails: str) -> Recording:
    def program() -> None:
        name, chosen = settings.load()
        alerts = Alerts(
            name,
            AlertsArgs(
                settings=dataclasses.replace(chosen.alerts, emails=emails or chosen.alerts.emails),
                account_id=chosen.aws.account_id,
                key_arn="key-arn",
            ),
        )
        pulumi.export("topic_arn", alerts.topic_arn)

    return record(program, stack="prod")


def test_messages_are_encrypted_with_the_environments_key():
    assert _recorded().only("aws:sns/topic:Topic").inputs == {"kmsMasterKeyId": "key-arn"}


def test_only_alarms_and_database_events_of_this_account_may_publish_and_only_over_tls():
    policy = _recorded().only("aws:sns/topicPolicy:TopicPolicy").inputs
    assert policy["arn"] == TOPIC_ARN
    assert json.loads(policy["policy"]) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "AlarmsAndDatabaseEventsOfThisAccount",
                "Effect": "Allow",
                "Principal": {"Service": ["cloudwatch.amazonaws.com", "events.rds.amazonaws.com"]},
                "Action": "sns:Publish",
                "Resource": TOPIC_ARN,
                "Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}},
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


def test_each_address_of_the_stack_file_is_subscribed():
    recording = _recorded("a@example.com", "b@example.com")
    subscriptions = recording.every("aws:sns/topicSubscription:TopicSubscription")
    assert [subscription.inputs for subscription in subscriptions] == [
        {"topic": TOPIC_ARN, "protocol": "email", "endpoint": address}
        for address in ("a@example.com", "b@example.com")
    ]
    assert len(recording.resources) == 5


def test_the_topic_is_handed_on_with_its_policy():
    recording = _recorded()
    assert recording.exports["topic_arn"] == TOPIC_ARN
    assert len(recording.resources) == 4
