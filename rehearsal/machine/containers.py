"""What a task's container definitions say, read without starting anything."""

import graphlib
import shutil
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from rehearsal.errors import RehearsalError

Container = Mapping[str, Any]
"""A container definition of ECS, with ECS's own keys."""


@dataclass(frozen=True, kw_only=True)
class Workload:
    """The app's image without a container: where its code is, what its CMD is, which Python."""

    directory: Path
    command: tuple[str, ...]
    environment: Mapping[str, str] = field(default_factory=dict)


def without_extras(containers: Sequence[Container], known: Collection[str]) -> list[Container]:
    """The containers without those that a task serves on without and nobody here can run."""
    extras = {
        container["name"]
        for container in containers
        if not container.get("essential", True) and container["name"] not in known
    }
    if not extras:
        return list(containers)
    return [
        {
            **container,
            "dependsOn": [one for one in needs(container) if one["containerName"] not in extras],
            # Nobody would listen.
            "environment": [
                entry
                for entry in container.get("environment", ())
                if not entry["name"].startswith("OTEL_")
            ],
        }
        for container in containers
        if container["name"] not in extras
    ]


def start_order(containers: Sequence[Container]) -> list[Container]:
    """The containers so that each follows those that it depends on."""
    by_name = {container["name"]: container for container in containers}
    graph = {
        name: [needed["containerName"] for needed in needs(container)]
        for name, container in by_name.items()
    }
    try:
        return [by_name[name] for name in graphlib.TopologicalSorter(graph).static_order()]
    except graphlib.CycleError as error:
        cycle = " -> ".join(error.args[1])
        raise RehearsalError(f"the containers depend on each other in a circle: {cycle}") from None
    except KeyError as error:
        raise RehearsalError(f"a container depends on {error}, which the task lacks") from None


def environment_of(
    container: Container,
    resolve_secret: Callable[[str], str],
    overlay: Mapping[str, str],
    port: Mapping[str, int],
) -> dict[str, str]:
    """The container's variables and secrets, with the ports that this task has here."""
    values = {entry["name"]: entry["value"] for entry in container.get("environment", ())}
    values |= {
        entry["name"]: resolve_secret(entry["valueFrom"])
        for entry in container.get("secrets", ())
        if entry["name"] not in overlay
    }
    values |= overlay
    if not port:
        return values
    match container["name"]:
        case "nginx":
            values |= {"NGINX_PORT": str(port["nginx"]), "APP_PORT": str(port["app"])}
        case "pgbouncer":
            values["LISTEN_PORT"] = str(port["pgbouncer"])
        case "app":
            values["PORT"] = str(port["app"])
            values["DATABASE_URL"] = with_port(values["DATABASE_URL"], port["pgbouncer"])
    return values


def with_port(url: str, port: int) -> str:
    """The URL with another port; user, password, host and path stay."""
    parts = urlsplit(url)
    user, at, _ = parts.netloc.rpartition("@")
    return parts._replace(netloc=f"{user}{at}{parts.hostname}:{port}").geturl()


def differences(containers: Sequence[Container], workload: Workload, *, as_root: bool) -> list[str]:
    """What ECS enforces for these containers and a process on this machine doesn't."""
    found = []
    if any(container.get("readonlyRootFilesystem") for container in containers):
        found.append("the root file system is not read-only here")
    if any("memory" in c or "cpu" in c for c in containers):
        found.append("limits of memory and CPU are not enforced here")
    if any(container["name"] == "collector" for container in containers):
        found.append("nothing is traced here: the collector's program is not part of a rehearsal")
    if as_root and not open_to_others(workload):
        found.append(
            f"the app runs as root here: {workload.directory} or its Python is closed to others"
        )
    return found


def open_to_others(workload: Workload) -> bool:
    """Whether another user can reach the app's code and its Python: a clone in /root is closed."""
    search = workload.environment.get("PATH")
    program = Path(shutil.which(workload.command[0], path=search) or workload.command[0])
    places = (workload.directory.resolve(), program.absolute(), program.resolve())
    ways = {way for place in places for way in (place, *place.parents)}
    return all(way.stat().st_mode & 0o001 for way in ways if way.exists())


def needs(container: Container) -> Sequence[Mapping[str, str]]:
    """The container's `dependsOn`, with ECS's keys."""
    return container.get("dependsOn") or ()
