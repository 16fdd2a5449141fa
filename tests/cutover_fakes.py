"""A clock, a setting, and a journal in memory, for what needs no more of a world."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from cutover.decide.journal import Draft, Entry
from cutover.decide.setting import Alarms, Setting
from cutover.do.store import Snapshot
from cutover.do.world import Clock, Unavailable
from tests.memory_journal import MemoryJournal

NOW = 1_800_000_000.0
IMAGE = f"registry.example.com/app@sha256:{'b' * 64}"
SETTING = Setting(
    ladder_percent=(10, 100),
    step_seconds=60,
    bake_seconds=300,
    warm_seconds=120,
    min_tasks=2,
    max_tasks=8,
    alarms=Alarms(
        environment=frozenset({"database"}),
        slots={"blue": {"errors": "blue-errors"}, "green": {"errors": "green-errors"}},
    ),
)


@dataclass
class FakeClock:
    """Time passes by sleeping, and by nothing else. `meanwhile` is called after each sleep."""

    at: float = NOW
    meanwhile: Callable[[], None] = lambda: None

    def now(self) -> float:
        return self.at

    def monotonic(self) -> float:
        return self.at

    def sleep(self, seconds: float) -> None:
        self.at += seconds
        self.meanwhile()


@dataclass(kw_only=True)
class MemoryStore(MemoryJournal):
    """A journal by one process's clock. `fails` raises before the next call."""

    clock: Clock
    lease_seconds: float = SETTING.lease_seconds
    fails: Callable[[str], None] = lambda _call: None

    def read(self) -> Snapshot:
        self.fails("read")
        return self.snapshot()

    def append(self, snapshot: Snapshot, drafts: Sequence[Draft], **how: Any) -> Snapshot:
        self.fails("append")
        return self.write(snapshot, drafts, at=self.clock.now(), **how)

    def history(self) -> Sequence[Entry]:
        self.fails("history")
        return tuple(self.entries)

    def kinds(self) -> list[str]:
        return [entry.kind for entry in self.entries]


def throttled(*calls: str, times: int = 1) -> Callable[[str], None]:
    """Fails so many of the named calls."""
    left = [times]

    def fail(call: str) -> None:
        if call in calls and left[0]:
            left[0] -= 1
            raise Unavailable(f"AWS can't take {call} now")

    return fail
