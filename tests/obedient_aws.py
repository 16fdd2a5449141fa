"""An emulated AWS in a process of its own, in which every service does at once what it is asked.

moto runs no tasks: here a service has as many as it should, all healthy, and a one-off task ends
well as it starts. So a cutover's calls are the real ones, and the environment outlives its killed
processes.
"""

import multiprocessing
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from types import MethodType
from typing import Any

from moto.elbv2.models import FakeHealthStatus

from infra.outputs import SLOTS
from rehearsal.aws.control_plane import ControlPlane
from rehearsal.aws.creators import Endpoints, creating
from rehearsal.aws.ecs_task import list_what_should_run, tell_statuses_ourselves
from rehearsal.machine import ports
from rehearsal.recording import record

ACCOUNT_ID, REGION, STACK = "100000000099", "eu-west-1", "testing"


@contextmanager
def obedient_aws() -> Iterator[dict[str, str]]:
    """Yields the environment variables that lead there."""
    context = multiprocessing.get_context("spawn")
    ours, theirs = context.Pipe()
    process = context.Process(target=_serve, args=(theirs, ports.reserve()), daemon=True)
    process.start()
    try:
        yield ours.recv()
    finally:
        ours.send("end")
        process.join(20)
        process.kill()


def _serve(connection: Any, port: int) -> None:
    from stacks.environment import environment

    with ControlPlane(port=port, account_id=ACCOUNT_ID, region=REGION) as plane:
        tell_statuses_ourselves()
        list_what_should_run(plane)
        endpoints = Endpoints(postgres_port=15433, redis_port=16379)
        record(environment, stack=STACK, outputs=creating(plane, endpoints))
        _obey(plane)
        connection.send(plane.variables)
        connection.recv()


def _obey(plane: ControlPlane) -> None:
    ecs, elbv2 = plane.backend("ecs"), plane.backend("elbv2")
    ecs._calculate_task_resource_requirements = lambda _definition: {}
    describe_services, run_task = ecs.describe_services, ecs.run_task
    describe_target_health = elbv2.describe_target_health

    def settled(*arguments: Any, **named: Any) -> Any:
        for service in ecs.services.values():
            service.running_count, service.pending_count = service.desired_count, 0
            newest = service.deployments[0]
            newest |= {"status": "PRIMARY", "rolloutState": "COMPLETED"}
            service.deployments = [newest]
        return describe_services(*arguments, **named)

    def ended(*arguments: Any, **named: Any) -> Any:
        tasks = run_task(*arguments, **named)
        for task in tasks:
            task.last_status = task.desired_status = "STOPPED"
            for container in task.containers:
                container.exit_code = 0
        return tasks

    def registered(group_arn: str, targets: Any) -> Any:
        group = elbv2.target_groups[group_arn]
        (service,) = (
            service
            for service in ecs.services.values()
            if service.load_balancers[0]["targetGroupArn"] == group_arn
        )
        here = [f"10.0.0.{number}" for number in range(service.desired_count)]
        group.targets = OrderedDict((a, {"Id": a, "Port": group.port}) for a in here)
        group.health_for = MethodType(_healthy, group)
        return describe_target_health(group_arn, targets)

    ecs.describe_services, ecs.run_task = settled, ended
    elbv2.describe_target_health = registered
    assert len(ecs.services) == len(SLOTS)


def _healthy(group: Any, target: dict[str, Any], _ec2: Any) -> FakeHealthStatus:
    port = group.health_check_port
    return FakeHealthStatus(target["Id"], group.port, port, "healthy", None, None)
