"""A run starts each of its one-off tasks once, however often it asks, and learns how it ended."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cutover.decide.live import TaskStatus
from cutover.decide.model import Release
from cutover.do.clients import Clients
from cutover.do.one_off import OneOffTasks, status
from cutover.do.world import Refused, Unavailable
from infra.outputs import Contract
from rehearsal.aws.control_plane import ControlPlane
from rehearsal.aws.ecs_task import EcsTask, tell_statuses_ourselves
from tests import cutover_aws
from tests.cutover_aws import IMAGE, Emulated

RELEASE = Release(release_id="r-2", image=IMAGE, schema_min=1, schema_max=1)


@pytest.fixture(scope="module")
def emulated() -> Iterator[Emulated]:
    with cutover_aws.emulated("100000000014") as made:
        tell_statuses_ourselves()
        # moto adds up the memory of each container, which a task of Fargate needs not name.
        made.plane.backend("ecs")._calculate_task_resource_requirements = lambda _definition: {}
        yield made


@pytest.fixture
def plane(emulated: Emulated) -> ControlPlane:
    return emulated.plane


@pytest.fixture
def contract(emulated: Emulated) -> Contract:
    return emulated.contract


@pytest.fixture
def clients(emulated: Emulated) -> Clients:
    emulated.clients._calls = 0
    return emulated.clients


@pytest.fixture
def one_off(clients: Clients, contract: Contract) -> OneOffTasks:
    return OneOffTasks(clients, contract)


def described(plane: ControlPlane, contract: Contract, arn: str) -> dict[str, Any]:
    (task,) = plane.client("ecs").describe_tasks(cluster=contract.cluster, tasks=[arn])["tasks"]
    return task


def end(plane: ControlPlane, arn: str, codes: dict[str, int], reason: str = "ended") -> None:
    ecs = plane.backend("ecs")
    (task,) = (t for of in ecs.tasks.values() for t in of.values() if t.task_arn == arn)
    definition = ecs.describe_task_definition(task.task_definition_arn)
    EcsTask(task, definition).stopped(reason, codes)


def answering(
    monkeypatch: pytest.MonkeyPatch, clients: Clients, run_task: Any
) -> list[dict[str, Any]]:
    """RunTask is answered so: by an answer, or by an error that is raised. What it was asked."""
    asked: list[dict[str, Any]] = []
    call = clients.call

    def answered(service: str, operation: str, /, **arguments: Any) -> Any:
        if operation != "run_task":
            return call(service, operation, **arguments)
        asked.append(arguments)
        if isinstance(run_task, Exception):
            raise run_task
        return run_task

    monkeypatch.setattr(clients, "call", answered)
    return asked


@pytest.mark.parametrize(
    ("verify_only", "purpose", "command"),
    [
        (False, "migrate", ["python", "run_migrations.py"]),
        (True, "verify", ["python", "run_migrations.py", "--verify-only"]),
    ],
)
def test_a_migration_runs_the_release_beside_the_database(
    one_off: OneOffTasks,
    clients: Clients,
    plane: ControlPlane,
    contract: Contract,
    verify_only: bool,  # noqa: FBT001 (a parameter of the test)
    purpose: str,
    command: list[str],
) -> None:
    arn = one_off.start_migration(RELEASE, "run:1 é", verify_only=verify_only)
    assert clients.calls == 5
    task = described(plane, contract, arn)
    assert task["startedBy"] == f"run-1--/{purpose}"
    assert (task["launchType"], task["clusterArn"]) == ("FARGATE", contract.cluster)
    assert task["overrides"]["containerOverrides"] == [{"name": "app", "command": command}]
    definition = plane.client("ecs").describe_task_definition(
        taskDefinition=task["taskDefinitionArn"]
    )["taskDefinition"]
    assert definition["family"] == f"{contract.release_family}-migrate"
    images = {c["name"]: c["image"] for c in definition["containerDefinitions"]}
    assert images["app"] == IMAGE


def test_the_network_of_a_task_is_the_contracts(
    one_off: OneOffTasks,
    clients: Clients,
    contract: Contract,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    asked = answering(monkeypatch, clients, {"tasks": [{"taskArn": "arn:new"}], "failures": []})
    assert one_off.start_migration(RELEASE, "run-net", verify_only=False) == "arn:new"
    (asked_once,) = asked
    assert asked_once["networkConfiguration"]["awsvpcConfiguration"] == {
        "subnets": list(contract.task_subnets),
        "securityGroups": list(contract.task_security_groups),
        "assignPublicIp": "DISABLED",
    }
    assert asked_once["count"] == 1
    assert len(asked_once["clientToken"]) == 64


def test_a_task_that_runs_or_has_ended_is_found_again(
    one_off: OneOffTasks, clients: Clients, plane: ControlPlane
) -> None:
    first = one_off.start_migration(RELEASE, "run-2", verify_only=False)
    before = clients.calls
    assert one_off.start_migration(RELEASE, "run-2", verify_only=False) == first
    assert clients.calls == before + 1
    end(plane, first, {"app": 0})
    assert one_off.start_migration(RELEASE, "run-2", verify_only=False) == first
    assert clients.calls == before + 3
    assert one_off.start_migration(RELEASE, "run-2", verify_only=True) != first
    assert one_off.start_migration(RELEASE, "run-3", verify_only=False) != first


def test_a_migration_is_found_by_the_run_that_started_it(
    one_off: OneOffTasks, clients: Clients, plane: ControlPlane
) -> None:
    one_off.start_migration(RELEASE, "run-9", verify_only=True)
    assert one_off.migration("run-9") == ""
    arn = one_off.start_migration(RELEASE, "run-9", verify_only=False)
    before = clients.calls
    assert one_off.migration("run-9") == arn
    assert clients.calls == before + 1
    end(plane, arn, {"app": 1})
    assert one_off.migration("run-9") == arn
    assert one_off.migration("run-90") == ""


def test_each_purpose_of_each_run_has_a_token_of_its_own(
    one_off: OneOffTasks, clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = answering(monkeypatch, clients, {"tasks": [{"taskArn": "arn:new"}], "failures": []})
    for run, verify_only in [("a", False), ("a", True), ("b", False), ("a", False)]:
        one_off.start_migration(RELEASE, run, verify_only=verify_only)
    tokens = [one["clientToken"] for one in asked]
    assert len(set(tokens)) == 3
    assert tokens[0] == tokens[3]


def test_a_task_that_ecs_does_not_list_yet_is_found_by_its_token(
    one_off: OneOffTasks, clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    conflict: Any = {
        "Error": {"Code": "ConflictException", "Message": "in use"},
        "resourceIds": ["arn:earlier"],
    }
    refused = Refused("AWS refuses ecs:RunTask (ConflictException: in use)")
    refused.__cause__ = ClientError(conflict, "RunTask")
    answering(monkeypatch, clients, refused)
    assert one_off.start_migration(RELEASE, "run-4", verify_only=False) == "arn:earlier"
    del conflict["resourceIds"]
    with pytest.raises(Refused, match=r"^AWS refuses ecs:RunTask \(ConflictException"):
        one_off.start_migration(RELEASE, "run-4", verify_only=False)


CAPACITY = "Capacity is unavailable at this time. Please try again later"


@pytest.mark.parametrize(
    ("answer", "kind", "sentence"),
    [
        ("RESOURCE:MEMORY", Unavailable, "RESOURCE:MEMORY"),
        (CAPACITY, Unavailable, CAPACITY),
        ("MISSING", Refused, "MISSING"),
        (None, Refused, "no reason given"),
    ],
)
def test_a_task_that_is_not_started_is_asked_for_again_only_for_want_of_capacity(
    one_off: OneOffTasks,
    clients: Clients,
    monkeypatch: pytest.MonkeyPatch,
    answer: str | None,
    kind: type[Exception],
    sentence: str,
) -> None:
    failures = [{"arn": "arn:x", "reason": answer}] if answer else []
    answering(monkeypatch, clients, {"tasks": [], "failures": failures})
    with pytest.raises((Unavailable, Refused)) as raised:
        one_off.start_shell("arn:live:1", ["true"], "run-5")
    assert type(raised.value) is kind
    assert str(raised.value) == f"ECS did not start a task of arn:live:1: {sentence}"


@pytest.mark.parametrize(("message", "kind"), [(CAPACITY, Unavailable), ("no cluster", Refused)])
def test_fargate_says_so_with_an_error_as_well(
    one_off: OneOffTasks,
    clients: Clients,
    monkeypatch: pytest.MonkeyPatch,
    message: str,
    kind: type[Exception],
) -> None:
    answering(
        monkeypatch, clients, Refused(f"AWS refuses ecs:RunTask (ClientException: {message})")
    )
    with pytest.raises((Unavailable, Refused)) as raised:
        one_off.start_shell("arn:live:1", ["true"], "run-6")
    assert type(raised.value) is kind
    assert message in str(raised.value)


def test_a_shell_runs_a_command_in_what_is_live_each_time_anew(
    one_off: OneOffTasks, plane: ControlPlane, contract: Contract
) -> None:
    live = contract.blueprint.task_definition
    command = ["flask", "routes"]
    first = one_off.start_shell(live, command, "run-7")
    task = described(plane, contract, first)
    assert task["taskDefinitionArn"] == live
    assert task["startedBy"] == "run-7/shell"
    assert task["overrides"]["containerOverrides"] == [{"name": "app", "command": command}]
    assert one_off.start_shell(live, command, "run-7") != first


def test_a_task_tells_how_it_is_doing(one_off: OneOffTasks, plane: ControlPlane) -> None:
    arn = one_off.start_migration(RELEASE, "run-8", verify_only=False)
    assert one_off.task(arn) == TaskStatus(stopped=False)
    end(plane, arn, {"app": 3}, reason="Essential container in task exited")
    assert one_off.task(arn) == TaskStatus(
        stopped=True, exit_code=3, reason="Essential container in task exited"
    )


def test_a_task_that_ecs_does_not_know_is_neither_running_nor_over(
    one_off: OneOffTasks, contract: Contract
) -> None:
    arn = f"{contract.cluster.replace(':cluster/', ':task/')}/unknown"
    assert one_off.task(arn) == TaskStatus(stopped=False, known=False)


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        ([0], 0),
        ([0, 0], 0),
        ([0, 2, 1], 2),
        ([None, 1], 1),
        ([0, None], None),
        ([None], None),
        ([], None),
    ],
)
def test_0_is_the_code_of_a_task_whose_containers_all_ended_with_it(
    codes: list[int | None], expected: int | None
) -> None:
    containers = [{"name": "c"} | ({} if c is None else {"exitCode": c}) for c in codes]
    assert status({"lastStatus": "STOPPED", "containers": containers}) == TaskStatus(
        stopped=True, exit_code=expected, reason="no reason given"
    )


@pytest.mark.parametrize(
    ("codes", "expected"),
    [
        # nginx had not been started yet; a server that did not stop in time gets SIGKILL.
        ({"app": 0, "nginx": None, "pgbouncer": 0}, 0),
        ({"pgbouncer": 137, "app": 0}, 0),
        ({"pgbouncer": 137, "app": 4}, 4),
        ({"logins": 3, "app": None}, 3),
        ({"pgbouncer": 0, "app": None}, None),
    ],
)
def test_a_task_that_ran_its_command_ended_as_the_command_did(
    codes: dict[str, int | None], expected: int | None
) -> None:
    task = {
        "lastStatus": "STOPPED",
        "overrides": {"containerOverrides": [{"name": "app", "command": ["flask", "routes"]}]},
        "containers": [
            {"name": name} | ({} if code is None else {"exitCode": code})
            for name, code in codes.items()
        ],
    }
    assert status(task).exit_code == expected


def test_what_a_container_says_is_part_of_the_reason() -> None:
    containers = [{"name": "app", "exitCode": 137, "reason": "OutOfMemoryError: killed"}]
    task = {"lastStatus": "STOPPED", "stoppedReason": "Essential", "containers": containers}
    assert status(task).reason == "Essential; app: OutOfMemoryError: killed"


@pytest.mark.parametrize("last", ["PROVISIONING", "RUNNING", "DEPROVISIONING"])
def test_a_task_has_not_ended_before_it_is_stopped(last: str) -> None:
    running = {"lastStatus": last, "containers": [{"name": "app", "exitCode": 0}]}
    assert status(running) == TaskStatus(stopped=False)
