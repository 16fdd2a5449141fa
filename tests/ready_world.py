"""A world in which everything succeeds at once."""

import hashlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from cutover.decide.live import Health, Index, Sample, Service, Smoke, Split, TaskStatus
from cutover.decide.model import SCALE, Page, Release, Weights
from cutover.do.world import Clock, Refused, Unavailable
from infra.outputs import SLOTS, Slot


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

    def migration(self, run: str) -> str:
        return ""

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


def sha256_of(content: str) -> str:
    return hashlib.sha256(content.encode()).hexdigest()
