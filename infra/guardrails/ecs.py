"""Amazon ECS; AWS: securityhub/latest/userguide/ecs-controls."""

import json
import re
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from infra.guardrails.inputs import Inputs
from infra.guardrails.model import ResourceRule
from infra.guardrails.needs import OFF, Allowed, needs, wrong

CLUSTER = "aws:ecs/cluster:Cluster"
SERVICE = "aws:ecs/service:Service"
TASK = "aws:ecs/taskDefinition:TaskDefinition"
# ECS.8's three names, and what else looks like a secret: by its name, or as a URL with a password.
_SECRET_NAME = re.compile(
    r"AWS_ACCESS_KEY_ID|ECS_ENGINE_AUTH_DATA"
    r"|.*(SECRET|PASSWORD|PASSWD|TOKEN|(SECRET|ACCESS|API|PRIVATE)_?KEY)(_PREVIOUS)?",
    re.IGNORECASE,
)
_PASSWORD_IN_URL = re.compile(r"\w+://[^/@:]*:[^/@]+@")


def _containers(inputs: Inputs) -> list[dict[str, Any]]:
    return json.loads(inputs["containerDefinitions"])


def _each_container(
    problem: Callable[[dict[str, Any]], str | None],
) -> Callable[[Inputs], Iterable[str]]:
    def check(inputs: Inputs) -> Iterator[str]:
        for container in _containers(inputs):
            if found := problem(container):
                yield f"container {container.get('name')}: {found}"

    return check


def _privileged(container: dict[str, Any]) -> str | None:
    if privileged := container.get("privileged"):
        return wrong("privileged", privileged, "false")
    return None


def _writable(container: dict[str, Any]) -> str | None:
    if container.get("readonlyRootFilesystem") is not True:
        return wrong(
            "readonlyRootFilesystem", container.get("readonlyRootFilesystem"), "true for each"
        )
    return None


def _secret_in_clear(container: dict[str, Any]) -> str | None:
    for variable in container.get("environment", []):
        name, value = variable["name"], str(variable.get("value", ""))
        if value and (_SECRET_NAME.fullmatch(name) or _PASSWORD_IN_URL.match(value)):
            return f"environment has {name} in clear, it must be one of the secrets"
    return None


def _unlogged(container: dict[str, Any]) -> str | None:
    if not container.get("logConfiguration", {}).get("logDriver"):
        return wrong("logConfiguration.logDriver", None, "given")
    return None


def _root(container: dict[str, Any]) -> str | None:
    user = container.get("user")
    if not user or user.partition(":")[0] in ("0", "root"):
        return wrong("user", user, "given and not root")
    return None


def _mounts_in_clear(inputs: Inputs) -> Iterable[str]:
    for volume in inputs.every("volumes"):
        if volume.has("efsVolumeConfiguration"):
            encryption = volume.at("efsVolumeConfiguration.transitEncryption")
            if encryption != "ENABLED":
                yield wrong("transitEncryption", encryption, "ENABLED for an EFS volume")


def _windows_administrator(inputs: Inputs) -> Iterable[str]:
    if str(inputs.at("runtimePlatform.operatingSystemFamily")).startswith("WINDOWS"):
        for container in _containers(inputs):
            user = container.get("user")
            if not user or user.lower() == "containeradministrator":
                yield wrong("user", user, "given and not containeradministrator")


def _insights(inputs: Inputs) -> Iterable[str]:
    levels = {one.get("name"): one.get("value") for one in inputs.every("settings")}
    level = levels.get("containerInsights")
    if level not in ("enabled", "enhanced"):
        yield wrong("settings containerInsights", level, "enabled or enhanced")


RULES = (
    ResourceRule(
        id="ECS.2",
        severity="HIGH",
        title="A service's tasks have no public address",
        types=(SERVICE,),
        check=needs("networkConfiguration.assignPublicIp", OFF),
    ),
    ResourceRule(
        id="ECS.3",
        severity="HIGH",
        title="A task does not share the host's processes",
        types=(TASK,),
        check=needs("pidMode", Allowed("task or not given", lambda mode: mode in (None, "task"))),
    ),
    ResourceRule(
        id="ECS.4",
        severity="HIGH",
        title="No container is privileged",
        types=(TASK,),
        check=_each_container(_privileged),
    ),
    ResourceRule(
        id="ECS.5",
        severity="HIGH",
        title="Every container has a read-only root file system",
        types=(TASK,),
        check=_each_container(_writable),
    ),
    ResourceRule(
        id="ECS.8",
        severity="HIGH",
        title="No secret is in a container's environment",
        types=(TASK,),
        check=_each_container(_secret_in_clear),
    ),
    ResourceRule(
        id="ECS.9",
        severity="HIGH",
        title="Every container has a log",
        types=(TASK,),
        check=_each_container(_unlogged),
    ),
    ResourceRule(
        id="ECS.10",
        severity="MEDIUM",
        title="A service runs on the latest Fargate platform",
        types=(SERVICE,),
        check=needs(
            "platformVersion",
            Allowed("1.4.0, LATEST or not given", lambda one: one in (None, "1.4.0", "LATEST")),
        ),
    ),
    ResourceRule(
        id="ECS.12",
        severity="MEDIUM",
        title="A cluster has Container Insights",
        types=(CLUSTER,),
        check=_insights,
    ),
    ResourceRule(
        id="ECS.18",
        severity="MEDIUM",
        title="A task mounts EFS over TLS",
        types=(TASK,),
        check=_mounts_in_clear,
    ),
    ResourceRule(
        id="ECS.20",
        severity="MEDIUM",
        title="No container runs as root",
        types=(TASK,),
        check=_each_container(_root),
    ),
    ResourceRule(
        id="ECS.21",
        severity="MEDIUM",
        title="No Windows container runs as administrator",
        types=(TASK,),
        check=_windows_administrator,
    ),
)
