"""PostgreSQL through pgbouncer: no state kept in a connection, and no wait without an end."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg
from sqlalchemy import URL, Engine, create_engine, event
from sqlalchemy.exc import DBAPIError, TimeoutError
from sqlalchemy.orm import DeclarativeBase, Session

from webapp.breaker import Breaker

ANSWER_SECONDS = 1.5
"""Longest wait for one answer. A request that needs longer belongs into a background job."""

CONNECT_SECONDS = 2
"""Smallest value that libpq accepts."""

AWAY = ("08", "28", "3D", "53", "57P")
"""SQLSTATEs which say that there is no database to talk to, rather than that a query was wrong."""


class Base(DeclarativeBase):
    """Every table of the app; run_migrations.py --verify-only compares it with the live schema."""


class DatabaseAway(Exception):
    """The database can't be reached; answered as 503."""


class BoundedConnection(psycopg.Connection[Any]):
    """Gives up on an answer that does not come.

    pgbouncer keeps accepting clients while its server is gone, and neither libpq nor a timeout
    in the server can end that wait.
    """

    def wait(self, gen: Any, *args: Any, timeout: float | None = None, **kwargs: Any) -> Any:
        try:
            return super().wait(gen, *args, timeout=timeout or ANSWER_SECONDS, **kwargs)
        except psycopg.errors._WaitTimeout:
            self.close()
            message = f"no answer from the database within {ANSWER_SECONDS} s"
            raise psycopg.OperationalError(message) from None


def bounded_engine(url: URL, *, connections: int) -> Engine:
    """An engine for requests; connects on first use, so a fork before that is safe."""
    engine = create_engine(
        url,
        pool_size=connections,
        max_overflow=0,
        pool_timeout=ANSWER_SECONDS,
        use_native_hstore=False,
        connect_args={
            "connect_timeout": CONNECT_SECONDS,
            # pgbouncer gives each transaction another server connection, and versions before
            # 1.21 don't carry prepared statements over.
            "prepare_threshold": None,
            "application_name": "webapp",
        },
    )

    @event.listens_for(engine, "do_connect")
    def connect(_dialect: Any, _record: Any, args: Any, parameters: Any) -> BoundedConnection:
        return BoundedConnection.connect(*args, **parameters)

    return engine


class Database:
    """Hands out sessions, or raises DatabaseAway within CONNECT_SECONDS + ANSWER_SECONDS."""

    def __init__(self, url: URL, *, connections: int) -> None:
        self.engine = bounded_engine(url, connections=connections)
        self.breaker = Breaker("The database", trial_seconds=CONNECT_SECONDS + ANSWER_SECONDS)

    @contextmanager
    def session(self) -> Iterator[Session]:
        if not self.breaker.admits():
            raise DatabaseAway
        try:
            with Session(self.engine) as session:
                yield session
        except (DBAPIError, TimeoutError) as error:
            if _is_away(error):
                self.breaker.failed(getattr(error, "orig", None) or error)
                raise DatabaseAway from error
            self.breaker.passed()
            raise
        except Exception:
            self.breaker.passed()
            raise
        self.breaker.passed()


def _is_away(error: DBAPIError | TimeoutError) -> bool:
    if isinstance(error, TimeoutError) or error.connection_invalidated:
        return True
    if not isinstance(error.orig, psycopg.OperationalError):
        return False
    return error.orig.sqlstate is None or error.orig.sqlstate.startswith(AWAY)
