"""The controls that no rule decides, and who does: what is not created, the run time, the account.

Severities, here and of the rules, are those of AWS's user guide of Security Hub. Looked up in
2026-11: all of CloudFront but .17, ElastiCache, and ELB but .12 and .13; RDS.1 to .25, .36 and .46;
ECS.2 to .12 and .20; S3.1 to .9, .12 and .13; EC2.2, .15 to .25; ACM.2, CloudWatch.15 and .17,
DynamoDB.6, IAM.1, KMS.4 and .5, Lambda.1 and .5, SecretsManager.4, SNS.4, WAF.11 and .12. The
others are from memory.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from infra.guardrails.model import Control, Severity


@dataclass(frozen=True, kw_only=True)
class NotCreated(Control):
    """Of types that no environment creates; one that does needs a rule in its place."""

    types: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class DecidedElsewhere(Control):
    """`standing` is what the matrix says of it, `by` who looks at it."""

    standing: str
    by: str


_Row = tuple[str, Severity, str]


def _not_created(type_: str, *rows: _Row) -> Iterator[NotCreated]:
    for id_, severity, title in rows:
        yield NotCreated(id=id_, severity=severity, title=title, types=(type_,))


def _decided(standing: str, by: str, *rows: _Row) -> tuple[DecidedElsewhere, ...]:
    return tuple(
        DecidedElsewhere(id=id_, severity=severity, title=title, standing=standing, by=by)
        for id_, severity, title in rows
    )


NOT_CREATED = (
    *_not_created(
        "aws:rds/cluster:Cluster",
        ("RDS.7", "MEDIUM", "A cluster is protected from deletion"),
        ("RDS.12", "MEDIUM", "A cluster takes logins by IAM"),
        ("RDS.15", "MEDIUM", "A cluster spans several zones"),
        ("RDS.16", "LOW", "An Aurora cluster's snapshots carry its tags"),
        ("RDS.19", "LOW", "Somebody hears of a cluster's critical events"),
        ("RDS.24", "MEDIUM", "A cluster's owner is not the engine's default"),
        ("RDS.27", "MEDIUM", "A cluster is encrypted at rest"),
        ("RDS.35", "MEDIUM", "A cluster's minor versions are upgraded automatically"),
        ("RDS.37", "MEDIUM", "An Aurora cluster's log goes to CloudWatch"),
        ("RDS.47", "LOW", "A PostgreSQL cluster's snapshots carry its tags"),
        ("RDS.50", "MEDIUM", "A cluster's backups are kept for a week or longer"),
    ),
    *_not_created("aws:rds/proxy:Proxy", ("RDS.43", "MEDIUM", "A proxy asks for TLS")),
    *_not_created(
        "aws:s3/accessPoint:AccessPoint",
        ("S3.19", "CRITICAL", "An access point blocks public access"),
    ),
    *_not_created(
        "aws:s3control/multiRegionAccessPoint:MultiRegionAccessPoint",
        ("S3.24", "HIGH", "A multi-Region access point blocks public access"),
    ),
    *_not_created(
        "aws:s3/directoryBucket:DirectoryBucket",
        ("S3.25", "LOW", "What is in a directory bucket expires by rule"),
    ),
    *_not_created(
        "aws:ecs/taskSet:TaskSet", ("ECS.16", "HIGH", "A task set has no public address")
    ),
    *_not_created(
        "aws:ecs/capacityProvider:CapacityProvider",
        ("ECS.19", "MEDIUM", "A capacity provider protects instances from termination"),
    ),
    *_not_created(
        "aws:ec2/networkAcl:NetworkAcl",
        ("EC2.16", "LOW", "A network ACL is used"),
        ("EC2.21", "MEDIUM", "A network ACL keeps everybody from administration"),
    ),
    *_not_created("aws:ebs/volume:Volume", ("EC2.3", "MEDIUM", "A volume is encrypted")),
    *_not_created(
        "aws:ec2/instance:Instance",
        ("EC2.4", "MEDIUM", "A stopped instance is removed"),
        ("EC2.8", "HIGH", "An instance uses IMDSv2"),
        ("EC2.9", "HIGH", "An instance has no public address"),
        ("EC2.17", "LOW", "An instance has one network interface"),
        ("EC2.24", "MEDIUM", "An instance is not paravirtual"),
        ("SSM.1", "MEDIUM", "An instance is managed by Systems Manager"),
        ("SSM.2", "HIGH", "An instance has its patches"),
        ("SSM.3", "LOW", "An instance has its associations"),
    ),
    *_not_created(
        "aws:ec2/launchTemplate:LaunchTemplate",
        ("EC2.25", "HIGH", "A launch template gives no public address"),
        ("EC2.170", "LOW", "A launch template asks for IMDSv2"),
        ("EC2.181", "MEDIUM", "A launch template encrypts volumes"),
    ),
    *_not_created(
        "aws:ec2/spotFleetRequest:SpotFleetRequest",
        ("EC2.173", "MEDIUM", "A spot fleet encrypts volumes"),
    ),
    *_not_created(
        "aws:autoscaling/group:Group",
        ("AutoScaling.1", "LOW", "A group uses the balancer's health checks"),
        ("AutoScaling.2", "MEDIUM", "A group spans several zones"),
        ("AutoScaling.6", "MEDIUM", "A group has several instance types"),
        ("AutoScaling.9", "MEDIUM", "A group uses launch templates"),
    ),
    *_not_created(
        "aws:ec2/launchConfiguration:LaunchConfiguration",
        ("AutoScaling.3", "HIGH", "A launch configuration asks for IMDSv2"),
        ("AutoScaling.5", "HIGH", "A launch configuration gives no public address"),
    ),
    *_not_created("aws:route53/zone:Zone", ("Route53.2", "MEDIUM", "A zone logs its queries")),
    *_not_created("aws:ssm/document:Document", ("SSM.4", "CRITICAL", "A document is not public")),
    *_not_created(
        "aws:cloudwatch/eventBus:EventBus",
        ("EventBridge.3", "LOW", "An event bus has a policy of its own"),
    ),
    *_not_created(
        "aws:sfn/stateMachine:StateMachine", ("StepFunctions.1", "MEDIUM", "A workflow is logged")
    ),
)

AT_RUN_TIME = _decided(
    "run time",
    "Security Hub, in the account",
    ("ACM.1", "MEDIUM", "A certificate is renewed in time"),
    ("EC2.180", "MEDIUM", "A network interface checks source and destination"),
    ("KMS.3", "CRITICAL", "No key waits for its deletion"),
    ("RDS.1", "CRITICAL", "No snapshot is public"),
    ("RDS.4", "MEDIUM", "Snapshots are encrypted, as they are where RDS.3 holds"),
    ("SecretsManager.2", "MEDIUM", "Rotations succeed"),
    ("SecretsManager.3", "MEDIUM", "No secret is unused"),
)

OF_THE_ACCOUNT = _decided(
    "account",
    "whoever sets up the account",
    ("Account.1", "MEDIUM", "The account has a security contact"),
    ("CloudTrail.1", "HIGH", "A trail covers every Region"),
    ("CloudTrail.2", "MEDIUM", "The trail is encrypted"),
    ("CloudTrail.4", "LOW", "The trail's files are validated"),
    ("CloudTrail.5", "LOW", "The trail goes to CloudWatch Logs"),
    ("CloudTrail.7", "LOW", "Requests to the trail's bucket are logged"),
    ("Config.1", "CRITICAL", "AWS Config records"),
    ("EC2.7", "MEDIUM", "Volumes are encrypted by default"),
    ("EC2.172", "MEDIUM", "VPCs block public access"),
    ("EC2.182", "HIGH", "Volume snapshots block public access"),
    ("GuardDuty.1", "HIGH", "GuardDuty is on"),
    ("GuardDuty.6", "HIGH", "GuardDuty watches Lambda"),
    ("GuardDuty.9", "HIGH", "GuardDuty watches RDS"),
    ("GuardDuty.10", "HIGH", "GuardDuty watches S3"),
    ("GuardDuty.11", "HIGH", "GuardDuty watches run times"),
    ("GuardDuty.12", "MEDIUM", "GuardDuty watches ECS"),
    ("IAM.2", "LOW", "Users have no policies of their own"),
    ("IAM.3", "MEDIUM", "Access keys are rotated"),
    ("IAM.4", "CRITICAL", "The root user has no access key"),
    ("IAM.5", "MEDIUM", "Users of the console have MFA"),
    ("IAM.6", "CRITICAL", "The root user has hardware MFA"),
    ("IAM.7", "MEDIUM", "Passwords are strong"),
    ("IAM.8", "MEDIUM", "Unused credentials are removed"),
    ("IAM.9", "CRITICAL", "The root user has MFA (CIS)"),
    ("IAM.15", "MEDIUM", "Passwords are 14 characters or longer (CIS)"),
    ("IAM.16", "LOW", "Passwords are not used again (CIS)"),
    ("IAM.18", "LOW", "There is a role for AWS Support (CIS)"),
    ("IAM.22", "MEDIUM", "Credentials unused for 45 days are removed (CIS)"),
    ("IAM.26", "MEDIUM", "Expired certificates are removed (CIS)"),
    ("IAM.27", "MEDIUM", "Nobody has AWSCloudShellFullAccess (CIS)"),
    ("IAM.28", "HIGH", "Access Analyzer is on (CIS)"),
    ("Inspector.2", "HIGH", "Inspector scans images"),
    ("Inspector.4", "HIGH", "Inspector scans functions"),
    ("Macie.1", "MEDIUM", "Macie is on"),
    ("Macie.2", "HIGH", "Macie looks for sensitive data"),
    ("S3.1", "MEDIUM", "The account blocks public access"),
    ("S3.20", "LOW", "Deleting from a bucket asks for MFA (CIS)"),
    ("S3.22", "MEDIUM", "Writes of objects are logged (CIS)"),
    ("S3.23", "MEDIUM", "Reads of objects are logged (CIS)"),
    ("SSM.6", "MEDIUM", "Automation is logged"),
    ("SSM.7", "CRITICAL", "No document can be shared with everybody"),
)

BEYOND_THE_STANDARD = _decided(
    "not asked",
    "the settings `*/log_days`; only NIST 800-53 asks for a year",
    ("CloudWatch.16", "MEDIUM", "Log groups are kept for a year"),
)
