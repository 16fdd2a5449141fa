"""Follows the ECS services in moto, which runs nothing itself: starts, drains and stops tasks."""

import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import Any, Protocol

from rehearsal.alb.target_group import Observation, TargetHealth
from rehearsal.aws.control_plane import ControlPlane
from rehearsal.aws.ecs_service import Phase, Rollout, Seen, Serving, decide
from rehearsal.aws.ecs_task import EcsTask
from rehearsal.errors import RehearsalError

# A drained task may still hold a request that the balancer sent a moment before.
LEAST_DRAIN_SECONDS = 1.0
# ECS ignores the balancer's opinion of a young task (healthCheckGracePeriodSeconds).
GRACE_SECONDS = 60.0
# Each start keeps a core busy for seconds; the others wait their turn.
STARTS_AT_ONCE = 2


class Launcher(Protocol):
    """Starts what a task definition describes; `rehearsal.aws.launcher` runs real processes."""

    def start(self, task_id: str, definition: Mapping[str, Any]) -> Serving: ...


class Targets(Protocol):
    """The balancer's side of a target group."""

    def set_targets(self, group_arn: str, targets: list[tuple[str, int]]) -> None: ...
    def observe(self) -> Observation: ...


@dataclass(kw_only=True)
class Member:
    """One task of a service."""

    ecs: EcsTask
    deployment: str
    phase: Phase
    work: "Future[Any] | None"
    task: Serving | None = None
    since: float = 0.0


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
        self._plane, self._launcher, self._balancer = plane, launcher, balancer
        self._tell, self._clock = tell, clock
        self._ecs = plane.backend("ecs")
        self._pool = ThreadPoolExecutor(STARTS_AT_ONCE, thread_name_prefix="task")
        self._stops = ThreadPoolExecutor(8, thread_name_prefix="stop")
        self._lock = threading.RLock()
        self._members: dict[str, list[Member]] = {}
        self._rollouts: dict[str, Rollout] = {}
        self._health: dict[tuple[str, str, int], TargetHealth] = {}
        for service in self._services().values():
            self._rollout(service)
        self._correct_update_service()

    def step(self) -> None:
        """One round over all services."""
        self._observe()
        with self._lock:
            for arn, service in self._services().items():
                self._follow(arn, service)

    def close(self) -> None:
        """Starts nothing more and ends every task at once: nobody is left who waits for an answer.

        A task on its way up is for the supervisor to end.
        """
        for pool in (self._pool, self._stops):
            pool.shutdown(wait=False, cancel_futures=True)
        with self._lock:
            for task in [m.task for members in self._members.values() for m in members if m.task]:
                task.kill()

    def lose(self, service_arn: str) -> int:
        """The machines of all the service's tasks are lost at once; returns how many there were."""
        with self._lock:
            members = self._members.get(service_arn, [])
            running = [m.task for m in members if m.task and m.phase is Phase.RUNNING]
        for task in running:
            task.lose()
        return len(running)

    def addresses(self) -> dict[tuple[str, int], str]:
        """The address in the VPC of each task, by where it listens on this machine."""
        with self._lock:
            return {
                (member.task.address, member.task.port): member.ecs.address
                for members in self._members.values()
                for member in members
                if member.task
            }

    def _services(self) -> dict[str, Any]:
        return {service.arn: service for service in list(self._ecs.services.values())}

    def _rollout(self, service: Any) -> Rollout:
        if service.arn not in self._rollouts:
            self._rollouts[service.arn] = Rollout(service)
        return self._rollouts[service.arn]

    def _observe(self) -> None:
        observation = self._balancer.observe()
        self._health = {
            (arn, target.host, target.port): target
            for arn, group in observation.groups.items()
            for target in group.targets
        }

    def _follow(self, arn: str, service: Any) -> None:
        members = self._members.setdefault(arn, [])
        rollout = self._rollout(service)
        group = service.load_balancers[0]["targetGroupArn"]
        for member in list(members):
            self._advance(member, members, service, rollout, group)
        seen = [self._seen(member, group) for member in members]
        decision = decide(service.desired_count, rollout.deployment, seen, broken=rollout.broken)
        for position in decision.drain:
            self._drain(members[position])
        for _ in range(decision.start):
            members.append(self._start(service, rollout))
        self._balancer.set_targets(
            group,
            [(m.task.address, m.task.port) for m in members if m.task and m.phase is Phase.RUNNING],
        )
        rollout.show([self._seen(member, group) for member in members])

    def _advance(
        self, member: Member, members: list[Member], service: Any, rollout: Rollout, group: str
    ) -> None:
        done = member.work is not None and member.work.done()
        match member.phase:
            case Phase.STARTING if done:
                self._started(member, members, service, rollout)
            case Phase.RUNNING if member.task and not member.task.alive:
                self._tell(f"a task of {service.name} died; ECS starts another")
                self._stop(member, member.task.kill)
            case Phase.RUNNING if self._gave_up_on(member, group):
                rollout.lost(member.deployment, "a task failed its health check")
                self._tell(f"a task of {service.name} fails its health check; ECS replaces it")
                self._drain(member)
            case Phase.DRAINING if member.task and self._drained(member, group):
                self._stop(member, member.task.stop)
            case Phase.STOPPING if done:
                members.remove(member)
                member.ecs.stopped("Task stopped by the service scheduler")

    def _start(self, service: Any, rollout: Rollout) -> Member:
        definition = self._ecs.describe_task_definition(service.task_definition)
        ecs = EcsTask.of_service(self._plane, service, definition, rollout.deployment)
        work = self._pool.submit(self._launcher.start, ecs.task_id, ecs.definition)
        return Member(ecs=ecs, deployment=rollout.deployment, phase=Phase.STARTING, work=work)

    def _started(
        self, member: Member, members: list[Member], service: Any, rollout: Rollout
    ) -> None:
        assert member.work is not None  # noqa: S101 (a starting member has work)
        try:
            member.task = member.work.result()
        except RehearsalError as error:
            members.remove(member)
            member.ecs.stopped(str(error))
            rollout.lost(member.deployment, str(error))
            self._tell(f"a task of {service.name} did not start: {error}")
            return
        member.phase, member.since, member.work = Phase.RUNNING, self._clock(), None
        member.ecs.running()

    def _drain(self, member: Member) -> None:
        if member.phase is Phase.RUNNING:
            member.phase, member.since = Phase.DRAINING, self._clock()
        elif member.work and member.work.cancel():
            member.phase = Phase.STOPPING
        # Else it is on its way up, and will be drained as soon as it is there.

    def _stop(self, member: Member, how: Callable[[], None]) -> None:
        member.phase, member.work = Phase.STOPPING, self._stops.submit(how)

    def _drained(self, member: Member, group: str) -> bool:
        target = self._target(member, group)
        over = self._clock() - member.since >= LEAST_DRAIN_SECONDS
        return over and (target is None or target.in_flight == 0)

    def _gave_up_on(self, member: Member, group: str) -> bool:
        target = self._target(member, group)
        old = self._clock() - member.since > GRACE_SECONDS
        return old and target is not None and target.state == "unhealthy"

    def _target(self, member: Member, group: str) -> TargetHealth | None:
        task = member.task
        return self._health.get((group, task.address, task.port)) if task else None

    def _seen(self, member: Member, group: str) -> Seen:
        target = self._target(member, group)
        healthy = member.phase is Phase.RUNNING and target is not None
        return Seen(
            deployment=member.deployment,
            phase=member.phase,
            healthy=healthy and target is not None and target.state == "healthy",
        )

    def _correct_update_service(self) -> None:
        """moto says at once that what was asked for runs; from here on it says what does run."""
        update_service = self._ecs.update_service

        def corrected(properties: dict[str, Any]) -> Any:
            # Taken away: moto would give the deployment of the running tasks another id.
            forced = bool(properties.pop("force_new_deployment", False))
            with self._lock:
                service = update_service(properties)
                rollout = self._rollout(service)
                rollout.updated(forced=forced)
                group = service.load_balancers[0]["targetGroupArn"]
                members = self._members.get(service.arn, [])
                rollout.show([self._seen(member, group) for member in members])
                return service

        self._ecs.update_service = corrected
