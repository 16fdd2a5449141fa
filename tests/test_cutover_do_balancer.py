"""Weights are written whole, under a fence, and what the rule is instead of them is refused."""

from collections.abc import Iterator
from typing import Any

import pytest

from cutover.decide.live import Health
from cutover.do.balancer import Balancer, shares
from cutover.do.clients import Clients
from cutover.do.fence import Fence, session_policy
from cutover.do.system_clock import SystemClock
from cutover.do.world import ForeignRule
from infra.outputs import SLOTS, Contract, Slot
from rehearsal.aws.control_plane import ControlPlane
from tests import cutover_aws
from tests.cutover_aws import Emulated

# 2026-03-01 12:00:00 UTC
NOON = 1_772_366_400
SET_RIGHT = "`cutover rollback` writes it anew, or restore it by hand"


@pytest.fixture(scope="module")
def emulated() -> Iterator[Emulated]:
    with cutover_aws.emulated("100000000012") as made:
        yield made


@pytest.fixture
def contract(emulated: Emulated) -> Contract:
    return emulated.contract


@pytest.fixture
def plane(emulated: Emulated) -> Iterator[ControlPlane]:
    yield emulated.plane
    write(emulated.plane, emulated.contract, {"blue": 100, "green": 0})


@pytest.fixture
def clients(emulated: Emulated) -> Clients:
    emulated.clients._calls = 0
    return emulated.clients


@pytest.fixture
def balancer(clients: Clients, contract: Contract, plane: ControlPlane) -> Balancer:
    return Balancer(
        clients, contract, Fence(clients, contract.weights_role, run="run-1", clock=SystemClock())
    )


def forward(groups: list[tuple[str, int]], *, sticky: bool = False) -> dict[str, Any]:
    return {
        "Type": "forward",
        "ForwardConfig": {
            "TargetGroups": [{"TargetGroupArn": arn, "Weight": weight} for arn, weight in groups],
            "TargetGroupStickinessConfig": {"Enabled": sticky, "DurationSeconds": 3600},
        },
    }


def groups(contract: Contract, weights: dict[Slot, int]) -> list[tuple[str, int]]:
    return [(contract.slots[slot].target_group, weight) for slot, weight in weights.items()]


def rewrite(plane: ControlPlane, contract: Contract, action: dict[str, Any]) -> None:
    plane.client("elbv2").modify_rule(RuleArn=contract.traffic_rule, Actions=[action])


def write(plane: ControlPlane, contract: Contract, weights: dict[Slot, int]) -> None:
    rewrite(plane, contract, forward(groups(contract, weights)))


def live_actions(plane: ControlPlane, contract: Contract) -> list[dict[str, Any]]:
    (rule,) = plane.client("elbv2").describe_rules(RuleArns=[contract.traffic_rule])["Rules"]
    return rule["Actions"]


def test_the_weights_are_the_live_rules(
    balancer: Balancer, clients: Clients, plane: ControlPlane, contract: Contract
) -> None:
    assert balancer.weights() == {"blue": 100, "green": 0}
    write(plane, contract, {"green": 25, "blue": 75})
    assert balancer.weights() == {"blue": 75, "green": 25}
    assert clients.calls == 2


@pytest.mark.parametrize(
    ("relative", "expected"),
    [
        ((100, 0), (100, 0)),
        ((0, 1), (0, 100)),
        ((1, 0), (100, 0)),
        ((1, 1), (50, 50)),
        ((1, 2), (33, 67)),
        ((2, 1), (67, 33)),
        ((1, 999), (1, 99)),
        ((999, 1), (99, 1)),
        ((3, 397), (1, 99)),
        ((99, 1), (99, 1)),
        ((1, 7), (13, 87)),
        ((999, 999), (50, 50)),
    ],
)
def test_shares_add_up_and_never_hide_a_slot_that_has_some(
    relative: tuple[int, int], expected: tuple[int, int]
) -> None:
    found = shares(dict(zip(SLOTS, relative, strict=True)))
    assert found == dict(zip(SLOTS, expected, strict=True))


def test_weights_of_0_and_0_are_refused(
    balancer: Balancer, plane: ControlPlane, contract: Contract
) -> None:
    write(plane, contract, {"blue": 0, "green": 0})
    with pytest.raises(ForeignRule) as refused:
        balancer.weights()
    assert str(refused.value) == (
        "the traffic rule gives blue and green a weight of 0 each, so that everybody gets a 503; "
        f"{SET_RIGHT}"
    )


def test_a_rule_without_one_of_the_slots_is_refused(
    balancer: Balancer, plane: ControlPlane, contract: Contract
) -> None:
    only_blue = contract.slots["blue"].target_group
    rewrite(plane, contract, forward([(only_blue, 1)]))
    with pytest.raises(ForeignRule) as refused:
        balancer.weights()
    assert str(refused.value) == (
        f"the traffic rule forwards to {only_blue.split('/')[1]}, and must name the target groups "
        f"of blue and green, each once; {SET_RIGHT}"
    )


def test_a_rule_with_a_slot_twice_is_refused(
    balancer: Balancer, plane: ControlPlane, contract: Contract
) -> None:
    blue, green = (contract.slots[slot].target_group for slot in SLOTS)
    rewrite(plane, contract, forward([(blue, 1), (green, 1), (green, 1)]))
    with pytest.raises(ForeignRule, match="must name the target groups of blue and green, each"):
        balancer.weights()


def test_a_rule_with_a_third_group_is_refused(
    balancer: Balancer, plane: ControlPlane, contract: Contract
) -> None:
    elbv2, blue = plane.client("elbv2"), contract.slots["blue"].target_group
    (known,) = elbv2.describe_target_groups(TargetGroupArns=[blue])["TargetGroups"]
    arn = elbv2.create_target_group(
        Name="third", Protocol="HTTPS", Port=8443, VpcId=known["VpcId"], TargetType="ip"
    )["TargetGroups"][0]["TargetGroupArn"]
    rewrite(plane, contract, forward([*groups(contract, {"blue": 100, "green": 0}), (arn, 0)]))
    with pytest.raises(ForeignRule, match=r"forwards to [^,]+, [^,]+, third, and must name"):
        balancer.weights()


def test_stickiness_is_refused(balancer: Balancer, plane: ControlPlane, contract: Contract) -> None:
    rewrite(plane, contract, forward(groups(contract, {"blue": 50, "green": 50}), sticky=True))
    with pytest.raises(ForeignRule) as refused:
        balancer.weights()
    assert str(refused.value) == (
        "the traffic rule has stickiness, which overrides weights and keeps users on the slot that "
        f"they leave; {SET_RIGHT}"
    )


def test_a_rule_that_does_not_forward_is_refused(
    balancer: Balancer, plane: ControlPlane, contract: Contract
) -> None:
    fixed = {"Type": "fixed-response", "FixedResponseConfig": {"StatusCode": "503"}}
    rewrite(plane, contract, fixed)
    with pytest.raises(ForeignRule) as refused:
        balancer.weights()
    assert str(refused.value) == (
        f"the traffic rule does fixed-response, and must do one forward to both slots; {SET_RIGHT}"
    )


def test_both_weights_are_one_write_blue_first_without_stickiness(
    balancer: Balancer, clients: Clients, plane: ControlPlane, contract: Contract
) -> None:
    assert balancer.set_weights({"green": 5, "blue": 95}, not_after=NOON) == {
        "blue": 95,
        "green": 5,
    }
    assert clients.calls == 2
    (action,) = live_actions(plane, contract)
    assert action["Type"] == "forward"
    assert action["ForwardConfig"] == {
        "TargetGroups": [
            {"TargetGroupArn": contract.slots["blue"].target_group, "Weight": 95},
            {"TargetGroupArn": contract.slots["green"].target_group, "Weight": 5},
        ],
        "TargetGroupStickinessConfig": {"Enabled": False, "DurationSeconds": 3600},
    }


def test_the_write_is_made_within_the_fence_of_one_rule(
    balancer: Balancer, clients: Clients, contract: Contract, monkeypatch: pytest.MonkeyPatch
) -> None:
    policies: list[str] = []
    call = clients.call

    def seen(service: str, operation: str, /, **arguments: Any) -> Any:
        policies.append(arguments["Policy"])
        return call(service, operation, **arguments)

    monkeypatch.setattr(clients, "call", seen)
    balancer.set_weights({"blue": 50, "green": 50}, not_after=NOON + 0.9)
    action = ["elasticloadbalancing:ModifyRule"]
    assert policies == [session_policy(NOON, action, contract.traffic_rule)]


def test_health_counts_what_stays(
    balancer: Balancer, clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    states = ["healthy", "healthy", "unhealthy", "initial", "draining", "unhealthy.draining"]

    def described(_service: str, operation: str, **_arguments: Any) -> Any:
        assert operation == "describe_target_health"
        return {"TargetHealthDescriptions": [{"TargetHealth": {"State": s}} for s in states]}

    monkeypatch.setattr(clients, "call", described)
    assert balancer.health("green") == Health(healthy=2, total=4)


def test_health_is_that_of_the_slots_own_targets(
    balancer: Balancer, plane: ControlPlane, contract: Contract
) -> None:
    plane.client("elbv2").register_targets(
        TargetGroupArn=contract.slots["green"].target_group,
        Targets=[{"Id": "10.0.0.7", "Port": 8443}],
    )
    assert balancer.health("green") == Health(healthy=1, total=1)
    assert balancer.health("blue") == Health(healthy=0, total=0)
