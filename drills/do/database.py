"""Reads of a PostgreSQL what a drill compares. It changes nothing but to create `amcheck`."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, LiteralString, cast

import psycopg
from psycopg import sql

from drills.decide.catalogue import Catalogue
from drills.decide.rows import Row

# One text for one value, on both sides; and nothing of the server's ends a long comparison.
_SESSION = """
SET timezone = 'UTC'; SET datestyle = 'ISO'; SET intervalstyle = 'postgres';
SET bytea_output = 'hex'; SET extra_float_digits = 1; SET search_path = '';
SET statement_timeout = 0; SET idle_in_transaction_session_timeout = 0
"""
# Of the parameter group and of the cluster; what a server lacks is left out on both sides.
_SETTINGS = [
    *("server_version", "server_encoding", "ssl", "password_encryption", "rds.force_ssl"),
    *("shared_preload_libraries", "track_commit_timestamp", "log_statement", "track_io_timing"),
]
_BATCH_ROWS = 5_000


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table with the columns of its primary key, none without one."""

    schema: str
    name: str
    key: tuple[str, ...]

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"


def prepare(session: psycopg.Connection) -> None:
    """Has every value of the session in one notation; call it first."""
    session.execute(_SESSION)


def keeps_commit_times(session: psycopg.Connection) -> bool:
    """Without them, nobody can tell a lost row from a newer one."""
    return _values(session, sql.SQL("SHOW track_commit_timestamp")) == ["on"]


def catalogue(session: psycopg.Connection) -> Catalogue:
    """Everything but the rows."""
    settings = "SELECT format('%%s=%%s', name, setting) FROM pg_settings WHERE name = ANY (%s)"
    extensions = "SELECT format('%s %s', extname, extversion) FROM pg_extension"
    return Catalogue(
        extensions=frozenset(_values(session, sql.SQL(extensions))),
        roles=frozenset(_values(session, _file("roles"))),
        schema=frozenset(_values(session, _file("schema"))),
        settings=frozenset(_values(session, sql.SQL(settings), _SETTINGS)),
        behind=frozenset(_behind(session)),
    )


def tables(session: psycopg.Connection) -> tuple[Table, ...]:
    """Every table that a restore brings back."""
    return tuple(
        Table(schema=schema, name=name, key=tuple(key or ()))
        for schema, name, key in session.execute(_file("tables")).fetchall()
    )


def rows(session: psycopg.Connection, table: Table) -> Iterator[Row]:
    """The rows in the order of their keys, a batch at a time, as of one moment.

    Without a primary key the whole row is its key. A row leaves the server as a hash of its text.
    """
    columns = sql.SQL(", ").join(sql.SQL("t.{}").format(sql.Identifier(c)) for c in table.key)
    key = sql.SQL("jsonb_build_array({})::text").format(columns)
    query = sql.SQL(
        'SELECT {key} COLLATE "C", hashtextextended(t::text, 0),'
        " extract(epoch FROM pg_xact_commit_timestamp(t.xmin))::float8"
        " FROM {schema}.{name} t ORDER BY 1"
    ).format(
        key=key if table.key else sql.SQL("md5(t::text)"),
        schema=sql.Identifier(table.schema),
        name=sql.Identifier(table.name),
    )
    with session.transaction(), session.cursor(name="drill") as cursor:
        cursor.itersize = _BATCH_ROWS
        for found in cursor.execute(query):
            yield Row(key=found[0], digest=found[1], written=found[2])


def damaged_index(session: psycopg.Connection) -> str:
    """What amcheck says of an index that does not agree with its table; "" when all do."""
    session.execute("CREATE EXTENSION IF NOT EXISTS amcheck SCHEMA public")
    for oid in _values(session, _file("indexes")):
        try:
            session.execute("SELECT public.bt_index_check(%s::oid::regclass, true)", [oid])
        except psycopg.errors.IndexCorrupted as error:
            return " ".join(str(error).split())
    return ""


def _behind(session: psycopg.Connection) -> Iterator[str]:
    for sequence, table, column, last in session.execute(_file("sequences")).fetchall():
        # The table's name comes quoted from PostgreSQL.
        query = sql.SQL("SELECT max({}) FROM {}").format(
            sql.Identifier(column), sql.SQL(cast(LiteralString, table))
        )
        (highest,) = _values(session, query)
        if highest is not None and (last is None or last < highest):
            yield f"{sequence} is at {last} and {table}.{column} at {highest}"


@cache
def _file(name: str) -> sql.SQL:
    text = (Path(__file__).parent / "sql" / f"{name}.sql").read_text()
    return sql.SQL(cast(LiteralString, text))


def _values(session: psycopg.Connection, query: sql.SQL | sql.Composed, *given: Any) -> list[Any]:
    return [found[0] for found in session.execute(query, given or None)]
