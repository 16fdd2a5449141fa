"""What ECS may do to start a task: pull its images, read its secrets, write its logs."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws


def tasks_trust(account_id: str, region: str) -> dict[str, object]:
    """Only ECS tasks of this account and region may assume the role."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "EcsTasks",
                "Effect": "Allow",
                "Principal": {"Service": "ecs-tasks.amazonaws.com"},
                "Action": "sts:AssumeRole",
                "Condition": {
                    "StringEquals": {"aws:SourceAccount": account_id},
                    "ArnLike": {"aws:SourceArn": f"arn:aws:ecs:{region}:{account_id}:*"},
                },
            }
        ],
    }


@dataclass(frozen=True, kw_only=True)
class ExecutionRoleArgs:
    purpose: str
    account_id: str
    region: str
    boundary_arn: str | None
    secret_arns: Mapping[str, pulumi.Input[str]]
    key_arn: pulumi.Input[str]
    log_group_arns: Sequence[pulumi.Input[str]]


class ExecutionRole(pulumi.ComponentResource):
    """An execution role that reads the secrets it was given and no others."""

    arn: pulumi.Output[str]
    """The role."""

    def __init__(
        self, name: str, args: ExecutionRoleArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:ExecutionRole", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        role = aws.iam.Role(
            name,
            description=f"ECS starts {args.purpose} with it",
            permissions_boundary=args.boundary_arn,
            assume_role_policy=pulumi.Output.json_dumps(tasks_trust(args.account_id, args.region)),
            opts=child,
        )
        registry = f"arn:aws:ecr:{args.region}:{args.account_id}:repository/*"
        aws.iam.RolePolicy(
            name,
            role=role.id,
            policy=pulumi.Output.json_dumps(
                {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            # It has no resource level.
                            "Sid": "RegistryLogin",
                            "Effect": "Allow",
                            "Action": "ecr:GetAuthorizationToken",
                            "Resource": "*",
                        },
                        {
                            "Sid": "PullImages",
                            "Effect": "Allow",
                            "Action": [
                                "ecr:BatchCheckLayerAvailability",
                                "ecr:BatchGetImage",
                                "ecr:GetDownloadUrlForLayer",
                            ],
                            "Resource": registry,
                        },
                        {
                            "Sid": "ReadSecrets",
                            "Effect": "Allow",
                            "Action": "secretsmanager:GetSecretValue",
                            "Resource": [args.secret_arns[key] for key in sorted(args.secret_arns)],
                        },
                        {
                            "Sid": "DecryptSecrets",
                            "Effect": "Allow",
                            "Action": "kms:Decrypt",
                            "Resource": args.key_arn,
                            "Condition": {
                                "StringEquals": {
                                    "kms:ViaService": f"secretsmanager.{args.region}.amazonaws.com"
                                }
                            },
                        },
                        {
                            "Sid": "WriteLogs",
                            "Effect": "Allow",
                            "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                            "Resource": [
                                pulumi.Output.concat(arn, ":*") for arn in args.log_group_arns
                            ],
                        },
                    ],
                }
            ),
            opts=child,
        )
        self.arn = role.arn
        self.register_outputs({"arn": self.arn})
