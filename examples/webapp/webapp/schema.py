"""Migrates the schema forward, and tells whether the live one serves this image."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import psycopg
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from alembic.util import CommandError
from sqlalchemy import URL, Connection, create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

import webapp.models  # noqa: F401 (its import fills the metadata that is compared)
from webapp.database import Base

ALEMBIC_INI = Path(__file__).parent.parent / "alembic.ini"

LOCK_KEY = 0x736C6970776179
"""Spells "slipway": one advisory lock for all migrations of a database."""

LOCK_WAIT_SECONDS = 300
TABLE_LOCK_SECONDS = 5
"""A migration that waits for a table makes every later query on it wait too: better fail."""

CONNECT_SECONDS = 10


class SchemaError(Exception):
    """One sentence: what is wrong with the live schema, and the next step."""


def migrate(url: URL) -> str:
    """Brings the schema to what this image needs; returns what was done. Never goes backward."""
    with _connected(url) as connection, _alone(connection):
        before = _revision(connection)
        if before is not None and not _is_known(before):
            _check(connection)
            return f"Nothing to do: the schema is at {before}, ahead of this image, and serves it."
        connection.execute(text(f"SET lock_timeout = '{TABLE_LOCK_SECONDS}s'"))
        connection.commit()
        config = _config()
        config.attributes["connection"] = connection
        try:
            command.upgrade(config, "head")
        except CommandError as error:
            raise SchemaError(f"The migrations can't run: {error}.") from error
        after = _check(connection)
    if before == after:
        return f"Nothing to do: the schema is at {after}."
    return f"Migrated from {before or 'an empty schema'} to {after}."


def verify(url: URL) -> str:
    """Returns a sentence when the live schema serves this image; raises SchemaError otherwise."""
    with _connected(url) as connection:
        return f"The schema is at {_check(connection)} and serves this image."


def _check(connection: Connection) -> str:
    """The live revision. A newer one is fine as long as nothing that this image uses is gone."""
    live, needed = _revision(connection), _scripts().get_current_head()
    if live is None:
        raise SchemaError(
            f"The database has no schema yet, and this image needs {needed}:"
            " run python run_migrations.py."
        )
    if _is_known(live) and live != needed:
        raise SchemaError(
            f"The schema is at {live}, and this image needs {needed}: run python run_migrations.py."
        )
    context = MigrationContext.configure(connection, opts={"compare_type": True})
    differences = compare_metadata(context, Base.metadata)
    missing = [found for difference in differences if (found := _missing(difference))]
    if missing:
        raise SchemaError(
            f"The schema is at {live}, but does not serve this image: {'; '.join(missing)}."
        )
    return live


def _missing(difference: Any) -> str | None:
    """What this image lacks; None for what a newer release may have added."""
    # alembic groups the changes of one column into a list.
    if isinstance(difference, list):
        return "; ".join(found for each in difference if (found := _missing(each))) or None
    kind = difference[0]
    if kind == "add_table":
        return f"table {difference[1].name} is missing"
    if kind == "add_column":
        return f"column {difference[2]}.{difference[3].name} is missing"
    if kind == "remove_column":
        column = difference[3]
        if column.nullable or column.server_default is not None:
            return None
        return f"column {difference[2]}.{column.name} is required, and this image does not write it"
    if kind.startswith("modify_"):
        what = kind.removeprefix("modify_")
        return (
            f"column {difference[2]}.{difference[3]} has {what} {difference[5]} instead of"
            f" {difference[6]}"
        )
    return None


@contextmanager
def _connected(url: URL) -> Iterator[Connection]:
    engine = create_engine(
        url,
        poolclass=NullPool,
        use_native_hstore=False,
        connect_args={
            "connect_timeout": CONNECT_SECONDS,
            "application_name": "webapp-migrations",
        },
    )
    try:
        with engine.connect() as connection:
            yield connection
    except DBAPIError as error:
        # The first line says it; the lines after it point into the statement.
        reason = str(error.orig).partition("\n")[0]
        if isinstance(error.orig, psycopg.OperationalError) and error.orig.sqlstate is None:
            where = f"{url.host}:{url.port or 5432}"
            raise SchemaError(f"PostgreSQL can't be reached at {where}: {reason}") from error
        raise SchemaError(f"PostgreSQL refused: {reason}") from error


@contextmanager
def _alone(connection: Connection) -> Iterator[None]:
    """Holds the advisory lock. Asks again and again rather than waiting inside PostgreSQL, where
    the waiting statement's snapshot would block CREATE INDEX CONCURRENTLY of the run ahead."""
    deadline = time.monotonic() + LOCK_WAIT_SECONDS
    while not _locked(connection):
        if time.monotonic() > deadline:
            raise SchemaError(
                f"Another migration has been running for {LOCK_WAIT_SECONDS} s: wait until it"
                " ends, then run this one again."
            )
        time.sleep(0.2)
    yield
    # No unlock in a `finally`: closing the connection releases the lock, however the run ends.


def _locked(connection: Connection) -> bool:
    taken = connection.scalar(text("SELECT pg_try_advisory_lock(:key)"), {"key": LOCK_KEY})
    connection.commit()
    return bool(taken)


def _revision(connection: Connection) -> str | None:
    revision = MigrationContext.configure(connection).get_current_revision()
    connection.rollback()
    return revision


def _is_known(revision: str) -> bool:
    return revision in {script.revision for script in _scripts().walk_revisions()}


def _scripts() -> ScriptDirectory:
    return ScriptDirectory.from_config(_config())


def _config() -> Config:
    return Config(ALEMBIC_INI)
