"""What the database says reaches a log with an end, a graph, or a person."""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

LOGS = ("postgresql", "upgrade")
# Security Hub RDS.20, RDS.21 and RDS.22; beyond what they ask for, what somebody has to act on.
EVENTS = {
    "db-instance": (
        "availability",
        "configuration change",
        "deletion",
        "failover",
        "failure",
        "low storage",
        "maintenance",
        "read replica",
        "recovery",
    ),
    "db-parameter-group": ("configuration change",),
    "db-security-group": ("configuration change", "failure"),
}


def log_group_name(identifier: pulumi.Output[str], log: str) -> pulumi.Output[str]:
    """What RDS calls the group of an instance's log."""
    return pulumi.Output.format("/aws/rds/instance/{0}/{1}", identifier, log)


def log_groups(
    name: str,
    identifier: pulumi.Output[str],
    *,
    days: int,
    key_arn: pulumi.Input[str],
    opts: pulumi.ResourceOptions,
) -> list[aws.cloudwatch.LogGroup]:
    """The groups of these names that RDS writes to; what it makes itself is kept for ever."""
    return [
        aws.cloudwatch.LogGroup(
            f"{name}-{log}-log",
            name=log_group_name(identifier, log),
            retention_in_days=days,
            kms_key_id=key_arn,
            opts=opts,
        )
        for log in LOGS
    ]


def monitoring_role(
    name: str, account_id: str, boundary_arn: str | None, opts: pulumi.ResourceOptions
) -> pulumi.Output[str]:
    """The role of enhanced monitoring, known once it may write: RDS tries it at once."""
    trust = {
        "Sid": "EnhancedMonitoringOfThisAccount",
        "Effect": "Allow",
        "Principal": {"Service": "monitoring.rds.amazonaws.com"},
        "Action": "sts:AssumeRole",
        "Condition": {"StringEquals": {"aws:SourceAccount": account_id}},
    }
    role = aws.iam.Role(
        f"{name}-postgres-monitoring",
        description=f"Enhanced monitoring of the database of {name}",
        permissions_boundary=boundary_arn,
        assume_role_policy=pulumi.Output.json_dumps(
            {"Version": "2012-10-17", "Statement": [trust]}
        ),
        opts=opts,
    )
    attachment = aws.iam.RolePolicyAttachment(
        f"{name}-postgres-monitoring-policy",
        role=role.name,
        policy_arn="arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole",
        opts=opts,
    )
    return pulumi.Output.all(role.arn, attachment.id).apply(lambda both: both[0])


def subscribe(
    name: str,
    topic_arn: pulumi.Input[str],
    *,
    instances: Sequence[pulumi.Output[str]],
    parameter_group: pulumi.Output[str],
    opts: pulumi.ResourceOptions,
) -> None:
    """One subscription for each kind of source, to this environment's sources only."""
    # DB security groups went with EC2-Classic: the control still asks, and there are none to name.
    sources = {"db-instance": instances, "db-parameter-group": [parameter_group]}
    for source_type, categories in EVENTS.items():
        aws.rds.EventSubscription(
            f"{name}-{source_type}-events",
            sns_topic=topic_arn,
            source_type=source_type,
            source_ids=sources.get(source_type),
            event_categories=list(categories),
            enabled=True,
            opts=opts,
        )
