"""A journal in memory, a world in which everything succeeds at once, and a command line on them."""

import hashlib
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import pytest

from cutover.decide.journal import Draft, Entry
from cutover.decide.live import Health, Index, Sample, Service, Smoke, Split, TaskStatus
from cutover.decide.model import SCALE, Page, Release, Terms, Weights
from cutover.decide.setting import Alarms, Setting
from cutover.do.announced import Announced, Hear
from cutover.do.channel import Channel
from cutover.do.order import Order
from cutover.do.session import Session
from cutover.do.store import Snapshot
from cutover.do.world import Clock, Refused, Unavailable
from cutover.say import cli, job, wiring
from infra.outputs import SLOTS, Owner, Slot
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

    def append(
        self,
        snapshot: Snapshot,
        drafts: Sequence[Draft],
        *,
        owner: Owner,
        run: str,
        release: bool = False,
        steal: bool = False,
        answered: bool = False,
    ) -> Snapshot:
        self.fails("append")
        return self.write(
            snapshot,
            drafts,
            at=self.clock.now(),
            owner=owner,
            run=run,
            release=release,
            steal=steal,
            answered=answered,
        )

    def history(self) -> Sequence[Entry]:
        self.fails("history")
        return tuple(self.entries)

    def kinds(self) -> list[str]:
        return [entry.kind for entry in self.entries]


@dataclass
class ReadyWorld:
    """Whatever is asked for is so at once. `split_of` overrides who answers the public path."""

    clock: Clock
    live: dict[Slot, int] = field(default_factory=lambda: {"blue": SCALE, "green": 0})
    running: dict[Slot, int] = field(default_factory=lambda: {"blue": 0, "green": 0})
    definitions: dict[Slot, str] = field(default_factory=lambda: {"blue": "none", "green": "none"})
    releases: dict[str, Release] = field(default_factory=dict)
    alarmed: dict[str, str] = field(default_factory=dict)
    task_status: TaskStatus = field(default_factory=lambda: TaskStatus(stopped=True, exit_code=0))
    shells: list[tuple[str, tuple[str, ...], str]] = field(default_factory=list)
    fails: Callable[[str], None] = lambda _call: None
    healthy: Callable[[Slot, int], int] = lambda _slot, running: running
    pages: dict[str, str] = field(default_factory=dict)
    """Content of the frontend's bucket by key; the public path shows its index.html."""

    def weights(self) -> Weights:
        self.fails("weights")
        return dict(self.live)

    def set_weights(self, weights: Weights, *, not_after: float) -> Weights:
        self.live = dict(weights)
        return weights

    def health(self, slot: Slot) -> Health:
        self.fails(f"health {slot}")
        running = self.running[slot]
        return Health(healthy=self.healthy(slot, running), total=running)

    def services(self) -> dict[Slot, Service]:
        self.fails("services")
        return {
            slot: Service(
                task_definition=self.definitions[slot],
                desired=self.running[slot],
                running=self.running[slot],
                pending=0,
                deployment="ecs-svc/1",
                rollout="COMPLETED",
            )
            for slot in SLOTS
        }

    def alarms(self) -> dict[str, str]:
        return dict.fromkeys(("database", "blue-errors", "green-errors"), "OK") | self.alarmed

    def samples(self, since: float) -> dict[Slot, Sample]:
        return {
            slot: Sample(
                requests=10_000 * self.live[slot] // SCALE,
                errors=0,
                latency_seconds=0.02,
                newest=self.clock.now(),
            )
            for slot in SLOTS
        }

    def smoke(self, slot: Slot, release: Release, tasks: int) -> Smoke:
        return Smoke(problems=(), requests=200, errors=0, latency_seconds=0.02)

    def split(self, probes: int) -> Split:
        answers = {
            self.releases[self.definitions[slot]].release_id: probes * self.live[slot] // SCALE
            for slot in SLOTS
            if self.live[slot]
        }
        return Split(answers=answers, unknown=probes - sum(answers.values()))

    def page(self, key: str) -> Page:
        if key not in self.pages:
            raise Refused(f"there is no {key}")
        return Page(key=key, sha256=sha256_of(self.pages[key]))

    def index(self) -> Index:
        self.fails("index")
        content = self.pages.get("index.html")
        if content is None:
            return Index()
        return Index(etag=f"etag of {content}", version="v1", sha256=sha256_of(content))

    def point(self, page: Page, *, etag: str, not_after: float) -> None:
        self.fails("point")
        if etag != self.index().etag:
            raise Unavailable("somebody else was faster")
        self.pages["index.html"] = self.pages[page.key]

    def shown(self) -> str:
        return self.index().sha256

    def image_exists(self, image: str) -> bool:
        return True

    def register(self, release: Release) -> str:
        arn = f"release:{len(self.releases) + 1}"
        self.releases[arn] = release
        return arn

    def start_migration(self, release: Release, run: str, *, verify_only: bool) -> str:
        return f"task/{run}/{verify_only}"

    def start_shell(self, definition: str, command: Sequence[str], run: str) -> str:
        self.shells.append((definition, tuple(command), run))
        return "arn:aws:ecs:eu-west-1:100000000000:task/cluster/0123456789abcdef"

    def task(self, arn: str) -> TaskStatus:
        self.fails("task")
        return self.task_status

    def fill(self, slot: Slot, task_definition: str, tasks: int, **_fence: float) -> str:
        self.definitions[slot], self.running[slot] = task_definition, tasks
        return "ecs-svc/1"

    def scale_in(self, slot: Slot, *, floor: int, **_fence: float) -> None:
        self.running[slot] = 0

    def roll(self, slot: Slot, **_fence: float) -> str:
        return "ecs-svc/1"


@dataclass
class FakeContract:
    """Of a contract, what the command line reads."""

    environment: str = "testing"


class Bench:
    """`python -m cutover` in this process, on one environment that lives in memory."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._monkeypatch = monkeypatch
        self.clock = FakeClock()
        self.store, self.world = MemoryStore(clock=self.clock), ReadyWorld(self.clock)
        self.messages: list[str] = []
        self.opened: list[tuple[str, bool]] = []
        self.before_opening: Callable[[], None] = lambda: None
        self.credentials_end_at: float | None = None
        numbers = itertools.count(1)
        for name in ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID", "SLIPWAY_STACK"):
            monkeypatch.delenv(name, raising=False)
        monkeypatch.setattr("cutover.say.caller.by", lambda: "ann@desk")
        monkeypatch.setattr("cutover.say.caller.new_run", lambda: f"run-{next(numbers)}")
        monkeypatch.setattr(wiring, "open_environment", self._open)
        monkeypatch.setattr(wiring, "SystemClock", lambda: self.clock)
        self._send: Callable[[str], None] = self.messages.append
        monkeypatch.setattr(job, "channels", lambda _clients, _contract: self._channels())

    def run(self, *arguments: str) -> int:
        """The exit code of `python -m cutover`, `--stack testing` added."""
        verb, *rest = arguments
        argv = ["cutover", verb, "--stack", "testing", *rest]
        self._monkeypatch.setattr("sys.argv", argv)
        return cli.main()

    def refuse_messages(self, reason: str) -> None:
        """Nobody can be told of anything."""

        def refuse(_text: str) -> None:
            raise Refused(reason)

        self._send = refuse

    def session(self, run: str = "r1") -> Session:
        """Somebody else's process."""
        order = Order(run=run, reason="because", by="bob@desk", host="desk", pid=7)
        return Session(self.world, self.store, self.clock, SETTING, order)

    def deployed(self, *release_ids: str) -> None:
        """These releases went live, one after the other; the last one before is still warm."""
        for number, release_id in enumerate(release_ids):
            release = Release(release_id=release_id, image=IMAGE, schema_min=0, schema_max=0)
            last = number == len(release_ids) - 1
            done = self.session(f"d{number}").deploy(release, Terms(retire=not last))
            assert done.exit == 0, done.sentence

    def _channels(self) -> tuple[Channel, ...]:
        return (Channel("the fake channel", self._send),)

    def _open(
        self, stack: str, run: str, *, hear: Hear = lambda *_: None, checked: bool = True
    ) -> Any:
        self.opened.append((stack, checked))
        self.before_opening()
        return wiring.Environment(
            contract=FakeContract(environment=stack),  # pyright: ignore[reportArgumentType]
            clients=None,  # pyright: ignore[reportArgumentType]
            world=self.world,  # pyright: ignore[reportArgumentType]
            store=Announced(self.store, hear),
            clock=self.clock,
            setting=SETTING,
            credentials_end_at=self.credentials_end_at,
        )


def sha256_of(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()


def throttled(*calls: str, times: int = 1) -> Callable[[str], None]:
    """Fails so many of the named calls."""
    left = [times]

    def fail(call: str) -> None:
        if call in calls and left[0]:
            left[0] -= 1
            raise Unavailable(f"AWS can't take {call} now")

    return fail
