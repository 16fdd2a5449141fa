"""What the watcher may do, and who may call it: it reads no secret, and changes one item alone."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.outputs import metrics_namespace, watcher_scope


@dataclass(frozen=True, kw_only=True)
class Watched:
    """What the watcher looks at and whom it tells; `key_arn` encrypts table and topic."""

    table_name: pulumi.Input[str]
    table_arn: pulumi.Input[str]
    alerts_topic_arn: pulumi.Input[str]
    edge_alerts_topic_arn: pulumi.Input[str]
    key_arn: pulumi.Input[str]
    cluster_arn: pulumi.Input[str]
    secret_arns: Sequence[pulumi.Input[str]]


def function_role(
    name: str,
    watched: Watched,
    *,
    boundary_arn: str | None,
    region: str,
    log_group_arn: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
) -> pulumi.Output[str]:
    """ARN of the function's role, known once it may do what it must."""

    def partition(scope: str) -> dict[str, object]:
        return {"ForAllValues:StringEquals": {"dynamodb:LeadingKeys": [scope]}}

    services = [f"{service}.{region}.amazonaws.com" for service in ("dynamodb", "sns")]
    return _role(
        f"{name}-watcher",
        description="Reads the lease of cutovers and the age of tasks, and tells people",
        boundary_arn=boundary_arn,
        trust={"Principal": {"Service": "lambda.amazonaws.com"}},
        statements=[
            {
                "Sid": "ReadTheLease",
                "Effect": "Allow",
                "Action": "dynamodb:GetItem",
                "Resource": watched.table_arn,
                "Condition": partition(name),
            },
            {
                "Sid": "RememberWhatWasTold",
                "Effect": "Allow",
                "Action": ["dynamodb:GetItem", "dynamodb:PutItem"],
                "Resource": watched.table_arn,
                "Condition": partition(watcher_scope(name)),
            },
            {
                "Sid": "Tell",
                "Effect": "Allow",
                "Action": "sns:Publish",
                "Resource": watched.alerts_topic_arn,
            },
            {
                "Sid": "CountWhoIsTold",
                "Effect": "Allow",
                "Action": "sns:GetTopicAttributes",
                "Resource": [watched.alerts_topic_arn, watched.edge_alerts_topic_arn],
            },
            {
                # Neither has a resource level for a whole cluster.
                "Sid": "SeeTheTasks",
                "Effect": "Allow",
                "Action": ["ecs:DescribeTasks", "ecs:ListTasks"],
                "Resource": "*",
                "Condition": {"ArnEquals": {"ecs:cluster": watched.cluster_arn}},
            },
            {
                "Sid": "SeeWhenSecretsCame",
                "Effect": "Allow",
                "Action": ["secretsmanager:DescribeSecret", "secretsmanager:ListSecretVersionIds"],
                "Resource": list(watched.secret_arns),
            },
            {
                # It has no resource level.
                "Sid": "Count",
                "Effect": "Allow",
                "Action": "cloudwatch:PutMetricData",
                "Resource": "*",
                "Condition": {"StringEquals": {"cloudwatch:namespace": metrics_namespace(name)}},
            },
            {
                "Sid": "UseTheirKey",
                "Effect": "Allow",
                "Action": ["kms:Decrypt", "kms:GenerateDataKey"],
                "Resource": watched.key_arn,
                "Condition": {"StringEquals": {"kms:ViaService": services}},
            },
            {
                "Sid": "WriteLogs",
                "Effect": "Allow",
                "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                "Resource": pulumi.Output.concat(log_group_arn, ":*"),
            },
        ],
        opts=opts,
    )


def schedule_role(
    name: str,
    *,
    account_id: str,
    boundary_arn: str | None,
    region: str,
    function_arn: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
) -> pulumi.Output[str]:
    """ARN of the role with which EventBridge Scheduler calls the function, and does nothing else.

    The source of its calls is the schedule's group, never the schedule (Scheduler user guide,
    "Confused deputy prevention").
    """
    group = f"arn:aws:scheduler:{region}:{account_id}:schedule-group/default"
    return _role(
        f"{name}-watcher-schedule",
        description="EventBridge Scheduler calls the watcher of cutovers",
        boundary_arn=boundary_arn,
        trust={
            "Principal": {"Service": "scheduler.amazonaws.com"},
            "Condition": {
                "StringEquals": {"aws:SourceAccount": account_id, "aws:SourceArn": group}
            },
        },
        statements=[
            {
                "Sid": "CallTheWatcher",
                "Effect": "Allow",
                "Action": "lambda:InvokeFunction",
                "Resource": function_arn,
            }
        ],
        opts=opts,
    )


def _role(
    name: str,
    *,
    description: str,
    boundary_arn: str | None,
    trust: dict[str, object],
    statements: list[dict[str, object]],
    opts: pulumi.ResourceOptions,
) -> pulumi.Output[str]:
    statement = {"Sid": "Assume", "Effect": "Allow", "Action": "sts:AssumeRole", **trust}
    role = aws.iam.Role(
        name,
        description=description,
        permissions_boundary=boundary_arn,
        assume_role_policy=pulumi.Output.json_dumps(
            {"Version": "2012-10-17", "Statement": [statement]}
        ),
        opts=opts,
    )
    policy = aws.iam.RolePolicy(
        name,
        role=role.id,
        policy=pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": statements}),
        opts=opts,
    )
    return pulumi.Output.all(role.arn, policy.id).apply(lambda both: both[0])
