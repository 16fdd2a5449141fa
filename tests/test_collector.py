"""The collector of traces: beside the app where the stack file asks for it, and nowhere else."""

import json
from dataclasses import replace
from functools import cache
from typing import Any

import pytest

from infra.settings import parse
from rehearsal.guardrails import evaluated
from rehearsal.machine.containers import start_order, without_extras
from rehearsal.recording import Recording, record
from rehearsal.stack_file import stack_config
from stacks.environment import environment
from tests.environments import chosen, recorded
from tests.test_settings import GOOD as TRACED
from tests.test_settings import problems_of

IMAGE = f"123456789012.dkr.ecr.eu-west-1.amazonaws.com/slipway/otel@sha256:{'3' * 64}"
TRACING = {"image": IMAGE, "sampled_percent": 5}
GOOD = {name: section for name, section in TRACED.items() if name != "tracing"}
TASK_DEFINITION = "aws:ecs/taskDefinition:TaskDefinition"


@cache
def traced() -> Recording:
    """Staging with tracing, whatever its file says."""
    config = {**stack_config("staging"), "slipway:tracing": json.dumps(TRACING)}
    return record(environment, stack="staging", config=config)


def containers(recording: Recording, family: str = "blueprint") -> dict[str, dict[str, Any]]:
    definition = recording.only(TASK_DEFINITION, f"staging-{family}")
    return {one["name"]: one for one in json.loads(definition.inputs["containerDefinitions"])}


def variables(container: dict[str, Any]) -> dict[str, str]:
    return {entry["name"]: entry["value"] for entry in container["environment"]}


@pytest.mark.skipif(chosen("staging").tracing is not None, reason="staging's file asks for it")
def test_it_adds_its_log_and_leave_to_write_and_nothing_else() -> None:
    plain = {one.urn for one in recorded("staging").resources}
    added = {one.urn.rpartition("::")[2] for one in traced().resources if one.urn not in plain}
    assert added == {"staging-collector", "staging-app-traces"}
    assert "collector" not in containers(recorded("staging"))


def test_a_task_serves_on_without_it_and_keeps_its_memory() -> None:
    collector = containers(traced())["collector"]
    assert collector["essential"] is False
    assert collector["memory"] == 256
    assert collector["image"] == IMAGE
    assert collector["user"] == "10002:10002"
    assert collector["readonlyRootFilesystem"] is True
    assert collector["portMappings"] == []
    assert collector["secrets"] == []
    assert collector["healthCheck"]["command"] == ["CMD", "/healthcheck"]
    assert collector["logConfiguration"]["options"]["awslogs-group"] == "/slipway/staging/collector"


def test_it_listens_on_loopback_and_says_of_which_release_a_span_is() -> None:
    told = variables(containers(traced())["collector"])
    assert told.keys() == {"AOT_CONFIG_CONTENT", "RELEASE_ID"}
    configuration = json.loads(told["AOT_CONFIG_CONTENT"])
    assert configuration["receivers"] == {
        "otlp": {"protocols": {"http": {"endpoint": "127.0.0.1:4318"}}}
    }
    assert configuration["processors"]["memory_limiter"]["limit_mib"] == 192
    assert configuration["processors"]["resource"]["attributes"] == [
        {"key": "deployment.environment.name", "value": "staging", "action": "upsert"},
        {"key": "service.version", "value": "${env:RELEASE_ID}", "action": "upsert"},
    ]
    assert configuration["exporters"] == {
        "awsxray": {
            "region": chosen("staging").aws.region,
            "indexed_attributes": [
                "otel.resource.deployment.environment.name",
                "otel.resource.service.version",
            ],
        }
    }
    pipeline = configuration["service"]["pipelines"]["traces"]
    assert set(pipeline["processors"]) == set(configuration["processors"])
    assert pipeline["receivers"] + pipeline["exporters"] == ["otlp", "awsxray"]


def test_the_app_is_told_and_outlived() -> None:
    before, app = containers(recorded("staging"))["app"], containers(traced())["app"]
    assert variables(app).items() - variables(before).items() == {
        ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:4318"),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
        ("OTEL_LOGS_EXPORTER", "none"),
        ("OTEL_METRICS_EXPORTER", "none"),
        ("OTEL_SERVICE_NAME", "app"),
        ("OTEL_TRACES_SAMPLER", "traceidratio"),
        ("OTEL_TRACES_SAMPLER_ARG", "0.05"),
    }
    assert app["dependsOn"] == [
        {"containerName": "collector", "condition": "START"},
        {"containerName": "pgbouncer", "condition": "HEALTHY"},
    ]
    migration = containers(traced(), "migrate")
    assert migration.keys() == {"logins", "app"}
    assert not [name for name in variables(migration["app"]) if name.startswith("OTEL_")]


def test_the_app_may_write_traces_and_do_nothing_else() -> None:
    (policy,) = (
        one
        for one in traced().every("aws:iam/rolePolicy:RolePolicy")
        if one.inputs["role"] == "staging-app-id"
    )
    (statement,) = json.loads(policy.inputs["policy"])["Statement"]
    assert statement == {
        "Sid": "WriteTraces",
        "Effect": "Allow",
        "Action": ["xray:PutTelemetryRecords", "xray:PutTraceSegments"],
        "Resource": "*",
    }


def test_the_execution_role_may_write_its_log() -> None:
    policy = traced().only("aws:iam/rolePolicy:RolePolicy", "staging-slot-execution")
    statements = {one["Sid"]: one for one in json.loads(policy.inputs["policy"])["Statement"]}
    group = traced().only("aws:cloudwatch/logGroup:LogGroup", "staging-collector")
    assert f"{group.outputs['arn']}:*" in statements["WriteLogs"]["Resource"]


def test_the_guardrails_hold_with_it() -> None:
    def cases(recording: Recording) -> set[tuple[str, str]]:
        return {(one.control.id, one.resource.name) for one in evaluated(recording).violations}

    assert cases(traced()) == cases(recorded("staging"))


def test_its_memory_has_to_fit() -> None:
    service = {**GOOD["service"], "cpu": 256, "memory_mib": 512}
    assert problems_of({**GOOD, "service": service}) == []
    assert problems_of({**GOOD, "service": service, "tracing": TRACING}) == [
        "service/memory_mib: must be at least 1024 with tracing, whose collector takes a quarter "
        "of it, got 512"
    ]
    service["memory_mib"] = 1024
    assert problems_of({**GOOD, "service": service, "tracing": TRACING}) == []


def test_without_nat_it_needs_a_way_to_x_ray() -> None:
    doors = ["ecr.api", "ecr.dkr", "logs", "secretsmanager", "kms", "rds"]
    closed = {**GOOD, "network": {**GOOD["network"], "nat": "none", "endpoints": doors}}
    assert problems_of(closed) == []
    assert problems_of({**closed, "tracing": TRACING}) == [
        "network/endpoints: must include xray when network/nat is none"
    ]
    closed["network"]["endpoints"] = [*doors, "xray"]
    assert problems_of({**closed, "tracing": TRACING}) == []


def test_a_rehearsal_runs_the_task_without_it() -> None:
    given = list(containers(traced()).values())
    known = ("nginx", "pgbouncer", "logins")
    run = {one["name"]: one for one in start_order(without_extras(given, known))}
    assert list(run) == ["pgbouncer", "app", "nginx"]
    assert not [name for name in variables(run["app"]) if name.startswith("OTEL_")]
    whole = list(containers(recorded("staging")).values())
    assert without_extras(whole, known) == whole


def test_the_section_may_be_left_out() -> None:
    settings, problems = parse(GOOD)
    assert settings is not None
    assert problems == []
    assert replace(settings, tracing=None) == settings
