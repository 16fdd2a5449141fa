"""`python -m cutover` in this process, on an environment in memory."""

import itertools
import json
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest

from cutover.decide.model import Release, Terms
from cutover.do.announced import Announced, Hear
from cutover.do.channel import Channel
from cutover.do.order import Order
from cutover.do.session import Session
from cutover.do.world import Refused
from cutover.say import cli, job, wiring
from tests.cutover_fakes import IMAGE, SETTING, FakeClock, MemoryStore
from tests.ready_world import ReadyWorld

DEPLOY = ("deploy", "--image", IMAGE, "--release")
Output = pytest.CaptureFixture[str]


@dataclass
class FakeContract:
    """Of a contract, what the command line reads."""

    environment: str = "testing"
    cluster: str = "the-cluster"


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


def answer(output: Output) -> dict[str, object]:
    """The one object on standard output."""
    found = json.loads(output.readouterr().out)
    assert isinstance(found, dict)
    return found
