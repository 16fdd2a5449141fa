"""What an `up` of one environment may do, and what it is denied because a cutover owns it."""

from bootstrap.cutover_policy import lease_policy
from bootstrap.role_policy import roles_of_parts, weights_role_stays
from bootstrap.statements import Place, Statement, allow, deny, elsewhere

# What rule, listener and target groups carry (infra/balancer.py).
_OWNED = {"StringEquals": {"aws:ResourceTag/traffic-owner": "cutover"}}
_TAGGED = {"ForAnyValue:StringEquals": {"aws:TagKeys": "traffic-owner"}}


def write_policy(place: Place) -> list[Statement]:
    """An `up` under the lease, beside what it reads and writes of everything (bootstrap.actions):
    of the environment's own, the edge included; and nothing that is another's."""
    return [
        *lease_policy(place),
        *_by_name(place),
        *roles_of_parts(place),
        *_PULL,
        elsewhere(place),
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


def edge_denials(place: Place) -> list[Statement]:
    """What moves traffic, or could: cutover's rule, its listener, its target groups, their tag, and
    the role that changes them.

    `CreateRule` is asked of the listener. `SetRulePriorities` knows no condition, and a rule above
    ours would take the traffic.
    """
    return [
        deny(
            "TrafficStays",
            _of("elasticloadbalancing", "CreateRule", "Delete*", "DeregisterTargets")
            + _of("elasticloadbalancing", "Modify*", "RegisterTargets"),
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
        weights_role_stays(place),
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
            + _of("s3", "PutReplicationConfiguration", "TagResource", "UntagResource"),
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
            _of("secretsmanager", "*RotateSecret", "CreateSecret", "DeleteSecret")
            + _of("secretsmanager", "GetSecretValue", "PutResourcePolicy", "PutSecretValue")
            + _of("secretsmanager", "TagResource", "UntagResource", "UpdateSecret*"),
            place.arn("secretsmanager", f"secret:{name}-*"),
        ),
        # RDS makes the owner's in the caller's name; nobody here reads one (RDS user guide,
        # "Permissions required for Secrets Manager integration").
        allow(
            "LetRdsKeepItsSecret",
            _of("secretsmanager", "CreateSecret", "DeleteSecret", "RotateSecret", "TagResource"),
            place.arn("secretsmanager", "secret:rds!db-*"),
        ),
        allow(
            "WriteFunctions",
            _of("lambda", "AddPermission", "CreateFunction", "DeleteFunction*")
            # Secrets Manager asks it of whoever has a secret rotated (API reference, RotateSecret).
            + _of("lambda", "InvokeFunction")
            + _of("lambda", "PutFunctionEventInvokeConfig", "RemovePermission", "TagResource")
            + _of("lambda", "UntagResource", "UpdateFunction*"),
            place.arn("lambda", f"function:{name}-*"),
        ),
        # The rotation function's, by the name that the repository of applications gives it. A stack
        # of somebody else's may have a role of its own that may do anything.
        allow(
            "WriteStacks",
            _of("cloudformation", "CreateChangeSet", "DeleteStack", "ExecuteChangeSet")
            + _of("cloudformation", "TagResource", "UpdateStack"),
            [
                place.arn("cloudformation", f"stack/serverlessrepo-{name}-*"),
                f"arn:aws:cloudformation:{place.region}:aws:transform/Serverless-2016-10-31",
            ],
        ),
        allow(
            "WriteParameters",
            _of("ssm", "AddTagsToResource", "DeleteParameter", "PutParameter")
            + _of("ssm", "RemoveTagsFromResource"),
            place.arn("ssm", f"parameter/slipway/{name}/*"),
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
