"""What a cutover remembers, and the only role that may change what users are served."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.backup_tags import kept_by
from infra.outputs import Slot


@dataclass(frozen=True, kw_only=True)
class CutoverStateArgs:
    account_id: str
    boundary_arn: str | None
    region: str
    protect: bool
    key_arn: pulumi.Input[str]
    traffic_rule_arn: pulumi.Input[str]
    service_arns: Mapping[Slot, pulumi.Input[str]]
    slot_role_arns: Sequence[pulumi.Input[str]]
    frontend_arn: pulumi.Input[str]


class CutoverState(pulumi.ComponentResource):
    """The table of lease and journal, and the role that sets weights, the page and slots."""

    table_arn: pulumi.Output[str]
    """ARN of the table."""
    table_name: pulumi.Output[str]
    """Partition key `scope`, sort key `record`, both text."""
    weights_role_arn: pulumi.Output[str]
    """Assumed for one change at a time, with a session policy that allows only that change and ends
    with the lease."""

    def __init__(
        self, name: str, args: CutoverStateArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:CutoverState", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        table = aws.dynamodb.Table(
            f"{name}-cutover",
            billing_mode="PAY_PER_REQUEST",
            hash_key="scope",
            range_key="record",
            attributes=[
                aws.dynamodb.TableAttributeArgs(name="record", type="S"),
                aws.dynamodb.TableAttributeArgs(name="scope", type="S"),
            ],
            point_in_time_recovery=aws.dynamodb.TablePointInTimeRecoveryArgs(
                enabled=True, recovery_period_in_days=35
            ),
            server_side_encryption=aws.dynamodb.TableServerSideEncryptionArgs(
                enabled=True, kms_key_arn=args.key_arn
            ),
            deletion_protection_enabled=args.protect,
            tags=kept_by("snapshots"),
            opts=child,
        )
        role = aws.iam.Role(
            f"{name}-weights",
            description="Sets weights and page, fills slots; assumed by cutover under its lease",
            permissions_boundary=args.boundary_arn,
            max_session_duration=3600,
            assume_role_policy=pulumi.Output.json_dumps(_trust(name, args.account_id)),
            opts=child,
        )
        aws.iam.RolePolicy(
            f"{name}-weights",
            role=role.id,
            policy=pulumi.Output.json_dumps(
                {
                    "Version": "2012-10-17",
                    "Statement": [
                        {
                            "Sid": "SetWeights",
                            "Effect": "Allow",
                            "Action": "elasticloadbalancing:ModifyRule",
                            "Resource": args.traffic_rule_arn,
                        },
                        {
                            # If-Match compares with what is there, which is a read.
                            "Sid": "PointAtAPage",
                            "Effect": "Allow",
                            "Action": ["s3:PutObject", "s3:GetObject"],
                            "Resource": pulumi.Output.concat(args.frontend_arn, "/index.html"),
                        },
                        *_slot_statements(args),
                    ],
                }
            ),
            opts=child,
        )
        self.table_name, self.table_arn = table.name, table.arn
        self.weights_role_arn = role.arn
        self.register_outputs({"table_name": self.table_name})


def _slot_statements(args: CutoverStateArgs) -> list[dict[str, object]]:
    # A scalable target has an id of AWS's own in its ARN. RegisterScalableTarget also needs both
    # actions of ECS ("Application Auto Scaling identity-based policy examples").
    targets = f"arn:aws:application-autoscaling:{args.region}:{args.account_id}:scalable-target/*"
    return [
        {
            "Sid": "ChangeServices",
            "Effect": "Allow",
            "Action": ["ecs:UpdateService", "ecs:DescribeServices"],
            "Resource": list(args.service_arns.values()),
        },
        {
            "Sid": "ChangeScaling",
            "Effect": "Allow",
            "Action": "application-autoscaling:RegisterScalableTarget",
            "Resource": targets,
            "Condition": {"StringEquals": {"application-autoscaling:service-namespace": "ecs"}},
        },
        {
            "Sid": "PassTheTasksRoles",
            "Effect": "Allow",
            "Action": "iam:PassRole",
            # By ARN: prod-* would be prod-eu's as well.
            "Resource": list(args.slot_role_arns),
            "Condition": {"StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"}},
        },
    ]


def _trust(name: str, account_id: str) -> dict[str, object]:
    # The account is trusted, and in it only the environment's cutover roles, which are made apart.
    cutover_roles = f"arn:aws:iam::{account_id}:role/slipway-{name}-cutover*"
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "Cutover",
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{account_id}:root"},
                "Action": "sts:AssumeRole",
                "Condition": {"ArnLike": {"aws:PrincipalArn": cutover_roles}},
            }
        ],
    }
