"""What is asked of Application Auto Scaling, beside the targets, which are cutover's."""

from typing import Any

import pytest

from infra.outputs import SLOTS
from infra.scaling import Scaling, ScalingArgs
from infra.settings import Floor, ServiceSettings
from rehearsal.recording import Recording, record
from tests.environments import STACKS, chosen, recorded

POLICY = "aws:appautoscaling/policy:Policy"
SCHEDULE = "aws:appautoscaling/scheduledAction:ScheduledAction"
OF_ECS = {"serviceNamespace": "ecs", "scalableDimension": "ecs:service:DesiredCount"}


def _recorded(*floors: Floor) -> Recording:
    settings = ServiceSettings(
        architecture="ARM64",
        cpu=512,
        memory_mib=1024,
        min_tasks=2,
        max_tasks=9,
        requests_per_minute_per_task=700,
        log_days=30,
        floors=floors,
    )

    def program() -> None:
        Scaling(
            "prod",
            ScalingArgs(
                settings=settings,
                scalable_targets={"blue": "service/c/b", "green": "service/c/g"},
                balancer_suffix="app/prod/1",
                target_group_suffixes={
                    "blue": "targetgroup/blue/2",
                    "green": "targetgroup/green/3",
                },
            ),
        )

    return record(program, stack="prod")


def _policy(target: str, value: float, specification: dict[str, Any]) -> dict[str, Any]:
    return {
        "policyType": "TargetTrackingScaling",
        **OF_ECS,
        "resourceId": target,
        "targetTrackingScalingPolicyConfiguration": {
            "predefinedMetricSpecification": specification,
            "targetValue": value,
            "scaleOutCooldown": 60,
            "scaleInCooldown": 300,
            "disableScaleIn": False,
        },
    }


def test_each_slot_follows_its_cpu_and_the_requests_that_the_balancer_sends_it() -> None:
    found = {policy.name: policy.inputs for policy in _recorded().every(POLICY)}
    cpu = {"predefinedMetricType": "ECSServiceAverageCPUUtilization"}
    requests = {"predefinedMetricType": "ALBRequestCountPerTarget"}
    assert found == {
        "prod-blue-cpu": _policy("service/c/b", 50, cpu),
        "prod-blue-requests": _policy(
            "service/c/b", 700, {**requests, "resourceLabel": "app/prod/1/targetgroup/blue/2"}
        ),
        "prod-green-cpu": _policy("service/c/g", 50, cpu),
        "prod-green-requests": _policy(
            "service/c/g", 700, {**requests, "resourceLabel": "app/prod/1/targetgroup/green/3"}
        ),
    }


def test_a_floor_is_raised_and_lowered_by_the_clock_in_both_slots() -> None:
    floors = (
        Floor(cron="0 7 ? * MON-FRI *", timezone="Europe/Dublin", tasks=6),
        Floor(cron="0 19 ? * MON-FRI *", timezone="UTC", tasks=2),
    )
    found = {action.name: action.inputs for action in _recorded(*floors).every(SCHEDULE)}
    assert found == {
        f"prod-{slot}-floor-{number}": {
            **OF_ECS,
            "resourceId": f"service/c/{slot[0]}",
            "schedule": schedule,
            "timezone": zone,
            "scalableTargetAction": {"minCapacity": tasks},
        }
        for slot in SLOTS
        for number, schedule, zone, tasks in (
            (1, "cron(0 7 ? * MON-FRI *)", "Europe/Dublin", 6),
            (2, "cron(0 19 ? * MON-FRI *)", "UTC", 2),
        )
    }


def test_what_a_scalable_target_has_is_put_one_after_another() -> None:
    """PutScalingPolicy and PutScheduledAction throw ConcurrentUpdateException for a target with a
    pending update; of the two, the provider's policy.go tries only FailedResourceAccessException
    again, and scheduled_action.go only ObjectNotFoundException."""
    floors = (
        Floor(cron="0 7 ? * MON-FRI *", timezone="UTC", tasks=6),
        Floor(cron="0 19 ? * MON-FRI *", timezone="UTC", tasks=2),
    )
    put = {r.urn: r for r in _recorded(*floors).resources if r.type in (POLICY, SCHEDULE)}
    waits = {r.name: [put[urn].name for urn in r.depends_on if urn in put] for r in put.values()}
    assert waits == {
        name: list(before)
        for slot in SLOTS
        for name, *before in (
            (f"prod-{slot}-cpu",),
            (f"prod-{slot}-requests", f"prod-{slot}-cpu"),
            (f"prod-{slot}-floor-1", f"prod-{slot}-requests"),
            (f"prod-{slot}-floor-2", f"prod-{slot}-floor-1"),
        )
    }


@pytest.mark.parametrize("stack", STACKS)
def test_every_environment_scales_both_slots_as_its_file_says(stack: str) -> None:
    service = chosen(stack).service
    assert len(recorded(stack).every(POLICY)) == 4
    targets = {
        target.inputs["resourceId"]
        for target in recorded(stack).every("aws:appautoscaling/target:Target")
    }
    assert {policy.inputs["resourceId"] for policy in recorded(stack).every(POLICY)} == targets
    requests = recorded(stack).only(POLICY, f"{stack}-green-requests").inputs
    tracked = requests["targetTrackingScalingPolicyConfiguration"]
    assert tracked["targetValue"] == service.requests_per_minute_per_task
    group = recorded(stack).only("aws:lb/targetGroup:TargetGroup", f"{stack}-green")
    balancer = recorded(stack).only("aws:lb/loadBalancer:LoadBalancer")
    assert tracked["predefinedMetricSpecification"]["resourceLabel"] == (
        f"{balancer.outputs['arnSuffix']}/{group.outputs['arnSuffix']}"
    )
    schedules = [r for r in recorded(stack).resources if r.type == SCHEDULE]
    assert len(schedules) == 2 * len(service.floors)
