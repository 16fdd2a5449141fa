"""One ECS task as everybody who describes it sees it: moto's own object, told what happens."""

import copy
from collections.abc import Mapping
from typing import Any, Self

from moto.core.utils import utcnow
from moto.ecs.models import Task
from moto.moto_api import state_manager

from rehearsal.aws.control_plane import ControlPlane


def tell_statuses_ourselves() -> None:
    """moto would move a task on by itself; from here on its status is what it is told."""
    state_manager.set_transition("ecs::task", {"progression": "manual", "times": 10**9})


def list_what_should_run(plane: ControlPlane) -> None:
    """ListTasks shows no stopped task unless asked for (API_ListTasks, desiredStatus)."""
    backend = plane.backend("ecs")
    list_tasks = backend.list_tasks

    def listed(*arguments: Any) -> Any:
        *filters, desired_status = arguments
        return list_tasks(*filters, desired_status or "RUNNING")

    backend.list_tasks = listed


class EcsTask:
    """A task of the control plane; `definition` has ECS's own keys, overrides applied."""

    def __init__(self, task: Any, definition: Any) -> None:
        self._task = task
        self.definition: Mapping[str, Any] = {
            "family": definition.family,
            "taskDefinitionArn": definition.arn,
            "containerDefinitions": _overridden(definition.container_definitions, task.overrides),
        }

    @classmethod
    def of_service(
        cls, plane: ControlPlane, service: Any, definition: Any, deployment: str
    ) -> Self:
        """A new task of a service, with an address in the service's first subnet."""
        backend = plane.backend("ecs")
        # moto's base class types every model as itself.
        task: Any = Task(
            cluster=backend.clusters[service.cluster_name],
            task_definition=definition,
            container_instance_arn=None,
            resource_requirements=None,
            backend=backend,
            group=f"service:{service.name}",
            launch_type="FARGATE",
            started_by=deployment,
            networking_configuration=service.network_configuration,
        )
        task.last_status = "PENDING"
        task.created_at = utcnow()  # moto has no such moment
        backend.tasks.setdefault(service.cluster_name, {})[task.task_arn] = task
        return cls(task, definition)

    @property
    def task_id(self) -> str:
        """Short, and unique in this rehearsal."""
        return self._task.id.partition("-")[0]

    @property
    def address(self) -> str:
        """The address that it would have in the VPC."""
        details = self._task.attachments[0]["details"]
        return next(d["value"] for d in details if d["name"] == "privateIPv4Address")

    def running(self) -> None:
        self._task.last_status = "RUNNING"

    def stopped(self, reason: str, exit_codes: Mapping[str, int] | None = None) -> None:
        """Ends it; `exit_codes` by container, and one that never started has none."""
        task = self._task
        template, codes = task.containers[0], exit_codes or {}
        names = [container["name"] for container in self.definition["containerDefinitions"]]
        task.containers = [_container(template, name, codes.get(name)) for name in names]
        task.desired_status, task.stopped_reason = "STOPPED", reason
        task.last_status = "STOPPED"


def _container(template: Any, name: str, exit_code: int | None) -> Any:
    container = copy.copy(template)
    container.name, container.exitCode, container.last_status = name, exit_code, "STOPPED"
    return container


def _overridden(containers: list[dict[str, Any]], overrides: Mapping[str, Any]) -> list[Any]:
    """The container definitions with RunTask's overrides of command and environment."""
    by_name = {o["name"]: o for o in (overrides or {}).get("containerOverrides", [])}
    result = []
    for container in containers:
        override = by_name.get(container["name"], {})
        changed = {**container}
        if "command" in override:
            changed["command"] = override["command"]
        if "environment" in override:
            values = {e["name"]: e["value"] for e in container.get("environment", [])}
            values |= {e["name"]: e["value"] for e in override["environment"]}
            changed["environment"] = [{"name": k, "value": v} for k, v in values.items()]
        result.append(changed)
    return result
