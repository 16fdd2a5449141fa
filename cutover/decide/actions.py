"""What the loop can be told to do next, one thing at a time."""

from dataclasses import dataclass
from typing import Literal

from cutover.decide.journal import Draft
from cutover.decide.model import Page
from infra.outputs import Slot

Sight = Literal[
    "weights",
    "health",
    "services",
    "alarms",
    "samples",
    "smoke",
    "split",
    "task",
    "migration",
    "index",
    "shown",
]


@dataclass(frozen=True, kw_only=True)
class Look:
    """Read one thing, and decide again. `since` is epoch seconds, for samples; `arn` a task's;
    `run` the unique name of the one whose migration is looked for."""

    at: Sight
    slot: Slot = "blue"
    probes: int = 0
    since: float = 0
    arn: str = ""
    run: str = ""


@dataclass(frozen=True, kw_only=True)
class SetWeights:
    """Write the weights of the pending intent; the only thing that moves traffic."""


@dataclass(frozen=True, kw_only=True)
class Point:
    """Write the page of the pending intent as `index.html`, if that still has this ETag; if there
    still is none, where it is empty."""

    page: Page
    etag: str


@dataclass(frozen=True, kw_only=True)
class Register:
    """Register the release's task definition, and note its ARN."""

    step: str


@dataclass(frozen=True, kw_only=True)
class Migrate:
    """Start the one-off task, or find the one that was started, and note its ARN."""

    step: str
    verify_only: bool


@dataclass(frozen=True, kw_only=True)
class Fill:
    """Have the slot run so many tasks of the definition, and note that it was asked."""

    step: str
    slot: Slot
    task_definition: str
    tasks: int


@dataclass(frozen=True, kw_only=True)
class ScaleIn:
    """Have the slot run nothing, and note that it was asked."""

    step: str
    slot: Slot
    floor: int


@dataclass(frozen=True, kw_only=True)
class Roll:
    """Replace the slot's tasks in place, and note the deployment that does so."""

    step: str
    slot: Slot


@dataclass(frozen=True, kw_only=True)
class Append:
    """Write to the journal; the last entries of a run, or of a hold, also free the lease."""

    drafts: tuple[Draft, ...]
    last: bool = False


@dataclass(frozen=True, kw_only=True)
class Wait:
    """Let time pass, then look again. `why` is for the person who watches."""

    seconds: float
    why: str


Change = Register | Migrate | Fill | ScaleIn | Roll
"""What a step does once, and notes when AWS has taken it."""

Effect = SetWeights | Point | Change
Action = Look | Effect | Append | Wait
