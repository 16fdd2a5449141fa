"""One target group's settings and health, in ELBv2's words."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Self

from rehearsal.errors import RehearsalError

# What goes into HAProxy's configuration unquoted.
SAFE_PATH = re.compile(r"/[A-Za-z0-9._~/%?&=+:@,-]*")
SAFE_CODES = re.compile(r"\d{3}(-\d{3})?(,\d{3}(-\d{3})?)*")
SAFE_NAME = re.compile(r"[A-Za-z0-9-]{1,32}")


@dataclass(frozen=True, kw_only=True)
class TargetGroup:
    arn: str
    name: str
    health_path: str = "/readyz"
    healthy_codes: str = "200"
    interval_seconds: float = 30
    timeout_seconds: int = 5
    healthy_threshold: int = 5
    unhealthy_threshold: int = 2
    deregistration_delay_seconds: int = 300

    @classmethod
    def parse(cls, group: Mapping[str, Any], attributes: Iterable[Mapping[str, str]]) -> Self:
        """From one group of `describe_target_groups` and its `describe_target_group_attributes`.

        Raises RehearsalError for what the rehearsal can't follow; absent settings are AWS's.
        """
        name = group["TargetGroupName"]
        for key in ("Protocol", "HealthCheckProtocol"):
            if group.get(key) != "HTTPS":
                raise RehearsalError(
                    f"target group {name} has {key} {group.get(key)}; the rehearsal's balancer "
                    "speaks HTTPS to its targets, as every stack of this project does"
                )
        values = {attribute["Key"]: attribute["Value"] for attribute in attributes}
        parsed = cls(
            arn=group["TargetGroupArn"],
            name=name,
            health_path=group.get("HealthCheckPath") or "/",
            healthy_codes=(group.get("Matcher") or {}).get("HttpCode") or "200",
            interval_seconds=int(group.get("HealthCheckIntervalSeconds") or 30),
            timeout_seconds=int(group.get("HealthCheckTimeoutSeconds") or 5),
            healthy_threshold=int(group.get("HealthyThresholdCount") or 5),
            unhealthy_threshold=int(group.get("UnhealthyThresholdCount") or 2),
            deregistration_delay_seconds=int(
                values.get("deregistration_delay.timeout_seconds") or 300
            ),
        )
        for pattern, value in (
            (SAFE_NAME, parsed.name),
            (SAFE_PATH, parsed.health_path),
            (SAFE_CODES, parsed.healthy_codes),
        ):
            if not pattern.fullmatch(value):
                raise RehearsalError(
                    f"target group {name} has {value!r}, which the rehearsal's balancer can't "
                    f"follow; it must match {pattern.pattern}"
                )
        return parsed


TargetState = Literal["initial", "healthy", "unhealthy", "draining"]


@dataclass(frozen=True, kw_only=True)
class TargetHealth:
    """One target as `describe_target_health` would show it."""

    host: str
    port: int
    state: TargetState
    reason: str | None
    """ELBv2's reason code; None when healthy."""
    in_flight: int
    """Requests that it has not finished answering."""


@dataclass(frozen=True, kw_only=True)
class GroupObservation:
    """Counted since the balancer started; a request belongs to the group that it was sent to."""

    requests: int
    """Those for which a target was chosen."""
    responses: dict[str, int]
    """Made by targets: 1xx, 2xx, 3xx, 4xx, 5xx."""
    balancer_5xx: int
    """Made by the balancer in a target's place: 502, 503, 504."""
    in_flight: int
    response_seconds_mean: float
    """From the request's end to the answer's first byte, over about the last 1,024 requests."""
    response_seconds_max: float
    targets: tuple[TargetHealth, ...]

    @property
    def target_5xx(self) -> int:
        return self.responses["5xx"]


@dataclass(frozen=True, kw_only=True)
class Observation:
    requests: int
    """All that reached the listener, whatever became of them."""
    groups: dict[str, GroupObservation]
    """By ARN."""
