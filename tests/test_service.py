"""The slots: equal, empty at first, and what runs in them is not an up's to decide."""

import pytest

from tests.environments import STACKS, chosen, recorded

SERVICE = "aws:ecs/service:Service"
TARGET = "aws:appautoscaling/target:Target"


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("slot", ["blue", "green"])
def test_a_slot_is_an_empty_service_that_cutover_fills(stack: str, slot: str) -> None:
    environment = recorded(stack)
    service = environment.only(SERVICE, f"{stack}-{slot}")
    zones = chosen(stack).network.zones
    assert service.ignore_changes == ("taskDefinition", "desiredCount")
    assert service.inputs == {
        "cluster": environment.only("aws:ecs/cluster:Cluster").outputs["arn"],
        "taskDefinition": environment.only(
            "aws:ecs/taskDefinition:TaskDefinition", f"{stack}-blueprint"
        ).outputs["arn"],
        "desiredCount": 0,
        "launchType": "FARGATE",
        "platformVersion": "1.4.0",
        "schedulingStrategy": "REPLICA",
        "deploymentController": {"type": "ECS"},
        "deploymentMinimumHealthyPercent": 100,
        "deploymentMaximumPercent": 200,
        "deploymentCircuitBreaker": {"enable": True, "rollback": False},
        "availabilityZoneRebalancing": "DISABLED",
        "healthCheckGracePeriodSeconds": 60,
        "enableExecuteCommand": False,
        "enableEcsManagedTags": True,
        "propagateTags": "SERVICE",
        "waitForSteadyState": False,
        "networkConfiguration": {
            "assignPublicIp": False,
            "subnets": [f"{stack}-private-{zone[-1]}-id" for zone in zones],
            "securityGroups": [f"{stack}-tasks-id"],
        },
        "loadBalancers": [
            {
                "targetGroupArn": environment.only(
                    "aws:lb/targetGroup:TargetGroup", f"{stack}-{slot}"
                ).outputs["arn"],
                "containerName": "nginx",
                "containerPort": 8443,
            }
        ],
    }
    rule = environment.only("aws:lb/listenerRule:ListenerRule", f"{stack}-traffic")
    assert rule.urn in service.depends_on


@pytest.mark.parametrize("stack", STACKS)
@pytest.mark.parametrize("slot", ["blue", "green"])
def test_registering_a_scalable_target_starts_no_task(stack: str, slot: str) -> None:
    target = recorded(stack).only(TARGET, f"{stack}-{slot}")
    cluster = recorded(stack).only("aws:ecs/cluster:Cluster").outputs["name"]
    service = recorded(stack).only(SERVICE, f"{stack}-{slot}").outputs["name"]
    assert target.ignore_changes == ("minCapacity", "suspendedState")
    assert target.inputs == {
        "serviceNamespace": "ecs",
        "scalableDimension": "ecs:service:DesiredCount",
        "resourceId": f"service/{cluster}/{service}",
        "minCapacity": 0,
        "maxCapacity": chosen(stack).service.max_tasks,
        "suspendedState": {
            "dynamicScalingInSuspended": True,
            "dynamicScalingOutSuspended": True,
            "scheduledScalingSuspended": True,
        },
    }


@pytest.mark.parametrize("stack", STACKS)
def test_there_is_one_of_each_for_each_slot(stack: str) -> None:
    for type_ in (SERVICE, TARGET):
        assert [r.name for r in recorded(stack).every(type_)] == [f"{stack}-blue", f"{stack}-green"]
    cluster = recorded(stack).only("aws:ecs/cluster:Cluster")
    assert cluster.inputs == {"settings": [{"name": "containerInsights", "value": "enhanced"}]}
