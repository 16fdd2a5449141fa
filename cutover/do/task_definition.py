"""What a release runs as: a copy of one of Pulumi's task definitions, in a family of cutover's."""

from collections.abc import Mapping
from typing import Any

from cutover.decide.model import Release
from cutover.do.clients import Clients
from cutover.do.world import Refused
from infra.outputs import TaskContract

# What a description says about a revision and a registration doesn't take (ECS API reference).
_NOT_REGISTERED = {
    *("taskDefinitionArn", "revision", "status", "requiresAttributes", "compatibilities"),
    *("registeredAt", "registeredBy", "deregisteredAt", "deleteRequestedAt"),
}


def register(clients: Clients, blueprint: TaskContract, release: Release, *, family: str) -> str:
    """ARN of a new revision of the family: the blueprint with the release's image in its app
    container and RELEASE_ID in all of them, its tags kept. Two calls."""
    found = clients.call(
        "ecs",
        "describe_task_definition",
        taskDefinition=blueprint.task_definition,
        include=["TAGS"],
    )
    definition = found["taskDefinition"]
    containers = definition["containerDefinitions"]
    if blueprint.app_container not in {container["name"] for container in containers}:
        raise Refused(
            f"{blueprint.task_definition} has no container {blueprint.app_container} to put the "
            "release's image in; run `pulumi up` again"
        )
    copy = {key: value for key, value in definition.items() if key not in _NOT_REGISTERED}
    copy["family"] = family
    copy["containerDefinitions"] = [
        with_release(container, blueprint.app_container, release) for container in containers
    ]
    # Nobody but AWS may set a tag that begins like this.
    tags = [tag for tag in found.get("tags", []) if not tag["key"].startswith("aws:")]
    if tags:
        copy["tags"] = tags
    answer = clients.call("ecs", "register_task_definition", **copy)
    return answer["taskDefinition"]["taskDefinitionArn"]


def with_release(
    container: Mapping[str, Any], app_container: str, release: Release
) -> dict[str, Any]:
    """The container with the release's id, and its image where it is the app."""
    values = {entry["name"]: entry["value"] for entry in container.get("environment", [])}
    values["RELEASE_ID"] = release.release_id
    image = release.image if container["name"] == app_container else container["image"]
    environment = [{"name": name, "value": values[name]} for name in sorted(values)]
    return {**container, "image": image, "environment": environment}
