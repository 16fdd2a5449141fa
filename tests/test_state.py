"""What cutover remembers is kept, and one role with one permission moves traffic."""

import json

import pytest

from tests.environments import recorded


@pytest.mark.parametrize(("stack", "protected"), [("prod", True), ("staging", False)])
def test_lease_and_journal_are_encrypted_and_recoverable(stack: str, protected: bool) -> None:  # noqa: FBT001
    table = recorded(stack).only("aws:dynamodb/table:Table")
    assert table.inputs == {
        "billingMode": "PAY_PER_REQUEST",
        "hashKey": "scope",
        "rangeKey": "record",
        "attributes": [{"name": "record", "type": "S"}, {"name": "scope", "type": "S"}],
        "pointInTimeRecovery": {"enabled": True, "recoveryPeriodInDays": 35},
        "serverSideEncryption": {
            "enabled": True,
            "kmsKeyArn": recorded(stack).only("aws:kms/key:Key").outputs["arn"],
        },
        "deletionProtectionEnabled": protected,
    }
    assert table.protect is protected


def test_the_weights_role_may_change_one_rule() -> None:
    rule = recorded("prod").only("aws:lb/listenerRule:ListenerRule", "prod-traffic")
    policy = recorded("prod").only("aws:iam/rolePolicy:RolePolicy", "prod-weights")
    assert policy.inputs["role"] == "prod-weights-id"
    assert json.loads(policy.inputs["policy"]) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "SetWeights",
                "Effect": "Allow",
                "Action": "elasticloadbalancing:ModifyRule",
                "Resource": rule.outputs["arn"],
            }
        ],
    }


def test_only_the_environments_own_cutover_may_assume_it() -> None:
    role = recorded("prod").only("aws:iam/role:Role", "prod-weights")
    assert role.inputs["maxSessionDuration"] == 3600
    assert json.loads(role.inputs["assumeRolePolicy"]) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Cutover",
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
                "Action": "sts:AssumeRole",
                "Condition": {
                    "ArnLike": {
                        "aws:PrincipalArn": "arn:aws:iam::123456789012:role/slipway-prod-cutover*"
                    }
                },
            }
        ],
    }
