"""What a drill has found, as one text that can be signed and read years later."""

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field

REPORT_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class Check:
    """One promise, and what was seen of it. Counts and names, never anybody's data."""

    name: str
    held: bool
    saw: str


@dataclass(frozen=True, kw_only=True)
class Report:
    """A drill from its start to the end of its cleaning up; times in epoch seconds.

    `restored_to` is the second that was asked for. `figures` are seconds and counts.
    """

    drill: str
    environment: str
    place: str
    drill_id: str
    started_at: float
    ended_at: float
    restored_to: float
    figures: Mapping[str, float]
    checks: tuple[Check, ...] = field(default=())
    version: int = REPORT_VERSION

    @property
    def passed(self) -> bool:
        """At least one check, and every one held: a drill without a check has shown nothing."""
        return bool(self.checks) and all(check.held for check in self.checks)

    def to_json(self) -> str:
        """Canonical, with a last line of its own, so that a checksum of the file can be made by
        any tool."""
        fields = {**dataclasses.asdict(self), "passed": self.passed}
        return json.dumps(fields, indent=2, sort_keys=True) + "\n"


def within(name: str, what: str, seconds: float, limit_minutes: int) -> Check:
    """A time against its limit."""
    return Check(
        name=name,
        held=seconds <= limit_minutes * 60,
        saw=f"{what} {seconds:.1f} s; {limit_minutes} min are allowed",
    )


def same(name: str, apart: str, otherwise: str) -> Check:
    """Nothing may be apart."""
    return Check(name=name, held=not apart, saw=apart or otherwise)
