"""The prober keeps its schedule, counts exactly, hides no failure and never leaves loopback."""

import ipaddress
import json
import signal
import threading
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from stub_upstream import HOST, Answer, Request, Upstream, make_certificate, upstream

from rehearsal.errors import RehearsalError
from rehearsal.machine.supervisor import Supervisor
from rehearsal.traffic.load import Kind, Load, LoadPlan
from rehearsal.traffic.prober import release_in
from rehearsal.traffic.tally import Record, tally

STEADY = Kind(name="keep-alive", path="/health", share=1)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return make_certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def supervisor() -> Iterator[Supervisor]:
    with Supervisor() as made:
        yield made


def plan(stub: Upstream, certificate: Path, **changes: object) -> LoadPlan:
    values: dict = {
        "url": f"https://127.0.0.1:{stub.port}",
        "host": HOST,
        "ca": str(certificate),
        "kinds": (STEADY,),
        "rate_per_second": 200,
        "seconds": 1,
    }
    return LoadPlan(**{**values, **changes})


@pytest.mark.services
def test_every_failure_is_counted_and_nothing_else(
    supervisor: Supervisor, certificate: Path
) -> None:
    seen = Counter[str]()
    lock = threading.Lock()

    def answer(request: Request) -> Answer:
        with lock:
            seen["all"] += 1
            failing = seen["all"] % 50 == 0
        release = "r2" if request.method == "POST" else "r1"
        return Answer(500 if failing else 200, headers={"X-Release-Id": release})

    kinds = (
        Kind(name="keep-alive", path="/health", share=70),
        Kind(name="new-connection", path="/health", share=10, new_connection=True),
        Kind(
            name="slow-body",
            path="/api/upload",
            share=10,
            method="POST",
            body_bytes=10_001,
            body_seconds=0.5,
        ),
        Kind(name="large-body", path="/api/upload", share=10, method="POST", body_bytes=300_000),
    )
    with upstream(certificate, answer) as stub:
        load = Load.start(
            supervisor, plan(stub, certificate, kinds=kinds, rate_per_second=100, seconds=4)
        )
        load.wait()
        result = load.finish({"r1": "blue", "r2": "green"})

    assert (result.requests, result.failed) == (400, 8)
    assert result.reasons == {"status 500, expected 200": 8}
    assert [failure.status for failure in result.failures] == [500] * 8
    assert sum(result.slots.values()) == 392
    assert set(result.slots) == {"blue", "green"}
    # What the plan says of each number is what arrived.
    expected = Counter(load.plan.kind_of(n).name for n in range(400))
    assert {name: kind.requests for name, kind in result.kinds.items()} == expected
    assert Counter(len(request.body) for request in stub.requests) == {
        0: expected["keep-alive"] + expected["new-connection"],
        10_001: expected["slow-body"],
        300_000: expected["large-body"],
    }
    assert stub.connections >= expected["new-connection"]
    assert [second.second for second in result.timeline] == [0, 1, 2, 3]
    assert sum(second.failed for second in result.timeline) == 8
    addresses = {ipaddress.ip_address(r.header("X-Forwarded-For")[0]) for r in stub.requests}
    assert len(addresses) == 400
    assert all(address in ipaddress.ip_network("198.18.0.0/15") for address in addresses)
    assert {tuple(request.header("Host")) for request in stub.requests} == {(HOST,)}


@pytest.mark.services
def test_requests_keep_coming_while_none_is_answered(
    supervisor: Supervisor, certificate: Path
) -> None:
    """A client that waits for an answer before it sends again would never get one here."""
    arrived = threading.Semaphore(0)
    sixty = threading.Event()

    def answer(_: Request) -> Answer:
        arrived.release()
        assert sixty.wait(20)
        return Answer()

    with upstream(certificate, answer) as stub:
        load = Load.start(supervisor, plan(stub, certificate, seconds=0.5))
        for _ in range(60):
            assert arrived.acquire(timeout=20)
        sixty.set()
        load.wait()
        result = load.finish({})
    assert (result.requests, result.failed) == (100, 0)
    # The sixtieth was due 59 / 200 s after the first, which had to wait for it.
    assert result.max_ms >= 59 / 200 * 1000
    assert result.largest_gap_ms >= 59 / 200 * 1000


@pytest.mark.services
def test_a_stall_shows_in_every_request_that_it_delayed(
    supervisor: Supervisor, certificate: Path
) -> None:
    stalled = threading.Event()

    def answer(_: Request) -> Answer:
        if not stalled.is_set():
            stalled.set()
            time.sleep(0.5)
        return Answer()

    with upstream(certificate, answer) as stub:
        load = Load.start(supervisor, plan(stub, certificate, connections=1, seconds=0.5))
        load.wait()
        result = load.finish({})
    assert (result.requests, result.failed, stub.connections) == (100, 0, 1)
    # Half of them were due in the first half of the stall, so each waited for the rest of it;
    # measured from when they could be sent, all but one would look fast.
    assert result.p50_ms >= 250


@pytest.mark.services
def test_a_connection_that_closes_in_the_moment_it_is_reused_is_a_failure(
    supervisor: Supervisor, certificate: Path
) -> None:
    """HTTP clients repeat such a request by themselves, and nobody ever hears of it."""
    count = iter(range(1, 1000))
    with upstream(certificate, lambda _: None if next(count) == 10 else Answer()) as stub:
        load = Load.start(supervisor, plan(stub, certificate, connections=1, seconds=0.2))
        load.wait()
        result = load.finish({})
    assert (result.requests, result.failed, len(stub.requests)) == (40, 1, 40)
    assert result.failures[0].reason.startswith("ServerDisconnectedError")
    assert result.failures[0].status is None


@pytest.mark.services
def test_a_server_that_proves_nothing_gets_no_request(
    supervisor: Supervisor, certificate: Path
) -> None:
    with upstream(certificate, lambda _: Answer()) as stub:
        load = Load.start(
            supervisor,
            plan(stub, certificate, host="other.example.com", rate_per_second=20, seconds=0.5),
        )
        load.wait()
        result = load.finish({})
    assert (result.requests, result.failed, stub.requests) == (10, 10, [])
    assert "Hostname mismatch" in result.failures[0].reason


@pytest.mark.services
def test_a_prober_that_was_held_up_itself_says_so(
    supervisor: Supervisor, certificate: Path
) -> None:
    with upstream(certificate, lambda _: Answer()) as stub:
        load = Load.start(supervisor, plan(stub, certificate, seconds=60))
        supervisor.wait_until(
            lambda: load.so_far({}).requests >= 20, what="no 20 answers", timeout_seconds=20
        )
        load._process.signal(signal.SIGSTOP)
        time.sleep(0.5)
        load._process.signal(signal.SIGCONT)
        supervisor.wait_until(
            # A slow answer would do for the first alone, while what was late is still to be sent.
            lambda: (so_far := load.so_far({})).max_ms >= 490 and so_far.prober_late_p99_ms >= 300,
            what="no late answer",
            timeout_seconds=20,
        )
        result = load.finish({})
    assert result.failed == 0
    # A request was due within 5 ms after the pause began, and was late by the rest of it.
    assert result.max_ms >= 490
    # About a hundred were late, many more than one in a hundred.
    assert result.prober_late_p99_ms >= 300


@pytest.mark.services
def test_finishing_early_sends_no_more_and_loses_no_count(
    supervisor: Supervisor, certificate: Path
) -> None:
    arrived = threading.Semaphore(0)
    may_answer = threading.Event()

    def answer(request: Request) -> Answer:
        if request.method == "POST":
            arrived.release()
            assert may_answer.wait(20)
        return Answer()

    kinds = (STEADY, Kind(name="upload", path="/", share=0.2, method="POST", body_bytes=10))
    with upstream(certificate, answer) as stub:
        load = Load.start(supervisor, plan(stub, certificate, kinds=kinds, seconds=60))
        for _ in range(5):
            assert arrived.acquire(timeout=20)
        assert load.running
        # While `finish` waits for what is under way.
        threading.Timer(0.3, may_answer.set).start()
        result = load.finish({})
        assert not load.running
    assert result.requests == len(stub.requests)
    assert result.kinds["upload"].requests >= 5
    assert result.requests < 12_000
    assert result.failed == 0


@pytest.mark.services
def test_waiting_ends_when_another_process_of_the_rehearsal_dies(
    supervisor: Supervisor, certificate: Path
) -> None:
    with upstream(certificate, lambda _: Answer()) as stub:
        load = Load.start(supervisor, plan(stub, certificate, seconds=60))
        supervisor.start("other", ["false"], env={})
        with pytest.raises(RehearsalError, match=r"^other died unexpectedly: it ended with exit"):
            load.wait()
        assert load.running


@pytest.mark.services
def test_a_killed_prober_counts_nothing(supervisor: Supervisor, certificate: Path) -> None:
    with upstream(certificate, lambda _: Answer()) as stub:
        load = Load.start(supervisor, plan(stub, certificate, seconds=60))
        load._process.kill()
        with pytest.raises(
            RehearsalError, match=r"^load can't be counted: its prober was ended by SIGKILL; "
        ):
            load.finish({})


@pytest.mark.parametrize(
    "url",
    [
        "https://93.184.216.34:443",
        "https://example.com",
        "https://localhost:8443",
        "https://10.20.0.5",
        "https://0.0.0.0:8443",
        "127.0.0.1:8443",
        "",
    ],
)
def test_load_never_leaves_this_machine(url: str) -> None:
    with pytest.raises(RehearsalError, match=r"^load goes to loopback only, got .*; use an"):
        LoadPlan(url=url, host=HOST, ca="ca.pem", kinds=(STEADY,))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        (
            {"rate_per_second": 0},
            "load rate must be over 0 and at most 2000 requests per second, got 0",
        ),
        (
            {"rate_per_second": 2001},
            "load rate must be over 0 and at most 2000 requests per second, got 2001",
        ),
        (
            {"seconds": 0},
            "load must be 1 to 3000000 requests, got 0 seconds at 250 per second",
        ),
        (
            {"seconds": 12001},
            "load must be 1 to 3000000 requests, got 12001 seconds at 250 per second",
        ),
        ({"kinds": ()}, "load needs at least one kind of client, each with a share over 0"),
        (
            {"kinds": (Kind(name="none", path="/", share=0),)},
            "load needs at least one kind of client, each with a share over 0",
        ),
    ],
)
def test_load_is_bounded(changes: dict, sentence: str) -> None:
    values: dict = {
        "url": "https://127.0.0.1:8443",
        "host": HOST,
        "ca": "ca.pem",
        "kinds": (STEADY,),
    }
    with pytest.raises(RehearsalError) as raised:
        LoadPlan(**{**values, **changes})
    assert str(raised.value) == sentence


def test_a_plan_survives_its_way_to_the_other_process() -> None:
    made = LoadPlan(
        url="https://[::1]:8443", host=HOST, ca="ca.pem", kinds=(STEADY, STEADY), seconds=3
    )
    assert LoadPlan.from_json(made.to_json()) == made


def test_kinds_keep_their_shares_over_any_stretch() -> None:
    made = LoadPlan(
        url="https://127.0.0.1",
        host=HOST,
        ca="",
        kinds=tuple(Kind(name=n, path="/", share=s) for n, s in (("a", 90), ("b", 9), ("c", 1))),
    )
    for start in (0, 777, 123_456):
        drawn = Counter(made.kind_of(n).name for n in range(start, start + 1000))
        assert drawn["a"] in range(897, 904)
        assert drawn["b"] in range(87, 94)
        assert drawn["c"] in range(7, 14)


def record(at: float, took: float, **changes: object) -> Record:
    values: dict = {
        "at": at,
        "ended_at": at + took,
        "latency_seconds": took,
        "late_seconds": 0.0,
        "kind": "keep-alive",
        "status": 200,
        "reason": "",
        "release": "r1",
    }
    return Record(**{**values, **changes})


def test_the_tally_can_be_checked_by_hand() -> None:
    records = [record(n / 10, 0.010 if n < 19 else 0.5) for n in range(20)]
    records[4] = record(0.4, 0.02, status=502, reason="status 502, expected 200")
    records[5] = record(0.5, 0.02, status=None, reason="TimeoutError: ", release=None)
    records[6] = record(0.6, 0.01, release="r9")
    result = tally(100.0, reversed(records), plan_rate=10, slots={"r1": "blue"})
    assert (result.requests, result.failed) == (20, 2)
    assert result.slots == {"blue": 17, "unknown": 1}
    assert (result.p50_ms, result.p99_ms, result.max_ms) == (10.0, 500.0, 500.0)
    assert result.rate_per_second == 10.0
    assert result.seconds == 2.4
    # From the success at 1.81 s to the last one at 2.4 s.
    assert result.largest_gap_ms == pytest.approx(590)
    assert [failure.at for failure in result.failures] == [0.4, 0.5]
    assert result.reasons == {"status 502, expected 200": 1, "TimeoutError: ": 1}
    first, second = result.timeline
    assert (first.slots, first.failed, first.p99_ms) == ({"blue": 7, "unknown": 1}, 2, 20.0)
    assert (second.slots, second.failed, second.p99_ms) == ({"blue": 10}, 0, 500.0)


def test_failures_are_listed_up_to_twenty_and_counted_beyond() -> None:
    records = [record(n / 10, 0.01, reason="boom") for n in range(25)]
    result = tally(0.0, records, plan_rate=10, slots={})
    assert (len(result.failures), result.failed, result.reasons) == (20, 25, {"boom": 25})
    assert result.slots == {}
    # Nothing succeeded from the start to the last answer.
    assert result.largest_gap_ms == pytest.approx(2410)


def test_slow_requests_after_the_last_one_are_no_gap() -> None:
    records = [*(record(n / 10, 0.01) for n in range(10)), record(0.85, 3.0)]
    assert tally(0.0, records, plan_rate=10, slots={}).largest_gap_ms == pytest.approx(100)


def test_no_record_is_no_request() -> None:
    result = tally(0.0, [], plan_rate=10, slots={})
    assert (result.requests, result.failed, result.max_ms, result.largest_gap_ms) == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("content_type", "answer", "release"),
    [
        ("application/json", b'{"version": "r1", "status": "ok"}', "r1"),
        ("application/json", b'{"release": "r2"}', "r2"),
        ("application/json", b'{"version": 1}', None),
        ("application/json", b"[]", None),
        ("text/html", b'{"version": "r1"}', None),
        ("application/json", b'{"version": "r1", "x": "' + b"x" * 5000 + b'"}', None),
    ],
)
def test_a_health_answer_tells_its_release(
    content_type: str, answer: bytes, release: str | None
) -> None:
    assert release_in(content_type, answer) == release


def test_broken_json_is_a_failure() -> None:
    with pytest.raises(json.JSONDecodeError, match="Expecting value"):
        release_in("application/json", b"<html>")
