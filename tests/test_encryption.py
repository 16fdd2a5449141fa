"""What is asked of KMS. That AWS accepts it is the preview's to show."""

import json

import pulumi

from infra import settings
from infra.encryption import Encryption, EncryptionArgs
from rehearsal.recording import Recording, record

KEY = "aws:kms/key:Key"


def _recorded(stack: str = "prod") -> Recording:
    def program() -> None:
        name, chosen = settings.load()
        encryption = Encryption(
            name,
            EncryptionArgs(account_id=chosen.aws.account_id, region=chosen.aws.region),
            pulumi.ResourceOptions(protect=chosen.protect),
        )
        pulumi.export("key_arn", encryption.key_arn)

    return record(program, stack=stack)


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
            "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
            "Action": "kms:*",
            "Resource": "*",
        },
        "LogGroupsOfThisAccount": {
            "Effect": "Allow",
            "Principal": {"Service": "logs.eu-west-1.amazonaws.com"},
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
                        "arn:aws:logs:eu-west-1:123456789012:log-group:*"
                    )
                }
            },
        },
        "PublishersToTopicsOfThisAccount": {
            "Effect": "Allow",
            "Principal": {"Service": ["cloudwatch.amazonaws.com", "events.rds.amazonaws.com"]},
            "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:SourceAccount": "123456789012"}},
        },
    }


def test_a_person_finds_the_key_by_the_name_of_its_environment():
    alias = _recorded("staging").only("aws:kms/alias:Alias")
    assert alias.inputs == {
        "name": "alias/slipway-staging",
        "targetKeyId": "staging-key.keyId",
    }


def test_there_is_one_key_and_it_is_protected_in_prod_only():
    prod, staging = _recorded("prod"), _recorded("staging")
    assert [len(recording.resources) for recording in (prod, staging)] == [3, 3]
    assert prod.only(KEY).protect is True
    assert staging.only(KEY).protect is False
    assert prod.exports["key_arn"] == "arn:aws:kms:eu-west-1:123456789012:key/prod-key"
