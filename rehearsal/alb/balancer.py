"""Stands in for the ALB: follows a routing and a set of targets while requests flow.

What is asked of it takes effect after the propagation delay, as at an ALB; no change of weights
or targets closes a client's connection. It moves when called: call any method, or `advance`,
a few times a second.
"""

import contextlib
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from rehearsal.alb.haproxy import Structure, write_configuration
from rehearsal.alb.observation import Statistics
from rehearsal.alb.pages import Pages
from rehearsal.alb.routing import Routing
from rehearsal.alb.runtime_api import RuntimeApi
from rehearsal.alb.target_group import Observation, TargetGroup
from rehearsal.alb.targets import Targets
from rehearsal.errors import RehearsalError
from rehearsal.machine.process import Process
from rehearsal.machine.supervisor import Supervisor

DIFFERENCES = (
    "An ALB has a node in each zone, and a new weight reaches them one by one at a time that AWS "
    "does not publish; here it takes effect at one instant, after a delay that you choose.",
    "A target's first health check comes one interval after its registration; an ALB's comes soon.",
    "Health checks send Host: 127.0.0.1; an ALB sends the target's address and port.",
    "A header that is repeated in a request counts with its last value; an ALB tries each.",
)


# AWS publishes none for an ALB.
PROPAGATION_SECONDS = 2.0


@dataclass(frozen=True, kw_only=True)
class BalancerSettings:
    groups: tuple[TargetGroup, ...]
    """Every group that a rule may ever name."""
    routing: Routing
    """In force from the start. Later ones may add rules, but no header name or fixed response."""
    propagation_seconds: float = PROPAGATION_SECONDS
    idle_seconds: int = 60
    pages: Pages | None = None
    """What stands before it; without, every path is the balancer's."""
    clock: Callable[[], float] = time.monotonic


class Balancer:
    """A running HAProxy. Every method may be called from any thread.

    Raises RehearsalError from any of them once HAProxy is gone.
    """

    def __init__(
        self, process: Process, api: RuntimeApi, structure: Structure, settings: BalancerSettings
    ) -> None:
        self.in_force = settings.routing
        """The routing that requests meet now."""
        self._process = process
        self._api = api
        self._structure = structure
        self._settings = settings
        self._lock = threading.RLock()
        self._pending: deque[tuple[float, Routing]] = deque()
        self._targets = Targets(api)

    @classmethod
    def start(
        cls,
        supervisor: Supervisor,
        *,
        port: int,
        certificate: Path,
        settings: BalancerSettings,
        name: str = "balancer",
    ) -> Self:
        """Returns when it listens on 127.0.0.1; `certificate` is a PEM file with chain and key."""
        structure = Structure.of(settings.groups, settings.routing)
        structure.refuse_what_is_new(settings.routing)
        directory = supervisor.make_directory(name)
        configuration = write_configuration(
            directory,
            structure,
            settings.routing,
            port=port,
            certificate=certificate,
            idle_seconds=settings.idle_seconds,
            pages=settings.pages,
        )
        process = supervisor.start(name, ["haproxy", "-db", "-f", str(configuration)], env={})
        api = RuntimeApi(directory)
        supervisor.wait_until(
            lambda: "Uptime_sec" in api.ask("show info"),
            what=f"{name} did not start",
            timeout_seconds=20,
            process=process,
        )
        return cls(process, api, structure, settings)

    def apply(self, routing: Routing) -> None:
        """Puts a routing in force after the propagation delay; asking for the same does nothing."""
        with self._lock:
            self._structure.refuse_what_is_new(routing)
            latest = self._pending[-1][1] if self._pending else self.in_force
            if routing != latest:
                due = self._settings.clock() + self._settings.propagation_seconds
                self._pending.append((due, routing))
            self.advance()

    def set_targets(self, group_arn: str, targets: Sequence[tuple[str, int]]) -> None:
        """Registers those that are new, and drains those that are no longer named."""
        with self._lock:
            group = self._structure.groups.get(group_arn)
            if group is None:
                raise RehearsalError(f"the balancer was not started with target group {group_arn}")
            with self._errors():
                self._targets.set(group, targets, self._settings.clock())
            self.advance()

    def settled(self) -> bool:
        """True when what was asked for last is what requests meet."""
        with self._lock:
            self.advance()
            return not self._pending

    def advance(self) -> None:
        """Does what has become due: routings, first checks that passed, drained targets."""
        with self._lock, self._errors():
            now = self._settings.clock()
            while self._pending and self._pending[0][0] <= now:
                _, routing = self._pending.popleft()
                self._api.replace_map(self._structure.map_lines(routing))
                self.in_force = routing
            self._targets.advance(now)

    def observe(self) -> Observation:
        """What it has counted since it started, and how its targets are now."""
        with self._lock, self._errors():
            self.advance()
            statistics = Statistics(self._api.statistics())
            return statistics.observe(self._structure.groups.values(), self._targets.known)

    @contextlib.contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            # The socket is gone a moment before the process is.
            if self._process.exited.wait(1):
                raise RehearsalError(
                    f"{self._process.name} is gone: it {self._process.obituary()}"
                ) from None
            raise RehearsalError(
                f"{self._process.name} does not answer on its admin socket ({error}); "
                "start the rehearsal again"
            ) from None
