"""Where traces are wanted: an OpenTelemetry collector beside the app, which sends them to X-Ray."""

import json
from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

from infra.container import Container, LogTarget
from infra.settings import TracingSettings

COLLECTOR = "collector"
# OTLP over HTTP, on the loopback that a task's containers share with nobody.
_OTLP_PORT = 4318
# Beyond the first it refuses spans, at the second ECS ends it: never the app's memory.
_LIMIT_MIB, MEMORY_MIB = 192, 256
# X-Ray knows no resources to limit these to (Service Authorization Reference).
_WRITE_TRACES = {
    "Version": "2012-10-17",
    "Statement": [
        {
            "Sid": "WriteTraces",
            "Effect": "Allow",
            "Action": ["xray:PutTelemetryRecords", "xray:PutTraceSegments"],
            "Resource": "*",
        }
    ],
}


def collector_container(
    settings: TracingSettings, *, environment: str, region: str, log: LogTarget
) -> Container:
    """AWS's distribution of the collector, with its configuration in a variable.

    A task serves on without it. RELEASE_ID is for cutover to fill in.
    """
    return Container(
        name=COLLECTOR,
        image=settings.image,
        user="10002:10002",
        log=log,
        stop_seconds=30,
        essential=False,
        memory_mib=MEMORY_MIB,
        health_command=("CMD", "/healthcheck"),
        environment={
            # JSON is YAML, and this is what the image's program reads instead of a file.
            "AOT_CONFIG_CONTENT": json.dumps(
                _configuration(environment, region), sort_keys=True, separators=(",", ":")
            ),
            "RELEASE_ID": "",
        },
    )


def app_environment(settings: TracingSettings) -> Mapping[str, str]:
    """OpenTelemetry's own variables: what any of its SDKs needs to be told."""
    return {
        "OTEL_EXPORTER_OTLP_ENDPOINT": f"http://127.0.0.1:{_OTLP_PORT}",
        "OTEL_EXPORTER_OTLP_PROTOCOL": "http/protobuf",
        "OTEL_LOGS_EXPORTER": "none",
        "OTEL_METRICS_EXPORTER": "none",
        "OTEL_SERVICE_NAME": "app",
        # By the trace's id, which is the balancer's: nobody outside chooses what is sampled.
        "OTEL_TRACES_SAMPLER": "traceidratio",
        "OTEL_TRACES_SAMPLER_ARG": str(settings.sampled_percent / 100),
    }


def let_write_traces(
    name: str, role: pulumi.Input[str], opts: pulumi.ResourceOptions
) -> aws.iam.RolePolicy:
    """The tasks' role may send traces, and read none."""
    return aws.iam.RolePolicy(
        f"{name}-app-traces", role=role, policy=json.dumps(_WRITE_TRACES), opts=opts
    )


def _configuration(environment: str, region: str) -> dict[str, object]:
    # The collector puts in what the app need not know of itself.
    about = {
        "deployment.environment.name": environment,
        "service.version": "${env:RELEASE_ID}",
    }
    return {
        "extensions": {"health_check": {"endpoint": "127.0.0.1:13133"}},
        "receivers": {"otlp": {"protocols": {"http": {"endpoint": f"127.0.0.1:{_OTLP_PORT}"}}}},
        "processors": {
            "memory_limiter": {"check_interval": "1s", "limit_mib": _LIMIT_MIB},
            "resource": {
                "attributes": [
                    {"key": key, "value": about[key], "action": "upsert"} for key in sorted(about)
                ]
            },
            "batch": {"timeout": "1s", "send_batch_size": 50},
        },
        "exporters": {
            "awsxray": {
                "region": region,
                # What X-Ray can search by.
                "indexed_attributes": [f"otel.resource.{key}" for key in sorted(about)],
            }
        },
        "service": {
            "extensions": ["health_check"],
            "pipelines": {
                "traces": {
                    "receivers": ["otlp"],
                    "processors": ["memory_limiter", "resource", "batch"],
                    "exporters": ["awsxray"],
                }
            },
        },
    }
