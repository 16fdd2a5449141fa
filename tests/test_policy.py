"""The policy pack says of a plan what the guardrails say, to the engine and in its own protocol."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any

import grpc
import pytest
import yaml
from google.protobuf import struct_pb2
from pulumi.output import Unknown
from pulumi.runtime.proto import analyzer_pb2, analyzer_pb2_grpc
from pulumi_policy import (
    PolicyCustomTimeouts,
    PolicyResource,
    PolicyResourceOptions,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError, unknown_checking_proxy

from infra.guardrails.inputs import UNKNOWN
from infra.guardrails.rules import RULES
from policy.pack import Pack
from rehearsal.resource import Resource
from rehearsal.stack_file import ROOT
from tests.environments import STACKS, previewed, recorded

TODAY = date(2026, 11, 24)
LAST_DAY = date(2027, 11, 30)
OPTIONS = PolicyResourceOptions(
    protect=False,
    ignore_changes=[],
    delete_before_replace=None,
    aliases=[],
    custom_timeouts=PolicyCustomTimeouts(0, 0, 0),
    additional_secret_outputs=[],
)
Told = list[tuple[str, str, str | None]]


def sent(value: Any) -> Any:
    """As the SDK hands values on: whole numbers as floats, unknown ones as texts."""
    match value:
        case Unknown():
            return UNKNOWN
        case bool():
            return value
        case int():
            return float(value)
        case dict():
            return {key: sent(item) for key, item in value.items()}
        case list():
            return [sent(item) for item in value]
    return value


def run(
    pack: Pack, resources: list[Resource], *, shown: set[str] | None = None
) -> tuple[Told, set[str]]:
    """What the policies report, as (policy, message, URN), and which can't be told yet."""
    told: Told = []
    unknown: set[str] = set()
    policies = pack.policies()
    by_urn: dict[str, PolicyResource] = {}
    for one in resources:
        props = unknown_checking_proxy(sent(one.inputs))
        by_urn[one.urn] = PolicyResource(
            one.type, props, one.urn, one.name, OPTIONS, None, None, [], {}
        )
    for one in resources:
        by_urn[one.urn].property_dependencies = {
            key: [by_urn[urn] for urn in urns if urn in by_urn] for key, urns in one.sources.items()
        }

    def ask(policy: Any, args: Any) -> None:
        try:
            policy.validate(args, lambda message, urn: told.append((policy.name, message, urn)))
        except UnknownValueError:
            unknown.add(policy.name)

    for one in by_urn.values():
        if shown is None or one.name in shown:
            for policy in policies:
                if isinstance(policy, ResourceValidationPolicy):
                    ask(
                        policy,
                        ResourceValidationArgs(
                            one.resource_type, one.props, one.urn, one.name, OPTIONS, None
                        ),
                    )
    for policy in policies:
        if isinstance(policy, StackValidationPolicy):
            ask(policy, StackValidationArgs(list(by_urn.values())))
    return told, unknown


def a_pack(root: Path = ROOT, today: date = TODAY) -> Pack:
    return Pack(root=root, today=today)


@cache
def database(stack: str) -> Resource:
    return recorded(stack).only("aws:rds/instance:Instance", f"{stack}-postgres")


def test_each_rule_is_a_policy_with_its_id_and_severity_and_the_waivers_come_last() -> None:
    policies = a_pack().policies()
    assert [policy.name for policy in policies] == [*(rule.id for rule in RULES), "waivers"]
    by_name = {policy.name: policy for policy in policies}
    for rule in RULES:
        assert by_name[rule.id].description == rule.title
        severity = by_name[rule.id].severity
        assert severity is not None
        assert severity.value == rule.severity.lower()
    assert isinstance(by_name["RDS.5"], ResourceValidationPolicy)
    assert isinstance(by_name["S3.8"], StackValidationPolicy)
    assert isinstance(by_name["waivers"], StackValidationPolicy)


@pytest.mark.parametrize("stack", STACKS)
def test_an_environment_goes_through(stack: str) -> None:
    assert run(a_pack(), recorded(stack).resources) == ([], set())


def test_a_first_preview_goes_through_and_names_what_waits_for_the_update() -> None:
    told, unknown = run(a_pack(), previewed("prod").resources)
    assert told == []
    assert {"IAM.1", "S3.5", "ECS.20", "SNS.4"} <= unknown
    assert not {"RDS.2", "S3.8", "ELB.13", "waivers"} & unknown


def test_without_the_waivers_each_violation_is_told_with_its_resource(tmp_path: Path) -> None:
    told, _ = run(a_pack(tmp_path), recorded("staging").resources)
    by_policy = {name: (message, urn) for name, message, urn in told}
    assert len(told) > 15
    assert by_policy["RDS.5"] == (
        "RDS.5 MEDIUM staging-postgres: multi_az is false, it must be true; change it, or waive "
        "RDS.5 for staging-postgres in waivers/staging.yaml",
        database("staging").urn,
    )
    assert (
        by_policy["S3.9"][1] == recorded("staging").only("aws:s3/bucket:Bucket", "staging-logs").urn
    )


def test_a_waiver_that_is_expired_stops_a_plan() -> None:
    told, _ = run(a_pack(today=date(2027, 12, 1)), recorded("staging").resources)
    names = [name for name, _, _ in told]
    assert {"RDS.5", "S3.9", "waivers"} <= {*names}
    assert names.count("waivers") == len(names) / 2
    assert run(a_pack(today=LAST_DAY), recorded("staging").resources)[0] == []


def a_folder(tmp_path: Path, stack: str, resource: str, control: str = "RDS.5") -> Path:
    (tmp_path / "waivers").mkdir()
    (tmp_path / "waivers" / f"{stack}.yaml").write_text(
        f"waivers:\n  - control: {control}\n    resource: {resource}\n    owner: somebody\n"
        f"    reason: Because it is only an example.\n    expires: {LAST_DAY}\n"
    )
    return tmp_path


def test_a_waiver_that_waives_nothing_stops_a_plan(tmp_path: Path) -> None:
    told, _ = run(a_pack(a_folder(tmp_path, "prod", "prod-postgres")), [database("prod")])
    assert [message for name, message, _ in told if name == "waivers"] == [
        "waivers/prod.yaml, entry 1: RDS.5 for prod-postgres waives nothing, the control holds "
        "there; delete the entry"
    ]


def test_a_resource_that_a_run_leaves_alone_needs_no_waiver_and_loses_none(tmp_path: Path) -> None:
    pack = a_pack(a_folder(tmp_path, "prod", "prod-postgres"))
    told, _ = run(pack, [database("prod")], shown=set())
    assert [message for name, message, _ in told if name == "waivers"] == []


def test_a_stack_without_resources_is_no_reason_to_complain(tmp_path: Path) -> None:
    assert run(a_pack(a_folder(tmp_path, "prod", "prod-postgres")), []) == ([], set())


# The engine's protocol, to the program as the engine starts it.


@pytest.fixture(scope="module")
def analyzer() -> Iterator[analyzer_pb2_grpc.AnalyzerStub]:
    pack = subprocess.Popen(
        [sys.executable, "-u", "-m", "pulumi.policy", "127.0.0.1:1", str(ROOT / "policy")],
        cwd="/",
        env={key: value for key, value in os.environ.items() if key != "PYTHONPATH"},
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        assert pack.stdout is not None
        port = pack.stdout.readline().strip()
        assert port.isdigit(), port
        with grpc.insecure_channel(f"127.0.0.1:{port}") as channel:
            yield analyzer_pb2_grpc.AnalyzerStub(channel)
    finally:
        pack.terminate()
        pack.wait()


def struct(values: dict[str, Any]) -> struct_pb2.Struct:
    message = struct_pb2.Struct()
    message.update(sent(values))
    return message


def analyzed(
    analyzer: analyzer_pb2_grpc.AnalyzerStub, resource: Resource, **inputs: Any
) -> list[Any]:
    request = analyzer_pb2.AnalyzeRequest(
        type=resource.type,
        name=resource.name,
        urn=resource.urn,
        properties=struct({**resource.inputs, **inputs}),
    )
    return list(analyzer.Analyze(request, timeout=60).diagnostics)


def test_the_engine_learns_what_the_pack_is(analyzer: analyzer_pb2_grpc.AnalyzerStub) -> None:
    from google.protobuf import empty_pb2

    info = analyzer.GetAnalyzerInfo(empty_pb2.Empty(), timeout=60)
    assert info.name == "slipway"
    assert len(info.policies) == len(RULES) + 1
    assert {one.enforcementLevel for one in info.policies} == {analyzer_pb2.MANDATORY}


def test_the_engine_is_told_of_a_violation(analyzer: analyzer_pb2_grpc.AnalyzerStub) -> None:
    assert analyzed(analyzer, database("prod")) == []
    (found,) = analyzed(analyzer, database("prod"), publiclyAccessible=True)
    assert found.policyName == "RDS.2"
    assert found.enforcementLevel == analyzer_pb2.MANDATORY
    assert found.severity == analyzer_pb2.POLICY_SEVERITY_CRITICAL
    assert found.message == (
        "An instance is not reachable from the internet\n"
        "RDS.2 CRITICAL prod-postgres: publicly_accessible is true, it must be false; change it, "
        "or waive RDS.2 for prod-postgres in waivers/prod.yaml"
    )


def test_the_engine_goes_on_where_a_value_is_not_known(
    analyzer: analyzer_pb2_grpc.AnalyzerStub,
) -> None:
    (found,) = analyzed(analyzer, database("prod"), publiclyAccessible=UNKNOWN)
    assert found.policyName == "RDS.2"
    assert found.enforcementLevel == analyzer_pb2.ADVISORY
    assert "prod-postgres.publiclyAccessible can't be known during preview" in found.message


def test_the_engine_is_told_what_only_the_whole_stack_shows(
    analyzer: analyzer_pb2_grpc.AnalyzerStub,
) -> None:
    bucket = recorded("prod").only("aws:s3/bucket:Bucket", "prod-frontend")
    block = recorded("prod").only(
        "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock", "prod-frontend-private"
    )

    def policies(*resources: Resource) -> set[str]:
        request = analyzer_pb2.AnalyzeStackRequest(
            resources=[
                analyzer_pb2.AnalyzerResource(
                    type=one.type,
                    name=one.name,
                    urn=one.urn,
                    properties=struct(one.inputs),
                    propertyDependencies={
                        key: analyzer_pb2.AnalyzerPropertyDependencies(urns=sorted(urns))
                        for key, urns in one.sources.items()
                    },
                )
                for one in resources
            ]
        )
        return {one.policyName for one in analyzer.AnalyzeStack(request, timeout=60).diagnostics}

    assert "S3.8" in policies(bucket)
    assert "S3.8" not in policies(bucket, block)


def test_the_pack_runs_with_the_projects_own_pulumi() -> None:
    """Two pins of one package: set-up would install the pack's over the project's."""
    pinned = {
        name: re.findall(r"^pulumi==(\S+)$", (ROOT / name).read_text(), re.MULTILINE)
        for name in ("requirements.txt", "policy/requirements.txt")
    }
    assert len(pinned["requirements.txt"]) == 1
    assert pinned["policy/requirements.txt"] == pinned["requirements.txt"]


def test_the_engine_finds_the_pack() -> None:
    described = yaml.safe_load((ROOT / "policy" / "PulumiPolicy.yaml").read_text())
    assert described["runtime"] == {"name": "python", "options": {"virtualenv": ".venv"}}
