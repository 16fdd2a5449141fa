"""Reads HAProxy's statistics as an ALB's metrics and target health; pure."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum

from rehearsal.alb.target_group import (
    GroupObservation,
    Observation,
    TargetGroup,
    TargetHealth,
    TargetState,
)

Row = Mapping[str, str]
RESPONSES = ("1xx", "2xx", "3xx", "4xx", "5xx")


class Stage(Enum):
    """What the balancer last did with a target."""

    INITIAL = "registered, no check passed yet"
    SERVING = "a check has passed once"
    DRAINING = "deregistered, may finish what it has"
    RETIRED = "deregistration delay over"


@dataclass(kw_only=True)
class Target:
    """A server in two backends: the group's, which is checked, and `:all`, for failing open."""

    group: TargetGroup
    host: str
    port: int
    stage: Stage = Stage.INITIAL
    retire_at: float = 0.0
    """On the balancer's clock; meant only while draining."""

    @property
    def address(self) -> str:
        return f"{self.host}:{self.port}"

    @property
    def servers(self) -> tuple[str, str]:
        """HAProxy's names: the checked one first."""
        return f"{self.group.name}/{self.address}", f"{self.group.name}:all/{self.address}"


class Statistics:
    """The rows of `show stat`, by backend and server."""

    def __init__(self, rows: Iterable[Row]) -> None:
        self._rows = {f"{row['pxname']}/{row['svname']}": row for row in rows}

    def observe(self, groups: Iterable[TargetGroup], targets: Iterable[Target]) -> Observation:
        known = list(targets)
        return Observation(
            requests=int(self._rows["listener/FRONTEND"]["req_tot"]),
            groups={
                group.arn: self._group(group, [t for t in known if t.group.arn == group.arn])
                for group in groups
            },
        )

    def passed_first_check(self, target: Target) -> bool:
        row = self._rows[target.servers[0]]
        return _check(row).startswith("L7OK") and row["status"].startswith("DRAIN")

    def _group(self, group: TargetGroup, targets: Sequence[Target]) -> GroupObservation:
        backends = [self._rows[f"{name}/BACKEND"] for name in (group.name, f"{group.name}:all")]
        servers = [self._rows[name] for target in targets for name in target.servers]
        responses = {kind: _sum(servers, f"hrsp_{kind}") for kind in RESPONSES}
        answered = sum(_mean_over(row) for row in backends)
        weighted = sum(int(row["rtime"] or 0) * _mean_over(row) for row in backends)
        return GroupObservation(
            requests=_sum(servers, "stot"),
            responses=responses,
            balancer_5xx=_sum(backends, "hrsp_5xx") - responses["5xx"],
            in_flight=_sum(servers, "scur"),
            response_seconds_mean=weighted / answered / 1000 if answered else 0.0,
            response_seconds_max=max(int(row["rtime_max"] or 0) for row in backends) / 1000,
            targets=tuple(
                self._health(target) for target in targets if target.stage is not Stage.RETIRED
            ),
        )

    def _health(self, target: Target) -> TargetHealth:
        rows = [self._rows[name] for name in target.servers]
        state, reason = state_of(target, rows[0])
        return TargetHealth(
            host=target.host,
            port=target.port,
            state=state,
            reason=reason,
            in_flight=_sum(rows, "scur"),
        )


def state_of(target: Target, row: Row) -> tuple[TargetState, str | None]:
    """ELBv2's state and reason code of a target that is not retired."""
    failing = row["status"].startswith("DOWN")
    if target.stage is Stage.DRAINING:
        return "draining", "Target.DeregistrationInProgress"
    if target.stage is Stage.INITIAL:
        # HAProxy gives up at the first failure of a server that never passed, an ALB at the
        # threshold: the others follow at the interval.
        patience = target.group.interval_seconds * (target.group.unhealthy_threshold - 1)
        if not failing or int(row["lastchg"] or 0) < patience:
            return "initial", "Elb.InitialHealthChecking"
    if not failing:
        return "healthy", None
    check = _check(row)
    if check.startswith("L7STS"):
        return "unhealthy", "Target.ResponseCodeMismatch"
    if "TOUT" in check:
        return "unhealthy", "Target.Timeout"
    return "unhealthy", "Target.FailedHealthChecks"


def _check(row: Row) -> str:
    # A star says that the next check is under way.
    return row["check_status"].removeprefix("* ")


def _sum(rows: Iterable[Row], column: str) -> int:
    return sum(int(row[column] or 0) for row in rows)


def _mean_over(row: Row) -> int:
    # HAProxy averages over the last 1,024 requests.
    return min(1024, int(row["req_tot"] or 0))
