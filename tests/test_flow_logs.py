"""Flow logs: everything is logged, by a role that writes one log group."""

import json

import pytest

from tests.environments import STACKS, chosen, recorded


@pytest.mark.parametrize("stack", STACKS)
def test_every_connection_is_logged(stack: str) -> None:
    log = recorded(stack).only("aws:ec2/flowLog:FlowLog")
    group = recorded(stack).only("aws:cloudwatch/logGroup:LogGroup", f"{stack}-flow")
    role = recorded(stack).only("aws:iam/role:Role", f"{stack}-flow")
    assert log.inputs == {
        "vpcId": f"{stack}-vpc-id",
        "trafficType": "ALL",
        "logDestinationType": "cloud-watch-logs",
        "logDestination": group.outputs["arn"],
        "iamRoleArn": role.outputs["arn"],
        "maxAggregationInterval": 60,
    }


@pytest.mark.parametrize("stack", STACKS)
def test_the_log_is_encrypted_and_kept(stack: str) -> None:
    group = recorded(stack).only("aws:cloudwatch/logGroup:LogGroup", f"{stack}-flow")
    assert group.inputs == {
        "name": f"/slipway/{stack}/flow",
        "retentionInDays": chosen(stack).network.flow_log_days,
        "kmsKeyId": recorded(stack).only("aws:kms/key:Key", f"{stack}-key").outputs["arn"],
    }


def test_the_role_writes_nothing_else() -> None:
    role = recorded("prod").only("aws:iam/role:Role", "prod-flow")
    trust = json.loads(role.inputs["assumeRolePolicy"])
    assert trust == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "FlowLogs",
                "Effect": "Allow",
                "Principal": {"Service": "vpc-flow-logs.amazonaws.com"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    policy = json.loads(
        recorded("prod").only("aws:iam/rolePolicy:RolePolicy", "prod-flow").inputs["policy"]
    )
    group = recorded("prod").only("aws:cloudwatch/logGroup:LogGroup", "prod-flow").outputs["arn"]
    assert policy == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Write",
                "Effect": "Allow",
                "Action": ["logs:CreateLogStream", "logs:DescribeLogStreams", "logs:PutLogEvents"],
                "Resource": f"{group}:*",
            },
            {
                "Sid": "Find",
                "Effect": "Allow",
                "Action": "logs:DescribeLogGroups",
                "Resource": "*",
            },
        ],
    }
