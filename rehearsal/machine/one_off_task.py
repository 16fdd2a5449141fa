"""A one-off ECS task as processes, one container after another, to its end."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from rehearsal.errors import RehearsalError
from rehearsal.machine.container import Runtime, start_container
from rehearsal.machine.containers import Container, Workload, needs, start_order


@dataclass(frozen=True, kw_only=True)
class Finished:
    """What a one-off task left, by container; one that was never started is in neither."""

    exit_codes: dict[str, int]
    outputs: dict[str, str]

    @property
    def succeeded(self) -> bool:
        return all(code == 0 for code in self.exit_codes.values())


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
        process = start_container(
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
