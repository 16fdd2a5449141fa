"""Whether cutover asked AWS for nothing that its roles lack, judged as IAM does."""

import json
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from bootstrap.cutover_policy import cutover_policy
from bootstrap.statements import Place, document
from infra.outputs import Contract
from rehearsal.aws.calls import Call, Session
from rehearsal.aws.iam_policy import Context, actions, allows
from rehearsal.recording import Recording


@dataclass(frozen=True, kw_only=True)
class Need:
    """One question to IAM; `resource` is "*" where the action knows none."""

    action: str
    resource: str = "*"
    context: Context = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Rights:
    """The policy of the cutover role, in whose name `key` signs, and those of the roles that it may
    become, by ARN; as JSON."""

    place: Place
    key: str
    own: str
    assumed: Mapping[str, str]

    @property
    def allowed(self) -> frozenset[str]:
        """Every action that one of the roles has."""
        policies = (self.own, *self.assumed.values())
        return frozenset(one for policy in policies for one in actions(policy))


def rights_of(recording: Recording, contract: Contract, place: Place, key: str) -> Rights:
    """Of what bootstrap gives to the cutover role, and the stack to the weights role."""
    weights = recording.only("aws:iam/rolePolicy:RolePolicy", f"{place.environment}-weights")
    return Rights(
        place=place,
        key=key,
        own=json.dumps(document(*cutover_policy(place))),
        assumed={contract.weights_role: weights.inputs["policy"]},
    )


def asked(calls: Iterable[Call], rights: Rights) -> frozenset[str]:
    """The actions that the calls need."""
    return frozenset(need.action for call in calls for need in needs(call, rights))


def lacking(
    calls: Iterable[Call], rights: Rights, sessions: Mapping[str, Session]
) -> Iterator[str]:
    """A sentence for each question to which IAM says no; `sessions` by their access keys."""
    for call in calls:
        policies = _policies(call, rights, sessions)
        for need in needs(call, rights):
            if not policies or not all(
                allows(policy, need.action, need.resource, need.context) for policy in policies
            ):
                yield f"{_who(call, rights, sessions)} may not {need.action} on {need.resource}"


def needs(call: Call, rights: Rights) -> tuple[Need, ...]:
    """What IAM is asked before AWS does it; of an operation that is not listed, an action that no
    role has."""
    place = replace(rights.place, region=call.region)
    service = _IAM_NAMES.get(call.service, call.service)
    action = f"{service}:{call.operation}"
    found = _NEEDS.get(action, _unlisted)(action, call.given, place)
    now = f"{datetime.fromtimestamp(call.at, UTC):%Y-%m-%dT%H:%M:%SZ}"
    return tuple(replace(need, context={**need.context, "aws:CurrentTime": now}) for need in found)


def _policies(call: Call, rights: Rights, sessions: Mapping[str, Session]) -> tuple[str, ...]:
    if call.key == rights.key:
        return (rights.own,)
    session = sessions.get(call.key)
    if session is None or session.role not in rights.assumed:
        return ()
    # AssumeRole: "the intersection of the role's policy and the session policies".
    return (rights.assumed[session.role], *([session.policy] if session.policy else []))


def _who(call: Call, rights: Rights, sessions: Mapping[str, Session]) -> str:
    if call.key == rights.key:
        return "the cutover role"
    session = sessions.get(call.key)
    return f"a session of {session.role}" if session else "whoever signed it"


# Where IAM's name of a service is not the one that requests are signed for.
_IAM_NAMES = {"monitoring": "cloudwatch"}

Given = Mapping[str, Any]
Find = Callable[[str, Given, Place], Iterable[Need]]


def _unlisted(action: str, _given: Given, _place: Place) -> Iterator[Need]:
    yield Need(action=f"{action} (which rehearsal/rights.py does not know)")


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
