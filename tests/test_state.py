"""What cutover remembers is kept, and one role with one permission moves traffic."""

import json

import pytest

from tests.environments import STACKS, chosen, recorded


@pytest.mark.parametrize("stack", STACKS)
def test_lease_and_journal_are_encrypted_and_recoverable(stack: str) -> None:
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
        "deletionProtectionEnabled": chosen(stack).protect,
    }
    assert table.protect is chosen(stack).protect


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
    account = f"arn:aws:iam::{chosen('prod').aws.account_id}"
    assert role.inputs["maxSessionDuration"] == 3600
    assert json.loads(role.inputs["assumeRolePolicy"]) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Cutover",
                "Effect": "Allow",
                "Principal": {"AWS": f"{account}:root"},
                "Action": "sts:AssumeRole",
                "Condition": {
                    "ArnLike": {"aws:PrincipalArn": f"{account}:role/slipway-prod-cutover*"}
                },
            }
        ],
    }
