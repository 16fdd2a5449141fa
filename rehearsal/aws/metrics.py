"""What a balancer has counted, as CloudWatch's metrics of an ALB; pure."""

from collections import Counter
from typing import Any

from rehearsal.alb.target_group import GroupObservation, Observation

_NOTHING: Counter[str] = Counter()


def metric_data(
    before: Observation | None, now: Observation, load_balancer_suffix: str
) -> list[dict[str, Any]]:
    """Data for PutMetricData: what was counted since `before`, by target group.

    As an ALB does, a count of errors is left out where there was none.
    """
    data: list[dict[str, Any]] = []
    for arn, group in now.groups.items():
        then = before.groups.get(arn) if before else None
        dimensions = [
            {"Name": "LoadBalancer", "Value": load_balancer_suffix},
            {"Name": "TargetGroup", "Value": arn.rsplit(":", 1)[1]},
        ]
        data += [
            {"MetricName": name, "Dimensions": dimensions, "Value": value, "Unit": unit}
            for name, value, unit in _values(counted(group) - counted(then), group)
        ]
    return data


def counted(group: GroupObservation | None) -> Counter[str]:
    """What only grows."""
    if group is None:
        return _NOTHING
    return Counter(
        RequestCount=group.requests,
        HTTPCode_Target_2XX_Count=group.responses["2xx"],
        HTTPCode_Target_3XX_Count=group.responses["3xx"],
        HTTPCode_Target_4XX_Count=group.responses["4xx"],
        HTTPCode_Target_5XX_Count=group.responses["5xx"],
        HTTPCode_ELB_5XX_Count=group.balancer_5xx,
    )


def _values(counts: Counter[str], group: GroupObservation) -> list[tuple[str, float, str]]:
    values = [(name, float(count), "Count") for name, count in sorted(counts.items())]
    if counts["RequestCount"]:
        values.append(("TargetResponseTime", group.response_seconds_mean, "Seconds"))
    states = Counter(target.state for target in group.targets)
    if group.targets:
        values.append(("HealthyHostCount", float(states["healthy"]), "Count"))
        values.append(("UnHealthyHostCount", float(states["unhealthy"]), "Count"))
    return values
