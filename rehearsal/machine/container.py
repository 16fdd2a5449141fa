"""One container as a process: its image's entrypoint, its environment, its user, its health."""

import http.client
import os
import signal
import socket
import ssl
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rehearsal.errors import RehearsalError
from rehearsal.machine.containers import Container, Workload, environment_of, open_to_others
from rehearsal.machine.images import IMAGE_OF, STOP_SIGNALS
from rehearsal.machine.ports import LOOPBACK
from rehearsal.machine.process import Process
from rehearsal.machine.supervisor import PATH, Supervisor, unprivileged_user

STOP_TIMEOUT_SECONDS = 30  # what ECS waits when the definition says nothing
PROBE_TIMEOUT_SECONDS = 5.0


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """What ECS and Docker are to a task: programs, images, secrets, and someone who ends it."""

    supervisor: Supervisor
    binaries: Mapping[str, Path]
    images: Path
    """A copy from `install_images`."""
    resolve_secret: Callable[[str], str] = field(repr=False)
    """The value behind a `valueFrom`; raises RehearsalError for one that doesn't exist."""


def start_container(
    runtime: Runtime,
    task_id: str,
    container: Container,
    workload: Workload,
    overlay: Mapping[str, Mapping[str, str]] | None,
    port: Mapping[str, int],
    directories: list[Path],
    *,
    one_off: bool = False,
) -> Process:
    """Starts one container's process, without waiting; its own directory joins `directories`.

    `port` are the ports of the task's containers; empty for a task that listens nowhere.
    """
    name = container["name"]
    environment = environment_of(
        container, runtime.resolve_secret, (overlay or {}).get(name, {}), port
    )
    user = unprivileged_user()
    if name == "app":
        argv = list(container.get("command") or workload.command)
        environment = {**workload.environment, **environment}
        cwd = workload.directory
        if user and not open_to_others(workload):
            user = None
    elif name in IMAGE_OF:
        image = runtime.images / IMAGE_OF[name]
        own = runtime.supervisor.make_directory(f"{task_id}.{name}", run_as=user)
        directories.append(own)
        argv = _in_image(image, container)
        environment = {
            "PATH": _path_with(runtime.binaries),
            "RUN_DIR": str(own),
            "TEMPLATE_DIR": str(image),
            "LISTEN_ADDRESS": LOOPBACK,
            **environment,
        }
        cwd = own
    else:
        raise RehearsalError(
            f"task {task_id} has a container {name}, which the rehearsal can't run; "
            f"it knows app, {', '.join(IMAGE_OF)}"
        )
    return runtime.supervisor.start(
        f"{task_id}.{name}",
        argv,
        env=environment,
        cwd=cwd,
        stop_signal=STOP_SIGNALS.get(name, signal.SIGTERM),
        stop_timeout_seconds=container.get("stopTimeout") or STOP_TIMEOUT_SECONDS,
        run_as=user,
        one_off=one_off,
    )


def answers(name: str, port: int) -> bool:
    """Whether the container does its work on its port; OSError counts as no."""
    match name:
        case "nginx":
            return _https_answers(port)
        case "app":
            return _http_answers(port)
        case _:
            return _accepts(port)


def _in_image(image: Path, container: Container) -> list[str]:
    # The Dockerfiles put our scripts into /usr/local/bin; entrypoint.sh is the ENTRYPOINT.
    given = [*(container.get("entryPoint") or ()), *(container.get("command") or ())]
    program, *arguments = given or ["entrypoint.sh"]
    return [str(image / Path(program).name), *arguments]


def _path_with(binaries: Mapping[str, Path]) -> str:
    # Only what the system's directories lack goes in front: Debian's /usr/bin/psql is a wrapper.
    usual = PATH.split(os.pathsep)
    directories = dict.fromkeys(str(file.parent) for file in binaries.values())
    return os.pathsep.join([*(d for d in directories if d not in usual), *usual])


def _accepts(port: int) -> bool:
    socket.create_connection((LOOPBACK, port), timeout=PROBE_TIMEOUT_SECONDS).close()
    return True


def _http_answers(port: int) -> bool:
    return _answers(
        http.client.HTTPConnection(LOOPBACK, port, timeout=PROBE_TIMEOUT_SECONDS), "/health"
    )


def _https_answers(port: int) -> bool:
    # As the load balancer does: a task's certificate is its own and is not verified.
    context = ssl._create_unverified_context()  # noqa: S323 (for the reason above)
    connection = http.client.HTTPSConnection(
        LOOPBACK, port, timeout=PROBE_TIMEOUT_SECONDS, context=context
    )
    return _answers(connection, "/healthz")


def _answers(connection: http.client.HTTPConnection, path: str) -> bool:
    """Whether anything comes back: what a status says is the balancer's concern."""
    try:
        connection.request("GET", path)
        connection.getresponse().read()
    except http.client.HTTPException:
        return False
    finally:
        connection.close()
    return True
