"""Each check of a running environment fails for the very thing that it promises to notice."""

import http.client
import json
import socket
import threading
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any, cast

import pytest
from rich.console import Console

from infra import headers
from infra.outputs import Slot
from rehearsal import checks
from rehearsal.alb.target_group import GroupObservation, Observation, TargetHealth
from rehearsal.aws.metrics import metric_data
from rehearsal.checks import Unmet
from rehearsal.environment import Environment
from rehearsal.errors import RehearsalError
from rehearsal.progress import Progress
from rehearsal.reporting.report import Check
from rehearsal.traffic.client import Answer

POLICY = {name.lower(): value for name, value in headers.API.headers().items()}
HEALTHY = {
    "status": "healthy",
    "database": "connected",
    "version": "release-1",
    "timestamp": "2026-11-24T07:14:30.664+00:00",
}
NOT_FOUND = Answer(404, {}, b'{"error":"not found"}')


def answer(status: int, content: Any = None, **extra: str) -> Answer:
    return Answer(status, {**POLICY, **extra}, json.dumps(content).encode())


class StubClient:
    """Answers by method and path: the next of a list, its last one for ever."""

    def __init__(self, answers: Mapping[str, list[Answer]]) -> None:
        self.answers = {key: list(value) for key, value in answers.items()}

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        who = "@other" if headers and headers.get("X-Forwarded-For") == "203.0.113.8" else ""
        probe = (headers or {}).get("X-Slipway-Probe", "")
        return self._next(f"GET {path}{who}{probe and '@' + probe}")

    def request(self, method: str, path: str, **_: Any) -> Answer:
        return self._next(f"{method} {path}")

    def announce(self, method: str, path: str, length: int) -> Answer:
        assert length == 10 * 1024**2 + 1
        return self._next(f"{method} {path}!")

    def _next(self, key: str) -> Answer:
        answers = self.answers[key]
        return answers.pop(0) if len(answers) > 1 else answers[0]


class StubTool:
    """Ends each command with the exit code that it was made with."""

    def __init__(self, code: int = 0) -> None:
        self.code = code
        self.verbs: list[str] = []

    def run(self, verb: str) -> Any:
        self.verbs.append(verb)
        return SimpleNamespace(exit=self.code, sentence="AWS is as the journal says")


def clients(service: str) -> Any:
    def describe_task_definition(**_: Any) -> Any:
        nginx = {"name": "nginx", "environment": [{"name": "MAX_BODY_MIB", "value": "10"}]}
        return {"taskDefinition": {"containerDefinitions": [{"name": "app"}, nginx]}}

    return {
        "ecs": SimpleNamespace(describe_task_definition=describe_task_definition),
        "secretsmanager": SimpleNamespace(get_secret_value=lambda **_: {"SecretString": "token"}),
    }[service]


class StubPostgres:
    def __init__(self) -> None:
        self.calls: list[str] = []

    def stop(self) -> None:
        self.calls.append("stop")

    def start(self) -> None:
        self.calls.append("start")


@dataclass
class StubContract:
    probe_token_secret: str = "arn:secret"

    @property
    def blueprint(self) -> Any:
        return type("Blueprint", (), {"task_definition": "arn:blueprint"})


@dataclass(kw_only=True)
class StubEnvironment:
    client: StubClient
    tool: StubTool = field(default_factory=StubTool)
    clients: Callable[[str], Any] = field(default_factory=lambda: clients)
    slot: Slot = "blue"
    host: str = "staging.example.com"
    port: int = 0
    failure: str = ""
    tasks_seen: list[list[tuple[str, int]]] = field(default_factory=lambda: [[], []])
    postgres: StubPostgres = field(default_factory=StubPostgres)
    contract: StubContract = field(default_factory=StubContract)
    releases: dict[Slot, str] = field(default_factory=lambda: {"blue": "release-1"})

    @property
    def watch(self) -> "StubEnvironment":
        return self

    def tasks(self, _slot: Slot) -> list[tuple[str, int]]:
        return self.tasks_seen.pop(0)

    def pause(self, seconds: float) -> None:
        pass

    def check(self) -> None:
        if self.failure:
            raise RehearsalError(self.failure)

    def wait_until(self, ready: Callable[[], bool], *, what: str, timeout_seconds: float) -> None:
        assert timeout_seconds > 0
        for _ in range(200):
            if ready():
                return
        raise RehearsalError(what)


def given(answers: Mapping[str, list[Answer]], **rest: Any) -> Environment:
    return cast(Environment, StubEnvironment(client=StubClient(answers), **rest))


def test_cutover_verifies_and_says_what_it_saw() -> None:
    tool = StubTool()
    seen = checks.verified(given({}, tool=tool))
    assert (tool.verbs, seen) == (["verify"], "cutover verify: AWS is as the journal says")


def test_a_verification_with_another_exit_code_is_noticed() -> None:
    with pytest.raises(Unmet, match=r"^cutover verify ended with 7: AWS is as the journal says$"):
        checks.verified(given({}, tool=StubTool(7)))


def test_healthy_means_all_that_the_workload_contract_says() -> None:
    assert checks.healthy(given({"GET /health": [answer(200, HEALTHY)]})) == (
        "/health answered 200 as release-1, its database connected"
    )


@pytest.mark.parametrize(
    "wrong",
    [
        answer(503, HEALTHY),
        answer(200, {**HEALTHY, "version": "unreleased"}),
        answer(200, {**HEALTHY, "database": "unavailable"}),
        answer(200, {**HEALTHY, "timestamp": "2026-11-24T07:14:30+01:00"}),
        answer(200, {**HEALTHY, "host": "10.0.0.1"}),
    ],
)
def test_anything_else_is_not_healthy(wrong: Answer) -> None:
    with pytest.raises(Unmet, match="/health"):
        checks.healthy(given({"GET /health": [wrong]}))


def items(cache: str, *names: str) -> Answer:
    return answer(200, {"items": [{"name": name} for name in names]}, **{"x-cache": cache})


def test_a_cached_read_is_a_miss_and_then_a_hit() -> None:
    created = {"POST /api/items": [answer(201, {})]}
    reads = [items("miss", "rehearsed"), items("hit", "rehearsed")]
    assert checks.cached(given({**created, "GET /api/items": reads}))


@pytest.mark.parametrize(
    "reads",
    [
        [items("miss", "rehearsed"), items("miss", "rehearsed")],
        [items("hit", "rehearsed"), items("hit", "rehearsed")],
        [items("miss"), items("hit")],
    ],
)
def test_a_cache_that_is_never_hit_or_out_of_date_is_noticed(reads: list[Answer]) -> None:
    with pytest.raises(Unmet, match="two reads after a write were"):
        checks.cached(given({"POST /api/items": [answer(201, {})], "GET /api/items": reads}))


def limits(*statuses: int, neighbour: int = 200) -> Environment:
    return given(
        {
            "GET /api/limited": [answer(status) for status in statuses],
            "GET /api/limited@other": [answer(neighbour)],
        }
    )


def test_the_sixth_request_of_an_address_is_limited_and_its_neighbour_is_not() -> None:
    assert checks.limited(limits(200, 200, 200, 200, 200, 429))


@pytest.mark.parametrize(
    "environment",
    [
        limits(200, 200, 200, 200, 200, 200),
        limits(200, 200, 200, 200, 429, 429),
        limits(200, 200, 200, 200, 200, 429, neighbour=429),
    ],
)
def test_a_limit_that_is_missing_too_low_or_for_all_is_noticed(environment: Environment) -> None:
    with pytest.raises(Unmet, match="answered"):
        checks.limited(environment)


def secured(health: Answer) -> Environment:
    return given(
        {
            "GET /health": [health],
            "GET /api/nothing": [answer(404)],
            "GET /api/limited": [answer(429)],
            "POST /api/echo!": [answer(413)],
        }
    )


def test_security_headers_are_those_of_the_policy() -> None:
    seen = checks.secured(secured(answer(200, HEALTHY, **{"content-type": "application/json"})))
    assert (
        seen
        == f"all {len(POLICY)} headers of infra/headers.py and no others, on 200, 404, 429, 413"
    )


@pytest.mark.parametrize(
    ("found", "name"),
    [
        ({k: v for k, v in POLICY.items() if k != "x-frame-options"}, "x-frame-options"),
        ({**POLICY, "referrer-policy": "origin"}, "referrer-policy"),
        ({**POLICY, "x-content-type-options": "nosniff, nosniff"}, "x-content-type-options"),
        ({**POLICY, "x-powered-by": "Flask"}, "x-powered-by"),
    ],
)
def test_a_header_that_is_missing_changed_doubled_or_leaked_is_noticed(
    found: dict[str, str], name: str
) -> None:
    with pytest.raises(Unmet, match=rf"/health \(200\) differs from the policy in {name}$"):
        checks.secured(secured(Answer(200, found, b"{}")))


def bodies(largest: Answer, refused: int) -> Environment:
    return given({"POST /api/echo": [largest], "POST /api/echo!": [answer(refused)]})


def test_the_largest_body_arrives_whole_and_one_byte_more_is_refused() -> None:
    whole = answer(200, {"length": 10 * 1024**2})
    assert checks.bounded(bodies(whole, 413)) == (
        "a body of 10 MiB arrived whole, one byte more got 413"
    )


@pytest.mark.parametrize(
    "environment",
    [
        bodies(answer(413), 413),
        bodies(answer(200, {"length": 1}), 413),
        bodies(answer(200, {"length": 10 * 1024**2}), 200),
    ],
)
def test_a_body_limit_that_is_too_low_or_missing_is_noticed(environment: Environment) -> None:
    with pytest.raises(Unmet, match="a body of 10 MiB"):
        checks.bounded(environment)


@pytest.mark.parametrize("status", [200, 404])
def test_a_path_that_reaches_a_task_is_no_unknown_path(status: int) -> None:
    page = Answer(200, {}, b"<!doctype html>")
    answers = {f"GET {path}": [page] for path in ("/", "/readyz", "/healthz", "/x")}
    assert checks.unknown_paths(given(answers))
    with pytest.raises(Unmet, match="every path of the frontend must be answered with its page"):
        checks.unknown_paths(given({**answers, "GET /readyz": [answer(status)]}))


@contextmanager
def listener(said: bytes) -> Iterator[int]:
    """A server that says the same to everybody, and hangs up."""
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            connection, _ = server.accept()
            with connection:
                connection.recv(4096)
                connection.sendall(said)

        thread = threading.Thread(target=serve, daemon=True)
        thread.start()
        yield server.getsockname()[1]
        thread.join(10)


def test_a_request_without_tls_must_not_be_answered() -> None:
    with listener(b"") as port:
        assert checks.encrypted(given({}, port=port)) == "a request without TLS was refused"
    with (
        listener(b"HTTP/1.1 200 OK\r\n\r\n") as port,
        pytest.raises(Unmet, match=r"a request without TLS got b'HTTP/1\.1 200 OK"),
    ):
        checks.encrypted(given({}, port=port))


def probes(green: Answer) -> Environment:
    answers = {"GET /health@blue:token": [answer(200, HEALTHY)], "GET /health@green:token": [green]}
    return given(answers)


def test_a_probe_reaches_its_slot_alone() -> None:
    assert checks.probed(probes(answer(503))) == (
        "a probe of blue was answered by release-1, one of the empty green by nobody"
    )


@pytest.mark.parametrize("version", ["release-1", "release-2"])
def test_a_probe_of_the_idle_slot_must_not_be_answered(version: str) -> None:
    with pytest.raises(Unmet, match="probes of the slots were answered by"):
        checks.probed(probes(answer(200, {**HEALTHY, "version": version})))


AWAY = answer(503, {**HEALTHY, "status": "unhealthy", "database": "unavailable"})


def database(
    health: list[Answer], after: list[tuple[str, int]], monkeypatch: pytest.MonkeyPatch, ready: int
) -> StubEnvironment:
    class TaskClient:
        def __init__(self, **_: Any) -> None:
            pass

        def get(self, path: str) -> Answer:
            assert path == "/readyz"
            return answer(ready)

    monkeypatch.setattr(checks, "Client", TaskClient)
    client = StubClient({"GET /health": health})
    return StubEnvironment(client=client, tasks_seen=[[("10.0.0.1", 20001)], after])


def test_a_database_that_goes_and_comes_replaces_no_task(monkeypatch: pytest.MonkeyPatch) -> None:
    up, same = answer(200, HEALTHY), [("10.0.0.1", 20001)]
    environment = database([up, AWAY, AWAY, AWAY, up], same, monkeypatch, ready=200)
    assert checks.database_away(cast(Environment, environment))
    assert environment.postgres.calls == ["stop", "start"]


def test_a_database_that_nobody_misses_is_noticed_and_started_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    environment = database([answer(200, HEALTHY)], [], monkeypatch, ready=200)
    with pytest.raises(RehearsalError, match="/health did not answer 503 without a database"):
        checks.database_away(cast(Environment, environment))
    assert environment.postgres.calls == ["stop", "start"]


def test_a_task_that_is_not_ready_without_a_database_is_noticed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    environment = database([AWAY], [], monkeypatch, ready=502)
    with pytest.raises(Unmet, match=r"/readyz of the tasks answered \[502\]"):
        checks.database_away(cast(Environment, environment))


def test_tasks_that_were_replaced_meanwhile_are_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    health = [AWAY, AWAY, answer(200, HEALTHY)]
    environment = database(health, [("10.0.0.2", 20002)], monkeypatch, ready=200)
    with pytest.raises(Unmet, match="ECS replaced tasks"):
        checks.database_away(cast(Environment, environment))


def performed(check: Callable[[Environment], str], environment: Environment | None = None) -> Check:
    quiet = Progress(Console(quiet=True))
    return checks.perform(environment or given({}), "named", check, quiet)


def test_a_check_that_holds_reports_what_it_saw() -> None:
    done = performed(lambda _: "seen")
    assert (done.name, done.passed, done.detail) == ("named", True, "seen")


@pytest.mark.parametrize(
    ("error", "detail"),
    [
        (Unmet("was 500"), "was 500"),
        (RehearsalError("did not end"), "did not end"),
        (
            http.client.RemoteDisconnected("gone"),
            "there was no usable answer: RemoteDisconnected gone",
        ),
        (ValueError("no JSON"), "there was no usable answer: ValueError no JSON"),
    ],
)
def test_a_check_that_does_not_hold_is_reported_and_the_next_one_runs(
    error: Exception, detail: str
) -> None:
    def check(_: Environment) -> str:
        raise error

    done = performed(check)
    assert (done.passed, done.detail) == (False, detail)


def test_a_check_on_an_environment_that_is_gone_ends_the_rehearsal() -> None:
    environment = given({}, failure="postgres died unexpectedly")
    with pytest.raises(RehearsalError, match="postgres died unexpectedly"):
        performed(lambda _: "seen", environment)


def test_every_promise_is_checked_once_and_in_this_order() -> None:
    assert [name for name, _ in checks.CHECKS] == [
        "cutover verify",
        "health",
        "cached read",
        "rate limit",
        "security headers",
        "oversized body",
        "unknown paths",
        "TLS only",
        "probes",
        "database away",
    ]


def observed(*, requests: int, errors: int, targets: tuple[TargetHealth, ...]) -> Observation:
    group = GroupObservation(
        requests=requests,
        responses={"1xx": 0, "2xx": requests - errors, "3xx": 0, "4xx": 0, "5xx": errors},
        balancer_5xx=0,
        in_flight=0,
        response_seconds_mean=0.02,
        response_seconds_max=1.0,
        targets=targets,
    )
    return Observation(requests=requests, groups={"arn:x:targetgroup/blue/1": group})


def test_metrics_are_what_was_counted_since_the_last_time() -> None:
    sick = TargetHealth(host="h", port=1, state="unhealthy", reason=None, in_flight=0)
    before = observed(requests=10, errors=1, targets=())
    now = observed(requests=25, errors=3, targets=(sick,))
    data = metric_data(before, now, "app/alb/1")
    assert {datum["MetricName"]: datum["Value"] for datum in data} == {
        "RequestCount": 15.0,
        "HTTPCode_Target_2XX_Count": 13.0,
        "HTTPCode_Target_5XX_Count": 2.0,
        "TargetResponseTime": 0.02,
        "HealthyHostCount": 0.0,
        "UnHealthyHostCount": 1.0,
    }
    assert data[0]["Dimensions"] == [
        {"Name": "LoadBalancer", "Value": "app/alb/1"},
        {"Name": "TargetGroup", "Value": "targetgroup/blue/1"},
    ]


def test_an_empty_group_without_requests_has_no_metric() -> None:
    nothing = observed(requests=7, errors=0, targets=())
    assert metric_data(nothing, nothing, "app/alb/1") == []
