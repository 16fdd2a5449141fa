"""One PostgreSQL, pgbouncer and Redis for all tests of the app; each test module picks its own."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

sys.path.insert(0, str(Path(__file__).parent.parent))

from webapp_services import (
    App,
    Server,
    pgbouncer,
    postgres,
    redis_server,
    run_migrations,
    running,
    server_folder,
)

SECRET_KEY = "5" * 64


def pytest_configure(config: pytest.Config) -> None:
    """For teams that copy this folder out of the repository, where the marker is registered."""
    config.addinivalue_line("markers", "services: starts real servers on loopback")


@pytest.fixture
def folder() -> Iterator[Path]:
    """One that other accounts can enter, for a test that starts a server of its own."""
    with server_folder() as folder:
        yield folder


@pytest.fixture(scope="session")
def database_server() -> Iterator[Server]:
    """Two roles as in production: `owner` migrates, `app` serves and owns nothing."""
    with server_folder() as folder, running(postgres(folder)) as server:
        prepare(server)
        yield server


def prepare(server: Server) -> None:
    with psycopg.connect(owner_url(server, "postgres"), autocommit=True) as connection:
        connection.execute("CREATE ROLE app LOGIN")
        connection.execute("CREATE DATABASE app")
    grant(server, "app")
    migration = run_migrations({"DATABASE_URL": owner_url(server, "app")})
    assert migration.wait() == 0, migration.communicate()


@pytest.fixture(scope="session")
def bouncer(database_server: Server) -> Iterator[Server]:
    port = database_server.port
    with server_folder() as folder, running(pgbouncer(folder, port, "app")) as server:
        yield server


@pytest.fixture(scope="session")
def cache_server() -> Iterator[Server]:
    with server_folder() as folder, running(redis_server(folder)) as server:
        yield server


@pytest.fixture(scope="session")
def environment(bouncer: Server, cache_server: Server) -> dict[str, str]:
    """What the task definition gives the app."""
    return {
        "DATABASE_URL": f"postgresql://app@127.0.0.1:{bouncer.port}/app",
        "REDIS_URL": f"redis://127.0.0.1:{cache_server.port}/0",
        "SECRET_KEY": SECRET_KEY,
        "SECRET_KEY_PREVIOUS": "",
        "RELEASE_ID": "2026-11-24-a1b2c3",
        "ENVIRONMENT": "testing",
        "WEB_CONCURRENCY": "2",
        "THREADS": "4",
    }


@pytest.fixture(scope="session")
def app(environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[App]:
    """The app through pgbouncer, for tests that leave it and its servers as they were."""
    running = App(environment, tmp_path_factory.mktemp("app") / "log").start()
    yield running
    running.stop()


@pytest.fixture
def start_app(environment: dict[str, str], tmp_path: Path) -> Iterator[Callable[..., App]]:
    """Starts an app of the test's own; what is given changes the environment."""
    started: list[App] = []

    def start(**changes: str) -> App:
        log = tmp_path / f"log-{len(started)}"
        app = App(environment | {"WEB_CONCURRENCY": "1"} | changes, log).start()
        started.append(app)
        return app

    yield start
    for app in started:
        app.terminate()
    for app in started:
        app.stop()


@pytest.fixture
def empty_database(database_server: Server) -> Iterator[str]:
    """The name of a database without a schema."""
    with psycopg.connect(owner_url(database_server, "postgres"), autocommit=True) as connection:
        connection.execute("CREATE DATABASE empty")
        grant(database_server, "empty")
        yield "empty"
        connection.execute("DROP DATABASE empty WITH (FORCE)")


def grant(server: Server, database: str) -> None:
    """Rights of the app's login, made outside the app: by the migrate task's first container."""
    with psycopg.connect(owner_url(server, database)) as connection:
        connection.execute(
            "ALTER DEFAULT PRIVILEGES GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO app"
        )


def owner_url(server: Server, database: str) -> str:
    return f"postgresql://owner@127.0.0.1:{server.port}/{database}"
