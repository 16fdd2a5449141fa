"""Every container is hardened alike and written in one canonical form.

Amazon ECS compares task definitions as text: sorted lists and explicit defaults are what makes a
second preview empty (pulumi-aws#4576, METR/hawk#532).
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

import pulumi

# Fargate's upper limit (ECS developer guide, stopTimeout).
MAX_STOP_SECONDS = 120
# The one path that the workload contract lets a container write.
_TMP = "/tmp"  # noqa: S108 it is the container's own
_TMP_MIB = 128


@dataclass(frozen=True, kw_only=True)
class LogTarget:
    """Where a container's output goes: one log group of one region."""

    group: pulumi.Input[str]
    region: str


@dataclass(frozen=True, kw_only=True)
class Container:
    """One container of a task: non-root, read-only but for /tmp, without Linux capabilities.

    `secrets` maps a variable to the `valueFrom` of a secret; `depends_on` a container to what it
    must have reached before this one starts (ECS stops them in the opposite order). Without
    `memory_mib` it shares the task's memory with the others.
    """

    name: str
    image: pulumi.Input[str]
    user: str
    log: LogTarget
    stop_seconds: int
    command: Sequence[str] = ()
    environment: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    secrets: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    port: int | None = None
    depends_on: Mapping[str, Literal["START", "HEALTHY", "SUCCESS"]] = field(default_factory=dict)
    health_command: Sequence[str] = ()
    essential: bool = True
    memory_mib: int | None = None

    def definition(self) -> dict[str, Any]:
        """The container definition in the shape of the ECS API."""
        definition: dict[str, Any] = {
            "name": self.name,
            "image": self.image,
            "essential": self.essential,
            "user": self.user,
            "privileged": False,
            "readonlyRootFilesystem": True,
            "linuxParameters": {
                "initProcessEnabled": True,
                "capabilities": {"add": [], "drop": ["ALL"]},
                # Bind mounts on Fargate belong to root; a tmpfs belongs to nobody and everybody.
                "tmpfs": [
                    {"containerPath": _TMP, "size": _TMP_MIB, "mountOptions": ["nodev", "nosuid"]}
                ],
            },
            "environment": [
                {"name": key, "value": self.environment[key]} for key in sorted(self.environment)
            ],
            "secrets": [
                {"name": key, "valueFrom": self.secrets[key]} for key in sorted(self.secrets)
            ],
            "portMappings": []
            if self.port is None
            else [{"containerPort": self.port, "hostPort": self.port, "protocol": "tcp"}],
            "dependsOn": [
                {"containerName": key, "condition": self.depends_on[key]}
                for key in sorted(self.depends_on)
            ],
            "stopTimeout": self.stop_seconds,
            "logConfiguration": {
                "logDriver": "awslogs",
                "options": {
                    "awslogs-group": self.log.group,
                    "awslogs-region": self.log.region,
                    "awslogs-stream-prefix": self.name,
                    # A slow log service must not stop a task that serves.
                    "mode": "non-blocking",
                    "max-buffer-size": "25m",
                },
            },
            "mountPoints": [],
            "volumesFrom": [],
            "systemControls": [],
        }
        if self.memory_mib is not None:
            definition["memory"] = self.memory_mib
        if self.command:
            definition["command"] = list(self.command)
        if self.health_command:
            definition["healthCheck"] = {
                "command": list(self.health_command),
                "interval": 10,
                "timeout": 5,
                "retries": 3,
                "startPeriod": 10,
            }
        return definition


def canonical_json(containers: Sequence[Container]) -> pulumi.Output[str]:
    """The containers of a task definition, sorted by name, as the one text they can be."""
    ordered = sorted(containers, key=lambda container: container.name)
    return pulumi.Output.json_dumps(
        [container.definition() for container in ordered], sort_keys=True, separators=(",", ":")
    )
