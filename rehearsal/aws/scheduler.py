"""Follows the ECS services in moto, which runs nothing itself: each has the tasks it asks for."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Protocol

from rehearsal.alb.target_group import Observation
from rehearsal.aws.control_plane import ControlPlane
from rehearsal.aws.service_tasks import Address, Hands, Launcher, ServiceTasks

# Each start keeps a core busy for seconds; the others wait their turn.
STARTS_AT_ONCE = 2
STOPS_AT_ONCE = 8


class Targets(Protocol):
    """The balancer's side of a target group."""

    def set_targets(self, group_arn: str, targets: list[Address]) -> None: ...
    def observe(self) -> Observation: ...


class Scheduler:
    """Keeps every service of the control plane at its desired count; `step` is one round.

    `tell` gets a sentence for what a person would want to know: a task that died, or didn't start.
    """

    def __init__(
        self,
        plane: ControlPlane,
        launcher: Launcher,
        balancer: Targets,
        *,
        tell: Callable[[str], None],
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._plane, self._balancer = plane, balancer
        self._ecs = plane.backend("ecs")
        self._pools = (
            ThreadPoolExecutor(STARTS_AT_ONCE, thread_name_prefix="task"),
            ThreadPoolExecutor(STOPS_AT_ONCE, thread_name_prefix="stop"),
        )
        starting, stopping = self._pools
        self._hands = Hands(
            launcher=launcher, starting=starting, stopping=stopping, tell=tell, clock=clock
        )
        self._lock = threading.RLock()
        self._tasks: dict[str, ServiceTasks] = {}
        self._all_tasks()
        self._correct_update_service()

    def step(self) -> None:
        """One round over all services."""
        groups = self._balancer.observe().groups
        with self._lock:
            for tasks in self._all_tasks():
                targets = groups[tasks.group].targets
                tasks.step({(target.host, target.port): target for target in targets})
                running = [(task.address, task.port) for task in tasks.running]
                self._balancer.set_targets(tasks.group, running)

    def close(self) -> None:
        """Starts nothing more and ends every task at once: nobody is left who waits for an answer.

        A task on its way up is for the supervisor to end.
        """
        for pool in self._pools:
            pool.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            for tasks in self._tasks.values():
                for task in tasks.processes:
                    task.kill()

    def lose(self, service_arn: str) -> int:
        """The machines of all the service's tasks are lost at once; returns how many there were."""
        with self._lock:
            running = self._tasks[service_arn].running
        for task in running:
            task.lose()
        return len(running)

    def addresses(self) -> dict[Address, str]:
        """The address in the VPC of each task, by where it listens on this machine."""
        with self._lock:
            return {
                here: there
                for tasks in self._tasks.values()
                for here, there in tasks.addresses().items()
            }

    def _all_tasks(self) -> list[ServiceTasks]:
        return [self._of(service) for service in list(self._ecs.services.values())]

    def _of(self, service: Any) -> ServiceTasks:
        if service.arn not in self._tasks:
            self._tasks[service.arn] = ServiceTasks(self._plane, service, self._hands)
        return self._tasks[service.arn]

    def _correct_update_service(self) -> None:
        """moto says at once that what was asked for runs; from here on it says what does run."""
        update_service = self._ecs.update_service

        def corrected(properties: dict[str, Any]) -> Any:
            # Taken away: moto would give the deployment of the running tasks another id.
            forced = bool(properties.pop("force_new_deployment", False))
            with self._lock:
                service = update_service(properties)
                self._of(service).updated(forced=forced)
                return service

        self._ecs.update_service = corrected
