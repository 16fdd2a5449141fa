"""What IAM is asked before AWS does what a call wants."""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from bootstrap.statements import Place
from rehearsal.aws.calls import Call
from rehearsal.aws.iam_policy import Context


@dataclass(frozen=True, kw_only=True)
class Need:
    """One question to IAM; `resource` is "*" where the action knows none."""

    action: str
    resource: str = "*"
    context: Context = field(default_factory=dict)


def needs(call: Call, place: Place) -> tuple[Need, ...]:
    """Every question; of an operation that is not listed, one for an action that no role has.

    `place` is the environment's; its region gives way to the call's.
    """
    there = replace(place, region=call.region)
    service = _IAM_NAMES.get(call.service, call.service)
    action = f"{service}:{call.operation}"
    found = _NEEDS.get(action, _unlisted)(action, call.given, there)
    now = f"{datetime.fromtimestamp(call.at, UTC):%Y-%m-%dT%H:%M:%SZ}"
    return tuple(replace(need, context={**need.context, "aws:CurrentTime": now}) for need in found)


# Where IAM's name of a service is not the one that requests are signed for.
_IAM_NAMES = {"monitoring": "cloudwatch"}

Given = Mapping[str, Any]
Find = Callable[[str, Given, Place], Iterable[Need]]


def _unlisted(action: str, _given: Given, _place: Place) -> Iterator[Need]:
    yield Need(action=f"{action} (which rehearsal/needs.py does not know)")


def _any(action: str, _given: Given, _place: Place) -> Iterator[Need]:
    yield Need(action=action)


def _named(argument: str) -> Find:
    """One resource, whose ARN is an argument."""
    return lambda action, given, _place: [Need(action=action, resource=given[argument])]


def _of_table(action: str, given: Given, place: Place) -> Iterator[Need]:
    table = given["TableName"]
    arn = table if table.startswith("arn:") else place.arn("dynamodb", f"table/{table}")
    yield Need(action=action, resource=arn)


def _written_together(_action: str, given: Given, place: Place) -> Iterator[Need]:
    for item in given["TransactItems"]:
        for kind, one in item.items():
            yield from _of_table(f"dynamodb:{_ITEMS[kind]}", one, place)


_ITEMS = {
    "ConditionCheck": "ConditionCheckItem",
    "Delete": "DeleteItem",
    "Put": "PutItem",
    "Update": "UpdateItem",
}


def _of_cluster(action: str, given: Given, _place: Place) -> Iterator[Need]:
    yield Need(action=action, context={"ecs:cluster": given["cluster"]})


def _run_task(action: str, given: Given, _place: Place) -> Iterator[Need]:
    context = {"ecs:cluster": given["cluster"]}
    yield Need(action=action, resource=given["taskDefinition"], context=context)
    yield from _passed(given.get("overrides", {}))


def _register_definition(action: str, given: Given, place: Place) -> Iterator[Need]:
    yield Need(action=action)
    if given.get("tags"):
        yield Need(
            action="ecs:TagResource",
            resource=place.arn("ecs", f"task-definition/{given['family']}:1"),
            context={"ecs:CreateAction": "RegisterTaskDefinition"},
        )
    yield from _passed(given)


def _passed(given: Given) -> Iterator[Need]:
    for argument in ("executionRoleArn", "taskRoleArn"):
        if argument in given:
            yield Need(
                action="iam:PassRole",
                resource=given[argument],
                context={"iam:PassedToService": "ecs-tasks.amazonaws.com"},
            )


def _register_target(action: str, given: Given, place: Place) -> Iterator[Need]:
    yield Need(
        action=action,
        resource=place.arn("application-autoscaling", "scalable-target/1"),
        context={"application-autoscaling:service-namespace": given["ServiceNamespace"]},
    )
    for of_ecs in ("ecs:DescribeServices", "ecs:UpdateService"):
        yield Need(action=of_ecs, resource=place.arn("ecs", given["ResourceId"]))


def _object(action: str) -> Find:
    return lambda _action, given, _place: [
        Need(action=action, resource=f"arn:aws:s3:::{given['Bucket']}/{given['Key']}")
    ]


def _get_object(action: str, given: Given, place: Place) -> Iterable[Need]:
    version = "Version" if "versionId" in given else ""
    return _object(f"s3:GetObject{version}")(action, given, place)


def _of_repository(action: str, given: Given, place: Place) -> Iterator[Need]:
    home = replace(place, account_id=given.get("registryId", place.account_id))
    yield Need(action=action, resource=home.arn("ecr", f"repository/{given['repositoryName']}"))


# Actions, resources and what else is asked for: Service Authorization Reference, "Actions defined
# by" each service, with their dependent actions; of S3 "Required permissions for Amazon S3 API
# operations" and of transactions "Using IAM with DynamoDB transactions".
_NEEDS: Mapping[str, Find] = {
    "application-autoscaling:RegisterScalableTarget": _register_target,
    "cloudwatch:DescribeAlarms": _any,
    "cloudwatch:GetMetricData": _any,
    "dynamodb:GetItem": _of_table,
    "dynamodb:PutItem": _of_table,
    "dynamodb:Query": _of_table,
    "dynamodb:TransactWriteItems": _written_together,
    "dynamodb:UpdateItem": _of_table,
    "ecr:DescribeImages": _of_repository,
    "ecs:DescribeServices": lambda action, given, _place: [
        Need(action=action, resource=service) for service in given["services"]
    ],
    "ecs:DescribeTaskDefinition": _any,
    "ecs:DescribeTasks": _of_cluster,
    "ecs:ListTasks": _of_cluster,
    "ecs:RegisterTaskDefinition": _register_definition,
    "ecs:RunTask": _run_task,
    "ecs:UpdateService": _named("service"),
    "elasticloadbalancing:DescribeRules": _any,
    "elasticloadbalancing:DescribeTargetHealth": _any,
    "elasticloadbalancing:ModifyRule": _named("RuleArn"),
    "s3:GET": _get_object,
    "s3:HEAD": _object("s3:GetObject"),
    "s3:PUT": _object("s3:PutObject"),
    "secretsmanager:GetSecretValue": _named("SecretId"),
    "sns:Publish": _named("TopicArn"),
    "ssm:GetParameter": lambda action, given, place: [
        Need(action=action, resource=place.arn("ssm", f"parameter{given['Name']}"))
    ],
    "sts:AssumeRole": _named("RoleArn"),
    "sts:GetCallerIdentity": _any,
}
KNOWN = frozenset(_NEEDS)
"""Operations that `needs` knows, as service:Operation; S3's as s3:METHOD."""
