"""ECS as a rehearsal plays it: moto's services and tasks say what really runs, and nothing else."""

import itertools
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, cast

import pytest

from rehearsal.alb.target_group import GroupObservation, Observation, TargetHealth, TargetState
from rehearsal.aws.control_plane import ControlPlane
from rehearsal.aws.creators import Endpoints, creating
from rehearsal.aws.ecs_service import Phase, Seen, breaker_opens, decide
from rehearsal.aws.ecs_task import list_what_should_run, tell_statuses_ourselves
from rehearsal.aws.one_off import OneOffTasks
from rehearsal.aws.reconciler import Reconciler
from rehearsal.aws.scaling import pull_into_range
from rehearsal.aws.scheduler import Scheduler
from rehearsal.aws.secret_values import resolve
from rehearsal.aws.service_tasks import GRACE_SECONDS, LEAST_DRAIN_SECONDS
from rehearsal.errors import RehearsalError
from rehearsal.machine import ports
from rehearsal.machine.one_off_task import Finished

ACCOUNTS = itertools.count(300000000000)
REGION = "eu-west-1"


@dataclass
class StubTask:
    port: int
    address: str = "127.0.0.1"
    alive: bool = True
    ended: list[str] = field(default_factory=list)

    def stop(self) -> None:
        self.ended.append("stopped")

    def lose(self) -> None:
        self.alive = False

    def kill(self) -> None:
        self.ended.append("killed")


class StubLauncher:
    """Starts at once, or fails, or waits until it may go on."""

    def __init__(self) -> None:
        self.started: list[StubTask] = []
        self.definitions: list[Mapping[str, Any]] = []
        self.failure = ""
        self.go = threading.Event()
        self.go.set()
        self.attempts = 0

    def start(self, task_id: str, definition: Mapping[str, Any]) -> StubTask:
        self.attempts += 1
        assert self.go.wait(10)
        if self.failure:
            raise RehearsalError(self.failure)
        task = StubTask(port=20000 + len(self.started))
        self.started.append(task)
        self.definitions.append(definition)
        return task


class StubBalancer:
    """Remembers what was registered; a target has the state that the test gives it."""

    def __init__(self, group: str) -> None:
        self.group = group
        self.registered: list[tuple[str, int]] = []
        self.states: dict[int, TargetState] = {}
        self.in_flight: dict[int, int] = {}

    def set_targets(self, group_arn: str, targets: list[tuple[str, int]]) -> None:
        assert group_arn == self.group
        for host, port in self.registered:
            if (host, port) not in targets:
                self.states[port] = "draining"
        for _, port in targets:
            self.states.setdefault(port, "initial")
        self.registered = targets

    def observe(self) -> Observation:
        targets = tuple(
            TargetHealth(
                host="127.0.0.1",
                port=port,
                state=state,
                reason=None,
                in_flight=self.in_flight.get(port, 0),
            )
            for port, state in self.states.items()
        )
        group = GroupObservation(
            requests=0,
            responses=dict.fromkeys(("1xx", "2xx", "3xx", "4xx", "5xx"), 0),
            balancer_5xx=0,
            in_flight=0,
            response_seconds_mean=0.0,
            response_seconds_max=0.0,
            targets=targets,
        )
        return Observation(requests=0, groups={self.group: group})

    def say(self, state: TargetState) -> None:
        """Gives every registered target a state."""
        self.states.update({port: state for _, port in self.registered})


class World:
    """One cluster with one service on moto, and the scheduler that follows it."""

    def __init__(self, plane: ControlPlane) -> None:
        self.plane = plane
        self.ecs = plane.client("ecs")
        create = creating(plane, Endpoints(postgres_port=1, redis_port=2))
        vpc = create(
            "aws:ec2/vpc:Vpc",
            "v",
            {"cidrBlock": "10.0.0.0/16", "enableDnsSupport": True, "enableDnsHostnames": True},
        )["id"]
        subnet = create(
            "aws:ec2/subnet:Subnet",
            "s",
            {"vpcId": vpc, "cidrBlock": "10.0.1.0/24", "availabilityZone": "eu-west-1a"},
        )["id"]
        group = create("aws:ec2/securityGroup:SecurityGroup", "g", {"vpcId": vpc})["id"]
        self.network = {
            "subnets": [subnet],
            "securityGroups": [group],
            "assignPublicIp": False,
        }
        target_group = create(
            "aws:lb/targetGroup:TargetGroup",
            "blue",
            {
                "vpcId": vpc,
                "port": 8443,
                "protocol": "HTTPS",
                "targetType": "ip",
                "deregistrationDelay": 30,
                "healthCheck": {
                    "protocol": "HTTPS",
                    "path": "/readyz",
                    "interval": 5,
                    "timeout": 4,
                    "healthyThreshold": 2,
                    "unhealthyThreshold": 3,
                    "matcher": "200",
                },
            },
        )["arn"]
        self.cluster = create("aws:ecs/cluster:Cluster", "c", {})["arn"]
        blueprint = self.register("blueprint")
        self.service = create(
            "aws:ecs/service:Service",
            "blue",
            {
                "cluster": self.cluster,
                "taskDefinition": blueprint,
                "desiredCount": 0,
                "networkConfiguration": self.network,
                "loadBalancers": [
                    {
                        "targetGroupArn": target_group,
                        "containerName": "nginx",
                        "containerPort": 8443,
                    }
                ],
            },
        )["arn"]
        tell_statuses_ourselves()
        list_what_should_run(plane)
        pull_into_range(plane)
        self.launcher, self.balancer = StubLauncher(), StubBalancer(target_group)
        self.said: list[str] = []
        self.now = 1000.0
        self.scheduler = Scheduler(
            plane, self.launcher, self.balancer, tell=self.said.append, clock=lambda: self.now
        )

    def register(self, family: str) -> str:
        return self.ecs.register_task_definition(
            family=family,
            networkMode="awsvpc",
            requiresCompatibilities=["FARGATE"],
            cpu="256",
            memory="512",
            containerDefinitions=[
                {
                    "name": "logins",
                    "image": "ours",
                    "environment": [{"name": "FAMILY", "value": family}],
                },
                {"name": "app", "image": "theirs", "command": ["python", "run_migrations.py"]},
            ],
        )["taskDefinition"]["taskDefinitionArn"]

    def update(self, **changes: Any) -> dict[str, Any]:
        return self.ecs.update_service(cluster=self.cluster, service=self.service, **changes)[
            "service"
        ]

    def described(self) -> dict[str, Any]:
        (service,) = self.ecs.describe_services(cluster=self.cluster, services=[self.service])[
            "services"
        ]
        return service

    def newest(self) -> dict[str, Any]:
        return self.described()["deployments"][0]

    def range(self, **changes: Any) -> dict[str, Any]:
        """Registers the scalable target with the changes alone, and describes it."""
        scaling = self.plane.client("application-autoscaling")
        name = "service/" + self.service.partition(":service/")[2]
        target = {"ServiceNamespace": "ecs", "ScalableDimension": "ecs:service:DesiredCount"}
        scaling.register_scalable_target(ResourceId=name, **target, **changes)
        return scaling.describe_scalable_targets(ServiceNamespace="ecs", ResourceIds=[name])[
            "ScalableTargets"
        ][0]

    def until(self, ready: Callable[[], bool]) -> None:
        """Rounds until it is so: starts and stops happen in other threads."""
        for _ in range(200):
            self.scheduler.step()
            if ready():
                return
            time.sleep(0.01)
        raise AssertionError(f"not in 200 rounds: {self.described()}; said {self.said}")

    def fill(self, tasks: int) -> str:
        """A healthy release of so many tasks."""
        definition = self.register("release")
        self.update(taskDefinition=definition, desiredCount=tasks)
        self.until(lambda: len(self.balancer.registered) == tasks)
        self.balancer.say("healthy")
        self.until(lambda: self.newest()["rolloutState"] == "COMPLETED")
        return definition


@pytest.fixture(scope="module")
def plane() -> Iterator[ControlPlane]:
    account = str(next(ACCOUNTS))
    with ControlPlane(port=ports.reserve(), account_id=account, region=REGION) as started:
        yield started


@pytest.fixture
def world(plane: ControlPlane, monkeypatch: pytest.MonkeyPatch) -> Iterator[World]:
    # An empty account for each test: what moto has made it keeps for the life of the process.
    plane.account_id = str(next(ACCOUNTS))
    monkeypatch.setenv("MOTO_ACCOUNT_ID", plane.account_id)
    made = World(plane)
    yield made
    made.launcher.go.set()
    made.scheduler.close()


def task(phase: Phase, *, of: str = "new", healthy: bool = False) -> Seen:
    return Seen(deployment=of, phase=phase, healthy=healthy)


UP = task(Phase.RUNNING, healthy=True)
COMING = task(Phase.STARTING)
SICK = task(Phase.RUNNING)
OLD = task(Phase.RUNNING, of="old", healthy=True)
GOING = task(Phase.DRAINING)


@pytest.mark.parametrize(
    ("desired", "tasks", "start", "drain"),
    [
        (0, [], 0, ()),
        (2, [], 2, ()),
        (2, [COMING], 1, ()),
        (2, [UP, GOING], 1, ()),
        (2, [UP, UP], 0, ()),
        (1, [UP, UP], 0, (1,)),
        (1, [SICK, UP], 0, (0,)),
        (0, [UP, COMING], 0, (0, 1)),
        # A new deployment: what is old stays until all that is new is healthy.
        (2, [OLD, OLD], 2, ()),
        (2, [OLD, OLD, UP, COMING], 0, ()),
        (2, [OLD, OLD, UP, UP], 0, (0, 1)),
    ],
)
def test_what_to_start_and_what_to_drain(
    desired: int, tasks: list[Seen], start: int, drain: tuple[int, ...]
) -> None:
    decision = decide(desired, "new", tasks, broken=False)
    assert (decision.start, decision.drain) == (start, drain)


def test_an_open_circuit_breaker_starts_nothing_and_keeps_what_is_old() -> None:
    decision = decide(2, "new", [OLD, OLD], broken=True)
    assert (decision.start, decision.drain) == (0, ())


@pytest.mark.parametrize(
    ("failed", "desired", "opens"),
    [(2, 1, False), (3, 1, True), (4, 9, False), (5, 9, True), (199, 900, False), (200, 900, True)],
)
def test_the_circuit_breaker_opens_where_that_of_ecs_does(
    failed: int, desired: int, *, opens: bool
) -> None:
    assert breaker_opens(failed, desired) is opens


def test_a_service_never_claims_tasks_that_do_not_run_yet(world: World) -> None:
    world.launcher.go.clear()
    updated = world.update(taskDefinition=world.register("release"), desiredCount=2)
    assert (updated["runningCount"], updated["pendingCount"]) == (0, 0)
    assert updated["deployments"][0]["rolloutState"] == "IN_PROGRESS"
    world.scheduler.step()
    described = world.described()
    assert (described["runningCount"], described["pendingCount"]) == (0, 2)


def test_a_filled_slot_is_completed_only_when_the_balancer_finds_it_healthy(world: World) -> None:
    definition = world.register("release")
    world.update(taskDefinition=definition, desiredCount=2)
    world.until(lambda: world.described()["runningCount"] == 2)
    assert world.newest()["rolloutState"] == "IN_PROGRESS"
    assert sorted(world.balancer.registered) == [("127.0.0.1", 20000), ("127.0.0.1", 20001)]
    world.balancer.say("healthy")
    world.scheduler.step()
    newest = world.newest()
    assert newest["rolloutState"] == "COMPLETED"
    assert newest["taskDefinition"] == definition
    assert (newest["desiredCount"], newest["runningCount"], newest["pendingCount"]) == (2, 2, 0)
    assert [d["taskDefinitionArn"] for d in world.launcher.definitions] == [definition] * 2


def test_every_running_task_has_an_address_of_its_own(world: World) -> None:
    world.fill(2)
    arns = world.ecs.list_tasks(cluster=world.cluster, desiredStatus="RUNNING")["taskArns"]
    tasks = world.ecs.describe_tasks(cluster=world.cluster, tasks=arns)["tasks"]
    assert [task["lastStatus"] for task in tasks] == ["RUNNING", "RUNNING"]
    addresses = world.scheduler.addresses()
    assert sorted(addresses) == [("127.0.0.1", 20000), ("127.0.0.1", 20001)]
    shown = {
        detail["value"]
        for task in tasks
        for detail in task["attachments"][0]["details"]
        if detail["name"] == "privateIPv4Address"
    }
    assert set(addresses.values()) == shown


def test_a_new_release_replaces_the_old_one_only_when_it_is_healthy(world: World) -> None:
    world.fill(2)
    old = list(world.launcher.started)
    world.update(taskDefinition=world.register("release"))
    world.until(lambda: len(world.launcher.started) == 4)
    world.until(lambda: len(world.balancer.registered) == 4)
    assert [d["status"] for d in world.described()["deployments"]] == ["PRIMARY", "ACTIVE"]
    world.balancer.say("healthy")
    world.until(lambda: len(world.balancer.registered) == 2)
    assert sorted(world.balancer.registered) == [("127.0.0.1", 20002), ("127.0.0.1", 20003)]
    world.now += LEAST_DRAIN_SECONDS
    world.until(lambda: all(task.ended == ["stopped"] for task in old))
    world.until(lambda: world.newest()["rolloutState"] == "COMPLETED")
    assert len(world.described()["deployments"]) == 1


def test_a_forced_deployment_rolls_the_same_release_in_place(world: World) -> None:
    definition = world.fill(2)
    old, before = list(world.launcher.started), world.newest()["id"]
    answered = world.update(forceNewDeployment=True)
    assert [d["rolloutState"] for d in answered["deployments"]] == ["IN_PROGRESS", "COMPLETED"]
    assert answered["deployments"][0]["id"] != answered["deployments"][1]["id"] == before
    world.until(lambda: len(world.balancer.registered) == 4)
    shown = world.described()["deployments"]
    assert [(d["status"], d["runningCount"]) for d in shown] == [("PRIMARY", 2), ("ACTIVE", 2)]
    assert [d["taskDefinition"] for d in shown] == [definition] * 2
    assert shown[0]["rolloutState"] == "IN_PROGRESS"
    world.balancer.say("healthy")
    world.until(lambda: len(world.balancer.registered) == 2)
    assert sorted(world.balancer.registered) == [("127.0.0.1", 20002), ("127.0.0.1", 20003)]
    world.now += LEAST_DRAIN_SECONDS
    world.until(lambda: all(task.ended == ["stopped"] for task in old))
    world.until(lambda: world.newest()["rolloutState"] == "COMPLETED")
    assert [d["id"] for d in world.described()["deployments"]] == [answered["deployments"][0]["id"]]
    assert world.described()["desiredCount"] == 2


def test_a_task_is_stopped_only_when_its_requests_are_over(world: World) -> None:
    world.fill(1)
    (running,) = world.launcher.started
    world.balancer.in_flight[running.port] = 1
    world.update(desiredCount=0)
    world.until(lambda: world.balancer.registered == [])
    world.now += LEAST_DRAIN_SECONDS
    for _ in range(5):
        world.scheduler.step()
    assert running.ended == []
    world.balancer.in_flight[running.port] = 0
    world.until(lambda: running.ended == ["stopped"])
    world.until(lambda: world.described()["runningCount"] == 0)


def test_a_task_that_can_not_be_stopped_ends_the_rehearsal(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse() -> None:
        raise KeyError("process")

    world.fill(1)
    (running,) = world.launcher.started
    monkeypatch.setattr(running, "stop", refuse)
    world.update(desiredCount=0)
    world.until(lambda: not world.balancer.registered)
    world.now += LEAST_DRAIN_SECONDS
    with pytest.raises(KeyError, match="process"):
        world.until(lambda: False)


def test_a_dead_task_leaves_the_balancer_at_once_and_is_replaced(world: World) -> None:
    world.fill(2)
    first, second = world.launcher.started
    first.alive = False
    world.scheduler.step()
    assert world.balancer.registered == [("127.0.0.1", second.port)]
    world.until(lambda: len(world.balancer.registered) == 2)
    assert [port for _, port in world.balancer.registered] == [second.port, 20002]
    world.until(lambda: first.ended == ["killed"])
    (sentence,) = world.said
    assert sentence.endswith("died; ECS starts another")


SUSPENDED = {
    "DynamicScalingInSuspended": True,
    "DynamicScalingOutSuspended": False,
    "ScheduledScalingSuspended": True,
}


def test_a_floor_raises_the_desired_count_even_where_scaling_is_suspended(world: World) -> None:
    world.range(MinCapacity=0, MaxCapacity=4, SuspendedState=SUSPENDED)
    world.fill(2)
    assert world.range(MinCapacity=1)["MinCapacity"] == 1
    assert world.described()["desiredCount"] == 2
    raised = world.range(MinCapacity=3)
    assert (raised["MinCapacity"], raised["MaxCapacity"]) == (3, 4)
    assert raised["SuspendedState"] == SUSPENDED
    described = world.described()
    assert (described["desiredCount"], described["runningCount"]) == (3, 2)
    world.until(lambda: len(world.balancer.registered) == 3)
    world.range(MinCapacity=0, MaxCapacity=1)
    assert world.described()["desiredCount"] == 1


def test_a_change_of_what_is_suspended_leaves_the_range_alone(world: World) -> None:
    world.range(MinCapacity=0, MaxCapacity=4, SuspendedState=SUSPENDED)
    world.fill(2)
    free = {**SUSPENDED, "DynamicScalingInSuspended": False}
    changed = world.range(SuspendedState=free)
    assert (changed["MinCapacity"], changed["MaxCapacity"]) == (0, 4)
    assert changed["SuspendedState"] == free
    assert world.described()["desiredCount"] == 2


def test_a_service_that_loses_all_its_tasks_gets_new_ones(world: World) -> None:
    assert world.scheduler.lose(world.service) == 0
    world.fill(2)
    lost = list(world.launcher.started)
    assert world.scheduler.lose(world.service) == 2
    assert [task.alive for task in lost] == [False, False]
    world.scheduler.step()
    assert world.balancer.registered == []
    world.until(lambda: len(world.balancer.registered) == 2)
    assert len(world.launcher.started) == 4
    world.until(lambda: all(task.ended == ["killed"] for task in lost))
    assert len(world.said) == 2


def test_a_task_that_fails_its_health_check_is_replaced_after_the_grace(world: World) -> None:
    world.fill(1)
    (sick,) = world.launcher.started
    world.balancer.states[sick.port] = "unhealthy"
    world.now += GRACE_SECONDS
    world.scheduler.step()
    assert world.said == []
    world.now += 1
    world.until(lambda: len(world.launcher.started) == 2)
    assert len(world.said) == 1
    assert world.said[0].endswith("fails its health check; ECS replaces it")


def test_a_release_that_is_never_healthy_fails_the_deployment_after_three_tasks(
    world: World,
) -> None:
    world.update(taskDefinition=world.register("release"), desiredCount=1)
    for attempt in range(3):
        assert world.newest()["rolloutState"] == "IN_PROGRESS"
        world.until(lambda of=attempt: len(world.launcher.started) == of + 1)
        world.until(lambda: len(world.balancer.registered) == 1)
        world.balancer.say("unhealthy")
        world.now += GRACE_SECONDS + 1
        world.scheduler.step()
    for _ in range(5):
        world.scheduler.step()
    assert (len(world.launcher.started), len(world.said)) == (3, 3)
    newest = world.newest()
    assert newest["rolloutState"] == "FAILED"
    assert newest["rolloutStateReason"] == "tasks failed to start. a task failed its health check"
    assert newest["failedTasks"] == 3


def test_a_task_that_falls_ill_after_its_deployment_opens_no_breaker(world: World) -> None:
    world.fill(1)
    for replaced in range(4):
        world.balancer.say("unhealthy")
        world.now += GRACE_SECONDS + 1
        world.until(lambda of=replaced: len(world.launcher.started) == of + 2)
        world.until(lambda: len(world.balancer.registered) == 1)
    assert len(world.said) == 4
    assert (world.newest()["rolloutState"], world.newest()["failedTasks"]) == ("COMPLETED", 0)


def test_a_release_that_does_not_start_fails_the_deployment_after_three_tasks(
    world: World,
) -> None:
    world.launcher.failure = "nginx did not answer"
    world.update(taskDefinition=world.register("release"), desiredCount=1)
    world.until(lambda: world.newest()["rolloutState"] == "FAILED")
    for _ in range(5):
        world.scheduler.step()
    assert world.launcher.attempts == 3
    newest = world.newest()
    assert newest["rolloutStateReason"] == "tasks failed to start. nginx did not answer"
    assert newest["failedTasks"] == 3
    assert len(world.said) == 3
    # Another task definition is another deployment, with a breaker of its own.
    world.launcher.failure = ""
    world.fill(1)
    assert world.newest()["failedTasks"] == 0


def test_a_slot_that_is_emptied_while_it_starts_ends_up_empty(world: World) -> None:
    world.launcher.go.clear()
    world.update(taskDefinition=world.register("release"), desiredCount=3)
    world.scheduler.step()
    world.update(desiredCount=0)
    world.scheduler.step()
    world.launcher.go.set()
    world.until(lambda: bool(world.launcher.started) and world.balancer.registered == [])
    world.now += LEAST_DRAIN_SECONDS
    world.until(lambda: all(task.ended == ["stopped"] for task in world.launcher.started))
    world.until(lambda: world.described()["pendingCount"] == 0)
    assert world.described()["runningCount"] == 0
    assert len(world.launcher.started) < 3


class StubRunner:
    def __init__(self, finished: Finished) -> None:
        self.finished, self.definitions = finished, cast(list[Mapping[str, Any]], [])

    def run(self, task_id: str, definition: Mapping[str, Any]) -> Finished:
        self.definitions.append(definition)
        return self.finished


def listed(world: World, status: str | None) -> list[str]:
    """What the run has started, as ListTasks says without and with a status."""
    asked = {"desiredStatus": status} if status else {}
    return world.ecs.list_tasks(cluster=world.cluster, startedBy="run-1", **asked)["taskArns"]


def run_task(world: World, runner: StubRunner) -> dict[str, Any]:
    one_off = OneOffTasks(world.plane, runner, tell=world.said.append)
    started = world.ecs.run_task(
        cluster=world.cluster,
        taskDefinition=world.register("migrate"),
        launchType="FARGATE",
        startedBy="run-1",
        clientToken="run-1-migrate",
        networkConfiguration={
            "awsvpcConfiguration": {
                "subnets": world.network["subnets"],
                "securityGroups": world.network["securityGroups"],
            }
        },
        overrides={
            "containerOverrides": [
                {"name": "app", "command": ["python", "run_migrations.py", "--verify-only"]},
                {"name": "logins", "environment": [{"name": "EXTRA", "value": "1"}]},
            ]
        },
    )["tasks"][0]
    assert started["lastStatus"] != "STOPPED"
    assert listed(world, "RUNNING") == [started["taskArn"]]
    for _ in range(200):
        one_off.step()
        (task,) = world.ecs.describe_tasks(cluster=world.cluster, tasks=[started["taskArn"]])[
            "tasks"
        ]
        if task["lastStatus"] == "STOPPED":
            one_off.close()
            assert task["startedBy"] == "run-1"
            assert (listed(world, None), listed(world, "STOPPED")) == ([], [task["taskArn"]])
            return task
        time.sleep(0.01)
    raise AssertionError("the one-off task did not end")


def test_a_one_off_task_runs_once_with_its_overrides(world: World) -> None:
    runner = StubRunner(Finished(exit_codes={"logins": 0, "app": 0}, outputs={}))
    ended = run_task(world, runner)
    assert {c["name"]: c["exitCode"] for c in ended["containers"]} == {"logins": 0, "app": 0}
    (definition,) = runner.definitions
    logins, app = definition["containerDefinitions"]
    assert app["command"] == ["python", "run_migrations.py", "--verify-only"]
    assert {e["name"]: e["value"] for e in logins["environment"]} == {
        "FAMILY": "migrate",
        "EXTRA": "1",
    }
    assert world.said == []


def test_a_one_off_task_that_fails_says_which_container_and_what_it_wrote(world: World) -> None:
    runner = StubRunner(Finished(exit_codes={"logins": 3}, outputs={"logins": "no such host\n"}))
    ended = run_task(world, runner)
    assert {c["name"]: c.get("exitCode") for c in ended["containers"]} == {
        "logins": 3,
        "app": None,
    }
    assert ended["stoppedReason"] == "logins ended with exit code 3"
    assert world.said == ["logins of migrate said: no such host"]


def test_how_a_stopped_server_ended_is_no_reason_for_the_end_of_a_one_off_task(
    world: World,
) -> None:
    runner = StubRunner(Finished(exit_codes={"logins": 1, "app": 0}, outputs={"app": "done\n"}))
    ended = run_task(world, runner)
    assert {c["name"]: c["exitCode"] for c in ended["containers"]} == {"logins": 1, "app": 0}
    assert ended["stoppedReason"] == "Essential container in task exited"
    assert world.said == []


def test_a_one_off_task_that_breaks_the_rehearsal_ends_it(world: World) -> None:
    runner = StubRunner(Finished(exit_codes={}, outputs={"logins": "no exit code beside it"}))
    with pytest.raises(KeyError, match="logins"):
        run_task(world, runner)


def test_a_containers_secret_is_read_whole_or_by_key_or_from_ssm(world: World) -> None:
    secrets, ssm = world.plane.client("secretsmanager"), world.plane.client("ssm")
    arn = secrets.create_secret(Name="s", SecretString='{"username": "app", "n": 7}')["ARN"]
    ssm.put_parameter(Name="/p", Value="v", Type="SecureString")
    account = world.plane.account_id
    assert resolve(world.plane, arn) == '{"username": "app", "n": 7}'
    assert resolve(world.plane, f"{arn}:username::") == "app"
    assert resolve(world.plane, f"{arn}:n:AWSCURRENT:") == "7"
    assert resolve(world.plane, "/p") == "v"
    assert resolve(world.plane, f"arn:aws:ssm:{REGION}:{account}:parameter/p") == "v"


@pytest.mark.parametrize(
    ("ending", "sentence"),
    [
        (":password::", "is no JSON with the key password"),
        ("-lost", "can't be read: Secrets Manager can't find the specified secret"),
    ],
)
def test_a_secret_that_is_not_there_is_one_sentence_without_values(
    world: World, ending: str, sentence: str
) -> None:
    secrets = world.plane.client("secretsmanager")
    arn = secrets.create_secret(Name="s", SecretString='{"username": "hidden"}')["ARN"]
    with pytest.raises(RehearsalError, match=sentence) as refused:
        resolve(world.plane, arn + ending)
    assert "hidden" not in str(refused.value)


def test_a_step_that_fails_surfaces_where_the_rehearsal_is_watched() -> None:
    failed = threading.Event()

    def step() -> None:
        failed.set()
        raise KeyError("targets")

    with Reconciler([step], interval_seconds=0.01) as reconciler:
        assert failed.wait(10)
        for _ in range(100):
            if reconciler._failure:
                break
            time.sleep(0.01)
        with pytest.raises(RehearsalError, match="the emulated AWS failed: KeyError: 'targets'"):
            reconciler.check()


def test_a_reconciler_ends_with_its_block() -> None:
    rounds: list[int] = []
    with Reconciler([lambda: rounds.append(1)], interval_seconds=0.001) as reconciler:
        while not rounds:
            reconciler.check()
    assert not reconciler._thread.is_alive()
