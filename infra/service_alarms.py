"""Alarms of a slot's ECS service: tasks that are missing, or have too little of something."""

from collections.abc import Iterator

import pulumi

from infra.alarm import Alarm, Metric

_BUSY = "alarms.md#tasks-are-busy"
_PERCENT = 80
_AWS = "AWS's recommended alarm: 80 % for 5 minutes"
# A cutover fills a slot within the time that its step has (cutover/decide/steps.py).
_FILLED_MINUTES = 20


def service_alarms(
    cluster: pulumi.Input[str], service: pulumi.Input[str], max_tasks: int
) -> Iterator[Alarm]:
    """An empty slot has no data, or wants no task: none of them fires."""
    dimensions = {"ClusterName": cluster, "ServiceName": service}
    for name, metric, what in (
        ("cpu", "CPUUtilization", "CPU: scaling does not keep up"),
        ("memory", "MemoryUtilization", "memory: the next thing to happen is that ECS kills them"),
    ):
        yield Alarm(
            name=name,
            severity="ticket",
            says=f"tasks use more than {_PERCENT} % of their {what}",
            runbook=_BUSY,
            source=_AWS,
            metrics={"used": Metric("AWS/ECS", metric, "Average", dimensions)},
            comparison=">",
            threshold=_PERCENT,
            periods=5,
        )
    yield Alarm(
        name="tasks-missing",
        severity="ticket",
        says="fewer tasks run than are wanted, and new ones don't stay",
        runbook="alarms.md#tasks-are-missing",
        source=f"longer than a cutover takes to fill a slot, {_FILLED_MINUTES} minutes",
        metrics={
            "wanted": Metric("ECS/ContainerInsights", "DesiredTaskCount", "Minimum", dimensions),
            "running": Metric("ECS/ContainerInsights", "RunningTaskCount", "Maximum", dimensions),
        },
        expressions={"missing": "wanted-running"},
        comparison=">=",
        threshold=1,
        periods=_FILLED_MINUTES,
    )
    yield Alarm(
        name="at-its-ceiling",
        severity="ticket",
        says="the slot runs service/max_tasks tasks and can't grow any more",
        runbook=_BUSY,
        source="`service/max_tasks`, for 15 minutes, which no spike lasts",
        metrics={
            "wanted": Metric("ECS/ContainerInsights", "DesiredTaskCount", "Minimum", dimensions)
        },
        comparison=">=",
        threshold=max_tasks,
        periods=15,
    )
