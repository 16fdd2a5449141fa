"""One ECS service as ECS keeps it: what to start and stop, and how a deployment is doing."""

import datetime
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any, Protocol

# What ECS's circuit breaker tolerates: half of the desired count, but 3 at least and 200 at most.
BREAKER_LEAST, BREAKER_MOST = 3, 200


class Phase(Enum):
    """Where a task of a service is in its life."""

    STARTING = "PENDING"
    RUNNING = "RUNNING"
    DRAINING = "DEACTIVATING"
    STOPPING = "STOPPING"


class Serving(Protocol):
    """What the scheduler needs of a running task; `rehearsal.machine.task.Task` is one."""

    address: str
    port: int

    @property
    def alive(self) -> bool: ...
    def stop(self) -> None: ...
    def lose(self) -> None: ...
    def kill(self) -> None: ...


@dataclass(frozen=True)
class Seen:
    """A task as the decision sees it."""

    deployment: str
    phase: Phase
    healthy: bool


@dataclass(frozen=True)
class Decision:
    """How many tasks to start for the newest deployment, and which ones (by position) to drain."""

    start: int
    drain: tuple[int, ...]


def decide(desired: int, deployment: str, tasks: Sequence[Seen], *, broken: bool) -> Decision:
    """A rolling deployment at 100 to 200 %: nothing old goes before what is new is healthy.

    `broken` is an open circuit breaker: it starts nothing more.
    """
    kept = {
        position: task
        for position, task in enumerate(tasks)
        if task.phase in (Phase.STARTING, Phase.RUNNING)
    }
    new = [position for position, task in kept.items() if task.deployment == deployment]
    old = [position for position in kept if position not in new]
    # What isn't healthy goes first, then the youngest.
    ranked = sorted(new, key=lambda position: (not tasks[position].healthy, position))
    surplus = ranked[desired:]
    healthy = sum(tasks[position].healthy for position in ranked[:desired])
    leaving = old if healthy >= desired else []
    start = 0 if broken else max(0, desired - len(new))
    return Decision(start=start, drain=tuple(sorted([*surplus, *leaving])))


def breaker_opens(failed: int, desired: int) -> bool:
    """Whether so many tasks of one deployment did not start, or were not healthy, that ECS gives up
    ("How the Amazon ECS deployment circuit breaker detects failures", ECS developer guide)."""
    return failed >= min(BREAKER_MOST, max(BREAKER_LEAST, -(-desired // 2)))


class Rollout:
    """A service's deployments, newest first, written into moto's own object of the service."""

    def __init__(self, service: Any) -> None:
        self._service = service
        self.failed = 0
        self.reason = ""
        self._definition = service.task_definition
        # Created at 0 tasks, so there is nothing to roll out.
        service.deployments[0]["rolloutState"] = "COMPLETED"

    @property
    def deployment(self) -> str:
        """The newest deployment's id."""
        return self._service.deployments[0]["id"]

    @property
    def _in_progress(self) -> bool:
        return self._service.deployments[0]["rolloutState"] == "IN_PROGRESS"

    @property
    def broken(self) -> bool:
        return breaker_opens(self.failed, self._service.desired_count)

    def lost(self, deployment: str, reason: str) -> None:
        """Counts a task that never came to serve, unless it is of an older deployment."""
        if deployment == self.deployment and self._in_progress:
            self.failed, self.reason = self.failed + 1, reason

    def updated(self, *, forced: bool) -> None:
        """Begins a deployment when the service has another task definition, or was forced to."""
        service = self._service
        if service.task_definition == self._definition and not forced:
            return
        self._definition, self.failed, self.reason = service.task_definition, 0, ""
        now = datetime.datetime.now(datetime.UTC).replace(tzinfo=None)
        before = service.deployments[0]
        new = {
            **before,
            "id": f"ecs-svc/{secrets.randbelow(10**19)}",
            "createdAt": now,
            "taskDefinition": service.task_definition,
            "rolloutState": "IN_PROGRESS",
            "failedTasks": 0,
        }
        service.deployments = [new, *({**d, "status": "ACTIVE"} for d in service.deployments)]

    def show(self, tasks: Sequence[Seen]) -> None:
        """Writes counts and states, for everybody who describes the service."""
        service = self._service
        service.running_count = sum(t.phase is Phase.RUNNING for t in tasks)
        service.pending_count = sum(t.phase is Phase.STARTING for t in tasks)
        newest, *older = service.deployments
        service.deployments = [newest, *(d for d in older if _has_tasks(d, tasks))]
        for deployment in service.deployments:
            of_it = [t for t in tasks if t.deployment == deployment["id"]]
            deployment["runningCount"] = sum(t.phase is Phase.RUNNING for t in of_it)
            deployment["pendingCount"] = sum(t.phase is Phase.STARTING for t in of_it)
        newest["desiredCount"] = service.desired_count
        newest["failedTasks"] = self.failed
        healthy = sum(t.healthy for t in tasks if t.deployment == newest["id"])
        state = newest["rolloutState"]
        if state == "IN_PROGRESS" and self.broken:
            state = "FAILED"
        elif state == "IN_PROGRESS" and len(service.deployments) == 1:
            state = "COMPLETED" if healthy >= service.desired_count else state
        newest["rolloutState"] = state
        newest["rolloutStateReason"] = {
            "COMPLETED": f"ECS deployment {newest['id']} completed.",
            "IN_PROGRESS": f"ECS deployment {newest['id']} in progress.",
            "FAILED": f"tasks failed to start. {self.reason}",
        }[state]


def _has_tasks(deployment: dict[str, Any], tasks: Sequence[Seen]) -> bool:
    return any(task.deployment == deployment["id"] for task in tasks)
