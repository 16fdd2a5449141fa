"""Each role may do what its work needs and no more; by requests, evaluated as IAM does."""

import ast
import re
from collections.abc import Iterator

import pytest

from bootstrap.actions import READS, SERVICES, WRITES
from bootstrap.cutover_policy import lease_policy
from bootstrap.statements import Place
from infra.outputs import SLOTS, contract_name
from rehearsal.aws.iam_policy import Context, actions, allows, denies
from rehearsal.stack_file import ROOT
from tests.accounts import bounded, chosen, policy_of
from tests.accounts import recorded as account
from tests.environments import recorded

ACCOUNT, REGION = chosen().aws.account_id, chosen().aws.region
NAME = "prod"
# What Pulumi appends to a name, and Secrets Manager to a secret's.
SUFFIX, SECRET_SUFFIX = "1a2b3c4", "1a2b3c4-AbCdEf"
OWNED: Context = {"aws:ResourceTag/traffic-owner": "cutover", "aws:ResourceTag/environment": NAME}


def arn(service: str, rest: str) -> str:
    return f"arn:aws:{service}:{REGION}:{ACCOUNT}:{rest}"


def made(type_: str, name: str) -> str:
    """The name that AWS knows a resource of the program by: its own, or what Pulumi makes of it."""
    assert recorded(NAME).only(type_, name)
    return f"{name}-{SUFFIX}"


CLUSTER = arn("ecs", f"cluster/{made('aws:ecs/cluster:Cluster', 'prod-cluster')}")
TABLE = arn("dynamodb", f"table/{made('aws:dynamodb/table:Table', 'prod-cutover')}")
TOPIC = arn("sns", made("aws:sns/topic:Topic", "prod-alerts"))
BUCKET = f"arn:aws:s3:::{made('aws:s3/bucket:Bucket', 'prod-frontend')}"
TOKEN = arn("secretsmanager", f"secret:prod-probe-token-{SECRET_SUFFIX}")
KEY = arn("kms", "key/1234")
STATE = account().only("aws:s3/bucket:Bucket").outputs["arn"]
TASK_ROLES = ("prod-app", "prod-slot-execution", "prod-migrate-execution")


def iam(name: str) -> str:
    assert recorded(NAME).only("aws:iam/role:Role", name)
    return f"arn:aws:iam::{ACCOUNT}:role/{name}-{SUFFIX}"


def via(service: str) -> Context:
    return {
        "aws:ResourceTag/environment": NAME,
        "kms:ViaService": f"{service}.{REGION}.amazonaws.com",
    }


TO_TASKS: Context = {"iam:PassedToService": "ecs-tasks.amazonaws.com"}
AT_THE_CLUSTER: Context = {"ecs:cluster": CLUSTER}
RELEASE = arn("ecs", "task-definition/prod-release-blue:7")
# Every request that cutover makes, with the resource that IAM is asked about.
CUTOVER: list[tuple[str, str, Context]] = [
    ("ssm:GetParameter", arn("ssm", f"parameter{contract_name(NAME)}"), {}),
    ("dynamodb:Query", TABLE, {}),
    ("dynamodb:PutItem", TABLE, {}),
    ("dynamodb:UpdateItem", TABLE, {}),
    ("kms:Decrypt", KEY, via("dynamodb")),
    ("kms:GenerateDataKey", KEY, via("dynamodb")),
    ("kms:Decrypt", KEY, via("secretsmanager")),
    ("kms:GenerateDataKey", KEY, via("sns")),
    ("sts:AssumeRole", iam("prod-weights"), {}),
    ("sts:GetCallerIdentity", "*", {}),
    ("elasticloadbalancing:DescribeRules", "*", {}),
    ("elasticloadbalancing:DescribeTargetHealth", "*", {}),
    *(
        ("ecs:DescribeServices", CLUSTER.replace(":cluster/", ":service/") + f"/prod-{slot}-1", {})
        for slot in SLOTS
    ),
    ("ecs:DescribeTaskDefinition", "*", {}),
    ("ecs:RegisterTaskDefinition", "*", {}),
    ("ecs:TagResource", RELEASE, {"ecs:CreateAction": "RegisterTaskDefinition"}),
    ("ecs:RunTask", RELEASE, AT_THE_CLUSTER),
    ("ecs:ListTasks", "*", AT_THE_CLUSTER),
    ("ecs:DescribeTasks", "*", AT_THE_CLUSTER),
    *(("iam:PassRole", iam(role), TO_TASKS) for role in TASK_ROLES),
    ("cloudwatch:DescribeAlarms", "*", {}),
    ("cloudwatch:GetMetricData", "*", {}),
    ("secretsmanager:GetSecretValue", TOKEN, {}),
    ("s3:GetObject", f"{BUCKET}/index.html", {}),
    ("s3:GetObjectVersion", f"{BUCKET}/index.html", {}),
    ("s3:ListBucket", BUCKET, {}),
    ("ecr:DescribeImages", arn("ecr", "repository/slipway/app"), {}),
    ("sns:Publish", TOPIC, {}),
]


def documented() -> set[str]:
    """Every action in the first two columns of the table in docs/cutover.md."""
    lines = (ROOT / "docs" / "cutover.md").read_text().splitlines()
    start = lines.index("| Action | On | For |")
    found: set[str] = set()
    for line in lines[start + 2 :]:
        if not line.startswith("|"):
            break
        for cell in line.split("|")[1:3]:
            service = ""
            for service_, name in re.findall(r"`(?:([a-z0-9-]+):)?([A-Z]\w+)`", cell):
                service = service_ or service
                found.add(f"{service}:{name}")
    return found


def test_the_cutover_role_allows_what_cutover_asks() -> None:
    refused = [one for one in CUTOVER if not allows(policy_of("slipway-prod-cutover"), *one)]
    assert refused == []


def test_the_cutover_role_allows_what_the_documentation_says_and_nothing_else() -> None:
    allowed = {*actions(policy_of("slipway-prod-cutover"))}
    assert allowed == documented() == {action for action, *_ in CUTOVER}
    assert len(allowed) == 26


# What AWS asks for beside the call: keys, roles and tags that it names, and S3's "not there".
BESIDE = {
    *("ecs:TagResource", "iam:PassRole", "kms:Decrypt", "kms:GenerateDataKey"),
    *("s3:GetObjectVersion", "s3:ListBucket"),
}
IAM_NAMES = {"elbv2": "elasticloadbalancing"}
TRANSACTION = {"dynamodb:PutItem", "dynamodb:UpdateItem"}


def called() -> Iterator[tuple[str, str]]:
    """What cutover's code calls, and by which attribute: `Clients.call` is its one door to AWS."""
    for path in sorted((ROOT / "cutover").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            match node:
                case ast.Call(
                    func=ast.Attribute(value=by, attr="call"),
                    args=[ast.Constant(value=str(service)), ast.Constant(value=str(operation))],
                ):
                    name = operation.title().replace("_", "")
                    yield ast.unparse(by), f"{IAM_NAMES.get(service, service)}:{name}"
                case ast.Call(
                    func=ast.Attribute(attr="_call"), args=[ast.Constant(value=str(operation))]
                ) if path.stem == "partition":
                    yield "partition", f"dynamodb:{operation.title().replace('_', '')}"
                case _:
                    pass


def test_the_cutover_role_is_asked_for_what_cutovers_code_calls() -> None:
    mine = {action for by, action in called() if not by.endswith("fenced")}
    assert "dynamodb:TransactWriteItems" in mine
    assert (mine - {"dynamodb:TransactWriteItems"}) | TRANSACTION | BESIDE == documented()


def test_the_weights_role_is_asked_for_the_rest() -> None:
    policy = recorded(NAME).only("aws:iam/rolePolicy:RolePolicy", "prod-weights").inputs["policy"]
    fenced = {action for by, action in called() if by.endswith("fenced")}
    # RegisterScalableTarget looks at the service, and If-Match at what is there.
    assert fenced | {"iam:PassRole", "ecs:DescribeServices", "s3:GetObject"} == {*actions(policy)}


def elsewhere() -> Iterator[tuple[str, str, Context]]:
    """The same requests about another environment's resources, or about any."""
    for action, resource, context in CUTOVER:
        other = {
            key: [] if isinstance(value, list) else str(value).replace("prod", "testing")
            for key, value in context.items()
        }
        if other != dict(context):
            yield action, resource, other
        if context:
            yield action, resource, {}
        if "prod" in resource:
            yield action, resource.replace("prod", "testing"), context
            yield action, "*", context


def test_the_cutover_role_reaches_no_other_environment() -> None:
    tried = [*elsewhere()]
    assert len(tried) > 40
    assert [one for one in tried if allows(policy_of("slipway-prod-cutover"), *one)] == []


@pytest.mark.parametrize(
    ("action", "resource", "context"),
    [
        ("elasticloadbalancing:ModifyRule", arn("elasticloadbalancing", "listener-rule/x"), OWNED),
        ("ecs:UpdateService", f"{CLUSTER}/prod-blue", {}),
        ("s3:PutObject", f"{BUCKET}/index.html", {}),
        ("s3:DeleteObject", f"{BUCKET}/index.html", {}),
        ("dynamodb:DeleteItem", TABLE, {}),
        ("iam:PassRole", iam("prod-watcher"), TO_TASKS),
        ("iam:PassRole", iam("prod-app"), {"iam:PassedToService": "lambda.amazonaws.com"}),
        ("sts:AssumeRole", iam("prod-app"), {}),
        ("secretsmanager:GetSecretValue", arn("secretsmanager", "secret:prod-secret-key-1"), {}),
        ("ecs:RunTask", arn("ecs", "task-definition/prod-migrate:1"), AT_THE_CLUSTER),
    ],
)
def test_the_cutover_role_changes_nothing_itself(
    action: str, resource: str, context: Context
) -> None:
    assert not allows(policy_of("slipway-prod-cutover"), action, resource, context)


RULE = arn("elasticloadbalancing", "listener-rule/app/prod-alb/1/2/3")
MOVES_TRAFFIC = (
    *("CreateRule", "DeleteListener", "DeleteRule", "DeleteTargetGroup", "DeregisterTargets"),
    *("ModifyListener", "ModifyListenerAttributes", "ModifyRule", "ModifyTargetGroup"),
    *("ModifyTargetGroupAttributes", "RegisterTargets"),
)


@pytest.mark.parametrize("action", MOVES_TRAFFIC)
def test_the_deploy_role_can_not_move_traffic(action: str) -> None:
    asked = f"elasticloadbalancing:{action}"
    assert denies(policy_of("slipway-prod-deploy"), asked, RULE, OWNED)
    assert not bounded("slipway-prod-deploy", asked, RULE, OWNED)
    changes = action not in ("DeregisterTargets", "RegisterTargets")
    assert bounded("slipway-prod-break-glass", asked, RULE, OWNED) is changes


def test_only_people_may_modify_the_traffic_rule_and_no_job() -> None:
    may = [
        one.name
        for one in account().every("aws:iam/role:Role")
        if allows(policy_of(one.name), "elasticloadbalancing:ModifyRule", RULE, OWNED)
    ]
    assert may == ["slipway-prod-break-glass"]


def test_the_deploy_role_sets_no_priorities_and_takes_off_no_tag() -> None:
    role = "slipway-prod-deploy"
    priorities = "elasticloadbalancing:SetRulePriorities"
    assert denies(policy_of(role), priorities, RULE)
    assert bounded("slipway-prod-break-glass", priorities, RULE)
    for change in ("AddTags", "RemoveTags"):
        asked = f"elasticloadbalancing:{change}"
        owner = OWNED | {"aws:TagKeys": ["team", "traffic-owner"]}
        assert not bounded(role, asked, RULE, owner)
        assert bounded("slipway-prod-break-glass", asked, RULE, owner)
        assert bounded(role, asked, RULE, OWNED | {"aws:TagKeys": ["team"]})
        assert bounded(role, asked, RULE, {"aws:TagKeys": ["team", "traffic-owner"]})


PARTS = f"arn:aws:iam::{ACCOUNT}:policy/slipway-{NAME}-parts"
ORDINARY: list[tuple[str, str, Context]] = [
    ("elasticloadbalancing:ModifyRule", RULE, {"aws:ResourceTag/environment": NAME}),
    ("rds:ModifyDBInstance", arn("rds", "db:prod-postgres"), {"aws:ResourceTag/environment": NAME}),
    ("ecs:RegisterTaskDefinition", "*", {}),
    ("ecs:UpdateService", f"{CLUSTER}/prod-blue", {"aws:ResourceTag/environment": NAME}),
    ("iam:CreateRole", iam("prod-app"), {"iam:PermissionsBoundary": PARTS}),
    ("iam:PassRole", iam("prod-watcher"), {"iam:PassedToService": "lambda.amazonaws.com"}),
    ("s3:PutBucketPolicy", BUCKET, {}),
    ("s3:PutObject", f"{BUCKET}/assets/app.1234.js", {}),
    ("s3:PutObject", f"{BUCKET}/releases/1/index.html", {}),
    ("dynamodb:CreateTable", TABLE, {}),
    ("secretsmanager:PutSecretValue", TOKEN, {}),
    ("secretsmanager:CreateSecret", arn("secretsmanager", "secret:rds!db-1234"), {}),
    ("ssm:PutParameter", arn("ssm", f"parameter{contract_name(NAME)}"), {}),
    ("kms:CreateGrant", KEY, {"aws:ResourceTag/environment": NAME}),
    ("s3:PutObject", f"{STATE}/.pulumi/stacks/slipway/prod.json", {}),
    ("s3:PutObject", f"{STATE}/.pulumi/locks/organization/slipway/prod/1.json", {}),
    ("s3:DeleteObject", f"{STATE}/.pulumi/locks/organization/slipway/prod/1.json", {}),
    ("s3:GetObject", f"{STATE}/.pulumi/meta.yaml", {}),
    ("s3:ListBucket", STATE, {}),
    ("ecr:BatchGetImage", arn("ecr", "repository/slipway/app"), {}),
    # For `cutover guard -- pulumi up`.
    ("dynamodb:UpdateItem", TABLE, {}),
    ("sns:Publish", TOPIC, {}),
]


@pytest.mark.parametrize(("action", "resource", "context"), ORDINARY)
def test_an_up_may_do_its_work(action: str, resource: str, context: Context) -> None:
    assert bounded("slipway-prod-deploy", action, resource, context)
    assert bounded("slipway-prod-break-glass", action, resource, context)
    read_only = action.startswith(("s3:Get", "s3:List"))
    assert bounded("slipway-prod-preview", action, resource, context) is read_only


OTHER: Context = {"aws:ResourceTag/environment": "testing"}
BEYOND: list[tuple[str, str, Context]] = [
    ("rds:ModifyDBInstance", arn("rds", "db:testing-postgres"), OTHER),
    ("elasticloadbalancing:ModifyRule", RULE, OTHER),
    ("iam:CreateRole", f"arn:aws:iam::{ACCOUNT}:role/testing-app-1", {}),
    ("lambda:UpdateFunctionCode", arn("lambda", "function:testing-watcher-1"), {}),
    ("iam:PutRolePolicy", f"arn:aws:iam::{ACCOUNT}:role/slipway-prod-deploy", {}),
    ("iam:DeleteRolePermissionsBoundary", f"arn:aws:iam::{ACCOUNT}:role/slipway-prod-deploy", {}),
    ("iam:CreatePolicyVersion", f"arn:aws:iam::{ACCOUNT}:policy/slipway-boundary", {}),
    ("iam:CreateUser", f"arn:aws:iam::{ACCOUNT}:user/prod-me", {}),
    ("iam:PassRole", iam("prod-app"), {"iam:PassedToService": "ec2.amazonaws.com"}),
    ("sts:AssumeRole", iam("prod-weights"), {}),
    ("s3:PutObject", f"{BUCKET}/index.html", {}),
    ("s3:GetObject", f"{BUCKET}/index.html", {}),
    ("s3:GetObject", f"{STATE}/.pulumi/stacks/slipway/testing.json", {}),
    ("s3:PutObject", f"{STATE}/.pulumi/stacks/slipway/testing.json", {}),
    ("s3:PutObject", f"{STATE}/.pulumi/meta.yaml", {}),
    ("s3:DeleteObjectVersion", f"{STATE}/.pulumi/stacks/slipway/prod.json", {}),
    ("s3:PutBucketPolicy", STATE, {}),
    ("kms:ScheduleKeyDeletion", KEY, {"aws:ResourceTag/part": "bootstrap"}),
    ("kms:Decrypt", KEY, OTHER),
    ("dynamodb:DeleteItem", TABLE, {}),
    ("dynamodb:Scan", TABLE, {}),
    ("secretsmanager:GetSecretValue", arn("secretsmanager", "secret:testing-secret-key-1"), {}),
    ("backup:DeleteRecoveryPoint", "*", {}),
    ("organizations:LeaveOrganization", "*", {}),
]


@pytest.mark.parametrize(("action", "resource", "context"), BEYOND)
def test_an_up_may_do_no_more(action: str, resource: str, context: Context) -> None:
    for purpose in ("deploy", "break-glass", "preview", "drift"):
        assert not bounded(f"slipway-prod-{purpose}", action, resource, context)


def test_each_list_of_actions_is_within_the_boundarys_services() -> None:
    used = {action.partition(":")[0] for action in (*READS, *WRITES)}
    assert used <= {*SERVICES}
    assert [one for one in WRITES if one.endswith(":*")] == []
    place = Place(environment=NAME, account_id=ACCOUNT, region=REGION)
    needed = {action for one in lease_policy(place) for action in one["Action"]}
    assert {action.partition(":")[0] for action in needed} <= {*SERVICES}


def test_images_are_pushed_and_not_deleted() -> None:
    policy = policy_of("slipway-images")
    app = arn("ecr", "repository/slipway/app")
    assert allows(policy, "ecr:PutImage", app)
    assert allows(policy, "ecr:GetAuthorizationToken")
    assert allows(policy, "ecr:DescribeImageScanFindings", app)
    for action in ("BatchDeleteImage", "DeleteRepository", "PutImageTagMutability"):
        assert not allows(policy, f"ecr:{action}", app)
    assert not allows(policy, "ecr:PutImage", arn("ecr", "repository/others"))


def test_nobody_who_is_let_in_deletes_an_image() -> None:
    app = arn("ecr", "repository/slipway/app")
    roles = [one.name for one in account().every("aws:iam/role:Role")]
    assert len(roles) == 16
    for action in ("BatchDeleteImage", "DeleteRepository", "PutLifecyclePolicy"):
        assert [one for one in roles if bounded(one, f"ecr:{action}", app)] == []
