"""What cutover remembers is kept, and one role moves traffic and changes what serves it."""

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
            "kmsKeyArn": recorded(stack).only("aws:kms/key:Key", f"{stack}-key").outputs["arn"],
        },
        "deletionProtectionEnabled": chosen(stack).protect,
        "tags": {"backup": "snapshots"},
    }
    assert table.protect is chosen(stack).protect


def test_the_weights_role_may_change_one_rule_one_page_and_two_slots() -> None:
    rule = recorded("prod").only("aws:lb/listenerRule:ListenerRule", "prod-traffic")
    services = recorded("prod").every("aws:ecs/service:Service")
    policy = recorded("prod").only("aws:iam/rolePolicy:RolePolicy", "prod-weights")
    assert policy.inputs["role"] == "prod-weights-id"
    set_weights, point, change_services, change_scaling, pass_roles = json.loads(
        policy.inputs["policy"]
    )["Statement"]
    assert set_weights == {
        "Sid": "SetWeights",
        "Effect": "Allow",
        "Action": "elasticloadbalancing:ModifyRule",
        "Resource": rule.outputs["arn"],
    }
    bucket = recorded("prod").only("aws:s3/bucket:Bucket", "prod-frontend")
    assert point == {
        "Sid": "PointAtAPage",
        "Effect": "Allow",
        "Action": ["s3:PutObject", "s3:GetObject"],
        "Resource": f"{bucket.outputs['arn']}/index.html",
    }
    assert change_services == {
        "Sid": "ChangeServices",
        "Effect": "Allow",
        "Action": ["ecs:UpdateService", "ecs:DescribeServices"],
        "Resource": [service.outputs["arn"] for service in services],
    }
    account, region = chosen("prod").aws.account_id, chosen("prod").aws.region
    assert change_scaling == {
        "Sid": "ChangeScaling",
        "Effect": "Allow",
        "Action": "application-autoscaling:RegisterScalableTarget",
        "Resource": f"arn:aws:application-autoscaling:{region}:{account}:scalable-target/*",
        "Condition": {"StringEquals": {"application-autoscaling:service-namespace": "ecs"}},
    }
    assert pass_roles == {
        "Sid": "PassTheTasksRoles",
        "Effect": "Allow",
        "Action": "iam:PassRole",
        "Resource": [
            recorded("prod").only("aws:iam/role:Role", name).outputs["arn"]
            for name in ("prod-app", "prod-slot-execution")
        ],
        "Condition": {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
    }


def test_the_roles_that_may_be_passed_are_those_of_the_blueprint() -> None:
    blueprint = recorded("prod").only("aws:ecs/taskDefinition:TaskDefinition", "prod-blueprint")
    policy = recorded("prod").only("aws:iam/rolePolicy:RolePolicy", "prod-weights")
    passed = json.loads(policy.inputs["policy"])["Statement"][-1]["Resource"]
    assert sorted(passed) == sorted(
        blueprint.inputs[key] for key in ("executionRoleArn", "taskRoleArn")
    )


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
