"""Slots are filled, scaled in and rolled in an order that never starts or stops the wrong tasks."""

from collections.abc import Iterator
from typing import Any

import pytest

from cutover.decide.live import Service
from cutover.decide.model import Release
from cutover.do.clients import Clients
from cutover.do.fence import Fence, session_policy
from cutover.do.slots import Slots
from cutover.do.system_clock import SystemClock
from cutover.do.task_definition import register, with_release
from cutover.do.world import Refused
from infra.outputs import SLOTS, Contract, Slot, TaskContract
from rehearsal.aws.control_plane import ControlPlane
from tests import cutover_aws
from tests.cutover_aws import IMAGE, Emulated

RELEASE = Release(release_id="r-2", image=IMAGE, schema_min=1, schema_max=1)
SUSPENDED = {
    "DynamicScalingInSuspended": True,
    "DynamicScalingOutSuspended": True,
    "ScheduledScalingSuspended": True,
}
FREE = dict.fromkeys(SUSPENDED, False)
# moto does not look at the end of a session.
LATER = 1_772_366_400


@pytest.fixture(scope="module")
def emulated() -> Iterator[Emulated]:
    with cutover_aws.emulated("100000000013") as made:
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
def slots(clients: Clients, contract: Contract, plane: ControlPlane) -> Iterator[Slots]:
    yield Slots(
        clients, contract, Fence(clients, contract.weights_role, run="run-1", clock=SystemClock())
    )
    for slot in SLOTS:
        plane.client("application-autoscaling").register_scalable_target(
            ServiceNamespace="ecs",
            ResourceId=contract.slots[slot].scalable_target,
            ScalableDimension="ecs:service:DesiredCount",
            MinCapacity=0,
            SuspendedState=SUSPENDED,
        )
        plane.client("ecs").update_service(
            cluster=contract.cluster,
            service=contract.slots[slot].service,
            taskDefinition=contract.blueprint.task_definition,
            desiredCount=0,
        )


def described(plane: ControlPlane, task_definition: str) -> dict[str, Any]:
    return plane.client("ecs").describe_task_definition(
        taskDefinition=task_definition, include=["TAGS"]
    )


def service(plane: ControlPlane, contract: Contract, slot: Slot) -> dict[str, Any]:
    (found,) = plane.client("ecs").describe_services(
        cluster=contract.cluster, services=[contract.slots[slot].service]
    )["services"]
    return found


def scaling(plane: ControlPlane, contract: Contract, slot: Slot) -> tuple[int, int, dict[str, Any]]:
    (target,) = plane.client("application-autoscaling").describe_scalable_targets(
        ServiceNamespace="ecs", ResourceIds=[contract.slots[slot].scalable_target]
    )["ScalableTargets"]
    return target["MinCapacity"], target["MaxCapacity"], target["SuspendedState"]


def changes(clients: Clients, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, Any]]:
    """What is changed from here on within the fence: operations with their arguments."""
    made: list[tuple[str, Any]] = []
    call_as = clients.call_as

    def seen(credentials: Any, service: str, operation: str, /, **arguments: Any) -> Any:
        made.append((operation, arguments))
        return call_as(credentials, service, operation, **arguments)

    monkeypatch.setattr(clients, "call_as", seen)
    return made


def of_slots(made: list[tuple[str, Any]]) -> list[tuple[str, str]]:
    """The operations, each with its service or scalable target."""
    return [(name, given.get("service") or given["ResourceId"]) for name, given in made]


def test_both_services_are_one_call(
    slots: Slots, clients: Clients, plane: ControlPlane, contract: Contract
) -> None:
    (green,) = (
        s
        for s in plane.backend("ecs").services.values()
        if s.arn == contract.slots["green"].service
    )
    green.desired_count, green.running_count, green.pending_count = 3, 2, 1
    its_own = green.deployments
    green.deployments = [
        {**green.deployments[0], "status": "ACTIVE", "rolloutState": "COMPLETED"},
        {
            **green.deployments[0],
            "id": "ecs-svc/2",
            "status": "PRIMARY",
            "rolloutState": "FAILED",
            "rolloutStateReason": "tasks failed to start",
        },
    ]
    blueprint = contract.blueprint.task_definition
    found = slots.services()
    green.deployments = its_own
    assert clients.calls == 1
    assert found["green"] == Service(
        task_definition=blueprint,
        desired=3,
        running=2,
        pending=1,
        deployment="ecs-svc/2",
        rollout="FAILED",
        reason="tasks failed to start",
    )
    assert (found["blue"].desired, found["blue"].task_definition) == (0, blueprint)


def test_a_service_that_cant_tell_is_not_done(
    slots: Slots, clients: Clients, contract: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    services = [
        {
            "serviceArn": contract.slots[slot].service,
            "taskDefinition": "arn:1",
            "desiredCount": 1,
            "runningCount": 1,
            "pendingCount": 0,
            "deployments": [],
        }
        for slot in SLOTS
    ]
    monkeypatch.setattr(clients, "call", lambda *_, **__: {"services": services})
    assert slots.services()["blue"].rollout == "IN_PROGRESS"


def test_a_service_that_is_gone_is_refused(
    slots: Slots, clients: Clients, contract: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(clients, "call", lambda *_, **__: {"services": []})
    with pytest.raises(Refused) as refused:
        slots.services()
    assert str(refused.value) == (
        f"ECS has no service for blue and green in {contract.cluster}; run `pulumi up` again"
    )


def test_a_copy_of_the_blueprint_has_the_release_and_leaves_the_rest_alone(
    slots: Slots, clients: Clients, plane: ControlPlane, contract: Contract
) -> None:
    arn = slots.register(RELEASE)
    assert clients.calls == 2
    blueprint = contract.blueprint.task_definition
    before = described(plane, blueprint)["taskDefinition"]
    after = described(plane, arn)["taskDefinition"]
    assert after["family"] == contract.release_family == "testing-release"
    for key in ("cpu", "memory", "networkMode", "executionRoleArn", "runtimePlatform", "volumes"):
        assert after[key] == before[key]
    names = [container["name"] for container in after["containerDefinitions"]]
    assert sorted(names) == ["app", "nginx", "pgbouncer"]
    for old, new in zip(before["containerDefinitions"], after["containerDefinitions"], strict=True):
        expected = {e["name"]: e["value"] for e in old["environment"]} | {"RELEASE_ID": "r-2"}
        assert {e["name"]: e["value"] for e in new["environment"]} == expected
        assert new["image"] == (IMAGE if old["name"] == "app" else old["image"])
        changed = {"image", "environment"}
        assert {k: v for k, v in new.items() if k not in changed} == {
            k: v for k, v in old.items() if k not in changed
        }


def test_tags_are_kept_but_for_awss_own(
    clients: Clients, plane: ControlPlane, contract: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    theirs = [{"key": "team", "value": "web"}, {"key": "aws:cloudformation:stack", "value": "x"}]
    call = clients.call

    def tagged(service: str, operation: str, /, **arguments: Any) -> Any:
        answer = call(service, operation, **arguments)
        # moto gives the tags of its own accord, and AWS only to who asks.
        asked = arguments.get("include") == ["TAGS"]
        return {**answer, "tags": theirs} if asked else {**answer, "tags": []}

    monkeypatch.setattr(clients, "call", tagged)
    arn = register(clients, contract.blueprint, RELEASE, family="tagged")
    assert described(plane, arn)["tags"] == [{"key": "team", "value": "web"}]


def test_a_blueprint_without_the_app_is_refused(clients: Clients, contract: Contract) -> None:
    blueprint = TaskContract(
        task_definition=contract.blueprint.task_definition, app_container="web"
    )
    with pytest.raises(Refused) as refused:
        register(clients, blueprint, RELEASE, family="none")
    assert str(refused.value) == (
        f"{contract.blueprint.task_definition} has no container web to put the release's image "
        "in; run `pulumi up` again"
    )


def test_a_container_without_environment_is_told_the_release() -> None:
    assert with_release({"name": "sidecar", "image": "theirs"}, "app", RELEASE) == {
        "name": "sidecar",
        "image": "theirs",
        "environment": [{"name": "RELEASE_ID", "value": "r-2"}],
    }


def test_filling_keeps_the_other_slot_and_floors_the_slot_after_its_update(
    slots: Slots,
    clients: Clients,
    plane: ControlPlane,
    contract: Contract,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    blue, green = (contract.slots[slot] for slot in SLOTS)
    arn = slots.register(RELEASE)
    _, most, _ = scaling(plane, contract, "green")
    slots.fill("blue", contract.blueprint.task_definition, 2, not_after=LATER)
    made = changes(clients, monkeypatch)
    slots.fill("green", arn, 3, not_after=LATER)
    assert of_slots(made) == [
        ("register_scalable_target", blue.scalable_target),
        ("update_service", green.service),
        ("register_scalable_target", green.scalable_target),
    ]
    assert scaling(plane, contract, "green") == (
        3,
        most,
        {**FREE, "DynamicScalingInSuspended": True},
    )
    floor, _, suspended = scaling(plane, contract, "blue")
    assert (floor, suspended) == (2, {**FREE, "DynamicScalingInSuspended": True})
    found = service(plane, contract, "green")
    assert (found["taskDefinition"], found["desiredCount"]) == (arn, 3)
    assert service(plane, contract, "blue")["desiredCount"] == 2


def test_an_empty_slot_is_not_woken_by_the_first_release(
    slots: Slots,
    clients: Clients,
    plane: ControlPlane,
    contract: Contract,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A floor by the clock would start tasks in it that have no image."""
    before = scaling(plane, contract, "green")
    made = changes(clients, monkeypatch)
    slots.fill("blue", contract.blueprint.task_definition, 2, not_after=LATER)
    blue = contract.slots["blue"]
    assert of_slots(made) == [
        ("update_service", blue.service),
        ("register_scalable_target", blue.scalable_target),
    ]
    assert scaling(plane, contract, "green") == before
    assert before == (0, before[1], dict.fromkeys(FREE, True))


def test_the_other_slot_keeps_its_floor_and_its_way_up(
    slots: Slots, clients: Clients, contract: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    blueprint = contract.blueprint.task_definition
    slots.fill("blue", blueprint, 2, not_after=LATER)
    made = changes(clients, monkeypatch)
    slots.fill("green", blueprint, 2, not_after=LATER)
    (_, other), (_, update), _ = made
    assert other == {
        "ServiceNamespace": "ecs",
        "ResourceId": contract.slots["blue"].scalable_target,
        "ScalableDimension": "ecs:service:DesiredCount",
        "SuspendedState": {
            "DynamicScalingInSuspended": True,
            "DynamicScalingOutSuspended": False,
            "ScheduledScalingSuspended": False,
        },
    }
    # Not a forced deployment: a repetition must not replace what has just started.
    assert update == {
        "cluster": contract.cluster,
        "service": contract.slots["green"].service,
        "taskDefinition": blueprint,
        "desiredCount": 2,
        "forceNewDeployment": False,
    }


def test_a_deployment_that_ecs_has_given_up_is_begun_anew(
    slots: Slots,
    clients: Clients,
    plane: ControlPlane,
    contract: Contract,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Of the same definition ECS would start nothing; the slot would stay empty for ever."""
    blueprint = contract.blueprint.task_definition
    first = slots.fill("green", blueprint, 2, not_after=LATER)
    (green,) = (
        s
        for s in plane.backend("ecs").services.values()
        if s.arn == contract.slots["green"].service
    )
    before = dict(green.deployments[0])
    green.deployments[0] |= {"status": "PRIMARY", "rolloutState": "FAILED"}
    made = changes(clients, monkeypatch)
    second = slots.fill("green", blueprint, 2, not_after=LATER)
    green.deployments[0] |= {"rolloutState": before["rolloutState"]}
    assert [given["forceNewDeployment"] for name, given in made if name == "update_service"] == [
        True
    ]
    assert (first, second) == (before["id"], slots.services()["green"].deployment)
    assert second != first


def test_what_autoscaling_has_added_of_the_same_definition_stays(
    slots: Slots, plane: ControlPlane, contract: Contract
) -> None:
    blueprint, green = contract.blueprint.task_definition, contract.slots["green"].service
    slots.fill("green", blueprint, 2, not_after=LATER)
    plane.client("ecs").update_service(cluster=contract.cluster, service=green, desiredCount=5)
    slots.fill("green", blueprint, 3, not_after=LATER)
    assert service(plane, contract, "green")["desiredCount"] == 5
    slots.fill("green", slots.register(RELEASE), 3, not_after=LATER)
    assert service(plane, contract, "green")["desiredCount"] == 3


def test_a_slot_is_changed_by_a_role_that_ends_with_the_lease(
    slots: Slots, clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    policies: list[str] = []
    call = clients.call

    def seen(service: str, operation: str, /, **arguments: Any) -> Any:
        if operation == "assume_role":
            policies.append(arguments["Policy"])
        else:  # reading needs no fence
            assert (service, operation) == ("ecs", "describe_services")
        return call(service, operation, **arguments)

    monkeypatch.setattr(clients, "call", seen)
    slots.fill("green", "testing-blueprint", 1, not_after=LATER)
    slots.scale_in("green", floor=0, not_after=LATER + 1)
    slots.roll("green", not_after=LATER + 2)
    assert clients.calls == 4 + 4 + 2  # one is not made: blue runs nothing
    actions = [
        "ecs:UpdateService",
        "ecs:DescribeServices",
        "iam:PassRole",
        "application-autoscaling:RegisterScalableTarget",
    ]
    assert policies == [session_policy(LATER + later, actions, "*") for later in range(3)]


def test_scaling_in_drops_the_floor_first_and_frees_the_other_slot_last(
    slots: Slots,
    clients: Clients,
    plane: ControlPlane,
    contract: Contract,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    blue, green = (contract.slots[slot] for slot in SLOTS)
    slots.fill("blue", contract.blueprint.task_definition, 4, not_after=LATER)
    slots.fill("green", contract.blueprint.task_definition, 4, not_after=LATER)
    made = changes(clients, monkeypatch)
    slots.scale_in("blue", floor=2, not_after=LATER)
    assert of_slots(made) == [
        ("register_scalable_target", blue.scalable_target),
        ("update_service", blue.service),
        ("register_scalable_target", green.scalable_target),
    ]
    floor, _, suspended = scaling(plane, contract, "blue")
    assert (floor, suspended) == (0, SUSPENDED)
    assert service(plane, contract, "blue")["desiredCount"] == 0
    floor, _, suspended = scaling(plane, contract, "green")
    assert (floor, suspended) == (2, FREE)
    assert service(plane, contract, "green")["desiredCount"] == 4


def test_rolling_forces_a_deployment_and_changes_nothing_else(
    slots: Slots, clients: Clients, plane: ControlPlane, contract: Contract
) -> None:
    before = service(plane, contract, "blue")
    deployment = slots.roll("blue", not_after=LATER)
    after = service(plane, contract, "blue")
    assert [d["id"] for d in after["deployments"]] == [deployment]
    assert deployment != before["deployments"][0]["id"]
    assert slots.services()["blue"].deployment == deployment
    for key in ("taskDefinition", "desiredCount"):
        assert after[key] == before[key]
