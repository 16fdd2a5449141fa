"""A world in which cutovers can be tried thousands of times: AWS as it is on a bad day.

Weights reach each of the balancer's nodes late, calls are throttled, answers get lost, processes
die or sleep through the end of their lease, clocks differ, S3 goes away, and other people write
weights and pages too.
What must never be so is checked at every write by `Reality`, which knows everything.
"""

import math
from collections.abc import Callable, Mapping, Sequence, Set
from dataclasses import dataclass, field
from typing import Any, Literal

from cutover.decide.invariants import better, healthy
from cutover.decide.journal import Draft, Entry
from cutover.decide.live import Health, Index, Sample, Service, Smoke, Split, TaskStatus
from cutover.decide.model import SCALE, Page, Release, Weights
from cutover.decide.run import Run
from cutover.decide.setting import Alarms, Setting
from cutover.decide.state import State
from cutover.do.order import Order
from cutover.do.session import Session
from cutover.do.store import Snapshot
from cutover.do.world import ForeignRule, Refused, Unavailable
from infra.outputs import SLOTS, Slot
from tests.memory_journal import MemoryJournal

SETTING = Setting(
    ladder_percent=(25, 100),
    step_seconds=6,
    bake_seconds=6,
    warm_seconds=6,
    min_tasks=2,
    max_tasks=8,
    alarms=Alarms(
        environment=frozenset({"database"}),
        slots={"blue": {"unhealthy": "blue"}, "green": {"unhealthy": "green"}},
    ),
    metric_period_seconds=1,
    poll_seconds=3,
    healthy_reads=2,
    extension_seconds=40,
    unwatched_seconds=9,
    pause_seconds=60,
)
RATE = 200.0
"""Requests of users in a second."""
CALL_SECONDS = 0.05
START_SECONDS, HEALTHY_SECONDS, STOP_SECONDS = 4.0, 8.0, 3.0
ALARM_SECONDS = 3.0
"""Until the alarm of tasks that were unhealthy is quiet again."""
NODES = 2


class Killed(BaseException):
    """SIGKILL: nothing of the process runs any more."""


class Broken(AssertionError):
    """An invariant was violated."""


@dataclass(frozen=True, kw_only=True)
class Behaviour:
    """How a release is."""

    becomes_healthy: bool = True
    error_ratio: float = 0.0
    latency_seconds: float = 0.02
    migration_exit: int = 0
    verification_exit: int = 0


@dataclass(frozen=True)
class Fault:
    """What happens at one call. `other` is what somebody does while this process sleeps."""

    kind: Literal["throttle", "lost", "kill before", "kill after", "sleep before", "sleep after"]
    seconds: float = 0
    other: Callable[["Reality"], None] | None = None


@dataclass
class Slots:
    """What runs in one slot."""

    definition: str = "blueprint:1"
    desired: int = 0
    started: list[tuple[float, str]] = field(default_factory=list)
    """When each task was asked for, and of which release."""
    stopping_until: float = 0
    rolls: int = 0


class Reality:
    """All that is. `faults` maps the number of a call, counted over all processes, to a fault;
    `paged` names the releases that come with a page."""

    def __init__(
        self,
        *,
        behaviours: Mapping[str, Behaviour],
        faults: Mapping[int, Fault],
        delays: Sequence[float] = (0.5, 2.0),
        paged: Set[str] = frozenset(),
    ) -> None:
        self.time = 1_000.0
        self.calls = 0
        self.behaviours, self.faults = behaviours, dict(faults)
        self.delays = delays
        self.paged = paged
        self.weights: dict[Slot, int] = {"blue": SCALE, "green": 0}
        self.nodes: list[list[tuple[float, dict[Slot, int]]]] = [
            [(0.0, dict(self.weights))] for _ in range(NODES)
        ]
        self.slots: dict[Slot, Slots] = {slot: Slots() for slot in SLOTS}
        self.definitions: dict[str, Release] = {}
        self.journal = MemoryJournal(lease_seconds=SETTING.lease_seconds)
        self.migrations: dict[str, tuple[str, float]] = {}
        self.schema = 0
        self.migrated_late = False
        self.foreign: dict[Slot, int] | None = None
        self.foreign_at = 0.0
        self.killed_at: dict[Slot, float] = dict.fromkeys(SLOTS, 0.0)
        self.grown_at: dict[Slot, float] = dict.fromkeys(SLOTS, 0.0)
        self.runs = 0
        self.metrics_down = False
        self.page = ""
        """What index.html is: which page's content, or whose; empty when there is none."""
        self.page_foreign = False
        self.s3_down = False
        self.writes = 0

    @property
    def state(self) -> State:
        return self.journal.state

    # What the processes meet

    def call(self, effect: Callable[[], Any]) -> Any:
        """One call of a process, with the fault that is due."""
        number, self.calls = self.calls, self.calls + 1
        fault = self.faults.pop(number, None)
        self.time += CALL_SECONDS
        if fault is None:
            return effect()
        if fault.kind == "throttle":
            raise Unavailable("throttled")
        if fault.kind == "kill before":
            raise Killed
        if fault.kind == "sleep before":
            self.sleep(fault)
        answer = effect()
        if fault.kind == "kill after":
            raise Killed
        if fault.kind == "sleep after":
            self.sleep(fault)
        if fault.kind == "lost":
            self.time += SETTING.call_seconds
            raise Unavailable("timed out")
        return answer

    def sleep(self, fault: Fault) -> None:
        self.time += fault.seconds
        if fault.other:
            fault.other(self)

    # The data plane

    def set_weights(self, weights: Weights) -> None:
        self.weights = dict(weights)
        for node, delay in zip(self.nodes, self.delays, strict=True):
            node.append((max(self.time + delay, node[-1][0]), dict(weights)))

    def shares(self, node: int, at: float) -> dict[Slot, int]:
        return next(w for since, w in reversed(self.nodes[node]) if since <= at)

    def requests(self, slot: Slot, since: float, until: float) -> float:
        """How many of the users' requests the slot was sent."""
        total = 0.0
        for node in self.nodes:
            for number, (begun, weights) in enumerate(node):
                ended = node[number + 1][0] if number + 1 < len(node) else until
                seconds = min(ended, until) - max(begun, since)
                if seconds > 0:
                    total += seconds * weights[slot] / SCALE * RATE / NODES
        return total

    def tasks(self, slot: Slot) -> list[str]:
        """The releases of the slot's running tasks."""
        return [r for at, r in self.slots[slot].started if at + START_SECONDS <= self.time]

    def healthy(self, slot: Slot) -> list[str]:
        return [
            release
            for at, release in self.slots[slot].started
            if at + HEALTHY_SECONDS <= self.time and self.behaviours[release].becomes_healthy
        ]

    def health(self, slot: Slot) -> Health:
        return Health(healthy=len(self.healthy(slot)), total=len(self.tasks(slot)))

    def alarmed(self, slot: Slot) -> bool:
        """Late, and for a while after: what an alarm says is a moment ago. A few more tasks beside
        healthy ones set none."""
        begun = [at for at, _release in self.slots[slot].started]
        whole = min(begun, default=0.0) + HEALTHY_SECONDS
        then = self.time - ALARM_SECONDS
        return any(
            at + START_SECONDS <= self.time and then < at + HEALTHY_SECONDS
            for at in begun
            if at < whole
        )

    def kill_tasks(self, slot: Slot) -> None:
        """All die at once, and ECS starts them again."""
        here = self.slots[slot]
        here.started = [(self.time, release) for _, release in here.started]
        self.killed_at[slot] = self.time

    def grow(self, slot: Slot, tasks: int) -> None:
        """More tasks of what runs there; never fewer."""
        here = self.slots[slot]
        if tasks > here.desired:
            release = self.definitions[here.definition].release_id
            here.started += [(self.time, release)] * (tasks - here.desired)
            here.desired, self.grown_at[slot] = tasks, self.time

    def autoscale(self, slot: Slot, tasks: int) -> None:
        """Somebody else's doing: autoscaling, which leaves an empty slot alone."""
        if self.slots[slot].desired:
            self.grow(slot, tasks)

    # What must never be so

    def must(self, held: bool, what: str) -> None:  # noqa: FBT001 (reads as a sentence)
        if not held:
            raise Broken(what)

    def check_write(self, after: Weights, token: int, read_at: float, counted_at: float) -> None:
        """S1, S2, S4, S6, S7, S8 at the moment of a write of weights. `counted_at` is when the
        writer last looked at how many tasks there should be.

        There is no compare-and-swap: what came after the writer's last look, nobody sees.
        """
        self.must(set(after) == set(SLOTS) and sum(after.values()) == SCALE, f"S1: {after}")
        run = self.state.run
        if run is None:
            raise Broken("S8: weights were written without an open run")
        self.must(
            token == self.journal.lease.token, f"S8: token {token} after {self.journal.lease.token}"
        )
        for slot in SLOTS:
            if after[slot] > self.weights[slot]:
                filled = self.state.summary.slots[slot]
                here, there = self.health(slot), self.health(_other(slot))
                back = run.turned or run.by_hand
                if self.killed_at[slot] >= read_at:
                    continue
                fine = healthy(here, filled.tasks) or (back and better(here, there))
                self.must(bool(fine), f"S2: {slot} gains with {here} of {filled.tasks}")
                needed = math.ceil(self.slots[_other(slot)].desired * after[slot] / SCALE)
                known = self.grown_at[_other(slot)] < counted_at
                if known and not back and self.state.summary.committed:
                    enough = here.healthy >= needed
                    self.must(enough, f"S6: {slot} gets {after[slot]} % with {here} of {needed}")
                release = filled.release
                self.must(release.lives_with(self.schema), f"S7: {release} on {self.schema}")
        if not run.turned and not run.by_hand and self.state.summary.committed:
            before = run.write.before if run.write else {}
            step = max(abs(after[s] - before[s]) for s in SLOTS)
            rungs = (0, *SETTING.ladder_percent)
            to = rungs.index(after[run.plan.entering])
            self.must(step <= rungs[to] - rungs[to - 1], f"S4: {before} to {after}")
        self.check_freeze()
        if self.foreign is not None and self.foreign_at < read_at and not self._ours(run):
            self.must(run.by_hand, "S8: a foreign change was overwritten")

    def _ours(self, run: Run) -> bool:
        """Whether the foreign weights are what the journal left, or what this run wanted itself.

        That an intent found them there before it is no excuse: it should not have been written.
        """
        intents = [e for e in self.journal.entries if e.run == run.id and e.kind == "intent"]
        wanted = [entry.data["after"] for entry in intents]
        return self.foreign in [self.state.summary.committed, *wanted]

    def check_freeze(self) -> None:
        """Nothing goes forward in a freeze, whatever a process knew when it decided."""
        run, frozen = self.state.run, self.state.summary.frozen
        forward = run is not None and not run.turned and not run.by_hand
        self.must(not (frozen and forward), "a step forward in a freeze")

    def write_page(self, content: str) -> None:
        """Somebody else's doing, which the journal can't explain."""
        self.page, self.page_foreign = content, True

    def check_page(self, page: Page, token: int) -> None:
        """S8 and the order of a release's two halves, at the moment of a write of index.html."""
        run = self.state.run
        if run is None:
            raise Broken("S8: a page was written without an open run")
        lease = self.journal.lease
        self.must(token == lease.token, f"S8: token {token} after {lease.token}")
        known = self.state.summary.page
        adopted = known is not None and known.sha256 == self.page
        if self.page_foreign and not adopted:
            self.must(run.by_hand, "S8: somebody else's page was overwritten")
        summary = self.state.summary
        bring = {slot for slot, filled in summary.slots.items() if filled.release.page == page}
        # Of a release without a page of its own it is the one that was live with it.
        fit = bring | {slot for slot, known in summary.pages.items() if known == page}
        if bring and self.foreign is None:
            for node in range(NODES):
                share = sum(self.shares(node, self.time)[slot] for slot in fit)
                self.must(share == SCALE, f"{page.key} with {share} % of node {node}")

    def check_change(self, slot: Slot, read_at: float, *, taken_away: bool) -> None:
        """S5 at the moment at which a slot's tasks are replaced or taken away.

        Those that are replaced go only when others have come and are healthy.
        """
        if self.state.summary.committed is None:
            return
        if self.foreign is not None and self.foreign_at >= read_at:
            return
        self.must(self.state.summary.committed[slot] == 0, f"S5: {slot} has committed weight")
        if not taken_away or not self.slots[slot].started:
            return
        for node in range(NODES):
            now = self.shares(node, self.time)
            self.must(now[slot] == 0, f"S5: node {node} sends requests to {slot}")
        serving = _other(slot)
        if max(self.killed_at[serving], self.grown_at[serving]) < read_at:
            fine = healthy(self.health(serving), self.slots[serving].desired)
            self.must(fine, f"S5: {slot} is emptied, and {serving} has {self.health(serving)}")
        recent = self.requests(slot, self.time - SETTING.warm_seconds, self.time)
        self.must(recent == 0, f"S5: {slot} was sent {recent:.0f} requests a moment ago")


def _other(slot: Slot) -> Slot:
    return "green" if slot == "blue" else "blue"


class SimClock:
    """One process's clock: all share time, and none agrees on what it is called."""

    def __init__(self, reality: Reality, skew_seconds: float) -> None:
        self._reality, self._skew = reality, skew_seconds

    def now(self) -> float:
        return self._reality.time + self._skew

    def monotonic(self) -> float:
        return self._reality.time

    def sleep(self, seconds: float) -> None:
        self._reality.time += seconds


class SimStore:
    """The journal's table, as one process meets it."""

    def __init__(self, reality: Reality, clock: SimClock) -> None:
        self._r, self._clock, self._journal = reality, clock, reality.journal

    def read(self) -> Snapshot:
        return self._r.call(self._journal.snapshot)

    def append(self, snapshot: Snapshot, drafts: Sequence[Draft], **how: Any) -> Snapshot:
        drafts = tuple(drafts)
        return self._r.call(
            lambda: self._journal.write(snapshot, drafts, at=self._clock.now(), **how)
        )

    def want(self, snapshot: Snapshot, wish: str) -> None:
        self._r.call(lambda: self._journal.want(snapshot, wish))

    def history(self) -> Sequence[Entry]:
        return self._r.call(lambda: list(self._journal.entries))


class SimWorld:
    """AWS and the public path, as one process meets them."""

    def __init__(self, reality: Reality, clock: SimClock, token: Callable[[], int]) -> None:
        self._r, self._clock, self._token = reality, clock, token
        self.read_at = self._counted_at = 0.0

    def weights(self) -> Weights:
        def effect() -> Weights:
            self.read_at = self._r.time
            if not any(self._r.weights.values()):
                raise ForeignRule("both weights are 0")
            return dict(self._r.weights)

        return self._r.call(effect)

    def set_weights(self, weights: Weights, *, not_after: float) -> Weights:
        token = self._token()

        def effect() -> Weights:
            self._fence(not_after)
            self._r.check_write(weights, token, self.read_at, self._counted_at)
            self._r.writes += 1
            self._r.foreign = None
            self._r.set_weights(weights)
            return dict(weights)

        return self._r.call(effect)

    def health(self, slot: Slot) -> Health:
        return self._r.call(lambda: self._r.health(slot))

    def services(self) -> Mapping[Slot, Service]:
        def effect() -> Mapping[Slot, Service]:
            self._counted_at = self._r.time
            return {slot: self._service(slot) for slot in SLOTS}

        return self._r.call(effect)

    def _service(self, slot: Slot) -> Service:
        here, running = self._r.slots[slot], len(self._r.tasks(slot))
        left = 0 if self._r.time >= here.stopping_until else 1
        done = running == here.desired and not left
        return Service(
            task_definition=here.definition,
            desired=here.desired,
            running=running + left,
            pending=here.desired - running,
            deployment=f"ecs-svc/{here.rolls}",
            rollout="COMPLETED" if done else "IN_PROGRESS",
        )

    def alarms(self) -> Mapping[str, str]:
        def effect() -> Mapping[str, str]:
            if self._r.metrics_down:
                raise Unavailable("CloudWatch is down")
            slots = {slot: "ALARM" if self._r.alarmed(slot) else "OK" for slot in SLOTS}
            return {"database": "OK", **slots}

        return self._r.call(effect)

    def samples(self, since: float) -> Mapping[Slot, Sample]:
        def effect() -> Mapping[Slot, Sample]:
            if self._r.metrics_down:
                raise Unavailable("CloudWatch is down")
            return {slot: self._sample(slot, since - self._clock.now()) for slot in SLOTS}

        return self._r.call(effect)

    def _sample(self, slot: Slot, age: float) -> Sample:
        now = self._r.time
        # A part of a request on average is one, now and then, and CloudWatch counts whole ones.
        requests = math.ceil(round(self._r.requests(slot, now + age, now), 6))
        if requests == 0:
            return Sample(requests=0, errors=0, latency_seconds=None, newest=None)
        alive = self._r.healthy(slot)
        behaviour = self._r.behaviours[alive[0]] if alive else Behaviour(error_ratio=1.0)
        return Sample(
            requests=requests,
            errors=round(requests * behaviour.error_ratio),
            latency_seconds=behaviour.latency_seconds,
            newest=self._clock.now(),
        )

    def smoke(self, slot: Slot, release: Release, tasks: int) -> Smoke:
        alive = self._r.healthy(slot)
        self._r.time += CALL_SECONDS
        if not alive:
            return Smoke(problems=("nobody answers",), requests=10, errors=10, latency_seconds=None)
        behaviour = self._r.behaviours[alive[0]]
        wrong = alive[0] != release.release_id
        return Smoke(
            problems=("another release answers",) if wrong else (),
            requests=10 * tasks,
            errors=0,
            latency_seconds=behaviour.latency_seconds,
        )

    def split(self, probes: int) -> Split:
        """Exact shares of each node's view: the arithmetic of chance is tested elsewhere."""
        self._r.time += probes / 1000
        answers: dict[str, int] = {}
        unknown = 0
        for node in range(NODES):
            shares = self._r.shares(node, self._r.time)
            if not any(shares.values()):  # a 503 of the balancer's own
                unknown += round(probes / NODES)
            for slot in SLOTS:
                count = round(probes / NODES * shares[slot] / SCALE)
                alive = self._r.healthy(slot)
                if alive:
                    answers[alive[0]] = answers.get(alive[0], 0) + count
                else:
                    unknown += count
        return Split(answers={k: v for k, v in answers.items() if v}, unknown=unknown)

    def index(self) -> Index:
        def effect() -> Index:
            self._s3()
            return Index(etag=self._r.page, version=self._r.page, sha256=self._r.page)

        return self._r.call(effect)

    def point(self, page: Page, *, etag: str, not_after: float) -> None:
        token = self._token()

        def effect() -> None:
            self._s3()
            self._fence(not_after)
            if etag != self._r.page:
                raise Unavailable("somebody else was faster")
            self._r.check_freeze()
            self._r.check_page(page, token)
            self._r.page, self._r.page_foreign = page.sha256, False

        self._r.call(effect)

    def shown(self) -> str:
        self._r.time += CALL_SECONDS
        return self._r.page

    def _s3(self) -> None:
        if self._r.s3_down:
            raise Unavailable("S3 is down")

    def image_exists(self, image: str) -> bool:
        return self._r.call(lambda: True)

    def register(self, release: Release) -> str:
        def effect() -> str:
            arn = f"release:{len(self._r.definitions) + 1}"
            self._r.definitions[arn] = release
            return arn

        return self._r.call(effect)

    def start_migration(self, release: Release, run: str, *, verify_only: bool) -> str:
        asked_at = self._r.time

        def effect() -> str:
            arn = f"{run}/{verify_only}"
            self._r.migrations.setdefault(arn, (release.release_id, self._r.time))
            # Not fenced (ADR 11): who slept through the lease starts it whatever came since.
            if self._r.time - asked_at < SETTING.lease_seconds:
                self._r.check_freeze()
            elif not verify_only:
                self._r.migrated_late = True
            if not verify_only and not self._r.behaviours[release.release_id].migration_exit:
                self._r.schema = max(self._r.schema, release.schema_min)
            return arn

        return self._r.call(effect)

    def migration(self, run: str) -> str:
        arn = f"{run}/False"
        return self._r.call(lambda: arn if arn in self._r.migrations else "")

    def task(self, arn: str) -> TaskStatus:
        def effect() -> TaskStatus:
            release, started = self._r.migrations[arn]
            if self._r.time < started + START_SECONDS:
                return TaskStatus(stopped=False)
            behaviour = self._r.behaviours[release]
            verifies = arn.endswith("/True")
            code = behaviour.verification_exit if verifies else behaviour.migration_exit
            return TaskStatus(stopped=True, exit_code=code, reason="said so")

        return self._r.call(effect)

    def fill(self, slot: Slot, task_definition: str, tasks: int, *, not_after: float) -> str:
        def effect() -> str:
            self._fence(not_after)
            here = self._r.slots[slot]
            release = self._r.definitions[task_definition].release_id
            if here.definition == task_definition:
                self._r.grow(slot, tasks)
            else:
                self._r.check_freeze()
                self._r.check_change(slot, self.read_at, taken_away=False)
                here.definition, here.desired = task_definition, tasks
                here.started = [(self._r.time, release)] * tasks
            return f"ecs-svc/{here.rolls}"

        return self._r.call(effect)

    def scale_in(self, slot: Slot, *, floor: int, not_after: float) -> None:
        def effect() -> None:
            self._fence(not_after)
            here = self._r.slots[slot]
            if here.desired:
                self._r.check_freeze()
                self._r.check_change(slot, self.read_at, taken_away=True)
                here.desired, here.started = 0, []
                here.stopping_until = self._r.time + STOP_SECONDS

        self._r.call(effect)

    def roll(self, slot: Slot, *, not_after: float) -> str:
        def effect() -> str:
            self._fence(not_after)
            self._r.slots[slot].rolls += 1
            return f"ecs-svc/{self._r.slots[slot].rolls}"

        return self._r.call(effect)

    def _fence(self, not_after: float) -> None:
        # IAM's clock is the true one; the process asked by its own.
        if self._r.time > not_after:
            raise Refused("the session has ended")


@dataclass(frozen=True)
class Process:
    """One process of somebody's: its session, as a command builds it."""

    session: Session
    world: SimWorld


def process(reality: Reality, run: str, *, skew_seconds: float = 0.0) -> Process:
    clock = SimClock(reality, skew_seconds)
    store = SimStore(reality, clock)
    tokens: list[int] = [0]

    class Noticing(SimStore):
        def append(self, *args: Any, **kwargs: Any) -> Snapshot:
            written = super().append(*args, **kwargs)
            tokens[0] = written.lease.token
            return written

        def read(self) -> Snapshot:
            found = super().read()
            if found.lease.owner and found.lease.owner.run == run:
                tokens[0] = found.lease.token
            return found

    store = Noticing(reality, clock)
    world = SimWorld(reality, clock, lambda: tokens[0])
    order = Order(run=run, reason="because", by="somebody", host="host", pid=len(run))
    return Process(Session(world, store, clock, SETTING, order), world)
