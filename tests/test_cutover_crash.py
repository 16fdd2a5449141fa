"""SIGKILL before every call to AWS and after every change, in a deploy, a rollback and a retire.

After a call that only reads, death is the same as before the next one: nothing has changed.
One half takes the odd calls, the other one the even ones.
Each time the process is really killed, and another one brings the run to its end: by `resume`,
`rollback` or `abort`, in turn. What AWS says then is what the journal says.
"""

import dataclasses
import itertools
import math
import multiprocessing
import os
import signal
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import pytest
from botocore.loaders import Loader
from halves import HALVES
from obedient_aws import STACK, obedient_aws

from cutover.decide.fold import fold
from cutover.decide.journal import Entry
from cutover.decide.live import Sample, Smoke, Split
from cutover.decide.model import SCALE, Release, Terms, active, other
from cutover.decide.outcome import Exit, Result
from cutover.decide.setting import Setting
from cutover.do import fence
from cutover.do.aws_world import AwsWorld
from cutover.do.clients import Clients
from cutover.do.contract import read_contract
from cutover.do.order import Order
from cutover.do.records import entry_record
from cutover.do.session import Session
from cutover.do.table import Table
from cutover.say.wiring import setting_of
from infra.outputs import SLOTS, Contract, Slot

pytestmark = pytest.mark.proof

IMAGE = f"registry.example.com/app@sha256:{'c' * 64}"
REQUESTS = 1_000
READS = ("Describe", "Get", "List", "Query")

LOADER = Loader()
"""Reads botocore's descriptions of AWS once, and not once for each process that is to die."""
RELEASES: dict[str, str] = {}
"""By task definition: what a data plane knows without asking AWS."""
now = multiprocessing.Value("d", 2_000_000_000.0)
"""Seconds since the epoch, for every process: nobody waits for real."""


class Clock:
    def now(self) -> float:
        return now.value

    def monotonic(self) -> float:
        return now.value

    def sleep(self, seconds: float) -> None:
        now.value += 10 * seconds  # who waits looks again after a while, and so not often


class World(AwsWorld):
    """AWS's answers, and a data plane that obeys the weights at once."""

    def __init__(self, clients: Clients, contract: Contract, *, run: str) -> None:
        super().__init__(clients, contract, run=run, clock=Clock())
        self._ask_cloudwatch = self.samples
        self.samples, self.smoke, self.split = self._samples, self._smoke, self._split
        self.shown = lambda: self.index().sha256
        self.releases: dict[Slot, str] = {}

    def _samples(self, since: float) -> dict[Slot, Sample]:
        self._ask_cloudwatch(since)
        weights = self.weights()
        return {
            slot: Sample(
                requests=REQUESTS * weights[slot],
                errors=0,
                latency_seconds=0.02 if weights[slot] else None,
                newest=now.value if weights[slot] else None,
            )
            for slot in SLOTS
        }

    def _smoke(self, slot: Slot, release: Release, tasks: int) -> Smoke:
        return Smoke(problems=(), requests=10 * tasks, errors=0, latency_seconds=0.02)

    def _split(self, probes: int) -> Split:
        answers: Counter[str] = Counter()
        for slot, weight in self.weights().items():
            answers[self._release_in(slot)] += round(probes * weight / SCALE)
        return Split(answers={k: v for k, v in answers.items() if v}, unknown=0)

    def _release_in(self, slot: Slot) -> str:
        definition = self.services()[slot].task_definition
        if definition in RELEASES:
            return RELEASES[definition]
        described = self._clients.call(
            "ecs", "describe_task_definition", taskDefinition=definition
        )["taskDefinition"]["containerDefinitions"]
        (name,) = {
            entry["value"]
            for container in described
            for entry in container.get("environment", [])
            if entry["name"] == "RELEASE_ID"
        }
        return RELEASES.setdefault(definition, name)


@dataclass
class Aws:
    contract: Contract
    setting: Setting
    runs: Iterator[int] = dataclasses.field(default_factory=lambda: itertools.count(1))
    releases: Iterator[int] = dataclasses.field(default_factory=lambda: itertools.count(1))
    made: dict[tuple[str, str | None], Any] = dataclasses.field(default_factory=dict)
    """boto3's clients, for every process but the one that dies: a sixth of the time, made anew."""

    def open(self, arm: Callable[[Clients], None] | None = None) -> "Opened":
        clients = Clients(self.contract.region, call_seconds=60)
        clients._session._session.register_component("data_loader", LOADER)
        if arm:
            arm(clients)
        else:
            clients._clients = self.made
        run = f"run-{next(self.runs)}"
        world = World(clients, self.contract, run=run)
        world._clients = clients
        table = Table(
            clients,
            table=self.contract.journal_table,
            scope=self.contract.environment,
            clock=Clock(),
            lease_seconds=self.setting.lease_seconds,
        )
        order = Order(run=run, reason="because", by="test", host="host", pid=os.getpid())
        session = Session(world, table, Clock(), self.setting, order)
        return Opened(clients, world, table, session)


@dataclass(frozen=True)
class Opened:
    clients: Clients
    world: World
    table: Table
    session: Session


@pytest.fixture(scope="module")
def aws() -> Iterator[Aws]:
    with obedient_aws() as variables, pytest.MonkeyPatch.context() as monkeypatch:
        for name, value in variables.items():
            monkeypatch.setenv(name, value)
        # AWS's time is the machine's, and nobody's here is.
        monkeypatch.setattr(fence, "SKEW_SECONDS", math.inf)
        contract = read_contract(Clients("eu-west-1"), STACK)
        setting = dataclasses.replace(
            setting_of(contract),
            ladder_percent=(50, 100),
            step_seconds=0,
            bake_seconds=0,
            warm_seconds=0,
            metric_period_seconds=1,
            healthy_reads=1,
        )
        yield Aws(contract, setting)


def another(aws: Aws) -> Release:
    """With a page of its own, as CI has uploaded it."""
    name = f"r{next(aws.releases)}"
    key, opened = f"releases/{name}/index.html", aws.open()
    bucket = aws.contract.frontend_bucket
    opened.clients.call("s3", "put_object", Bucket=bucket, Key=key, Body=key.encode())
    page = opened.world.page(key)
    return Release(release_id=name, image=IMAGE, schema_min=0, schema_max=0, page=page)


def killed(aws: Aws, act: Callable[[Session], Result], at: int, event: str) -> bool:
    """Whether the process died at its call number `at`; False when it came to its end before."""
    child = os.fork()
    if child == 0:
        try:
            result = act(aws.open(lambda clients: arm(clients, at, event)).session)
            assert result.exit is Exit.DONE, f"{result.exit.name}: {result.sentence}"
        except BaseException as error:  # noqa: BLE001 (a child must never go on as pytest)
            os.write(2, f"{type(error).__name__}: {error}\n".encode())
            os._exit(1)
        os._exit(0)
    next(aws.runs)
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        assert os.WTERMSIG(status) == signal.SIGKILL
        return True
    assert os.waitstatus_to_exitcode(status) == 0
    return False


def arm(clients: Clients, at: int, event: str) -> None:
    """`before-send` is before a request leaves; `response-received` after AWS has answered."""
    numbers = itertools.count(1)

    def count(event_name: str, **_event: Any) -> None:
        operation = event_name.rpartition(".")[2]
        if event != "before-send" and operation.startswith(READS):
            return
        if next(numbers) == at:
            os.kill(os.getpid(), signal.SIGKILL)

    clients._session._session.register(event, count)


def ended(aws: Aws) -> Opened:
    """Another process's view: no run is open, and AWS, read again, says what the journal says."""
    opened = aws.open()
    state = opened.table.read().state
    assert state.run is None
    entries = opened.table.history()
    assert fold(entries) == state
    forget(opened.clients, aws.contract, entries[:-1])
    assert opened.table.read().lease.owner is None
    committed = state.summary.committed
    assert committed == opened.world.weights()
    assert SCALE in committed.values()
    serving = active(committed)
    service = opened.world.services()[serving]
    assert service.task_definition == state.summary.slots[serving].task_definition
    assert service.desired == state.summary.slots[serving].tasks >= 1
    page = state.summary.slots[serving].release.page
    assert page == state.summary.page
    assert opened.world.index().sha256 == page.sha256
    return opened


def forget(clients: Clients, contract: Contract, entries: Sequence[Entry]) -> None:
    """moto copies the whole table for each transaction; the last entry sums up all before it."""
    for entry in entries:
        key = {"scope": {"S": contract.environment}, "record": {"S": entry_record(entry.sequence)}}
        clients.call("dynamodb", "delete_item", TableName=contract.journal_table, Key=key)


LEAST = {
    ("deploy", "before-send"): 50,
    ("deploy", "response-received"): 25,
    ("rollback", "before-send"): 8,
    ("rollback", "response-received"): 4,
    ("retire", "before-send"): 10,
    ("retire", "response-received"): 6,
}
"""Fewer calls than these, and some were not counted."""
ENDINGS = ("resume", "rollback", "abort")


def bring_to_its_end(aws: Aws, verb: str) -> None:
    """The verb, and `resume` where the verb is refused: before a run was begun, for one."""
    getattr(aws.open().session, verb)()
    if aws.open().table.read().state.run:
        result = aws.open().session.resume()
        assert result.exit in (Exit.DONE, Exit.ROLLED_BACK), result.sentence


@pytest.mark.parametrize("half", HALVES)
@pytest.mark.parametrize("event", ["before-send", "response-received"])
@pytest.mark.parametrize("what", ["deploy", "rollback", "retire"])
def test_killed_at_every_call_and_brought_to_its_end(
    aws: Aws, record_property: Callable[[str, object], None], what: str, event: str, half: int
) -> None:
    kills: Counter[str] = Counter()
    assert aws.open().session.deploy(another(aws)).exit is Exit.DONE
    for at in itertools.count(1 + half, len(HALVES)):
        newest = another(aws)
        if what == "deploy":
            died = killed(aws, lambda s, r=newest: s.deploy(r), at, event)
        else:
            assert aws.open().session.deploy(newest, Terms(retire=False)).exit is Exit.DONE
            died = killed(aws, lambda s: getattr(s, what)(), at, event)
        ending = ENDINGS[at % len(ENDINGS)]
        if died:
            kills[ending] += 1
            bring_to_its_end(aws, ending)
        opened = ended(aws)
        if not died:
            break
        clear_the_idle_slot(opened)
    record_property(f"{what} killed {event}, then brought to its end by", dict(kills))
    assert sum(kills.values()) >= len(range(half, LEAST[what, event], len(HALVES)))


def clear_the_idle_slot(opened: Opened) -> None:
    """The next attempt begins as the first one did."""
    state = opened.table.read().state
    idle = other(active(state.summary.committed or {}))
    if opened.world.services()[idle].desired:
        assert opened.session.retire().exit is Exit.DONE
