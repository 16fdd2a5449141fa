"""Open-loop traffic from a process of its own: what is sent, how to start it, how to end it."""

import ipaddress
import json
import signal
import sys
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from urllib.parse import urlsplit

from rehearsal.errors import RehearsalError
from rehearsal.machine.process import Process
from rehearsal.machine.supervisor import Supervisor
from rehearsal.traffic.tally import LoadResult, Record, tally

MAX_REQUESTS = 3_000_000
MAX_RATE_PER_SECOND = 2_000
ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of client. A request of it fails on any exception and on any other status."""

    name: str
    path: str
    share: float
    """Relative to the other kinds' shares."""
    method: str = "GET"
    expected_status: int = 200
    new_connection: bool = False
    """A TCP and TLS handshake for each request, instead of a kept connection."""
    body_bytes: int = 0
    body_seconds: float = 0.0
    """The body is sent in pieces over this time."""
    content_type: str = "application/octet-stream"


@dataclass(frozen=True, kw_only=True)
class LoadPlan:
    """A fixed number of requests at a fixed rate; RehearsalError unless it stays on loopback."""

    url: str
    """Scheme, loopback address and port: https://127.0.0.1:8443."""
    host: str
    """The public name: Host header, SNI, and what the certificate must be for."""
    ca: str
    """Path of the PEM file with the only authority that is trusted."""
    kinds: tuple[Kind, ...]
    rate_per_second: float = 250.0
    seconds: float = 60.0
    timeout_seconds: float = 30.0
    """After this long a request has failed."""
    connections: int = 128
    """Kept connections at most; a request that waits for one is already late and measured so."""
    release_header: str = "X-Release-Id"
    """Where an answer says which release made it; else `release` or `version` of a JSON answer."""

    def __post_init__(self) -> None:
        refuse_other_machines(self.url)
        if not self.kinds or any(kind.share <= 0 for kind in self.kinds):
            raise RehearsalError("load needs at least one kind of client, each with a share over 0")
        if not 0 < self.rate_per_second <= MAX_RATE_PER_SECOND:
            raise RehearsalError(
                f"load rate must be over 0 and at most {MAX_RATE_PER_SECOND} requests per second, "
                f"got {self.rate_per_second:g}"
            )
        if not 1 <= self.requests <= MAX_REQUESTS:
            raise RehearsalError(
                f"load must be 1 to {MAX_REQUESTS} requests, got {self.seconds:g} seconds at "
                f"{self.rate_per_second:g} per second"
            )

    @property
    def requests(self) -> int:
        return round(self.rate_per_second * self.seconds)

    def kind_of(self, number: int) -> Kind:
        """The kind of request `number`: shares are kept over any stretch, not just in the end."""
        total = sum(kind.share for kind in self.kinds)
        # Multiples of the golden ratio fill the unit interval evenly and never fall into step.
        position = number * 0.6180339887498949 % 1.0 * total
        for kind in self.kinds:
            position -= kind.share
            if position < 0:
                return kind
        return self.kinds[-1]

    def to_json(self) -> str:
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "LoadPlan":
        fields = json.loads(text)
        return cls(**{**fields, "kinds": tuple(Kind(**kind) for kind in fields["kinds"])})


def refuse_other_machines(url: str) -> None:
    """RehearsalError unless the URL names a loopback address by number: load is never sent out."""
    try:
        loopback = ipaddress.ip_address(urlsplit(url).hostname or "").is_loopback
    except ValueError:
        loopback = False
    if not loopback:
        raise RehearsalError(
            f"load goes to loopback only, got {url}; use an address such as https://127.0.0.1:8443"
        )


class Load:
    """Requests under way. They go on until the plan's end or `finish`, whatever else happens."""

    def __init__(
        self, supervisor: Supervisor, process: Process, plan: LoadPlan, records: Path
    ) -> None:
        self.plan = plan
        self._supervisor = supervisor
        self._process = process
        self._records = records
        self._started = time.monotonic()

    @classmethod
    def start(cls, supervisor: Supervisor, plan: LoadPlan, *, name: str = "load") -> "Load":
        """Returns when the first requests have been sent. `name` tells two loads apart."""
        records = supervisor.directory / f"{name}.jsonl"
        settings = supervisor.directory / f"{name}.json"
        try:
            settings.write_text(plan.to_json())
            records.write_text("")
        except OSError as error:
            raise RehearsalError(f"can't write {error.filename}: {error.strerror}") from None
        process = supervisor.start(
            name,
            [sys.executable, "-m", "rehearsal.traffic.prober", str(settings), str(records)],
            env={"PYTHONPATH": str(ROOT), "PYTHONDONTWRITEBYTECODE": "1"},
            stop_signal=signal.SIGTERM,
            stop_timeout_seconds=plan.timeout_seconds + 5,
            one_off=True,
        )
        load = cls(supervisor, process, plan, records)
        supervisor.wait_until(
            lambda: records.stat().st_size > 0,
            what=f"{name} sent no request",
            timeout_seconds=20,
            process=process,
        )
        return load

    @property
    def running(self) -> bool:
        return self._process.alive

    @property
    def due(self) -> int:
        """How many requests have been due so far, within those of a second."""
        return round((time.monotonic() - self._started) * self.plan.rate_per_second)

    def so_far(self, slots: Mapping[str, str]) -> LoadResult:
        """What has been answered up to about a second ago; `slots` maps release ids to slots."""
        return tally(*self.records(), plan_rate=self.plan.rate_per_second, slots=slots)

    def wait(self) -> None:
        """Returns when every request of the plan has been answered.

        Raises RehearsalError when that takes too long, and at once when any process has died.
        """
        deadline = time.monotonic() + self.plan.seconds + self.plan.timeout_seconds + 10
        while not self._process.exited.wait(0.2):
            self._supervisor.check()
            if time.monotonic() >= deadline:
                self._process.kill()
                raise RehearsalError(
                    f"load was still under way {self.plan.timeout_seconds + 10:g} seconds after "
                    "its last request was due, and was killed"
                )

    def finish(self, slots: Mapping[str, str]) -> LoadResult:
        """Sends nothing more, waits for what is under way, and counts everything exactly.

        `slots` maps release ids to slots. Raises RehearsalError when the prober itself failed.
        """
        self._process.stop()
        if self._process.exit_code != 0:
            raise RehearsalError(f"load can't be counted: its prober {self._process.obituary()}")
        return self.so_far(slots)

    def records(self) -> tuple[float, list[Record]]:
        """When the load started, in epoch seconds, and what has been answered so far."""
        header, *lines = self._records.read_text().splitlines(keepends=True)
        whole = [line for line in lines if line.endswith("\n")]
        return json.loads(header)["started_at"], [Record(**json.loads(line)) for line in whole]
