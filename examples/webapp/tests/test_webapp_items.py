"""The list in PostgreSQL, its cache in Redis, and what happens when Redis is away."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import redis
from webapp_services import App, Server, program, redis_server, running, wait_until

pytestmark = pytest.mark.services


@pytest.fixture(autouse=True)
def empty_cache(cache_server: Server) -> None:
    redis.Redis(port=cache_server.port).flushall()


def test_the_second_read_comes_from_redis(app: App) -> None:
    first, second = app.get("/api/items"), app.get("/api/items")
    assert (first.status, second.status) == (200, 200)
    assert (first.headers["X-Cache"], second.headers["X-Cache"]) == ("miss", "hit")
    assert first.body == second.body


def test_a_cached_list_expires(app: App, cache_server: Server) -> None:
    app.get("/api/items")
    assert redis.Redis(port=cache_server.port).ttl("webapp:items:1") in range(1, 6)


def test_a_cached_list_needs_no_database(
    start_app: Callable[..., App], database_server: Server
) -> None:
    app = start_app()
    app.get("/api/items")
    with database_server.away():
        assert app.get("/api/items").headers["X-Cache"] == "hit"


def test_a_new_item_is_first_in_the_next_read(app: App) -> None:
    app.get("/api/items")
    created = app.post_json("/api/items", {"name": "grün tea ☕"})
    assert created.status == 201
    assert set(created.json) == {"id", "name", "created_at"}
    assert created.json["name"] == "grün tea ☕"
    read = app.get("/api/items")
    assert read.headers["X-Cache"] == "miss"
    assert read.json["items"][0] == created.json


def test_a_read_lists_the_newest_50(app: App) -> None:
    created = [app.post_json("/api/items", {"name": str(n)}).json["id"] for n in range(51)]
    listed = [item["id"] for item in app.get("/api/items").json["items"]]
    assert listed == sorted(created, reverse=True)[:50]


@pytest.mark.parametrize(
    "body", [{}, {"name": ""}, {"name": 7}, {"name": "x" * 201}, {"name": "a\0b"}, ["tea"], None]
)
def test_a_bad_item_is_refused_with_one_sentence(app: App, body: object) -> None:
    answer = app.post_json("/api/items", body)
    assert answer.status == 400
    assert answer.json["error"] == {
        "status": 400,
        "message": 'Send JSON such as {"name": "tea"}, with 1 to 200 characters.',
    }


def test_a_body_that_is_not_json_is_refused_in_json(app: App) -> None:
    json = {"Content-Type": "application/json"}
    assert app.request("POST", "/api/items", "{", json).json["error"]["status"] == 400
    assert app.request("POST", "/api/items", "name=tea").json["error"]["status"] == 415


def test_without_redis_the_app_serves_uncached_and_unlimited(
    start_app: Callable[..., App], cache_server: Server
) -> None:
    app = start_app()
    app.get("/api/items")
    with cache_server.away():
        assert [app.get("/api/items").headers["X-Cache"] for _ in range(4)] == ["miss"] * 4
        assert [app.get("/api/limited").status for _ in range(7)] == [200] * 7
        assert app.post_json("/api/items", {"name": "tea"}).status == 201
        assert app.get("/health").status == 200
    wait_until("a read is cached", lambda: app.get("/api/items").headers["X-Cache"] == "hit")
    messages = [line["message"] for line in app.log_lines()]
    assert any(message.startswith("Redis is away") for message in messages)
    assert any(message.startswith("Redis is back") for message in messages)


def test_a_silent_redis_holds_up_nobody_for_long(
    start_app: Callable[..., App], cache_server: Server
) -> None:
    app = start_app(THREADS="1")
    with cache_server.frozen():
        assert [app.get("/api/items").headers["X-Cache"] for _ in range(9)] == ["miss"] * 9
        assert [app.get("/api/limited").status for _ in range(9)] == [200] * 9


def test_redis_over_tls_is_verified(start_app: Callable[..., App], folder: Path) -> None:
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        [
            *(program("openssl"), "req", "-x509", "-nodes", "-days", "1", "-newkey", "rsa:2048"),
            *("-subj", "/CN=redis", "-addext", "subjectAltName=IP:127.0.0.1"),
            *("-keyout", key, "-out", certificate),
        ],
        check=True,
        capture_output=True,
    )
    key.chmod(0o644)
    server = redis_server(
        folder,
        *("--tls-port", "PORT", "--port", "0", "--tls-auth-clients", "no"),
        *("--tls-cert-file", str(certificate), "--tls-key-file", str(key)),
        *("--user", "default", "off", "--user", "app", "on", ">secret", "~*", "+@all"),
    )
    url = f"rediss://app:secret@127.0.0.1:{server.port}/0"
    with running(server):
        trusting = start_app(REDIS_URL=url, SSL_CERT_FILE=str(certificate))
        assert trusting.get("/api/items").headers["X-Cache"] == "miss"
        assert trusting.get("/api/items").headers["X-Cache"] == "hit"
        wary = start_app(REDIS_URL=url)
        assert [wary.get("/api/items").headers["X-Cache"] for _ in range(2)] == ["miss"] * 2
        assert "certificate verify failed" in wary.log.read_text()
