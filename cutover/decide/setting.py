"""What decisions need to know of an environment that no call to AWS tells."""

from collections.abc import Mapping
from dataclasses import dataclass

from cutover.decide.limits import DEFAULT_LIMITS, Limits
from infra.outputs import ALARM_PERIODS, CALL_SECONDS, LEASE_SECONDS, Slot, takeover_seconds


@dataclass(frozen=True, kw_only=True)
class Alarms:
    """The names of the alarms that are asked: the environment's, and each slot's by kind, which are
    the same kinds for both."""

    slots: Mapping[Slot, Mapping[str, str]]
    environment: frozenset[str] = frozenset()


@dataclass(frozen=True, kw_only=True)
class Setting:
    """What decisions need of the contract, and times that are the program's own; all in seconds."""

    ladder_percent: tuple[int, ...]
    step_seconds: float
    bake_seconds: float
    warm_seconds: float
    """How long the leaving slot must have been sent nothing before it may be scaled in (S5)."""
    min_tasks: int
    max_tasks: int
    alarms: Alarms
    limits: Limits = DEFAULT_LIMITS
    freeze_windows: tuple[Mapping[str, str], ...] = ()
    metric_period_seconds: float = 60
    connections_per_task: int = 0
    max_connections: int = 0
    """What the database takes; 0 where nobody knows."""
    lease_seconds: float = LEASE_SECONDS
    call_seconds: float = CALL_SECONDS
    """The longest that one call to AWS may take, connection and answer."""
    poll_seconds: float = 2
    healthy_reads: int = 3
    """Reads in a row that must find a slot healthy before it counts as filled."""
    extension_seconds: float = 600
    """How long a gate may wait for data beyond the step's own time."""
    unwatched_seconds: float = 900
    """How long after the bake a warm slot counts as large as the one that serves, without a look:
    as long as what autoscaling adds during a run may take to be there."""
    pause_seconds: float = 6 * 3600
    """How long a run that a freeze stops on its ladder waits with its gates: as long as GitHub lets
    a job run ("Usage limits", GitHub Actions)."""

    @property
    def tasks_at_once(self) -> int:
        """The most tasks of a slot beside as many of the other one: autoscaling's limit, and what
        the database has connections for, where that is known."""
        both = 2 * self.connections_per_task
        if not (both and self.max_connections):
            return self.max_tasks
        return min(self.max_tasks, self.max_connections // both)

    @property
    def alarm_seconds(self) -> float:
        """Until an alarm of a slot has forgotten what was wrong: the periods that it looks at, and
        two more, for the last one to end and for CloudWatch to hear of it."""
        return (ALARM_PERIODS + 2) * self.metric_period_seconds

    @property
    def takeover_seconds(self) -> float:
        """After so long without a sign of life a lease may be taken."""
        return takeover_seconds(self.lease_seconds, self.call_seconds)
