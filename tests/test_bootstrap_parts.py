"""An `up` makes no role that is stronger than itself, and the roles that it makes do their work."""

import json
from collections.abc import Iterator
from typing import Any

import pytest

from bootstrap.parts import ROLES, boundary_name
from rehearsal.aws.iam_policy import Context, allows
from rehearsal.recording import record
from rehearsal.stack_file import stack_config, stack_names
from stacks.environment import environment
from tests.accounts import bounded, chosen, managed
from tests.accounts import recorded as account
from tests.environments import recorded

ACCOUNT, REGION = chosen().aws.account_id, chosen().aws.region
NAME = "prod"
ROLE = "aws:iam/role:Role"
# What Pulumi appends to a name, and Secrets Manager to a secret's.
SUFFIX, SECRET_SUFFIX = "1a2b3c4", "1a2b3c4-AbCdEf"


def arn(service: str, rest: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{rest}"


def iam(rest: str) -> str:
    return f"arn:aws:iam::{ACCOUNT}:{rest}"


PARTS = iam("policy/slipway-prod-parts")
APP, WEIGHTS = iam(f"role/prod-app-{SUFFIX}"), iam(f"role/prod-weights-{SUFFIX}")
WATCHER = iam(f"role/prod-watcher-{SUFFIX}")
WITH: Context = {"iam:PermissionsBoundary": PARTS}


def passed_to(service: str) -> Context:
    return {"iam:PassedToService": f"{service}.amazonaws.com"}


# ---- the program's roles ----


def test_the_account_knows_every_role_of_the_program_and_no_other() -> None:
    called = {
        one.name.removeprefix(f"{stack}-")
        for stack in stack_names()
        for one in recorded(stack).every(ROLE)
    }
    assert called == {*ROLES}
    assert all("name" not in one.inputs for one in recorded(NAME).every(ROLE))


@pytest.mark.parametrize("stack", stack_names())
def test_every_role_has_the_boundary_of_its_environment(stack: str) -> None:
    boundary = account().only("aws:iam/policy:Policy", boundary_name(stack)).inputs["name"]
    roles = recorded(stack).every(ROLE)
    assert len(roles) >= 9
    assert {one.inputs["permissionsBoundary"] for one in roles} == {iam(f"policy/{boundary}")}


def test_without_bootstrap_no_role_has_one() -> None:
    config = stack_config(NAME)
    assert config.pop("slipway:permissions_boundary") == "slipway-prod-parts"
    roles = record(environment, stack=NAME, config=config).every(ROLE)
    assert len(roles) == len(ROLES)
    assert not any("permissionsBoundary" in one.inputs for one in roles)


# ---- what they may still do ----

# How AWS spells what the recording calls `<service>:<kind>/<name>`.
SPELT = {
    "arn:aws:s3:::bucket/": ("arn:aws:s3:::", SUFFIX),
    arn("secretsmanager", "secret/"): (arn("secretsmanager", "secret:"), SECRET_SUFFIX),
    arn("sns", "topic/"): (arn("sns", ""), SUFFIX),
    arn("lambda", "function/"): (arn("lambda", "function:"), SUFFIX),
    arn("dynamodb", "table/"): (arn("dynamodb", "table/"), SUFFIX),
    iam("role/"): (iam("role/"), SUFFIX),
}


def spelt(resource: str) -> str:
    for recorded_as, (real, suffix) in SPELT.items():
        if resource.startswith(recorded_as):
            name, slash, rest = resource.removeprefix(recorded_as).partition("/")
            return f"{real}{name}-{suffix}{slash}{rest}"
    return resource


def listed(value: Any) -> list[Any]:
    return [value] if isinstance(value, str) else list(value)


def asked(stack: str) -> Iterator[tuple[str, str, Context]]:
    """Every request that a role's own policy is for, as IAM is asked about it."""
    names = {one.id: one.name for one in recorded(stack).every(ROLE)}
    for policy in recorded(stack).every("aws:iam/rolePolicy:RolePolicy"):
        role = names[policy.inputs["role"]]
        for statement in json.loads(policy.inputs["policy"])["Statement"]:
            said = statement.get("Condition", {}).values()
            context: Context = {key: value for keys in said for key, value in keys.items()} | {
                "aws:PrincipalArn": iam(f"role/{role}-{SUFFIX}"),
                "aws:ResourceTag/environment": stack,
            }
            single = {
                key: value if isinstance(value, str) else value[0] for key, value in context.items()
            }
            for action in listed(statement["Action"]):
                for resource in listed(statement["Resource"]):
                    yield action, spelt(resource), single


@pytest.mark.parametrize("stack", stack_names())
def test_the_boundary_leaves_every_role_its_work(stack: str) -> None:
    boundary = managed(boundary_name(stack))
    requests = [*asked(stack)]
    assert len(requests) > 40
    assert [one for one in requests if not allows(boundary, *one)] == []


# Of AWS's own policies for AWS Backup and RDS, what is about the services that we have. Their texts
# of 2026 are in github.com/zoph-io/IAMTrail.
TAGGED: Context = {"aws:ResourceTag/environment": NAME}
TABLE = arn("dynamodb", f"table/prod-cutover-{SUFFIX}")
RESTORED = arn("dynamodb", "table/awsbackup-restore-test-1234")
BUCKET = f"arn:aws:s3:::prod-frontend-{SUFFIX}"
AWS_S = {
    TABLE: "dynamodb:CreateBackup dynamodb:DescribeTable dynamodb:StartAwsBackupJob",
    f"{TABLE}/backup/1": "dynamodb:DeleteBackup dynamodb:RestoreTableFromBackup",
    RESTORED: (
        "dynamodb:BatchWriteItem dynamodb:DeleteItem dynamodb:PutItem "
        "dynamodb:RestoreTableFromAwsBackup dynamodb:Scan"
    ),
    arn("rds", "db:prod-postgres-1"): (
        "rds:CreateDBSnapshot rds:DescribeDBInstances rds:ModifyDBInstance"
    ),
    arn("rds", "snapshot:awsbackup:1"): (
        "rds:CopyDBSnapshot rds:DeleteDBSnapshot rds:ModifyDBSnapshotAttribute"
    ),
    arn("rds", "db:awsbackup-1"): (
        "rds:AddTagsToResource rds:CreateDBInstance rds:DeleteDBInstance "
        "rds:RestoreDBInstanceFromDBSnapshot"
    ),
    arn("rds", "auto-backup:1"): "rds:DeleteDBInstanceAutomatedBackup",
    arn("backup", "backup-vault:prod-1"): (
        "backup:CopyFromBackupVault backup:CopyIntoBackupVault backup:DescribeBackupVault"
    ),
    arn("kms", "key/1"): (
        "kms:CreateGrant kms:Decrypt kms:DescribeKey kms:Encrypt kms:GenerateDataKey "
        "kms:GenerateDataKeyWithoutPlaintext kms:ReEncryptFrom kms:ReEncryptTo"
    ),
    arn("events", "rule/AwsBackupManagedRule-1"): (
        "events:DeleteRule events:DescribeRule events:PutRule events:PutTargets "
        "events:RemoveTargets"
    ),
    BUCKET: (
        "s3:GetBucketVersioning s3:ListBucketVersions s3:PutBucketNotification "
        "s3:PutInventoryConfiguration"
    ),
    f"{BUCKET}/index.html": "s3:GetObjectVersion s3:GetObjectVersionTagging",
    arn("logs", "log-group:RDSOSMetrics"): "logs:CreateLogGroup logs:PutRetentionPolicy",
    arn("logs", "log-group:RDSOSMetrics:log-stream:1"): (
        "logs:CreateLogStream logs:DescribeLogStreams logs:PutLogEvents"
    ),
    "*": "cloudwatch:GetMetricData events:ListRules s3:ListAllMyBuckets tag:GetResources",
}


def test_the_boundary_leaves_backups_and_monitoring_what_aws_asks_for() -> None:
    boundary = managed("slipway-prod-parts")
    asks = [(action, on) for on, actions in AWS_S.items() for action in actions.split()]
    assert len(asks) == 52
    assert [one for one in asks if not allows(boundary, *one, TAGGED)] == []


# ---- what they can't be given ----

OTHERS: Context = {"aws:ResourceTag/environment": "testing"}
RULE = arn("elasticloadbalancing", "listener-rule/app/prod-alb/1/2/3")
STATE = account().only("aws:s3/bucket:Bucket").outputs["arn"]
# What a role would have to be let do for the deploy role to have gained something by making it.
GAINS: list[tuple[str, str, Context]] = [
    ("iam:CreateRole", APP, WITH),
    ("iam:PutRolePolicy", APP, WITH),
    ("iam:CreateUser", iam("user/me"), {}),
    ("iam:PassRole", APP, passed_to("ecs-tasks")),
    ("sts:AssumeRole", WEIGHTS, {}),
    ("sts:AssumeRole", iam("role/slipway-prod-cutover"), {}),
    ("sts:AssumeRole", iam("role/admin"), {}),
    ("elasticloadbalancing:ModifyRule", RULE, TAGGED),
    ("elasticloadbalancing:CreateRule", RULE, TAGGED),
    ("elasticloadbalancing:SetRulePriorities", RULE, {}),
    ("elasticloadbalancing:RegisterTargets", RULE, TAGGED),
    ("ecs:UpdateService", arn("ecs", "service/prod-cluster-1/prod-blue-1"), TAGGED),
    ("ecs:RunTask", arn("ecs", "task-definition/prod-migrate:1"), TAGGED),
    ("ecs:ExecuteCommand", arn("ecs", "task/prod-cluster-1/1"), TAGGED),
    ("s3:PutObject", f"{BUCKET}/index.html", {}),
    ("s3:DeleteObjectVersion", f"{BUCKET}/index.html", {}),
    ("dynamodb:DeleteItem", TABLE, TAGGED),
    ("dynamodb:PartiQLDelete", TABLE, TAGGED),
    ("backup:DeleteRecoveryPoint", "*", {}),
    ("lambda:UpdateFunctionCode", arn("lambda", "function:prod-watcher-1"), TAGGED),
    ("lambda:InvokeFunction", arn("lambda", "function:admins"), {}),
    ("cloudformation:CreateStack", "*", {}),
    ("ec2:RunInstances", "*", {}),
    ("ssm:SendCommand", "*", {}),
    ("organizations:LeaveOrganization", "*", {}),
    ("s3:GetObject", f"{STATE}/.pulumi/stacks/slipway/prod.json", {}),
    ("kms:Decrypt", arn("kms", "key/1"), {"aws:ResourceTag/part": "bootstrap"}),
    ("kms:PutKeyPolicy", arn("kms", "key/1"), TAGGED),
    ("kms:TagResource", arn("kms", "key/1"), {"aws:ResourceTag/part": "bootstrap"}),
    ("kms:Decrypt", arn("kms", "key/2"), OTHERS),
    ("secretsmanager:GetSecretValue", arn("secretsmanager", "secret:testing-secret-key-1"), OTHERS),
    ("secretsmanager:GetSecretValue", arn("secretsmanager", "secret:of-others"), {}),
    ("dynamodb:Scan", arn("dynamodb", "table/testing-cutover-1"), OTHERS),
    ("dynamodb:Scan", arn("dynamodb", "table/of-others"), {}),
    ("s3:GetObject", "arn:aws:s3:::testing-frontend-1/index.html", {}),
    ("ssm:GetParameter", arn("ssm", "parameter/slipway/testing/contract"), {}),
    ("rds:DeleteDBInstance", arn("rds", "db:testing-postgres-1"), OTHERS),
]


@pytest.mark.parametrize(("action", "resource", "context"), GAINS)
def test_no_role_of_a_part_can_do_it_whatever_it_is_given(
    action: str, resource: str, context: Context
) -> None:
    asks = context | {"aws:PrincipalArn": WATCHER}
    assert not allows(managed("slipway-prod-parts"), action, resource, asks)


def test_only_the_weights_role_moves_traffic_and_its_boundary_lets_it_do_no_more() -> None:
    gained = [
        action
        for action, resource, context in GAINS
        if allows(
            managed("slipway-prod-parts"),
            action,
            resource,
            context | {"aws:PrincipalArn": WEIGHTS},
        )
    ]
    assert gained == [
        *("iam:PassRole", "elasticloadbalancing:ModifyRule", "ecs:UpdateService", "s3:PutObject"),
        "s3:DeleteObjectVersion",
    ]


# ---- who can make a stronger role ----

ADMIN = "arn:aws:iam::aws:policy/AdministratorAccess"
FOREIGN = iam("role/prod-admin")
LOOKS_ALIKE = iam("role/prod-app-administrator")
# The known ways up (Rhino Security Labs, "AWS IAM Privilege Escalation"; pathfinding.cloud), and
# those that our own names would open.
WAYS_UP: list[tuple[str, str, Context]] = [
    ("iam:CreateRole", APP, {}),
    ("iam:CreateRole", APP, {"iam:PermissionsBoundary": iam("policy/slipway-staging-parts")}),
    ("iam:CreateRole", APP, {"iam:PermissionsBoundary": ADMIN}),
    ("iam:CreateRole", FOREIGN, WITH),
    ("iam:CreateRole", iam("role/slipway-prod-cutover-too"), WITH),
    ("iam:CreateRole", iam("role/testing-app-1a2b3c4"), WITH),
    ("iam:PutRolePolicy", APP, {}),
    ("iam:PutRolePolicy", FOREIGN, {}),
    ("iam:AttachRolePolicy", APP, {}),
    ("iam:AttachRolePolicy", FOREIGN, {}),
    ("iam:PutRolePermissionsBoundary", APP, {"iam:PermissionsBoundary": iam("policy/mine")}),
    ("iam:PutRolePermissionsBoundary", iam("role/slipway-prod-deploy"), WITH),
    ("iam:DeleteRolePermissionsBoundary", APP, WITH),
    ("iam:DeleteRolePermissionsBoundary", iam("role/slipway-prod-deploy"), {}),
    ("iam:UpdateAssumeRolePolicy", FOREIGN, {}),
    ("iam:UpdateAssumeRolePolicy", LOOKS_ALIKE, {}),
    ("iam:UpdateAssumeRolePolicy", iam("role/slipway-prod-cutover"), {}),
    ("iam:CreatePolicy", iam("policy/mine"), {}),
    ("iam:CreatePolicyVersion", PARTS, {}),
    ("iam:CreatePolicyVersion", iam("policy/slipway-boundary"), {}),
    ("iam:SetDefaultPolicyVersion", PARTS, {}),
    ("iam:DeletePolicyVersion", PARTS, {}),
    ("iam:CreateAccessKey", iam("user/admin"), {}),
    ("iam:CreateLoginProfile", iam("user/admin"), {}),
    ("iam:UpdateLoginProfile", iam("user/admin"), {}),
    ("iam:AddUserToGroup", iam("group/admins"), {}),
    ("iam:AttachUserPolicy", iam("user/admin"), {}),
    ("iam:PutGroupPolicy", iam("group/admins"), {}),
    ("iam:UpdateOpenIDConnectProviderThumbprint", iam("oidc-provider/github"), {}),
    ("iam:PassRole", FOREIGN, passed_to("lambda")),
    ("iam:PassRole", LOOKS_ALIKE, passed_to("lambda")),
    ("iam:PassRole", APP, passed_to("ec2")),
    ("iam:PassRole", APP, passed_to("cloudformation")),
    ("iam:PassRole", APP, passed_to("glue")),
    ("iam:PassRole", APP, {}),
    ("iam:PassRole", iam("role/slipway-prod-cutover"), passed_to("lambda")),
    ("sts:AssumeRole", FOREIGN, {}),
    ("sts:AssumeRole", WEIGHTS, {}),
    ("sts:AssumeRole", iam("role/slipway-prod-cutover"), {}),
    ("lambda:UpdateFunctionCode", arn("lambda", "function:admins"), {}),
    ("lambda:AddPermission", arn("lambda", "function:admins"), {}),
    ("cloudformation:UpdateStack", arn("cloudformation", "stack/CDKToolkit/1"), {}),
    ("cloudformation:ExecuteChangeSet", arn("cloudformation", "stack/of-others/1"), {}),
    ("cloudformation:SetStackPolicy", arn("cloudformation", "stack/serverlessrepo-prod-1/1"), {}),
    ("ec2:RunInstances", "*", {}),
    ("ec2:AssociateIamInstanceProfile", "*", {}),
    ("ec2:ModifyInstanceAttribute", arn("ec2", "instance/i-1"), {}),
    ("ec2:CreateLaunchTemplateVersion", arn("ec2", "launch-template/lt-1"), {}),
    ("ecs:RunTask", arn("ecs", "task-definition/prod-migrate:1"), {}),
    ("ecs:ExecuteCommand", "*", {}),
    ("ssm:SendCommand", "*", {}),
    ("ssm:StartSession", "*", {}),
    ("kms:TagResource", arn("kms", "key/1"), {"aws:ResourceTag/part": "bootstrap"}),
    ("kms:UntagResource", arn("kms", "key/1"), {"aws:ResourceTag/part": "bootstrap"}),
    ("kms:PutKeyPolicy", arn("kms", "key/1"), {"aws:ResourceTag/part": "bootstrap"}),
    ("kms:UpdateAlias", arn("kms", "key/1"), {"aws:ResourceTag/part": "bootstrap"}),
    ("kms:CreateGrant", arn("kms", "key/1"), {"aws:ResourceTag/part": "bootstrap"}),
    ("secretsmanager:GetSecretValue", arn("secretsmanager", "secret:rds!db-1"), {}),
    ("secretsmanager:PutSecretValue", arn("secretsmanager", "secret:rds!db-1"), {}),
]
JOBS = ("preview", "deploy", "cutover")


@pytest.mark.parametrize(("action", "resource", "context"), WAYS_UP)
def test_nobody_who_is_let_in_finds_a_way_up(action: str, resource: str, context: Context) -> None:
    let = [
        one.name for one in account().every(ROLE) if bounded(one.name, action, resource, context)
    ]
    # To become the weights role, for one change under the lease, is what the cutover role is for.
    expected = ["slipway-prod-cutover"] if (action, resource) == ("sts:AssumeRole", WEIGHTS) else []
    assert let == expected


SHAPES = ("AttachRolePolicy", "CreateRole", "DeleteRolePolicy", "DetachRolePolicy", "PutRolePolicy")
KEEPS = ("DeleteRole", "TagRole", "UntagRole", "UpdateAssumeRolePolicy", "UpdateRole")


def test_an_up_makes_and_changes_roles_with_the_boundary() -> None:
    for role in ("slipway-prod-deploy", "slipway-prod-break-glass"):
        for action in (*SHAPES, "PutRolePermissionsBoundary"):
            assert bounded(role, f"iam:{action}", APP, WITH), action
        for action in KEEPS:
            assert bounded(role, f"iam:{action}", APP), action
    assert not any(bounded("slipway-prod-preview", f"iam:{one}", APP, WITH) for one in SHAPES)


def test_the_weights_role_is_made_and_changed_by_people() -> None:
    """Its policy or its trust would be a way to move traffic."""
    for action in (*SHAPES, *KEEPS, "PutRolePermissionsBoundary"):
        assert not bounded("slipway-prod-deploy", f"iam:{action}", WEIGHTS, WITH), action
        assert bounded("slipway-prod-break-glass", f"iam:{action}", WEIGHTS, WITH), action
    assert bounded("slipway-prod-deploy", "iam:GetRole", WEIGHTS)


def test_only_people_have_cloudformation_make_the_rotations_role() -> None:
    """The one role without a boundary: AWS's template takes none."""
    role = iam("role/serverlessrepo-prod-data-SecretsManagerRDSPostgre-1ABC")
    through: Context = {"aws:CalledVia": ["cloudformation.amazonaws.com"]}
    for action in (*SHAPES, "TagRole"):
        let = [
            one.name
            for one in account().every(ROLE)
            if bounded(one.name, f"iam:{action}", role, through | TAGGED)
        ]
        assert let == ["slipway-prod-break-glass"], action
        assert not bounded("slipway-prod-break-glass", f"iam:{action}", role, TAGGED)
        assert not bounded("slipway-staging-break-glass", f"iam:{action}", role, through | TAGGED)
    stack = arn("cloudformation", "stack/serverlessrepo-prod-database-login-rotation-1a2b3c4/1")
    changes = ("CreateChangeSet", "ExecuteChangeSet", "DeleteStack", "UpdateStack")
    for action in (*changes, "DescribeChangeSet", "DescribeStacks"):
        assert bounded("slipway-prod-deploy", f"cloudformation:{action}", stack, TAGGED), action
    code = "arn:aws:s3:::awsserverlessrepo-changesets-1f9ifp952i9h0/123456789012/code"
    assert bounded("slipway-prod-break-glass", "s3:GetObject", code)
    assert not bounded("slipway-prod-deploy", "s3:GetObject", code)


def test_an_up_turns_the_rotation_on() -> None:
    secret = arn("secretsmanager", f"secret:prod-database-login-{SECRET_SUFFIX}")
    function = arn("lambda", "function:prod-database-login-rotation")
    for role in ("slipway-prod-deploy", "slipway-prod-break-glass"):
        assert bounded(role, "secretsmanager:RotateSecret", secret, TAGGED)
        assert bounded(role, "lambda:InvokeFunction", function, TAGGED)
        assert not bounded(role, "lambda:InvokeFunction", arn("lambda", "function:admins"))


def test_nobody_has_the_boundary_as_a_policy() -> None:
    attached = account().every("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
    arns = {
        account().only("aws:iam/policy:Policy", boundary_name(stack)).outputs["arn"]
        for stack in stack_names()
    }
    assert len(arns) == 3
    assert not arns & {one.inputs["policyArn"] for one in attached}
