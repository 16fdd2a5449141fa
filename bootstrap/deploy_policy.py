"""What an `up` of one environment may do, and what it is denied because a cutover owns it."""

from bootstrap.cutover_policy import lease_policy
from bootstrap.statements import Place, Statement, allow, deny

# What rule, listener and target groups carry (infra/balancer.py).
_OWNED = {"StringEquals": {"aws:ResourceTag/traffic-owner": "cutover"}}
_TAGGED = {"ForAnyValue:StringEquals": {"aws:TagKeys": "traffic-owner"}}
# Whoever a role of the environment is passed to (the trust policies of infra/).
_PASSED_TO = (
    *("backup.amazonaws.com", "ecs-tasks.amazonaws.com", "lambda.amazonaws.com"),
    *("monitoring.rds.amazonaws.com", "s3.amazonaws.com", "scheduler.amazonaws.com"),
    "vpc-flow-logs.amazonaws.com",
)


def write_policy(place: Place) -> list[Statement]:
    """An `up` under the lease, beside what it reads and writes of everything (bootstrap.actions):
    of the environment's own, the edge included; and nothing that is another's."""
    return [
        *lease_policy(place),
        *_by_name(place),
        *_PULL,
        deny(
            "OtherEnvironmentsStay",
            ["*"],
            "*",
            {
                "StringNotEquals": {"aws:ResourceTag/environment": place.environment},
                "Null": {"aws:ResourceTag/environment": "false"},
            },
        ),
    ]


# Before an `up`, a job looks whether the images of the stack file are signed.
_PULL = (
    allow("RegistryLogin", ["ecr:GetAuthorizationToken"], "*"),
    allow(
        "PullImages",
        ["ecr:BatchGetImage", "ecr:GetDownloadUrlForLayer"],
        "arn:aws:ecr:*:*:repository/slipway/*",
    ),
)


def edge_denials() -> list[Statement]:
    """What moves traffic, or could: cutover's rule, its listener, its target groups, their tag.

    `CreateRule` is asked of the listener. `SetRulePriorities` knows no condition, and a rule above
    ours would take the traffic.
    """
    return [
        deny(
            "TrafficStays",
            [
                f"elasticloadbalancing:{action}"
                for action in (
                    *("CreateRule", "DeleteListener", "DeleteRule", "DeleteTargetGroup"),
                    *("DeregisterTargets", "ModifyListener", "ModifyListenerAttributes"),
                    *("ModifyRule", "ModifyTargetGroup", "ModifyTargetGroupAttributes"),
                    "RegisterTargets",
                )
            ],
            "*",
            _OWNED,
        ),
        deny("PrioritiesStay", ["elasticloadbalancing:SetRulePriorities"], "*"),
        deny(
            "TheirTagStays",
            ["elasticloadbalancing:AddTags", "elasticloadbalancing:RemoveTags"],
            "*",
            _OWNED | _TAGGED,
        ),
    ]


def _by_name(place: Place) -> list[Statement]:
    """Of services whose ARNs hold the name that Pulumi gives, only what is the environment's."""
    name = place.environment
    return [
        allow(
            "WriteTables",
            _of("dynamodb", "CreateTable", "DeleteTable", "TagResource", "UntagResource")
            + _of("dynamodb", "UpdateContinuousBackups", "UpdateTable", "UpdateTimeToLive"),
            place.arn("dynamodb", f"table/{name}-*"),
        ),
        allow(
            "WriteBuckets",
            _of("s3", "CreateBucket", "DeleteBucket", "DeleteBucketPolicy", "PutBucket*")
            + _of("s3", "PutEncryptionConfiguration", "PutLifecycleConfiguration")
            + _of("s3", "PutReplicationConfiguration"),
            f"arn:aws:s3:::{name}-*",
        ),
        # A release's files, before its cutover; never index.html.
        allow(
            "UploadReleases",
            ["s3:PutObject"],
            [f"arn:aws:s3:::{name}-frontend-*/{path}/*" for path in ("assets", "releases")],
        ),
        allow(
            "WriteSecrets",
            _of("secretsmanager", "CancelRotateSecret", "CreateSecret", "DeleteSecret")
            + _of("secretsmanager", "GetSecretValue", "PutResourcePolicy", "PutSecretValue")
            + _of("secretsmanager", "RotateSecret", "TagResource", "UntagResource")
            + _of("secretsmanager", "UpdateSecret", "UpdateSecretVersionStage"),
            # RDS makes the owner's in the caller's name.
            [place.arn("secretsmanager", f"secret:{one}") for one in (f"{name}-*", "rds!db-*")],
        ),
        allow(
            "WriteParameters",
            _of("ssm", "AddTagsToResource", "DeleteParameter", "PutParameter")
            + _of("ssm", "RemoveTagsFromResource"),
            place.arn("ssm", f"parameter/slipway/{name}/*"),
        ),
        allow(
            "WriteRoles",
            _of("iam", "AttachRolePolicy", "CreateRole", "DeleteRole", "DeleteRolePolicy")
            + _of("iam", "DetachRolePolicy", "PutRolePolicy", "TagRole", "UntagRole")
            + _of("iam", "UpdateAssumeRolePolicy", "UpdateRole"),
            place.role(f"{name}-*"),
        ),
        allow(
            "PassRoles",
            ["iam:PassRole"],
            place.role(f"{name}-*"),
            {"StringEquals": {"iam:PassedToService": [*_PASSED_TO]}},
        ),
        allow(
            "UseItsKeysForOthers",
            ["kms:CreateGrant", "kms:Decrypt", "kms:GenerateDataKey"],
            place.arn("kms", "key/*"),
            {"StringEquals": {"aws:ResourceTag/environment": name}},
        ),
    ]


def _of(service: str, *names: str) -> list[str]:
    return [f"{service}:{name}" for name in names]
