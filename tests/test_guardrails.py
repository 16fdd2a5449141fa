"""Each rule passes one environment and fails another, and reads only what the SDK declares."""

import json
import types
import typing
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Any

import pytest
from botocore.loaders import Loader
from pulumi import _types

from infra.guardrails.evaluation import evaluate
from infra.guardrails.inputs import UNKNOWN, Inputs
from infra.guardrails.model import EnvironmentRule, Resource, ResourceRule
from infra.guardrails.policy_document import statements
from infra.guardrails.rules import RULES
from rehearsal.synthetic import declared
from tests.guardrail_examples import ALSO_PASS, EVERYBODY, EXAMPLES, Scene, a, policy

BY_ID = {rule.id: rule for rule in RULES}
EVERY = sorted(BY_ID)
FAILING = [(id_, number) for id_ in EVERY for number in range(1, len(EXAMPLES.get(id_, ())))]


def test_every_rule_has_its_examples_and_every_example_its_rule() -> None:
    assert len(BY_ID) == len(RULES) > 100
    assert sorted(EXAMPLES) == EVERY
    assert all(len(scenes) > 1 for scenes in EXAMPLES.values())
    assert ALSO_PASS.keys() <= EXAMPLES.keys()


@pytest.mark.parametrize("id_", EVERY)
def test_a_rule_passes_what_is_right(id_: str) -> None:
    rule = BY_ID[id_]
    for scene in (EXAMPLES[id_][0], *ALSO_PASS.get(id_, ())):
        assert [resource for resource in scene if resource.type in rule.types]
        found = evaluate(strict(scene), [rule])
        assert (found.violations, found.unknown) == ((), ())


@pytest.mark.parametrize(("id_", "number"), FAILING)
def test_a_rule_fails_what_is_wrong(id_: str, number: int) -> None:
    rule = BY_ID[id_]
    found = evaluate(strict(EXAMPLES[id_][number]), [rule])
    assert found.unknown == ()
    assert len(found.violations) >= 1
    for finding in found.violations:
        assert finding.control is rule
        assert finding.resource.type in rule.types
        # What is wrong, and what is allowed.
        assert "must" in finding.problem or finding.problem.endswith("may")


@pytest.mark.parametrize("id_", EVERY)
def test_a_rules_types_are_the_sdks(id_: str) -> None:
    assert BY_ID[id_].types
    for type_ in BY_ID[id_].types:
        class_ = type_.rpartition(":")[2]
        assert type_.partition("/")[2] == f"{class_[0].lower()}{class_[1:]}:{class_}"
        assert declared(type_), type_


@pytest.mark.parametrize("id_", EVERY)
def test_examples_have_only_inputs_that_exist(id_: str) -> None:
    for scene in (*EXAMPLES[id_], *ALSO_PASS.get(id_, ())):
        for resource in scene:
            read_all(strict([resource])[0].inputs)
            assert resource.sources.keys() <= declared(resource.type).keys(), resource


class Undeclared(Exception):
    """A rule reads, or an example has, a property that the SDK does not know."""


class Strict(Mapping[str, Any]):
    """Values that may be asked only for what is declared, whether it is there or not."""

    def __init__(self, values: Mapping[str, Any], kinds: Mapping[str, Any], where: str) -> None:
        self.values_, self.kinds, self.where = values, kinds, where

    def __getitem__(self, key: str) -> Any:
        if key not in self.kinds:
            raise Undeclared(f"{self.where} has no property {key}")
        return _within(self.values_[key], self.kinds[key], f"{self.where}.{key}")

    def __iter__(self) -> Iterator[str]:
        return iter(self.values_)

    def __len__(self) -> int:
        return len(self.values_)


def strict(scene: Scene) -> Scene:
    """The same with strict inputs. A rule for several types may ask for what one of them has."""
    return [
        Resource(
            type=one.type,
            name=one.name,
            urn=one.urn,
            sources=one.sources,
            inputs=Inputs(Strict(one.inputs._values, _kinds(one.type), one.type)),
        )
        for one in scene
    ]


@cache
def _kinds(type_: str) -> dict[str, Any]:
    together = [rule.types for rule in RULES if type_ in rule.types]
    others = {other for types in together for other in types}
    return {k: v for other in sorted(others) for k, v in declared(other).items()} | declared(type_)


def _within(value: Any, kind: Any, where: str) -> Any:
    inner = [one for one in typing.get_args(kind) if one is not type(None)]
    match value:
        case dict() if _types.is_output_type(kind):
            return Strict(value, _types.output_type_types(kind), where)
        case dict() | list() if typing.get_origin(kind) in (typing.Union, types.UnionType):
            return _within(value, inner[0], where)
        case list() if inner:
            return [_within(item, inner[0], where) for item in value]
        case dict() if typing.get_origin(kind) is Mapping:
            return value  # its keys are anybody's, as those of tags are
        case dict():
            raise Undeclared(f"{where} has no properties")
    return value


def read_all(values: Any) -> None:
    match values:
        case Mapping():
            for key in values:
                read_all(values[key])
        case list():
            for item in values:
                read_all(item)


@pytest.mark.parametrize(
    ("inputs", "path"),
    [
        ({"multi_az": True}, "multi_az"),
        ({"restoreToPointInTime": {"restoreTimes": "x"}}, "restoreTimes"),
        ({"blueGreenUpdate": {"on": True}}, "on"),
    ],
)
def test_an_example_with_a_misspelt_input_is_refused(inputs: dict[str, Any], path: str) -> None:
    with pytest.raises(Undeclared, match=path):
        read_all(strict([a("aws:rds/instance:Instance", **inputs)])[0].inputs)


def test_a_rule_that_reads_what_does_not_exist_is_refused() -> None:
    def check(inputs: Inputs) -> list[str]:
        return [] if inputs.at("multi_az") else ["it must"]

    rule = ResourceRule(
        id="X.1", severity="LOW", title="", types=("aws:rds/instance:Instance",), check=check
    )
    with pytest.raises(Undeclared, match="has no property multi_az"):
        evaluate(strict(EXAMPLES["RDS.5"][0]), [rule])


def test_the_ports_of_high_risk_are_those_that_aws_lists() -> None:
    listed = "20,21,22,23,25,110,135,143,445,1433,1434,3000,3306,3389,4333,5000,5432,5500,5601"
    listed += ",8080,8088,8888,9200,9300"
    found = evaluate(
        [
            a(
                "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule",
                str(port),
                cidrIpv4="0.0.0.0/0",
                ipProtocol="tcp",
                fromPort=port,
                toPort=port,
            )
            for port in range(1, 10_000)
        ],
        [BY_ID["EC2.19"]],
    )
    assert [one.resource.name for one in found.violations] == listed.split(",")


@pytest.mark.parametrize(
    ("key", "is_public"),
    [
        ("aws:PrincipalAccount", False),
        ("aws:PrincipalArn", False),
        ("aws:PrincipalOrgID", False),
        ("aws:PrincipalOrgPaths", False),
        ("aws:SourceAccount", False),
        ("aws:SourceArn", False),
        ("AWS:SourceArn", False),
        ("aws:SourceOrgID", False),
        ("AWS:SourceOwner", False),
        ("aws:SourceVpc", False),
        ("aws:SourceVpce", False),
        ("aws:SecureTransport", True),
        ("aws:UserAgent", True),
        ("aws:Referer", True),
    ],
)
def test_everybody_is_somebody_under_a_condition_of_who_asks(key: str, is_public: bool) -> None:  # noqa: FBT001
    condition = {"Condition": {"StringEquals": {key: "x"}}}
    (statement,) = statements(policy({**EVERYBODY, "Action": "s3:GetObject", **condition}))
    assert statement.is_public is is_public


def test_containers_are_described_in_ecss_own_words() -> None:
    shapes = Loader().load_service_model("ecs", "service-2")["shapes"]
    known = set(shapes["ContainerDefinition"]["members"])
    for id_ in ("ECS.4", "ECS.5", "ECS.8", "ECS.9", "ECS.20"):
        for (task,) in EXAMPLES[id_]:
            for container in json.loads(task.inputs["containerDefinitions"]):
                assert container.keys() <= known


# What these ask is whether something is there, or is linked; the value makes no difference.
ANSWERED_BEFORE_THE_UPDATE = {
    *(
        "Backup.1",
        "CloudFront.1",
        "CloudFront.6",
        "CloudWatch.15",
        "EC2.6",
        "ECR.3",
        "RDS.46",
        "S3.9",
    ),
    *("SecretsManager.1", "WAF.10", "WAF.11"),
}


@pytest.mark.parametrize("id_", EVERY)
def test_what_is_not_known_yet_is_neither_passed_nor_failed(id_: str) -> None:
    scene = [
        Resource.of(
            one.type, one.name, dict.fromkeys(one.inputs, UNKNOWN), urn=one.urn, sources=one.sources
        )
        for one in most_inputs(id_)
    ]
    found = evaluate(scene, [BY_ID[id_]])
    assert found.violations == ()
    assert bool(found.unknown) is (id_ not in ANSWERED_BEFORE_THE_UPDATE)


def most_inputs(id_: str) -> Scene:
    """The passing example, or where that is one by saying nothing, a failing one."""
    scenes = EXAMPLES[id_]
    return scenes[0] if any(one.inputs for one in scenes[0]) else scenes[0 if linked(id_) else 1]


def linked(id_: str) -> bool:
    return any(one.sources for one in EXAMPLES[id_][0])


def test_unknown_inputs_of_a_rule_are_named() -> None:
    scene = [a("aws:rds/instance:Instance", multiAz=UNKNOWN), a("aws:kms/key:Key", policy=UNKNOWN)]
    found = evaluate(scene, [BY_ID["RDS.5"], BY_ID["KMS.5"]])
    assert found.violations == ()
    assert [(one.control.id, one.problem) for one in found.unknown] == [
        ("RDS.5", "multiAz is not known before the update"),
        ("KMS.5", "policy is not known before the update"),
    ]


def test_rules_are_of_one_kind_each() -> None:
    kinds = {id_: type(rule) for id_, rule in BY_ID.items()}
    assert set(kinds.values()) == {ResourceRule, EnvironmentRule}
