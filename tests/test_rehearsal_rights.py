"""A call of cutover's that its roles lack is seen, whoever signed it and whatever it is about."""

from collections.abc import Mapping
from types import SimpleNamespace
from typing import Any, cast

import botocore.session
import pytest

from bootstrap.statements import Place
from cutover.do.fence import session_policy
from infra.outputs import Contract, contract_name
from rehearsal.aws.calls import Call, Session
from rehearsal.checks import Unmet
from rehearsal.environment import Environment
from rehearsal.needs import KNOWN
from rehearsal.rights import asked, lacking, rights_of
from rehearsal.under_load import within_rights
from tests.environments import recorded

KEY, SESSION_KEY, AT = "OURS", "TEMPORARY", 1_800_000_000.0
PLACE = Place(environment="staging", account_id="123456789012", region="eu-west-1")
CONTRACT = Contract.from_json(
    recorded("staging").only("aws:ssm/parameter:Parameter", "staging-contract").inputs["value"]
)
RIGHTS = rights_of(recorded("staging"), CONTRACT, PLACE, KEY)
RULE = CONTRACT.traffic_rule
CLUSTER = PLACE.arn("ecs", "cluster/staging-cluster-1a2b3c4")
SERVICE = PLACE.arn("ecs", "service/staging-cluster-1a2b3c4/staging-blue-1a2b3c4")
ROLE = PLACE.role("staging-app-1a2b3c4")
TABLE = "staging-cutover-1a2b3c4"
BUCKET = "staging-frontend-1a2b3c4"
SECRET = PLACE.arn("secretsmanager", "secret:staging-probe-token-1a2b3c4-AbCdEf")


def call(service: str, operation: str, key: str = KEY, at: float = AT, /, **given: Any) -> Call:
    return Call(at, service, operation, PLACE.region, key, given)


def weights(*, until: float = AT + 30, role: str = CONTRACT.weights_role) -> dict[str, Session]:
    policy = session_policy(until, ["elasticloadbalancing:ModifyRule"], RULE)
    return {SESSION_KEY: Session(role, policy)}


def refused(*calls: Call, sessions: Mapping[str, Session] | None = None) -> list[str]:
    return [*lacking(calls, RIGHTS, weights() if sessions is None else sessions)]


CALLS = {
    "ssm:GetParameter": call("ssm", "GetParameter", Name=contract_name("staging")),
    "dynamodb:Query": call("dynamodb", "Query", TableName=TABLE),
    "dynamodb:PutItem, dynamodb:UpdateItem": call(
        "dynamodb",
        "TransactWriteItems",
        TransactItems=[{"Update": {"TableName": TABLE}}, {"Put": {"TableName": TABLE}}],
    ),
    "sts:AssumeRole": call("sts", "AssumeRole", RoleArn=PLACE.role("staging-weights-1a2b3c4")),
    "sts:GetCallerIdentity": call("sts", "GetCallerIdentity"),
    "cloudwatch:DescribeAlarms": call("monitoring", "DescribeAlarms"),
    "ecs:DescribeServices": call("ecs", "DescribeServices", services=[SERVICE, SERVICE]),
    "ecs:RegisterTaskDefinition, ecs:TagResource, iam:PassRole": call(
        "ecs",
        "RegisterTaskDefinition",
        family="staging-release-blue",
        tags=[{"key": "team", "value": "a"}],
        taskRoleArn=ROLE,
        executionRoleArn=PLACE.role("staging-slot-execution-1a2b3c4"),
    ),
    "ecs:RunTask": call(
        "ecs",
        "RunTask",
        cluster=CLUSTER,
        taskDefinition=PLACE.arn("ecs", "task-definition/staging-release-migrate:7"),
    ),
    "ecs:ListTasks": call("ecs", "ListTasks", cluster=CLUSTER),
    "secretsmanager:GetSecretValue": call("secretsmanager", "GetSecretValue", SecretId=SECRET),
    "s3:GetObject": call("s3", "GET", Bucket=BUCKET, Key="releases/1/index.html"),
    "s3:GetObjectVersion": call("s3", "GET", Bucket=BUCKET, Key="index.html", versionId="v1"),
    "ecr:DescribeImages": call("ecr", "DescribeImages", repositoryName="slipway/app"),
    "sns:Publish": call("sns", "Publish", TopicArn=PLACE.arn("sns", "staging-alerts-1a2b3c4")),
    "elasticloadbalancing:ModifyRule": call(
        "elasticloadbalancing", "ModifyRule", SESSION_KEY, RuleArn=RULE
    ),
}


@pytest.mark.parametrize("actions", CALLS)
def test_what_the_roles_have_is_no_problem(actions: str) -> None:
    assert sorted(asked([CALLS[actions]], RIGHTS)) == actions.split(", ")
    assert refused(CALLS[actions]) == []


BEYOND = {
    f"the cutover role may not elasticloadbalancing:ModifyRule on {RULE}": call(
        "elasticloadbalancing", "ModifyRule", RuleArn=RULE
    ),
    "a session of ROLE may not elasticloadbalancing:ModifyRule on arn:another": call(
        "elasticloadbalancing", "ModifyRule", SESSION_KEY, RuleArn="arn:another"
    ),
    f"a session of ROLE may not ecs:UpdateService on {SERVICE}": call(
        "ecs", "UpdateService", SESSION_KEY, service=SERVICE
    ),
    f"whoever signed it may not elasticloadbalancing:ModifyRule on {RULE}": call(
        "elasticloadbalancing", "ModifyRule", "STOLEN", RuleArn=RULE
    ),
    "a session of ROLE may not elasticloadbalancing:DescribeRules on *": call(
        "elasticloadbalancing", "DescribeRules", SESSION_KEY
    ),
    "the cutover role may not dynamodb:DeleteItem on "
    "arn:aws:dynamodb:eu-west-1:123456789012:table/staging-cutover-1a2b3c4": call(
        "dynamodb", "TransactWriteItems", TransactItems=[{"Delete": {"TableName": TABLE}}]
    ),
    "the cutover role may not dynamodb:Query on arn:aws:dynamodb:::table/prod-cutover-1": call(
        "dynamodb", "Query", TableName="arn:aws:dynamodb:::table/prod-cutover-1"
    ),
    "the cutover role may not s3:PutObject on arn:aws:s3:::staging-frontend-1a2b3c4/index.html": (
        call("s3", "PUT", Bucket=BUCKET, Key="index.html")
    ),
    "the cutover role may not iam:PassRole on arn:aws:iam::123456789012:role/admin": call(
        "ecs",
        "RegisterTaskDefinition",
        family="staging-release",
        taskRoleArn="arn:aws:iam::123456789012:role/admin",
    ),
    "the cutover role may not ecs:StopTask (which rehearsal/needs.py does not know) on *": call(
        "ecs", "StopTask", cluster=CLUSTER
    ),
    "the cutover role may not s3:DELETE (which rehearsal/needs.py does not know) on *": call(
        "s3", "DELETE", Bucket=BUCKET, Key="index.html"
    ),
    "the cutover role may not ecs:DescribeTasks on *": call(
        "ecs", "DescribeTasks", cluster=CLUSTER.replace("staging", "prod")
    ),
    "the cutover role may not ecr:DescribeImages on "
    "arn:aws:ecr:eu-west-1:210987654321:repository/slipway/app": call(
        "ecr", "DescribeImages", registryId="210987654321", repositoryName="slipway/app"
    ),
}


@pytest.mark.parametrize("said", BEYOND)
def test_what_a_role_lacks_is_said(said: str) -> None:
    assert refused(BEYOND[said]) == [said.replace("ROLE", CONTRACT.weights_role)]


def test_a_session_ends_with_the_lease() -> None:
    late = call("elasticloadbalancing", "ModifyRule", SESSION_KEY, AT + 31, RuleArn=RULE)
    assert len(refused(late)) == 1
    assert (
        refused(CALLS["elasticloadbalancing:ModifyRule"], late, sessions=weights(until=AT + 31))
        == []
    )


def test_a_session_of_another_role_gives_nothing() -> None:
    said = f"a session of arn:other may not elasticloadbalancing:ModifyRule on {RULE}"
    asked_ = CALLS["elasticloadbalancing:ModifyRule"]
    assert refused(asked_, sessions=weights(role="arn:other")) == [said]


def test_a_session_without_a_policy_is_the_role() -> None:
    update = call("ecs", "UpdateService", SESSION_KEY, service=CONTRACT.slots["blue"].service)
    assert refused(update, sessions={SESSION_KEY: Session(CONTRACT.weights_role, "")}) == []


def test_scaling_asks_for_what_ecs_asks_for() -> None:
    scale = call(
        "application-autoscaling",
        "RegisterScalableTarget",
        SESSION_KEY,
        ServiceNamespace="ecs",
        ResourceId=CONTRACT.slots["blue"].scalable_target,
    )
    needed = {
        *("application-autoscaling:RegisterScalableTarget", "ecs:DescribeServices"),
        "ecs:UpdateService",
    }
    assert asked([scale], RIGHTS) == needed


def test_the_operations_are_the_apis() -> None:
    names = {"elasticloadbalancing": "elbv2"}
    session = botocore.session.get_session()
    known = [one.split(":") for one in KNOWN if not one.startswith("s3:")]
    assert len(known) > 20
    for service, operation in known:
        model = session.get_service_model(names.get(service, service))
        assert operation in list(model.operation_names)  # pyright: ignore[reportArgumentType]


def environment(*calls: Call) -> Environment:
    made = SimpleNamespace(
        tool=SimpleNamespace(calls=lambda: calls), rights=RIGHTS, sessions=weights
    )
    return cast(Environment, made)


def test_the_report_counts_and_lists_what_was_not_asked_for() -> None:
    said = within_rights(environment(*CALLS.values(), CALLS["dynamodb:Query"]))
    head, _, spare = said.partition("; not asked for here: ")
    assert head == "17 calls of 19 actions, each within its role and session, which have 30"
    assert spare.split(", ") == sorted(RIGHTS.allowed - asked(CALLS.values(), RIGHTS))
    assert "kms:Decrypt" in spare


def test_one_call_too_many_is_told_with_how_often() -> None:
    rule = BEYOND[f"the cutover role may not elasticloadbalancing:ModifyRule on {RULE}"]
    said = r"^the cutover role may not elasticloadbalancing:ModifyRule on .* \(2 times\)$"
    with pytest.raises(Unmet, match=said):
        within_rights(environment(rule, *CALLS.values(), rule))
    with pytest.raises(Unmet, match=r"^cutover asked for nothing$"):
        within_rights(environment())
