"""The roles that the parts of an environment work with, and the most that one of them can have."""

from bootstrap.statements import Place, Statement, allow, deny, elsewhere

# What the roles of infra/ are called after their environment. An `up` makes no role of another
# name: a new kind of role is for whoever administers the account to let in.
ROLES = (
    *("alerts-test", "app", "backup", "edge-alerts-test", "flow", "frontend-copy"),
    *("migrate-execution", "postgres-monitoring", "restore-tests", "slot-execution", "watcher"),
    *("watcher-schedule", "weights"),
)
# Pulumi's own seven: somebody else's role prod-app-admin is none of ours.
_SUFFIX = "-???????"


def arns(place: Place, *roles: str) -> list[str]:
    """Of the environment's roles that are called so."""
    return [place.role(f"{place.environment}-{role}{_SUFFIX}") for role in roles]


def boundary_name(environment: str) -> str:
    """What a stack file says in `permissions_boundary`."""
    return f"slipway-{environment}-parts"


def boundary_of_parts(place: Place) -> list[Statement]:
    """It grants nothing. A role that has it makes no role and becomes no other, moves no traffic
    but as the weights role, and reaches nothing of another environment.

    So who may make roles with it alone makes none that is stronger than themselves. AWS's policies
    for AWS Backup and for enhanced monitoring ask for more, of services that we don't have. An app
    may be given buckets and queues that have the environment's name, and mail.
    """
    name = place.environment
    weights = arns(place, "weights")
    tagged = {"StringEquals": {"aws:ResourceTag/environment": name}}
    vault = f"secretsmanager.{place.region}.amazonaws.com"
    # Restore tests make tables of such a name (AWS Backup, "Restore testing").
    tables = [place.arn("dynamodb", f"table/{one}-*") for one in (name, "awsbackup-restore-test")]
    secrets = [place.arn("secretsmanager", f"secret:{one}-*") for one in (name, "rds!db")]
    return [
        allow("Work", _WORK, "*"),
        allow("BackBucketsUp", ["events:*"], place.arn("events", "rule/AwsBackupManagedRule*")),
        allow(
            "CallFunctions", ["lambda:InvokeFunction"], place.arn("lambda", f"function:{name}-*")
        ),
        allow("UseBuckets", ["s3:*"], f"arn:aws:s3:::{name}-*"),
        allow("UseQueues", ["sqs:*"], place.arn("sqs", f"{name}-*")),
        allow("UseTables", ["dynamodb:*"], tables),
        # Alerts of the edge, and the alarms that test them, are in a region of their own.
        allow(
            "Tell",
            ["sns:GetTopicAttributes", "sns:Publish"],
            f"arn:aws:sns:*:{place.account_id}:{name}-*",
        ),
        allow(
            "TestAlerts",
            ["cloudwatch:SetAlarmState"],
            f"arn:aws:cloudwatch:*:{place.account_id}:alarm:{name}-*",
        ),
        allow(
            "ReadParameters", ["ssm:GetParameter*"], place.arn("ssm", f"parameter/slipway/{name}/*")
        ),
        allow("ReadSecrets", _SECRETS, secrets),
        # A secret that the team made, such as Sentry's, says by its tag whose it is.
        allow("ReadTaggedSecrets", _SECRETS, "*", tagged),
        allow("OpenSecrets", ["kms:Decrypt"], "*", {"StringEquals": {"kms:ViaService": vault}}),
        allow("UseKeys", _KEYS, "*", tagged),
        allow("MoveTraffic", _TRAFFIC, "*", {"ArnLike": {"aws:PrincipalArn": weights}}),
        allow(
            "PassTheTasksRoles",
            ["iam:PassRole"],
            arns(place, "app", "slot-execution"),
            {
                "ArnLike": {"aws:PrincipalArn": weights},
                "StringEquals": {"iam:PassedToService": "ecs-tasks.amazonaws.com"},
            },
        ),
        elsewhere(place),
        deny(
            "PageStays",
            ["s3:DeleteObject*", "s3:PutObject*"],
            f"arn:aws:s3:::{name}-frontend-*/index.html",
            {"ArnNotLike": {"aws:PrincipalArn": weights}},
        ),
        deny("JournalStays", _LOSES_ROWS, place.arn("dynamodb", f"table/{name}-cutover-*")),
    ]


# By services that know no name, or whose ARNs hold none of ours.
_WORK = (
    *("backup:CopyFromBackupVault", "backup:CopyIntoBackupVault", "backup:DescribeBackupVault"),
    *("backup:TagResource", "cloudwatch:GetMetricData", "cloudwatch:PutMetricData"),
    *("ec2:Describe*", "ecr:BatchCheckLayerAvailability", "ecr:BatchGetImage"),
    *("ecr:GetAuthorizationToken", "ecr:GetDownloadUrlForLayer", "ecs:DescribeTasks"),
    *("ecs:ListTasks", "events:ListRules", "kms:DescribeKey", "logs:CreateLogGroup"),
    *("logs:CreateLogStream", "logs:Describe*", "logs:PutLogEvents", "logs:PutRetentionPolicy"),
    *("rds:AddTagsToResource", "rds:CopyDBSnapshot", "rds:CreateDB*", "rds:DeleteDB*"),
    *("rds:Describe*", "rds:ListTagsForResource", "rds:ModifyDB*", "rds:RestoreDB*"),
    *("s3:ListAllMyBuckets", "ses:Send*", "tag:GetResources", "xray:Get*", "xray:Put*"),
)
_SECRETS = (
    *("secretsmanager:DescribeSecret", "secretsmanager:GetSecretValue"),
    "secretsmanager:ListSecretVersionIds",
)
_KEYS = (
    *("kms:CreateGrant", "kms:Decrypt", "kms:Encrypt", "kms:GenerateDataKey*", "kms:ReEncrypt*"),
)
_TRAFFIC = (
    *("application-autoscaling:RegisterScalableTarget", "ecs:DescribeServices"),
    *("ecs:UpdateService", "elasticloadbalancing:ModifyRule"),
)
# The journal is a chain: what is in it is added to, and never taken away.
_LOSES_ROWS = ("dynamodb:BatchWriteItem", "dynamodb:DeleteItem", "dynamodb:PartiQL*")
