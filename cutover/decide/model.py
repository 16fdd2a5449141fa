"""The words that every decision is made of."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from infra.outputs import (
    ALARM_PERIODS,
    CALL_SECONDS,
    LEASE_SECONDS,
    SLOTS,
    Slot,
    takeover_seconds,
)

# Whole percent: ALB weights are relative, and two that add up to 100 read as what they are.
SCALE = 100

Weights = Mapping[Slot, int]
"""Both slots, 0 to SCALE, adding up to SCALE."""

Verb = Literal["deploy", "rollback", "retire", "refresh"]
"""A run's verb; `resume`, `rollback` and `abort` also go on with a run of another verb."""

StepKind = Literal[
    "migrate", "quiet", "fill", "top_up", "smoke", "shift", "point", "watch", "scale_in", "roll"
]

Outcome = Literal["done", "rolled_back", "aborted"]
"""How a run ended: its target is live, what was before is live again, or it was given up."""


DESPITE = ("freeze", "alarms")
"""What a person may order a deploy to go on in spite of; a flag of the plan for each."""


def other(slot: Slot) -> Slot:
    """The slot that this one is not."""
    return "green" if slot == "blue" else "blue"


def share(entering: Slot, percent: int) -> dict[Slot, int]:
    """Weights that give the entering slot so many percent, and the other one the rest."""
    return {slot: percent if slot == entering else SCALE - percent for slot in SLOTS}


def active(weights: Weights) -> Slot:
    """The slot with more of the traffic; a tie is the first slot's."""
    return max(SLOTS, key=lambda slot: weights[slot])


@dataclass(frozen=True, kw_only=True)
class Page:
    """What `index.html` is made of: an object of the frontend's bucket, and what its content is.

    `version` is S3's, empty where the newest is meant. `sha256` is hexadecimal.
    """

    key: str
    sha256: str
    version: str = ""


@dataclass(frozen=True, kw_only=True)
class Release:
    """What is deployed. `schema_min` is the schema version that its migrations bring about, if
    the live one is older; `schema_max` the newest that it can live with. Without a `page` it
    leaves the frontend alone."""

    release_id: str
    image: str
    schema_min: int
    schema_max: int
    page: Page | None = None

    def lives_with(self, schema: int) -> bool:
        return self.schema_min <= schema <= self.schema_max


@dataclass(frozen=True, kw_only=True)
class Filled:
    """What runs in a slot, as it was proven: `tasks` healthy tasks of a task definition (ARN).

    `trusted` once it has come through a whole deploy, until a run goes away from it: only what is
    trusted can be gone back to later.
    """

    release: Release
    task_definition: str
    tasks: int
    trusted: bool = False


@dataclass(frozen=True, kw_only=True)
class Step:
    """One part of a plan; `key` is its name in the journal.

    `slot` is the slot it works on: filled, smoked, given `percent`, watched, scaled in; or whose
    release has the `page` that `index.html` is to be.
    `seconds` is how long it lasts at least, `timeout_seconds` at most.
    """

    key: str
    kind: StepKind
    slot: Slot
    percent: int = 0
    page: Page | None = None
    seconds: float = 0
    timeout_seconds: float = 600


@dataclass(frozen=True, kw_only=True)
class Plan:
    """What a run is going to do, in order; written to the journal before anything is touched.

    `entering` gets the traffic. `floor` is the least number of tasks of a slot that serves.
    `release` is None for a run that brings no new one.
    """

    verb: Verb
    entering: Slot
    steps: tuple[Step, ...]
    tasks: int
    floor: int
    release: Release | None = None
    despite_freeze: bool = False
    despite_alarms: bool = False
    """Whatever the alarms say of the environment and of the slot that serves; never in spite of
    those of the slot that enters."""

    @property
    def despite(self) -> tuple[str, ...]:
        """What the run goes on in spite of, for the person who wants to know."""
        return tuple(what for what in DESPITE if getattr(self, f"despite_{what}"))


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
