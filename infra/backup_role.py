"""A role that AWS Backup takes on, with AWS's own policies for what it does."""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

_POLICIES = "arn:aws:iam::aws:policy"
BACKUP = (
    f"{_POLICIES}/service-role/AWSBackupServiceRolePolicyForBackup",
    f"{_POLICIES}/AWSBackupServiceRolePolicyForS3Backup",
)
RESTORE = (f"{_POLICIES}/service-role/AWSBackupServiceRolePolicyForRestores",)


def backup_role(
    name: str,
    description: str,
    policies: Sequence[str],
    *,
    boundary_arn: str | None,
    opts: pulumi.ResourceOptions,
) -> pulumi.Output[str]:
    """The role's ARN, known once it may do all of it: a job that begins earlier would fail."""
    trust = {
        "Sid": "AwsBackup",
        "Effect": "Allow",
        "Principal": {"Service": "backup.amazonaws.com"},
        "Action": "sts:AssumeRole",
    }
    role = aws.iam.Role(
        name,
        description=description,
        permissions_boundary=boundary_arn,
        assume_role_policy=pulumi.Output.json_dumps(
            {"Version": "2012-10-17", "Statement": [trust]}
        ),
        opts=opts,
    )
    attached = [
        aws.iam.RolePolicyAttachment(
            f"{name}-{position}", role=role.name, policy_arn=policy, opts=opts
        ).id
        for position, policy in enumerate(policies, start=1)
    ]
    return pulumi.Output.all(role.arn, *attached).apply(lambda all_of_it: all_of_it[0])
