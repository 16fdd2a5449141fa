"""Runs what RunTask asks for: moto only writes such a task down."""

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, Protocol

from rehearsal.aws.control_plane import ControlPlane
from rehearsal.aws.ecs_task import EcsTask
from rehearsal.errors import RehearsalError
from rehearsal.machine.one_off_task import Finished


class Runner(Protocol):
    """Runs a task's containers to their end; `rehearsal.aws.launcher` runs real processes."""

    def run(self, task_id: str, definition: Mapping[str, Any]) -> Finished: ...


class OneOffTasks:
    """Starts each task of RunTask once and writes its exit codes back; call `step` often."""

    def __init__(self, plane: ControlPlane, runner: Runner, *, tell: Callable[[str], None]) -> None:
        self._ecs = plane.backend("ecs")
        # moto adds up the memory of each container, which a task of Fargate needs not name.
        self._ecs._calculate_task_resource_requirements = lambda _definition: {}
        self._runner, self._tell = runner, tell
        self._seen: set[str] = set()
        self._pool = ThreadPoolExecutor(2, thread_name_prefix="one-off")
        self._runs: list[Future[None]] = []

    def step(self) -> None:
        """Starts what is new. Raises what one that has ended has raised."""
        for run in [run for run in self._runs if run.done()]:
            self._runs.remove(run)
            run.result()
        tasks = [task for of in list(self._ecs.tasks.values()) for task in list(of.values())]
        for task in tasks:
            if task.group.startswith("service:") or task.id in self._seen:
                continue
            self._seen.add(task.id)
            definition = self._ecs.describe_task_definition(task.task_definition_arn)
            self._runs.append(self._pool.submit(self._run, EcsTask(task, definition)))

    def close(self) -> None:
        """Starts nothing more; processes that run are for the supervisor to end."""
        self._pool.shutdown(wait=False, cancel_futures=True)

    def _run(self, task: EcsTask) -> None:
        family = task.definition["family"]
        try:
            finished = self._runner.run(f"{family}-{task.task_id}", task.definition)
        except RehearsalError as error:
            self._tell(f"a task of {family} did not run: {error}")
            task.stopped(str(error))
            return
        codes = finished.exit_codes
        failed = {name: codes[name] for name in finished.outputs if codes[name]}
        for name in failed:
            self._tell(f"{name} of {family} said: {finished.outputs[name].strip()}")
        reasons = [f"{name} ended with exit code {code}" for name, code in failed.items()]
        task.stopped("; ".join(reasons) or "Essential container in task exited", codes)
