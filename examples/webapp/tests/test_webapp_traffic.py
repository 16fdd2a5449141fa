"""The endpoints for load clients, the limiter, the client's address, and errors in JSON."""

from __future__ import annotations

import hashlib

import pytest
import redis
from webapp_services import App, Server

pytestmark = pytest.mark.services


@pytest.fixture(autouse=True)
def fresh_limits(cache_server: Server) -> None:
    redis.Redis(port=cache_server.port).flushall()


@pytest.mark.parametrize("size", [0, 1, 3 * 1024 * 1024 + 7])
def test_echo_answers_length_and_digest(app: App, size: int) -> None:
    body = bytes(n % 251 for n in range(1000)) * (size // 1000 + 1)
    answer = app.request("POST", "/api/echo", body[:size])
    assert answer.json == {
        "length": size,
        "sha256": hashlib.sha256(body[:size]).hexdigest(),
    }


def test_echo_reads_a_body_sent_in_chunks(app: App) -> None:
    answer = app.request("POST", "/api/echo", iter([b"one", b"two"]))
    assert answer.json == {"length": 6, "sha256": hashlib.sha256(b"onetwo").hexdigest()}


def test_an_oversized_body_is_413_in_json(app: App) -> None:
    length = {"Content-Length": str(101 * 1024 * 1024 + 1)}
    answer = app.request("POST", "/api/echo", b"a beginning", length)
    assert answer.status == 413
    assert answer.json["error"]["status"] == 413


@pytest.mark.parametrize(("query", "kib"), [("", 64), ("?kib=1", 1), ("?kib=10240", 10240)])
def test_large_answers_exactly_what_was_asked(app: App, query: str, kib: int) -> None:
    answer = app.get(f"/api/large{query}")
    assert answer.status == 200
    assert answer.headers["Content-Length"] == str(kib * 1024)
    assert answer.body == bytes(kib * 1024)


@pytest.mark.parametrize("kib", ["0", "-1", "10241", "x", "1e9", "9" * 3000])
def test_large_is_bounded(app: App, kib: str) -> None:
    answer = app.get(f"/api/large?kib={kib}")
    assert answer.status == 400
    assert answer.json["error"]["message"] == (
        f"kib is {kib!r}: it must be a whole number from 1 to 10240."
    )


def test_the_sixth_request_within_a_minute_is_429(app: App) -> None:
    """Over both workers: the count is in Redis."""
    answers = [app.get("/api/limited", X_Forwarded_For="192.0.2.1") for _ in range(6)]
    assert [answer.status for answer in answers] == [200] * 5 + [429]
    assert 1 <= int(answers[5].headers["Retry-After"]) <= 60
    assert answers[5].json["error"] == {
        "status": 429,
        "message": "Too many requests: this address may send 5 per 1 minute.",
    }
    assert app.get("/api/limited", X_Forwarded_For="192.0.2.2").status == 200


def test_exactly_one_proxy_is_trusted(app: App) -> None:
    """What a client put in front of the address that nginx appends does not count."""
    answers = [
        app.get("/api/limited", X_Forwarded_For=f"203.0.113.{n}, 192.0.2.3") for n in range(6)
    ]
    assert [answer.status for answer in answers] == [200] * 5 + [429]


def test_visits_are_counted_in_the_clients_own_session(app: App) -> None:
    cookie = ""
    seen = []
    for _ in range(3):
        answer = app.get("/api/visits", Cookie=cookie)
        cookie = answer.headers["Set-Cookie"].partition(";")[0]
        seen.append(answer.json)
    assert seen == [{"visits": 1}, {"visits": 2}, {"visits": 3}]
    assert app.get("/api/visits", Cookie=cookie[:-1] + "?").json == {"visits": 1}


@pytest.mark.parametrize(
    ("method", "path", "status"), [("GET", "/nowhere", 404), ("DELETE", "/api/items", 405)]
)
def test_every_error_is_json(app: App, method: str, path: str, status: int) -> None:
    answer = app.request(method, path)
    assert answer.status == status
    assert answer.json["error"]["status"] == status
    assert (answer.headers["Allow"] is not None) is (status == 405)
