"""What must hold of a running environment: one function per promise, which says what it saw."""

import datetime
import http.client
import socket
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from cutover.decide.model import other
from cutover.decide.outcome import Exit
from infra import headers
from infra.outputs import PROBE_HEADER, SLOTS, Slot
from rehearsal.environment import Environment
from rehearsal.errors import RehearsalError
from rehearsal.machine.ports import LOOPBACK
from rehearsal.progress import Progress
from rehearsal.reporting.report import Check
from rehearsal.traffic.client import Answer, Client

# The app's own limit of /api/limited, for each client address (examples/webapp/webapp/traffic.py).
LIMITED_PER_MINUTE = 5
# RFC 5737 addresses for documentation: nobody else's limit is used up.
LIMITED_CLIENT, ORDINARY_CLIENT = "203.0.113.7", "203.0.113.8"
# What an answer carries besides the header policy.
ORDINARY_HEADERS = {
    *("cache-control", "connection", "content-encoding", "content-length", "content-type", "date"),
    *("retry-after", "server", "transfer-encoding", "vary", "x-cache", "x-request-id"),
    *("x-ratelimit-limit", "x-ratelimit-remaining", "x-ratelimit-reset", "x-release-id"),
}
# Longer than the app's breaker and connection attempts take to notice that its database is away.
DATABASE_SECONDS = 30.0
# More than one interval of the balancer's health check, which must go on passing.
DATABASE_AWAY_SECONDS = 6.0
STEADY_CLIENTS, STEADY_ANSWERS = 16, 96


class Unmet(Exception):
    """One sentence: what was seen instead of what was promised."""


def expect(held: bool, seen: str) -> None:  # noqa: FBT001 (reads as a sentence)
    """Raises Unmet with what was seen unless it held."""
    if not held:
        raise Unmet(seen)


def verified(environment: Environment) -> str:
    ended = environment.tool.run("verify")
    expect(ended.exit == Exit.DONE, f"cutover verify ended with {ended.exit}: {ended.sentence}")
    return f"cutover verify: {ended.sentence}"


def healthy(environment: Environment) -> str:
    answer = environment.client.get("/health")
    expect(answer.status == 200, f"/health answered {answer.status}")
    body = answer.json()
    moment = datetime.datetime.fromisoformat(body["timestamp"])
    release = environment.releases[environment.slot]
    expect(
        sorted(body) == ["database", "status", "timestamp", "version"]
        and (body["status"], body["database"]) == ("healthy", "connected")
        and body["version"] == release
        and moment.utcoffset() == datetime.timedelta(0),
        f"/health said {body}",
    )
    return f"/health answered 200 as {release}, its database connected"


def cached(environment: Environment) -> str:
    created = environment.client.request(
        "POST",
        "/api/items",
        headers={"Content-Type": "application/json"},
        body=b'{"name": "rehearsed"}',
    )
    expect(created.status == 201, f"POST /api/items answered {created.status}")
    answers = [environment.client.get("/api/items") for _ in range(2)]
    seen = [answer.headers.get("x-cache") for answer in answers]
    names = [item["name"] for item in answers[1].json()["items"]]
    expect(
        seen == ["miss", "hit"] and "rehearsed" in names,
        f"two reads after a write were {seen}, and the cached one lists {names}",
    )
    return "after a write the first read asked PostgreSQL and the second one Redis"


def limited(environment: Environment) -> str:
    statuses = [_limited(environment).status for _ in range(LIMITED_PER_MINUTE + 1)]
    expect(
        statuses == [200] * LIMITED_PER_MINUTE + [429],
        f"{len(statuses)} requests of one address to /api/limited answered {statuses}",
    )
    neighbour = environment.client.get("/api/limited", {"X-Forwarded-For": ORDINARY_CLIENT})
    expect(neighbour.status == 200, f"another address was answered {neighbour.status}")
    return f"request {len(statuses)} of one address within a minute got 429, another address 200"


def secured(environment: Environment) -> str:
    policy = {name.lower(): value for name, value in headers.API.headers().items()}
    answers = {
        "/health": environment.client.get("/health"),
        "an unknown path of the app": environment.client.get("/api/nothing"),
        "a limited request": _limited(environment),
        "a body too large": _oversized(environment),
    }
    for what, answer in answers.items():
        found = {k: v for k, v in answer.headers.items() if k not in ORDINARY_HEADERS}
        expect(
            found == policy,
            f"{what} ({answer.status}) differs from the policy in "
            f"{', '.join(sorted({k for k, _ in found.items() ^ policy.items()}))}",
        )
    statuses = ", ".join(str(answer.status) for answer in answers.values())
    return f"all {len(policy)} headers of infra/headers.py and no others, on {statuses}"


def bounded(environment: Environment) -> str:
    limit_mib = _max_body_mib(environment)
    largest = environment.client.request("POST", "/api/echo", body=bytes(limit_mib * 1024**2))
    expect(
        largest.status == 200 and largest.json()["length"] == limit_mib * 1024**2,
        f"a body of {limit_mib} MiB was answered {largest.status}",
    )
    refused = _oversized(environment)
    expect(refused.status == 413, f"a body of {limit_mib} MiB and a byte got {refused.status}")
    return f"a body of {limit_mib} MiB arrived whole, one byte more got 413"


def unknown_paths(environment: Environment) -> str:
    """What is not the API's is the frontend's: nginx's own paths are nobody's."""
    page = environment.client.get("/").body
    answers = {path: environment.client.get(path) for path in ("/readyz", "/healthz", "/x")}
    seen = {path: (answer.status, answer.body) for path, answer in answers.items()}
    expect(
        all(answer == (200, page) for answer in seen.values()),
        f"every path of the frontend must be answered with its page, and {seen} were",
    )
    return f"{', '.join(seen)} were answered with the frontend's page"


def encrypted(environment: Environment) -> str:
    with socket.create_connection((LOOPBACK, environment.port), timeout=5) as connection:
        connection.sendall(f"GET /health HTTP/1.1\r\nHost: {environment.host}\r\n\r\n".encode())
        try:
            answer = connection.recv(4096)
        except ConnectionResetError:
            answer = b""
    expect(not answer.startswith(b"HTTP/1.1 2"), f"a request without TLS got {answer[:40]!r}")
    return "a request without TLS was refused"


def probed(environment: Environment) -> str:
    seen = {slot: _probe(environment, slot) for slot in SLOTS}
    serving, idle = environment.slot, other(environment.slot)
    release = environment.releases[serving]
    expect(seen == {serving: release, idle: None}, f"probes of the slots were answered by {seen}")
    return f"a probe of {serving} was answered by {release}, one of the empty {idle} by nobody"


def database_away(environment: Environment) -> str:
    before = environment.tasks(environment.slot)
    started = time.monotonic()
    environment.postgres.stop()
    try:
        environment.watch.wait_until(
            lambda: environment.client.get("/health").status == 503,
            what="/health did not answer 503 without a database",
            timeout_seconds=DATABASE_SECONDS,
        )
        away = environment.client.get("/health").json()
        expect(away["database"] == "unavailable", f"/health said {away}")
        environment.watch.pause(DATABASE_AWAY_SECONDS)
        ready = [
            Client(port=port, host=environment.host, authority=None).get("/readyz").status
            for _, port in before
        ]
        expect(ready == [200] * len(before), f"/readyz of the tasks answered {ready}")
    finally:
        environment.postgres.start()
    environment.watch.wait_until(
        lambda: _steadily_healthy(environment),
        what="/health did not recover when the database was back",
        timeout_seconds=DATABASE_SECONDS,
    )
    after = environment.tasks(environment.slot)
    expect(after == before, f"ECS replaced tasks: {before} became {after}")
    return (
        f"503 from /health and 200 from /readyz while PostgreSQL was stopped, 200 again "
        f"{time.monotonic() - started:.0f} s later, and no task was replaced"
    )


CHECKS: tuple[tuple[str, Callable[[Environment], str]], ...] = (
    ("cutover verify", verified),
    ("health", healthy),
    ("cached read", cached),
    ("rate limit", limited),
    ("security headers", secured),
    ("oversized body", bounded),
    ("unknown paths", unknown_paths),
    ("TLS only", encrypted),
    ("probes", probed),
    ("database away", database_away),
)


def perform(
    environment: Environment, name: str, check: Callable[[Environment], str], progress: Progress
) -> Check:
    """The outcome of one check. Raises RehearsalError only when the environment itself is gone."""
    started = time.monotonic()
    try:
        with progress.step(f"Checking {name}"):
            passed, detail = True, check(environment)
    except (Unmet, RehearsalError) as error:
        passed, detail = False, str(error)
    except (OSError, http.client.HTTPException, ValueError, KeyError) as error:
        passed, detail = False, f"there was no usable answer: {type(error).__name__} {error}"
    environment.watch.check()
    seconds = round(time.monotonic() - started, 1)
    return Check(name=name, passed=passed, detail=detail, seconds=seconds)


def _steadily_healthy(environment: Environment) -> bool:
    # Every process of every task finds out for itself that its database is back, and requests one
    # after another would all meet the same process: nginx likes its newest connection best.
    with ThreadPoolExecutor(STEADY_CLIENTS) as clients:
        statuses = list(clients.map(_health_status, [environment] * STEADY_ANSWERS))
    return statuses == [200] * STEADY_ANSWERS


def _health_status(environment: Environment) -> int:
    return environment.client.get("/health").status


def _probe(environment: Environment, slot: Slot) -> str | None:
    """The release that answers a probe of the slot; None when none does."""
    token = environment.clients("secretsmanager").get_secret_value(
        SecretId=environment.contract.probe_token_secret
    )["SecretString"]
    answer = environment.client.get("/health", {PROBE_HEADER: f"{slot}:{token}"})
    return answer.json()["version"] if answer.status == 200 else None


def _limited(environment: Environment) -> Answer:
    return environment.client.get("/api/limited", {"X-Forwarded-For": LIMITED_CLIENT})


def _oversized(environment: Environment) -> Answer:
    too_many = _max_body_mib(environment) * 1024**2 + 1
    return environment.client.announce("POST", "/api/echo", too_many)


def _max_body_mib(environment: Environment) -> int:
    """What the blueprint tells nginx."""
    definition = environment.clients("ecs").describe_task_definition(
        taskDefinition=environment.contract.blueprint.task_definition
    )["taskDefinition"]
    (nginx,) = (c for c in definition["containerDefinitions"] if c["name"] == "nginx")
    values = {entry["name"]: entry["value"] for entry in nginx["environment"]}
    return int(values["MAX_BODY_MIB"])
