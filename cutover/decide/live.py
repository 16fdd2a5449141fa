"""What is known of the live environment: each part is None until it has been looked at."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from cutover.decide.model import Weights
from infra.outputs import Slot


@dataclass(frozen=True, kw_only=True)
class Health:
    """Targets of a slot in the balancer's eyes; `total` counts those that are not draining."""

    healthy: int
    total: int


@dataclass(frozen=True, kw_only=True)
class Service:
    """One slot's ECS service. `deployment` is its primary deployment's id, `rollout` that one's
    rolloutState; `reason` is what ECS says about it."""

    task_definition: str
    desired: int
    running: int
    pending: int
    deployment: str
    rollout: Literal["COMPLETED", "FAILED", "IN_PROGRESS"]
    reason: str = ""


@dataclass(frozen=True, kw_only=True)
class Sample:
    """A slot's traffic in a window of time. `errors` are answers of 500 and above, those that the
    balancer gave for the slot included; `latency_seconds` is their mean, None without requests.
    `newest` is the time of the last data point, None when CloudWatch had none. `probes` of the
    requests were this program's own, and `probe_errors` of the errors answered them."""

    requests: int
    errors: int
    latency_seconds: float | None
    newest: float | None
    probes: int = 0
    probe_errors: int = 0


@dataclass(frozen=True, kw_only=True)
class Split:
    """Who answered tagged probes on the public path: release id -> answers. `unknown` had none,
    or failed without an answer."""

    answers: Mapping[str, int]
    unknown: int

    @property
    def total(self) -> int:
        return sum(self.answers.values()) + self.unknown


@dataclass(frozen=True, kw_only=True)
class Smoke:
    """Probes of one slot through its test rule. `problems` are sentences, empty when all is well;
    the probes' requests and errors are samples for the gates, and their latency, which has the
    network in it, is not."""

    problems: tuple[str, ...]
    requests: int
    errors: int
    latency_seconds: float | None


@dataclass(frozen=True, kw_only=True)
class TaskStatus:
    """A one-off task: `exit_code` is None while it runs. One that is not `known` has just been
    started, or ended long ago."""

    stopped: bool
    exit_code: int | None = None
    reason: str = ""
    known: bool = True


@dataclass(frozen=True, kw_only=True)
class Index:
    """`index.html` in the frontend's bucket; everything is empty when there is none. `sha256` is
    of its content; `etag` is what S3 compares before a write."""

    etag: str = ""
    version: str = ""
    sha256: str = ""


@dataclass(frozen=True, kw_only=True)
class Live:
    """Everything that was read since the last change or wait; forgotten with the next one."""

    weights: Weights | None = None
    health: Mapping[Slot, Health] = field(default_factory=dict)
    steady: Mapping[Slot, int] = field(default_factory=dict)
    """Reads in a row, waits included, that found every target of the slot healthy."""
    services: Mapping[Slot, Service] | None = None
    alarms: Mapping[str, str] | None = None
    """Alarm name -> OK, ALARM or INSUFFICIENT_DATA; an alarm that could not be read is missing."""
    samples: Mapping[Slot, Sample] | None = None
    samples_since: float = 0
    """The time from which on the samples count, epoch seconds."""
    smokes: Mapping[Slot, Smoke] = field(default_factory=dict)
    split: Split | None = None
    task: TaskStatus | None = None
    migration: str | None = None
    """ARN of the migrate task that the run has started; empty when ECS lists none."""
    index: Index | None = None
    shown: str | None = None
    """SHA-256 of the page that the public path answers with; empty when it answered with none."""
    unanswered: str = ""
    """Why a call got no answer before the last wait, a sentence; empty when each got one."""
    waited_for: str = ""
    """What the last wait was for, a sentence; empty when something has happened since."""
    written: tuple[str, Weights] | None = None
    """What AWS said the weights are, in its answer to the write of this step."""

    def forget(self) -> "Live":
        """What is still known after a wait: how steady the slots were, and what was written."""
        return Live(steady=self.steady, written=self.written)
