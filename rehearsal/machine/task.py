"""One ECS task as processes: the same entrypoints, order, signals and timeouts, without containers.

The containers of a task share 127.0.0.1; here every task does, so each gets ports of its own.
"""

import shutil
import signal
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rehearsal.errors import RehearsalError
from rehearsal.machine import ports
from rehearsal.machine.container import Runtime, answers, start_container
from rehearsal.machine.containers import (
    Container,
    Workload,
    differences,
    start_order,
    without_extras,
)
from rehearsal.machine.images import IMAGE_OF, image_differences
from rehearsal.machine.ports import LOOPBACK
from rehearsal.machine.process import Process
from rehearsal.machine.supervisor import unprivileged_user

START_TIMEOUT_SECONDS = 60.0


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

    def lose(self) -> None:
        """SIGKILL to everything at once: its machine is lost. `kill` removes what is left."""
        for process in self.processes.values():
            process.expected_to_stop = True
        for process in self.processes.values():
            process.signal(signal.SIGKILL)
        for process in self.processes.values():
            process.kill()

    def kill(self) -> None:
        """As `lose`, and its ports and directories are free."""
        self.lose()
        self._clean()

    def _clean(self) -> None:
        for port in self._reserved:
            ports.release(port)
        for directory in self._directories:
            shutil.rmtree(directory, ignore_errors=True)


def start_task(
    runtime: Runtime,
    *,
    task_id: str,
    containers: Sequence[Container],
    workload: Workload,
    overlay: Mapping[str, Mapping[str, str]] | None = None,
    may_end: bool = False,
) -> Task:
    """Starts the containers in the order of their `dependsOn`; returns when the last one answers.

    `overlay` replaces variables by container, such as pgbouncer's DB_HOST. With `may_end` a
    container that ends is no failure of the rehearsal: somebody replaces the task. Raises
    RehearsalError when one dies or doesn't answer here; then nothing of the task is left running.
    """
    ordered = start_order(without_extras(containers, known=IMAGE_OF))
    missing = {"nginx", "app", "pgbouncer"} - {container["name"] for container in ordered}
    if missing:
        raise RehearsalError(f"task {task_id} has no container {', '.join(sorted(missing))}")
    port = {name: ports.reserve() for name in ("nginx", "app", "pgbouncer")}
    task = Task(
        task_id=task_id,
        port=port["nginx"],
        processes={},
        differences=differences(containers, workload, as_root=unprivileged_user() is not None),
        _reserved=list(port.values()),
        _directories=[],
    )
    try:
        for container in ordered:
            name = container["name"]
            started = start_container(
                runtime,
                task_id,
                container,
                workload,
                overlay,
                port,
                task._directories,
                one_off=may_end,
            )
            task.processes[name] = started
            runtime.supervisor.wait_until(
                lambda name=name: answers(name, port[name]),
                what=f"{name} of task {task_id} did not answer on port {port[name]}",
                timeout_seconds=START_TIMEOUT_SECONDS,
                process=started,
            )
            task.differences += image_differences(started.output())
    except BaseException:
        task.kill()
        raise
    return task
