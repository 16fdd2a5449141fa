"""Probes show who answers on the public path, never more than asked for, and always in time."""

import itertools
import socket
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from cutover.decide.live import Split
from cutover.decide.model import Release
from cutover.do import volley
from cutover.do.clients import Clients
from cutover.do.contract import UnreadableContract
from cutover.do.probe_connection import ProbeConnection, Way
from cutover.do.probes import Probes
from cutover.do.world import Refused
from infra.outputs import PROBE_HEADER, Contract
from tests.cutover_aws import StoppedClock
from tests.environments import recorded
from tests.stub_upstream import HOST, Answer, Request, Upstream, make_certificate, upstream

TOKEN = "5e" * 32
RELEASE = Release(release_id="r-2", image="app", schema_min=1, schema_max=1)


def named(release: str, status: int = 200) -> Answer:
    return Answer(status=status, headers={"X-Release-Id": release})


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def stub(certificate: Path) -> Iterator[Upstream]:
    with upstream(certificate, lambda _request: named("r-2")) as started:
        yield started


def authority(certificate: Path) -> str:
    end = "-----END CERTIFICATE-----\n"
    return certificate.read_text().partition(end)[0] + end


@pytest.fixture
def contract(stub: Upstream, certificate: Path) -> Contract:
    return replace(
        Contract.of(recorded("testing").exports),
        public_url=f"https://{HOST}",
        public_address=f"127.0.0.1:{stub.port}",
        public_authority=authority(certificate),
    )


class Secrets:
    """Clients that know one secret and nothing else."""

    def __init__(self, contract: Contract) -> None:
        self.asked: list[tuple[str, str]] = []
        self._name = contract.probe_token_secret

    def call(self, service: str, operation: str, /, **arguments: Any) -> Any:
        self.asked.append((service, operation))
        assert arguments == {"SecretId": self._name}
        return {"SecretString": TOKEN}


@pytest.fixture
def secrets(contract: Contract) -> Secrets:
    return Secrets(contract)


class Hurried(StoppedClock):
    """Time that only the pace of the probes lets pass, from several threads."""

    def __init__(self) -> None:
        super().__init__()
        self.slept: list[float] = []
        self._lock = threading.Lock()

    def sleep(self, seconds: float) -> None:
        with self._lock:
            self.slept.append(seconds)
            super().sleep(seconds)


def make(
    contract: Contract, secrets: Any, *, clock: StoppedClock | None = None, **options: Any
) -> Probes:
    return Probes(secrets, contract, clock=clock or Hurried(), **options)


def in_turn(*answers: Answer | None) -> Callable[[Request], Answer | None]:
    """The n-th request of all gets the n-th answer, over and over."""
    turns, lock = itertools.cycle(answers), threading.Lock()

    def answer(_request: Request) -> Answer | None:
        with lock:
            return next(turns)

    return answer


def test_a_split_counts_who_answered(stub: Upstream, contract: Contract, secrets: Secrets) -> None:
    stub.answer = in_turn(named("r-1"), named("r-1"), named("r-1"), named("r-2", 503))
    found = make(contract, secrets).split(100)
    assert found == Split(answers={"r-1": 75, "r-2": 25}, unknown=0)
    assert len(stub.requests) == 100


def test_a_probe_goes_everybodys_way_by_the_public_name_with_the_token(
    stub: Upstream, contract: Contract, secrets: Secrets
) -> None:
    probes = make(contract, secrets)
    probes.split(3)
    probes.split(2)
    assert {(r.method, r.path) for r in stub.requests} == {("GET", "/health")}
    assert {tuple(r.header("Host")) for r in stub.requests} == {(HOST,)}
    assert {tuple(r.header(PROBE_HEADER)) for r in stub.requests} == {(f"live:{TOKEN}",)}
    assert secrets.asked == [("secretsmanager", "get_secret_value")]


def test_nothing_is_asked_before_it_is_needed(contract: Contract, secrets: Secrets) -> None:
    assert make(contract, secrets).split(0) == Split(answers={}, unknown=0)
    assert secrets.asked == []


def test_who_says_no_release_or_nothing_at_all_is_unknown(
    stub: Upstream, contract: Contract, secrets: Secrets
) -> None:
    stub.answer = in_turn(named("r-1"), Answer(), None, named("r-1"))
    assert make(contract, secrets).split(40) == Split(answers={"r-1": 20}, unknown=20)


def test_what_was_sent_when_is_remembered(
    stub: Upstream, contract: Contract, secrets: Secrets
) -> None:
    clock = Hurried()
    probes = make(contract, secrets, clock=clock)
    probes.smoke("green", RELEASE, 3)
    between = clock.at
    # What had no answer, or a bad one by another sign, no balancer counts as an error.
    stub.answer = in_turn(named("r-2", 503), None, named("r-2", 404), named("r-2"))
    probes.smoke("green", RELEASE, 4)
    probes.smoke("blue", RELEASE, 2)
    probes.split(10)
    after = clock.at
    assert between > 0
    assert probes.sent("green", 0, between) == (30, 0)
    assert probes.sent("green", between, after) == (40, 10)
    assert probes.sent("green", 0, after) == (70, 10)
    assert probes.sent("blue", 0, after) == (20, 5)
    assert probes.sent("green", after, after + 1) == (0, 0)


def test_nobody_there_is_unknown(contract: Contract, secrets: Secrets) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        nowhere = replace(contract, public_address=f"127.0.0.1:{free.getsockname()[1]}")
        assert make(nowhere, secrets).split(30) == Split(answers={}, unknown=30)


def test_only_the_contracts_own_authority_is_trusted(
    stub: Upstream, contract: Contract, secrets: Secrets, tmp_path: Path
) -> None:
    other = replace(contract, public_authority=authority(make_certificate(tmp_path)))
    assert make(other, secrets).split(5) == Split(answers={}, unknown=5)
    system = replace(contract, public_authority="")
    assert make(system, secrets).split(5) == Split(answers={}, unknown=5)
    named_otherwise = replace(contract, public_url="https://elsewhere.example.com")
    assert make(named_otherwise, secrets).split(5) == Split(answers={}, unknown=5)
    assert stub.requests == []


def test_without_an_address_of_its_own_the_public_name_is_connected_to(contract: Contract) -> None:
    way = Way.of(replace(contract, public_address=""))
    assert (way.host, way.address) == (HOST, (HOST, 443))
    way = Way.of(replace(contract, public_address="[::1]:8443"))
    assert (way.host, way.address) == (HOST, ("::1", 8443))


@pytest.mark.parametrize(
    ("field", "text", "reason"),
    [
        ("public_authority", "rubbish", "no start line"),
        ("public_authority", "Zertifikät", "ASCII"),
        ("public_address", "127.0.0.1:https", "Port could not be cast"),
        ("public_url", "https://[::1", "Invalid IPv6 URL"),
    ],
)
def test_a_contract_whose_public_name_cant_be_used_is_unreadable(
    contract: Contract, field: str, text: str, reason: str
) -> None:
    with pytest.raises(UnreadableContract) as unreadable:
        Way.of(replace(contract, **{field: text}))
    said = str(unreadable.value)
    assert said.startswith(
        f"/slipway/{contract.environment}/contract: its {field} {text!r} can't be used ("
    )
    assert reason in said
    assert said.endswith(f"; run `pulumi up --stack {contract.environment}` to write it again")


def test_so_many_probes_are_on_their_way_at_once(
    stub: Upstream, contract: Contract, secrets: Secrets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(volley, "CONNECTIONS", 3)
    serving, most = 0, 0
    lock, all_there = threading.Lock(), threading.Barrier(3)

    def answer(_request: Request) -> Answer:
        nonlocal serving, most
        with lock:
            serving += 1
            most = max(most, serving)
        all_there.wait(timeout=30)
        with lock:
            serving -= 1
        return named("r-2")

    stub.answer = answer
    assert make(contract, secrets).split(30) == Split(answers={"r-2": 30}, unknown=0)
    assert most == 3


def test_connections_are_new_ones_again_and_again(
    stub: Upstream, contract: Contract, secrets: Secrets
) -> None:
    make(contract, secrets).split(400)
    assert len(stub.requests) == 400
    # 400 probes need 20 connections at least, and each of 16 threads may leave one unfinished.
    assert 20 <= stub.connections <= 20 + 16


def test_a_connection_serves_at_most_twenty_probes(
    stub: Upstream, contract: Contract, secrets: Secrets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(volley, "CONNECTIONS", 1)
    make(contract, secrets).split(41)
    assert (len(stub.requests), stub.connections) == (41, 3)


def test_after_a_failure_the_connection_is_a_new_one(
    stub: Upstream, contract: Contract, secrets: Secrets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(volley, "CONNECTIONS", 1)
    stub.answer = in_turn(named("r-2"), None, named("r-2"))
    assert make(contract, secrets).split(3) == Split(answers={"r-2": 2}, unknown=1)
    assert stub.connections == 2


def test_probes_keep_to_their_rate(
    contract: Contract, secrets: Secrets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(volley, "CONNECTIONS", 1)
    clock = Hurried()
    make(contract, secrets, clock=clock).split(101)
    assert clock.at == pytest.approx(100 / 200)
    assert clock.slept == pytest.approx([0, *[1 / 200] * 100])


def test_what_is_late_is_not_sent(
    stub: Upstream, contract: Contract, secrets: Secrets, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(volley, "CONNECTIONS", 1)
    clock = Hurried()

    def slow(_request: Request) -> Answer:
        clock.at += 1.0
        return named("r-2")

    stub.answer = slow
    # The last one's time is over after 0.2 s, so that what has not begun 2 s later is dropped:
    # the third one begins at 2.0 s and the fourth one would at 3.0 s.
    found = make(contract, secrets, clock=clock).split(40)
    assert found == Split(answers={"r-2": 3}, unknown=37)
    assert len(stub.requests) == 3


def test_a_probe_waits_for_its_answer_no_longer_than_its_time(
    contract: Contract,
) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        address = f"127.0.0.1:{silent.getsockname()[1]}"
        connection = ProbeConnection(Way.of(replace(contract, public_address=address)), 0.2)
        with pytest.raises(TimeoutError):
            connection.get("/health", {})


def test_a_smoke_asks_each_task_often_through_the_slots_test_rule(
    stub: Upstream, contract: Contract, secrets: Secrets
) -> None:
    found = make(contract, secrets).smoke("green", RELEASE, 3)
    assert (found.problems, found.requests, found.errors) == ((), 30, 0)
    assert found.latency_seconds is not None
    assert 0 < found.latency_seconds < 5
    assert {tuple(r.header(PROBE_HEADER)) for r in stub.requests} == {(f"green:{TOKEN}",)}
    assert make(contract, secrets).smoke("blue", RELEASE, 1).requests == 20


def test_a_smoke_asks_for_every_path(stub: Upstream, contract: Contract, secrets: Secrets) -> None:
    stub.answer = lambda request: named("r-2", 404 if request.path == "/api/items" else 200)
    probes = make(contract, secrets, paths=("/health", "/api/items"))
    found = probes.smoke("green", RELEASE, 2)
    assert Counter(r.path for r in stub.requests) == {"/health": 20, "/api/items": 20}
    assert (found.requests, found.errors) == (40, 0)
    assert found.problems == (
        "20 of 20 probes of the green slot for /api/items were answered with status 404 instead "
        "of 200",
    )


def test_what_is_wrong_with_a_slot_is_said_in_sentences(
    stub: Upstream, contract: Contract, secrets: Secrets
) -> None:
    stub.answer = in_turn(
        named("r-1"), named("r-2"), Answer(status=403), named("r-2", 503), None, named("r-2")
    )
    found = make(contract, secrets).smoke("green", RELEASE, 3)
    assert (found.requests, found.errors) == (30, 10)
    of = "of 30 probes of the green slot for /health"
    assert found.problems == (
        f"5 {of} had no answer",
        f"5 {of} were answered with status 403 instead of 200",
        f"5 {of} were answered with status 503 instead of 200",
        f"5 {of} were answered by somebody who names no release instead of r-2",
        f"5 {of} were answered by release r-1 instead of r-2",
    )


def test_a_slot_that_answers_nothing_has_no_latency(
    stub: Upstream, contract: Contract, secrets: Secrets
) -> None:
    stub.answer = lambda _request: None
    found = make(contract, secrets).smoke("blue", RELEASE, 1)
    assert (found.requests, found.errors, found.latency_seconds) == (20, 20, None)
    assert found.problems == ("20 of 20 probes of the blue slot for /health had no answer",)


def test_a_token_that_may_not_be_read_is_refused(contract: Contract) -> None:
    class Denied(Clients):
        def __init__(self) -> None: ...

        def call(self, service: str, operation: str, /, **_arguments: Any) -> Any:
            raise Refused(f"AWS denies {service}:{operation}")

    with pytest.raises(Refused, match="AWS denies secretsmanager:get_secret_value"):
        make(contract, Denied()).split(1)
