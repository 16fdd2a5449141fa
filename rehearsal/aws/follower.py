"""Keeps the balancer and moto one: rules go to the balancer, health and metrics come back."""

import datetime
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Mapping
from types import MethodType
from typing import Any

from moto.elbv2.models import FakeHealthStatus

from rehearsal.alb.balancer import Balancer, BalancerSettings
from rehearsal.alb.routing import Forward, Routing
from rehearsal.alb.target_group import GroupObservation, Observation, TargetGroup
from rehearsal.aws.control_plane import ControlPlane
from rehearsal.aws.metrics import metric_data
from rehearsal.reporting.report import WeightEvent

ROUTING_SECONDS = 0.5
# An ALB's period is 60 s; nobody wants to wait for three of them here.
METRICS_SECONDS = 5
# What ELBv2 says beside a reason code; people read it, programs read the code.
_DESCRIPTIONS = {
    "Elb.InitialHealthChecking": "Initial health checks in progress",
    "Target.DeregistrationInProgress": "Target deregistration is in progress",
    "Target.FailedHealthChecks": "Health checks failed",
    "Target.ResponseCodeMismatch": "Health checks failed with these codes",
    "Target.Timeout": "Request timed out",
}


def balancer_settings(plane: ControlPlane, listener_arn: str) -> BalancerSettings:
    """What the listener in moto says now, for a balancer that starts with it."""
    elbv2 = plane.client("elbv2")
    described = elbv2.describe_target_groups()["TargetGroups"]
    groups = tuple(
        TargetGroup.parse(
            group,
            elbv2.describe_target_group_attributes(TargetGroupArn=group["TargetGroupArn"])[
                "Attributes"
            ],
        )
        for group in described
    )
    return BalancerSettings(groups=groups, routing=read_routing(plane, listener_arn))


def read_routing(plane: ControlPlane, listener_arn: str) -> Routing:
    """The live rules of the listener."""
    elbv2 = plane.client("elbv2")
    listener = elbv2.describe_listeners(ListenerArns=[listener_arn])["Listeners"][0]
    pages = elbv2.get_paginator("describe_rules").paginate(ListenerArn=listener_arn)
    return Routing.parse(listener, [rule for page in pages for rule in page["Rules"]])


class Follower:
    """Call `step` often. `addresses` gives a target's address in the VPC by host and port here."""

    def __init__(
        self,
        plane: ControlPlane,
        balancer: Balancer,
        *,
        listener_arn: str,
        load_balancer_suffix: str,
        groups: Mapping[str, str],
        addresses: Callable[[], Mapping[tuple[str, int], str]],
    ) -> None:
        self._plane, self._balancer = plane, balancer
        self._listener_arn, self._suffix = listener_arn, load_balancer_suffix
        self._slots = groups
        self._addresses = addresses
        self._read_at = time.monotonic()
        self._period = _period()
        self._before: Observation | None = None
        self._weights: list[WeightEvent] = []
        self._lock = threading.Lock()
        self._targets = {
            arn: _Targets(group)
            for arn, group in plane.backend("elbv2").target_groups.items()
            if arn in groups
        }

    def step(self) -> None:
        """Follows the rules, shows the targets' health, and writes metrics after each period."""
        now = time.monotonic()
        if now - self._read_at >= ROUTING_SECONDS:
            self._read_at = now
            self._balancer.apply(read_routing(self._plane, self._listener_arn))
        observation = self._balancer.observe()
        addresses = self._addresses()
        for arn, targets in self._targets.items():
            targets.show(observation.groups[arn], addresses)
        self._note_weights()
        if self._period != _period():
            self._write_metrics(observation)

    def weights(self) -> tuple[WeightEvent, ...]:
        """The weights that requests met, each with the moment from which on they did."""
        with self._lock:
            return tuple(self._weights)

    def _write_metrics(self, observation: Observation) -> None:
        # A datum bears the moment in which its period began, as CloudWatch's own do.
        began = datetime.datetime.fromtimestamp(self._period * METRICS_SECONDS, datetime.UTC)
        data = metric_data(self._before, observation, self._suffix)
        if data:
            self._plane.client("cloudwatch").put_metric_data(
                Namespace="AWS/ApplicationELB",
                MetricData=[{**datum, "Timestamp": began} for datum in data],
            )
        self._before, self._period = observation, _period()

    def _note_weights(self) -> None:
        now = weights(self._balancer.in_force, self._slots)
        with self._lock:
            if not self._weights or self._weights[-1].weights != now:
                self._weights.append(WeightEvent(at=time.time(), weights=now))


def _period() -> int:
    return int(time.time() // METRICS_SECONDS)


def weights(routing: Routing, slots: Mapping[str, str]) -> dict[str, int]:
    """Each slot's weight in the one rule that forwards to all of them; `slots` by group ARN."""
    for rule in routing.rules:
        if isinstance(rule.action, Forward) and {arn for arn, _ in rule.action.weights} == {*slots}:
            return {slots[arn]: weight for arn, weight in rule.action.weights}
    return {}


class _Targets:
    """moto's target group, which calls everything healthy, told what the balancer sees."""

    def __init__(self, group: Any) -> None:
        self._group = group
        self._states: dict[str, tuple[str, str | None]] = {}
        states = self._states

        def health_for(group: Any, target: dict[str, Any], _ec2: Any) -> Any:
            known = group.targets.get(target["Id"])
            state, reason = states.get(target["Id"], ("unused", "Target.NotRegistered"))
            return FakeHealthStatus(
                target["Id"],
                known["Port"] if known else target.get("Port", group.port),
                group.health_check_port,
                state,
                reason,
                _DESCRIPTIONS.get(reason or ""),
            )

        group.health_for = MethodType(health_for, group)

    def show(self, observed: GroupObservation, addresses: Mapping[tuple[str, int], str]) -> None:
        here = [
            (addresses[(t.host, t.port)], t)
            for t in observed.targets
            if (t.host, t.port) in addresses
        ]
        self._states.clear()
        self._states.update({address: (t.state, t.reason) for address, t in here})
        port = self._group.port
        self._group.targets = OrderedDict(
            (address, {"Id": address, "Port": port}) for address, _ in here
        )
