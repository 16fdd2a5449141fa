"""GET /health: what it says, and that it says it in time whatever has happened to PostgreSQL."""

from __future__ import annotations

import datetime
from collections.abc import Callable

import pytest
from sqlalchemy import text
from webapp.database import Database
from webapp.settings import read_database_url
from webapp_services import App, Server, wait_until

pytestmark = pytest.mark.services


def test_health_names_status_database_version_and_time(app: App) -> None:
    answer = app.get("/health")
    assert answer.status == 200
    assert answer.headers["Cache-Control"] == "no-store"
    time = datetime.datetime.fromisoformat(answer.json["timestamp"])
    assert time.utcoffset() == datetime.timedelta(0)
    assert answer.json == {
        "status": "healthy",
        "database": "connected",
        "version": "2026-11-24-a1b2c3",
        "timestamp": answer.json["timestamp"],
    }


def test_the_release_is_what_the_environment_names(app: App) -> None:
    assert app.get("/api/release").json == {"release": "2026-11-24-a1b2c3"}


@pytest.mark.parametrize("way", ["through pgbouncer", "directly"])
def test_a_stopped_database_is_503_until_it_is_back(
    way: str, start_app: Callable[..., App], database_server: Server
) -> None:
    direct = f"postgresql://app@127.0.0.1:{database_server.port}/app"
    app = start_app(DATABASE_URL=direct) if way == "directly" else start_app()
    assert app.get("/health").status == 200
    assert app.get("/api/items").status == 200
    with database_server.away():
        for _ in range(6):
            answer = app.get("/health")
            assert answer.status == 503
            assert answer.json["status"] == "unhealthy"
            assert answer.json["database"] == "unavailable"
            assert answer.json["version"] == "2026-11-24-a1b2c3"
        refused = app.post_json("/api/items", {"name": "tea"})
        assert refused.status == 503
        assert refused.headers["Retry-After"] == "1"
        assert refused.json["error"] == {
            "status": 503,
            "message": "The database is not available; try again in a moment.",
        }
        assert app.get("/api/release").status == 200
    wait_until("/health is 200 again", lambda: app.get("/health").status == 200)
    assert app.post_json("/api/items", {"name": "tea"}).status == 201
    assert "is away" in app.log.read_text()
    assert "is back" in app.log.read_text()


def test_the_app_starts_without_a_database(
    start_app: Callable[..., App], database_server: Server
) -> None:
    with database_server.away():
        app = start_app()
        assert app.get("/health").status == 503
    wait_until("/health is 200", lambda: app.get("/health").status == 200)


@pytest.mark.parametrize("silent", ["pgbouncer", "PostgreSQL behind pgbouncer"])
def test_a_silent_database_is_503_and_leaves_the_rest_answering(
    silent: str, start_app: Callable[..., App], bouncer: Server, database_server: Server
) -> None:
    """Each has one worker of one thread: a wait without an end would let nothing else answer."""
    app, unconnected = start_app(THREADS="1"), start_app(THREADS="1")
    assert app.get("/health").status == 200
    server = bouncer if silent == "pgbouncer" else database_server
    with server.frozen():
        assert unconnected.get("/health").status == 503
        assert [app.get("/health").status for _ in range(3)] == [503] * 3
        assert app.get("/api/release").status == 200
    wait_until("/health is 200 again", lambda: app.get("/health").status == 200)


def test_a_connection_carries_nothing_to_the_next_client_of_pgbouncer(
    environment: dict[str, str],
) -> None:
    """A statement that psycopg prepared on one server connection would fail on the next."""
    database = Database(read_database_url(environment), connections=2)
    query = text("SELECT count(*) FROM pg_prepared_statements")
    with database.session() as first, database.session() as second:
        for _ in range(10):
            for session in (first, second):
                assert session.scalar(query) == 0
                session.commit()
    database.engine.dispose()
