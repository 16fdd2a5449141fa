"""A one-off ECS task as processes, from its first container to the end of an essential one."""

import contextlib
import shutil
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from rehearsal.errors import RehearsalError
from rehearsal.machine import ports
from rehearsal.machine.container import Runtime, answers, start_container
from rehearsal.machine.containers import Container, Workload, needs, start_order, without_extras
from rehearsal.machine.images import IMAGE_OF
from rehearsal.machine.process import POLL_SECONDS, Process

START_SECONDS = 30.0


@dataclass(frozen=True, kw_only=True)
class Finished:
    """What a one-off task left, by container; one that was never started is in neither.

    `outputs` are only of those that ended by themselves, not of a server that was stopped then.
    """

    exit_codes: dict[str, int]
    outputs: dict[str, str]

    @property
    def succeeded(self) -> bool:
        return all(self.exit_codes[name] == 0 for name in self.outputs)


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
    """Runs a one-off task to its end: that of an essential container, or of all that it has.

    Each container starts when those of its `dependsOn` are as their conditions say, and none does
    once one of these can't become so; at the end what still runs is stopped, the last one started
    first. `commands` replaces commands by container, as the overrides of RunTask do.
    RehearsalError when it takes longer; then what ran has been killed.
    """
    ordered = start_order(without_extras(containers, known=IMAGE_OF))
    serves = any(container["name"] == "pgbouncer" for container in ordered)
    names = ("nginx", "app", "pgbouncer") if serves else ()
    task = _Running(
        task_id=task_id,
        port={name: ports.reserve() for name in names},
        ends_at=time.monotonic() + timeout_seconds,
        timeout_seconds=timeout_seconds,
    )
    try:
        for container in ordered:
            if not task.reaches(needs(container)):
                break
            name = container["name"]
            if commands and name in commands:
                container = {**container, "command": list(commands[name])}
            task.processes[name] = start_container(
                runtime,
                task_id,
                container,
                workload,
                overlay,
                task.port,
                task.directories,
                one_off=True,
            )
            if container.get("essential", True):
                task.essential.append(name)
        else:
            task.wait_until(lambda: False)
        return task.stop()
    finally:
        task.clean()


@dataclass(kw_only=True)
class _Running:
    task_id: str
    port: dict[str, int]
    ends_at: float
    timeout_seconds: float
    processes: dict[str, Process] = field(default_factory=dict)
    essential: list[str] = field(default_factory=list)
    directories: list[Path] = field(default_factory=list)

    @property
    def over(self) -> bool:
        one_ended = any(not self.processes[name].alive for name in self.essential)
        return one_ended or not any(process.alive for process in self.processes.values())

    def reaches(self, needed: Sequence[Mapping[str, str]]) -> bool:
        """Waits for a `dependsOn`; False when the task is over, or will never get there."""
        return all(self._reaches(n["containerName"], n.get("condition")) for n in needed)

    def _reaches(self, name: str, condition: str | None) -> bool:
        process = self.processes[name]
        match condition:
            case "SUCCESS" | "COMPLETE":
                self.wait_until(lambda: not process.alive)
                return process.exit_code == 0 or (condition == "COMPLETE" and not process.alive)
            case "HEALTHY":
                self.wait_until(lambda: answers(name, self.port[name]), verb="answer")
            case _:
                pass  # START
        return not self.over

    def wait_until(self, ready: Callable[[], bool], *, verb: str = "end") -> None:
        """Returns when it is ready or the task is over; at the timeout names the app, or
        what was started last."""
        while not self.over:
            with contextlib.suppress(OSError):
                if ready():
                    return
            if time.monotonic() >= self.ends_at:
                name = "app" if "app" in self.processes else [*self.processes][-1]
                self.processes[name].kill()
                raise RehearsalError(
                    f"{name} of task {self.task_id} did not {verb} within "
                    f"{self.timeout_seconds:g} seconds and was killed; its log is:\n"
                    f"{self.processes[name].log_tail()}"
                )
            time.sleep(POLL_SECONDS)

    def stop(self) -> Finished:
        ended = [name for name, process in self.processes.items() if not process.alive]
        for name, process in reversed(self.processes.items()):
            if name in IMAGE_OF and process.alive:
                self._wait_for_signals(name, process)
            process.stop()
        return Finished(
            exit_codes={name: process.exit_code or 0 for name, process in self.processes.items()},
            outputs={name: self.processes[name].output() for name in ended},
        )

    def _wait_for_signals(self, name: str, process: Process) -> None:
        # nginx loses a SIGQUIT that comes while it starts, and runs on until its stopTimeout.
        ends_at = min(time.monotonic() + START_SECONDS, self.ends_at)
        while process.alive and time.monotonic() < ends_at:
            with contextlib.suppress(OSError):
                if name not in self.port or answers(name, self.port[name]):
                    return
            time.sleep(POLL_SECONDS)

    def clean(self) -> None:
        for process in self.processes.values():
            process.kill()
        for port in self.port.values():
            ports.release(port)
        for directory in self.directories:
            shutil.rmtree(directory, ignore_errors=True)
