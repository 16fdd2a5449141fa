"""The tasks of one ECS service: started, watched, drained and stopped as its deployments ask."""

from collections.abc import Callable, Mapping
from concurrent.futures import Executor, Future
from dataclasses import dataclass
from typing import Any, Protocol

from rehearsal.alb.target_group import TargetHealth
from rehearsal.aws.control_plane import ControlPlane
from rehearsal.aws.ecs_service import Phase, Rollout, Seen, Serving, decide
from rehearsal.aws.ecs_task import EcsTask
from rehearsal.errors import RehearsalError

# A drained task may still hold a request that the balancer sent a moment before.
LEAST_DRAIN_SECONDS = 1.0
# ECS ignores the balancer's opinion of a young task (healthCheckGracePeriodSeconds).
GRACE_SECONDS = 60.0

Address = tuple[str, int]
"""Host and port on this machine."""


class Launcher(Protocol):
    """Starts what a task definition describes; `rehearsal.aws.launcher` runs real processes."""

    def start(self, task_id: str, definition: Mapping[str, Any]) -> Serving: ...


@dataclass(frozen=True, kw_only=True)
class Hands:
    """Who does what a service's tasks need: starts and stops take their time, in other threads.

    `tell` gets a sentence for what a person would want to know: a task that died, or didn't start.
    """

    launcher: Launcher
    starting: Executor
    stopping: Executor
    tell: Callable[[str], None]
    clock: Callable[[], float]


@dataclass(kw_only=True)
class Member:
    """One task of the service."""

    ecs: EcsTask
    deployment: str
    phase: Phase
    work: "Future[Any] | None"
    task: Serving | None = None
    since: float = 0.0


class ServiceTasks:
    """`service` is moto's own object, which is told how many tasks run. One thread at a time."""

    def __init__(self, plane: ControlPlane, service: Any, hands: Hands) -> None:
        self._plane, self._service, self._hands = plane, service, hands
        self._rollout = Rollout(service)
        self._members: list[Member] = []
        self._health: Mapping[Address, TargetHealth] = {}

    @property
    def group(self) -> str:
        """ARN of its target group."""
        return self._service.load_balancers[0]["targetGroupArn"]

    @property
    def running(self) -> list[Serving]:
        """Those that should get requests."""
        return [m.task for m in self._members if m.task and m.phase is Phase.RUNNING]

    @property
    def processes(self) -> list[Serving]:
        """All that is there of them."""
        return [member.task for member in self._members if member.task]

    def addresses(self) -> dict[Address, str]:
        """The address in the VPC of each task, by where it listens on this machine."""
        return {
            (member.task.address, member.task.port): member.ecs.address
            for member in self._members
            if member.task
        }

    def updated(self, *, forced: bool) -> None:
        """UpdateService has changed it."""
        self._rollout.updated(forced=forced)
        self._show()

    def step(self, health: Mapping[Address, TargetHealth]) -> None:
        """One round, with the health of the targets in its group."""
        self._health = health
        for member in list(self._members):
            self._advance(member)
        rollout = self._rollout
        decision = decide(
            self._service.desired_count,
            rollout.deployment,
            [self._seen(member) for member in self._members],
            broken=rollout.broken,
        )
        for position in decision.drain:
            self._drain(self._members[position])
        for _ in range(decision.start):
            self._members.append(self._start())
        self._show()

    def _advance(self, member: Member) -> None:
        done = member.work is not None and member.work.done()
        match member.phase:
            case Phase.STARTING if done:
                self._started(member)
            case Phase.RUNNING if member.task and not member.task.alive:
                self._tell("died; ECS starts another")
                self._stop(member, member.task.kill)
            case Phase.RUNNING if self._gave_up_on(member):
                self._rollout.lost(member.deployment, "a task failed its health check")
                self._tell("fails its health check; ECS replaces it")
                self._drain(member)
            case Phase.DRAINING if member.task and self._drained(member):
                self._stop(member, member.task.stop)
            case Phase.STOPPING if done:
                self._stopped(member)

    def _start(self) -> Member:
        ecs = EcsTask.of_service(
            self._plane,
            self._service,
            self._plane.backend("ecs").describe_task_definition(self._service.task_definition),
            self._rollout.deployment,
        )
        work = self._hands.starting.submit(self._hands.launcher.start, ecs.task_id, ecs.definition)
        deployment = self._rollout.deployment
        return Member(ecs=ecs, deployment=deployment, phase=Phase.STARTING, work=work)

    def _started(self, member: Member) -> None:
        assert member.work is not None  # noqa: S101 (a starting member has work)
        try:
            member.task = member.work.result()
        except RehearsalError as error:
            self._members.remove(member)
            member.ecs.stopped(str(error))
            self._rollout.lost(member.deployment, str(error))
            self._tell(f"did not start: {error}")
            return
        member.phase, member.since, member.work = Phase.RUNNING, self._hands.clock(), None
        member.ecs.running()

    def _drain(self, member: Member) -> None:
        if member.phase is Phase.RUNNING:
            member.phase, member.since = Phase.DRAINING, self._hands.clock()
        elif member.work and member.work.cancel():
            member.phase = Phase.STOPPING
        # Else it is on its way up, and will be drained as soon as it is there.

    def _stop(self, member: Member, how: Callable[[], None]) -> None:
        member.phase, member.work = Phase.STOPPING, self._hands.stopping.submit(how)

    def _stopped(self, member: Member) -> None:
        assert member.work is not None  # noqa: S101 (a stopping member has work)
        if not member.work.cancelled():
            member.work.result()  # raises what stopping it has raised
        self._members.remove(member)
        member.ecs.stopped("Task stopped by the service scheduler")

    def _drained(self, member: Member) -> bool:
        target = self._target(member)
        over = self._hands.clock() - member.since >= LEAST_DRAIN_SECONDS
        return over and (target is None or target.in_flight == 0)

    def _gave_up_on(self, member: Member) -> bool:
        target = self._target(member)
        old = self._hands.clock() - member.since > GRACE_SECONDS
        return old and target is not None and target.state == "unhealthy"

    def _target(self, member: Member) -> TargetHealth | None:
        return self._health.get((member.task.address, member.task.port)) if member.task else None

    def _seen(self, member: Member) -> Seen:
        target = self._target(member)
        healthy = member.phase is Phase.RUNNING and target is not None
        return Seen(
            deployment=member.deployment,
            phase=member.phase,
            healthy=healthy and target is not None and target.state == "healthy",
        )

    def _show(self) -> None:
        self._rollout.show([self._seen(member) for member in self._members])

    def _tell(self, what: str) -> None:
        self._hands.tell(f"a task of {self._service.name} {what}")
