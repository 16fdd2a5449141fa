"""What is asked of KMS. That AWS accepts it is the preview's to show."""

import json

import pulumi
import pytest

from infra.encryption import Encryption, EncryptionArgs
from rehearsal.recording import Recording, record
from tests.environments import STACKS, chosen, recorded

ACCOUNT = "210987654321"
KEY = "aws:kms/key:Key"


def _recorded() -> Recording:
    def program() -> None:
        encryption = Encryption(
            "prod",
            EncryptionArgs(account_id=ACCOUNT, region="eu-central-1"),
            pulumi.ResourceOptions(protect=True),
        )
        pulumi.export("key_arn", encryption.key_arn)

    return record(program, stack="prod")


def _statements() -> dict[str, dict[str, object]]:
    policy = json.loads(_recorded().only(KEY).inputs["policy"])
    assert policy["Version"] == "2012-10-17"
    return {statement.pop("Sid"): statement for statement in policy["Statement"]}


def test_the_key_rotates_and_its_deletion_can_be_taken_back():
    assert _recorded().only(KEY).inputs == {
        "description": "Encrypts the data of the environment prod",
        "enableKeyRotation": True,
        "deletionWindowInDays": 30,
        "policy": _recorded().only(KEY).inputs["policy"],
    }


def test_only_this_account_and_the_named_services_may_use_the_key():
    assert _statements() == {
        "AccountDecidesThroughIam": {
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{ACCOUNT}:root"},
            "Action": "kms:*",
            "Resource": "*",
        },
        "LogGroupsOfThisAccount": {
            "Effect": "Allow",
            "Principal": {"Service": "logs.eu-central-1.amazonaws.com"},
            "Action": [
                "kms:Decrypt",
                "kms:DescribeKey",
                "kms:Encrypt",
                "kms:GenerateDataKey*",
                "kms:ReEncrypt*",
            ],
            "Resource": "*",
            "Condition": {
                "ArnLike": {
                    "kms:EncryptionContext:aws:logs:arn": (
                        f"arn:aws:logs:eu-central-1:{ACCOUNT}:log-group:*"
                    )
                }
            },
        },
        "PublishersToTopicsOfThisAccount": {
            "Effect": "Allow",
            "Principal": {
                "Service": [
                    "budgets.amazonaws.com",
                    "cloudwatch.amazonaws.com",
                    "events.rds.amazonaws.com",
                ]
            },
            "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
        },
        # EventBridge names no account when it publishes.
        "EventsToTopics": {
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
            "Resource": "*",
        },
    }


def test_a_person_finds_the_key_by_the_name_of_its_environment():
    alias = _recorded().only("aws:kms/alias:Alias")
    assert alias.inputs == {"name": "alias/slipway-prod", "targetKeyId": "prod-key.keyId"}


def test_there_is_one_key_and_it_can_be_protected():
    recording = _recorded()
    assert len(recording.resources) == 3
    assert recording.only(KEY).protect is True
    assert recording.exports["key_arn"] == "arn:aws:kms:eu-west-1:123456789012:key/prod-key"


@pytest.mark.parametrize("stack", STACKS)
def test_each_environment_has_a_key_for_its_own_account(stack: str):
    key, aws = recorded(stack).only(KEY, f"{stack}-key"), chosen(stack).aws
    account, logs, *_ = json.loads(key.inputs["policy"])["Statement"]
    assert account["Principal"] == {"AWS": f"arn:aws:iam::{aws.account_id}:root"}
    assert logs["Principal"] == {"Service": f"logs.{aws.region}.amazonaws.com"}
    assert key.protect is chosen(stack).protect
