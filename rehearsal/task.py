"""One ECS task as processes: the same entrypoints, order, signals and timeouts, without containers.

The containers of a task share 127.0.0.1; here every task does, so each gets ports of its own.
"""

import http.client
import os
import shutil
import signal
import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rehearsal import ports
from rehearsal.containers import (
    Container,
    Workload,
    differences,
    environment_of,
    needs,
    open_to_others,
    start_order,
)
from rehearsal.errors import RehearsalError
from rehearsal.ports import LOOPBACK
from rehearsal.supervisor import PATH, Process, Supervisor, unprivileged_user

IMAGES = Path(__file__).resolve().parent.parent / "images"
IMAGE_OF = {"nginx": "nginx", "pgbouncer": "pgbouncer", "logins": "pgbouncer"}
# STOPSIGNAL of each image; SIGTERM where the image says nothing.
STOP_SIGNALS = {"nginx": signal.SIGQUIT}
STOP_TIMEOUT_SECONDS = 30  # what ECS waits when the definition says nothing
START_TIMEOUT_SECONDS = 60.0
PROBE_TIMEOUT_SECONDS = 5.0
DIFFERS = ": differs from the image: "


@dataclass(frozen=True, kw_only=True)
class Runtime:
    """What ECS and Docker are to a task: programs, images, secrets, and someone who ends it."""

    supervisor: Supervisor
    binaries: Mapping[str, Path]
    images: Path
    """A copy from `install_images`."""
    resolve_secret: Callable[[str], str] = field(repr=False)
    """The value behind a `valueFrom`; raises RehearsalError for one that doesn't exist."""


@dataclass(kw_only=True)
class Task:
    """A running task."""

    task_id: str
    port: int
    """Where its nginx serves TLS."""
    processes: dict[str, Process]
    """By container, in the order in which they were started."""
    differences: list[str]
    """One sentence for each thing in which it is not what ECS would run."""
    _reserved: list[int] = field(repr=False)
    _directories: list[Path] = field(repr=False)
    address: str = LOOPBACK

    @property
    def alive(self) -> bool:
        """False as soon as one container is gone: each of them is essential."""
        return all(process.alive for process in self.processes.values())

    def stop(self) -> None:
        """Stops the containers as ECS does: the last one started first, each after the other.

        Each gets its image's stop signal and, at its `stopTimeout`, SIGKILL.
        """
        for process in reversed(self.processes.values()):
            process.expected_to_stop = True
        for process in reversed(self.processes.values()):
            process.stop()
        self._clean()

    def kill(self) -> None:
        """SIGKILL to everything at once: the task's machine is lost."""
        for process in self.processes.values():
            process.expected_to_stop = True
        for process in self.processes.values():
            process.signal(signal.SIGKILL)
        for process in self.processes.values():
            process.kill()
        self._clean()

    def _clean(self) -> None:
        for port in self._reserved:
            ports.release(port)
        for directory in self._directories:
            shutil.rmtree(directory, ignore_errors=True)


@dataclass(frozen=True, kw_only=True)
class Finished:
    """What a one-off task left, by container; one that was never started is in neither."""

    exit_codes: dict[str, int]
    outputs: dict[str, str]

    @property
    def succeeded(self) -> bool:
        return all(code == 0 for code in self.exit_codes.values())


def install_images(supervisor: Supervisor, source: Path = IMAGES) -> Path:
    """Copies our images' files to where an unprivileged user can read them; returns the copy."""
    target = supervisor.directory / "images"
    try:
        shutil.copytree(source, target)
        for file in (target, *target.rglob("*")):
            file.chmod(0o755 if file.is_dir() or os.access(file, os.X_OK) else 0o644)
    except (OSError, shutil.Error) as error:
        raise RehearsalError(f"can't copy {source} to {target}: {error}") from error
    return target


def start_task(
    runtime: Runtime,
    *,
    task_id: str,
    containers: Sequence[Container],
    workload: Workload,
    overlay: Mapping[str, Mapping[str, str]] | None = None,
) -> Task:
    """Starts the containers in the order of their `dependsOn`; returns when the last one answers.

    `overlay` replaces variables by container, such as pgbouncer's DB_HOST. Raises RehearsalError
    when a container dies or doesn't answer; then nothing of the task is left running.
    """
    ordered = start_order(containers)
    missing = {"nginx", "app", "pgbouncer"} - {container["name"] for container in ordered}
    if missing:
        raise RehearsalError(f"task {task_id} has no container {', '.join(sorted(missing))}")
    port = {name: ports.reserve() for name in ("nginx", "app", "pgbouncer")}
    task = Task(
        task_id=task_id,
        port=port["nginx"],
        processes={},
        differences=differences(ordered, workload, as_root=unprivileged_user() is not None),
        _reserved=list(port.values()),
        _directories=[],
    )
    answers = {
        "nginx": lambda: _https_answers(port["nginx"]),
        "app": lambda: _http_answers(port["app"]),
        "pgbouncer": lambda: _accepts(port["pgbouncer"]),
    }
    try:
        for container in ordered:
            name = container["name"]
            started = _start(
                runtime, task_id, container, workload, overlay, port, task._directories
            )
            task.processes[name] = started
            runtime.supervisor.wait_until(
                answers[name],
                what=f"{name} of task {task_id} did not answer on port {port[name]}",
                timeout_seconds=START_TIMEOUT_SECONDS,
                process=started,
            )
            task.differences += image_differences(started.output())
    except BaseException:
        task.kill()
        raise
    return task


def run_once(
    runtime: Runtime,
    *,
    task_id: str,
    containers: Sequence[Container],
    workload: Workload,
    timeout_seconds: float,
    overlay: Mapping[str, Mapping[str, str]] | None = None,
    commands: Mapping[str, Sequence[str]] | None = None,
) -> Finished:
    """Runs a one-off task's containers one after another, in the order of their `dependsOn`.

    A container that needs another's SUCCESS is not started after that one failed. `commands`
    replaces commands by container, as the overrides of RunTask do.
    """
    exit_codes: dict[str, int] = {}
    outputs: dict[str, str] = {}
    for container in start_order(containers):
        name = container["name"]
        if any(exit_codes.get(needed["containerName"]) != 0 for needed in needs(container)):
            continue
        if commands and name in commands:
            container = {**container, "command": list(commands[name])}
        directories: list[Path] = []
        process = _start(
            runtime, task_id, container, workload, overlay, {}, directories, one_off=True
        )
        ended = process.exited.wait(timeout_seconds)
        process.kill()
        for directory in directories:
            shutil.rmtree(directory, ignore_errors=True)
        if not ended:
            raise RehearsalError(
                f"{name} of task {task_id} did not end within {timeout_seconds:g} seconds and was "
                f"killed; its log is:\n{process.log_tail()}"
            )
        exit_codes[name], outputs[name] = process.exit_code or 0, process.output()
    return Finished(exit_codes=exit_codes, outputs=outputs)


def image_differences(output: str) -> list[str]:
    """What an entrypoint says of this machine's older program, one sentence each."""
    return [said for line in output.splitlines() if (said := line.partition(DIFFERS)[2])]


def _start(
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
    context = ssl._create_unverified_context()  # noqa: S323
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
