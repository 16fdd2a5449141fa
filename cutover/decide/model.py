"""The words that every decision is made of."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, get_args

from infra.outputs import SLOTS, Slot

# Whole percent: ALB weights are relative, and two that add up to 100 read as what they are.
SCALE = 100

Weights = Mapping[Slot, int]
"""Both slots, 0 to SCALE, adding up to SCALE."""

Verb = Literal["deploy", "rollback", "retire", "refresh"]
"""A run's verb; `resume`, `rollback` and `abort` also go on with a run of another verb."""

StepKind = Literal[
    "migrate",
    "settle",
    "quiet",
    "fill",
    "top_up",
    "smoke",
    "shift",
    "point",
    "watch",
    "scale_in",
    "roll",
]

Outcome = Literal["done", "rolled_back", "aborted"]
"""How a run ended: its target is live, what was before is live again, or it was given up."""

Despite = Literal["freeze", "alarms"]
"""What a person may order a deploy to go on in spite of; a flag of the plan for each."""

DESPITE: tuple[Despite, ...] = get_args(Despite)


def other(slot: Slot) -> Slot:
    """The slot that this one is not."""
    return "green" if slot == "blue" else "blue"


def share(entering: Slot, percent: int) -> dict[Slot, int]:
    """Weights that give the entering slot so many percent, and the other one the rest."""
    return {slot: percent if slot == entering else SCALE - percent for slot in SLOTS}


def active(weights: Weights) -> Slot:
    """The slot with more of the traffic; a tie is the first slot's."""
    return max(SLOTS, key=lambda slot: weights[slot])


def said(weights: Weights) -> str:
    """For a sentence: blue 95, green 5."""
    return ", ".join(f"{slot} {weights[slot]}" for slot in SLOTS)


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

    def schema_after(self, live: int) -> int:
        """The version of a live schema once the release has migrated it."""
        return max(live, self.schema_min)

    def schema_said(self, live: int) -> str:
        """Why it can't live with the schema of the database, as the end of a sentence."""
        known = f"schema {self.schema_min} to {self.schema_max}"
        return f"lives with {known}, and the live one is {live}"


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
class Terms:
    """What is ordered of a deploy beside its release. Without `retire` the slot that it leaves
    keeps its tasks."""

    despite: Sequence[Despite] = ()
    retire: bool = True


AS_USUAL = Terms()


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
    def brought(self) -> Release:
        """The release, where the verb brings one."""
        if self.release is None:
            raise ValueError(f"a plan to {self.verb} brings no release")
        return self.release

    @property
    def despite(self) -> tuple[Despite, ...]:
        """What the run goes on in spite of, for the person who wants to know."""
        return tuple(what for what in DESPITE if getattr(self, f"despite_{what}"))
