"""What a rehearsal found out, as plain data: the one source of the terminal, JSON and HTML."""

import json
import os
import tempfile
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from rehearsal.blame import Excuse
from rehearsal.errors import RehearsalError
from rehearsal.traffic.tally import LoadResult

SCHEMA = 1
PROVES = (
    "The stack program asks for a complete environment, and the traffic plane built from its "
    "answers carries real requests.",
    "nginx, pgbouncer and the app start with the images' own entrypoints and configuration, "
    "answer, drain and stop on the signals that ECS sends.",
    "cutover brings a good release to all of the traffic, keeps or takes a bad one away, and "
    "survives the death of its runner, without losing a request of the clients that were tried.",
    "IAM would let cutover ask for all that it has asked for here, by the policies of bootstrap/ "
    "and of the stack, evaluated as IAM's user guide says.",
)
CANNOT_PROVE = (
    "That AWS accepts what is asked of it: quotas, permissions and valid combinations are checked "
    "by a preview and an update against a real account.",
    "How AWS behaves: propagation between balancer nodes, capacity of Fargate, failover of RDS "
    "and ElastiCache, CloudFront's edge. The control plane here is emulated.",
    "How fast it is in production: every process shares this machine's cores, and loopback has "
    "no distance and loses no packet.",
)


@dataclass(frozen=True, kw_only=True)
class Check:
    """One thing that had to hold. The detail is a sentence: what was seen."""

    name: str
    passed: bool
    detail: str
    seconds: float


@dataclass(frozen=True, kw_only=True)
class WeightEvent:
    """The weights that requests met from `at` (seconds since the epoch) on, by slot."""

    at: float
    weights: dict[str, int]


@dataclass(frozen=True, kw_only=True)
class Report:
    environment: str
    started_at: float
    """Seconds since the epoch."""
    seconds: float
    checks: tuple[Check, ...]
    load: LoadResult | None
    """None when the rehearsal ended before its load did."""
    excuses: tuple[Excuse, ...] = ()
    """Failed requests that were meant to fail."""
    weights: tuple[WeightEvent, ...] = ()
    releases: dict[str, str]
    """Release id by slot."""
    versions: dict[str, str]
    """Version by program."""
    differences: tuple[str, ...] = ()
    """What this machine does otherwise than the images and AWS, one sentence each."""
    urls: dict[str, str]
    """By what is found there."""

    @property
    def passed(self) -> bool:
        """True only if something was checked, all of it held, and no request failed but those
        that were meant to."""
        return (
            bool(self.checks)
            and all(check.passed for check in self.checks)
            and self.load is not None
            and self.load.requests > 0
            and self.load.failed == self.meant
        )

    @property
    def meant(self) -> int:
        """How many requests failed that were meant to."""
        return sum(excuse.failed for excuse in self.excuses)

    @property
    def verdict(self) -> str:
        """In words; when it did not pass, every reason why."""
        if self.passed and self.load:
            held = "The one check" if len(self.checks) == 1 else f"All {len(self.checks)} checks"
            others = f" but {self.meant:,} that were meant to" if self.meant else ""
            return f"{held} held, and none of {self.load.requests:,} requests failed{others}."
        failed = [check.name for check in self.checks if not check.passed]
        reasons = []
        if not self.checks:
            reasons.append("Nothing was checked.")
        if failed:
            reasons.append(
                f"{len(failed)} of {len(self.checks)} checks failed: {', '.join(failed)}."
            )
        if self.load is None or not self.load.requests:
            reasons.append("No load was sent.")
        elif failed := self.load.failed - self.meant:
            reasons.append(f"{failed:,} of {self.load.requests:,} requests failed.")
        return " ".join(reasons)

    def to_json(self) -> dict[str, Any]:
        """The content of report.json; `schema` grows when a reader of it could break."""
        return {
            "schema": SCHEMA,
            "passed": self.passed,
            "verdict": self.verdict,
            **asdict(self),
            "started_at": moment(self.started_at),
            "load": self.load and {**asdict(self.load), "started_at": moment(self.load.started_at)},
            "weights": [
                {"at": moment(event.at), "weights": event.weights} for event in self.weights
            ],
            "proves": PROVES,
            "cannot_prove": CANNOT_PROVE,
        }


def moment(epoch_seconds: float) -> str:
    """ISO 8601 in UTC, to the millisecond."""
    return datetime.fromtimestamp(epoch_seconds, UTC).isoformat(timespec="milliseconds")


def write_json(report: Report, path: Path) -> None:
    write_whole(path, json.dumps(report.to_json(), indent=2) + "\n")


def refuse_unwritable(directory: Path) -> None:
    """RehearsalError when no file can be made there: better before a rehearsal than after it."""
    try:
        with tempfile.TemporaryFile(dir=directory):
            pass
    except OSError as error:
        raise _unwritten(directory, error) from None


def write_whole(path: Path, text: str) -> None:
    """Writes the file whole or not at all; RehearsalError when it can't be written."""
    temporary = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        try:
            with temporary.open("x", encoding="utf-8") as file:
                file.write(text)
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise _unwritten(path, error) from None


def _unwritten(path: Path, error: OSError) -> RehearsalError:
    return RehearsalError(
        f"can't write {path}: {error.strerror}; choose another directory or make room"
    )
