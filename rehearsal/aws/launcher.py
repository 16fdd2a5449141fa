"""Runs what a task definition describes as processes of this machine."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from rehearsal.errors import RehearsalError
from rehearsal.machine.container import Runtime
from rehearsal.machine.one_off_task import Finished, run_once
from rehearsal.machine.task import Task, start_task
from rehearsal.releases import Release

ONE_OFF_SECONDS = 120.0


@dataclass(kw_only=True)
class Launcher:
    """Finds the release behind the app container's image, as a registry would, and runs the task.

    `overlay` replaces variables by container where the machine's addresses differ from the VPC's.
    """

    runtime: Runtime
    overlay: Mapping[str, Mapping[str, str]]
    releases: dict[str, Release] = field(default_factory=dict)
    differences: set[str] = field(default_factory=set)
    """What the tasks so far did otherwise than ECS would, one sentence each."""

    def publish(self, release: Release) -> None:
        """From now on tasks may be started from the release's image."""
        self.releases[release.image] = release

    def start(self, task_id: str, definition: Mapping[str, Any]) -> Task:
        """A task that answers; RehearsalError when it doesn't come up."""
        containers = definition["containerDefinitions"]
        task = start_task(
            self.runtime,
            task_id=task_id,
            containers=containers,
            workload=self._release(containers).workload,
            overlay=self.overlay,
            # As ECS does, from the first moment on; only the machine's own servers must never end.
            may_end=True,
        )
        self.differences.update(task.differences)
        return task

    def run(self, task_id: str, definition: Mapping[str, Any]) -> Finished:
        """A one-off task, run to its end."""
        containers = definition["containerDefinitions"]
        return run_once(
            self.runtime,
            task_id=task_id,
            containers=containers,
            workload=self._release(containers).workload,
            timeout_seconds=ONE_OFF_SECONDS,
            overlay=self.overlay,
        )

    def _release(self, containers: Sequence[Mapping[str, Any]]) -> Release:
        image = next((c["image"] for c in containers if c["name"] == "app"), "no image")
        if image not in self.releases:
            raise RehearsalError(
                f"CannotPullContainerError: {image} is no release of this rehearsal; "
                f"it knows {', '.join(self.releases) or 'none'}"
            )
        return self.releases[image]
