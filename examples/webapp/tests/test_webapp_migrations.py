"""python run_migrations.py: forward, safe in parallel, and honest about what is live."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from conftest import owner_url
from sqlalchemy import URL
from webapp import schema
from webapp.schema import SchemaError, migrate, verify
from webapp.settings import read_database_url
from webapp_services import APP_FOLDER, Server, run_migrations

pytestmark = pytest.mark.services


def run(url: str, *options: str, folder: Path = APP_FOLDER, **environment: str) -> tuple[int, str]:
    """Exit code, and what was printed on either stream."""
    process = run_migrations({"DATABASE_URL": url} | environment, *options, folder=folder)
    out, err = process.communicate(timeout=30)
    return process.returncode, out + err


@pytest.fixture
def url(database_server: Server, empty_database: str) -> str:
    return owner_url(database_server, empty_database)


@pytest.fixture
def migrated(url: str) -> str:
    """The URL of a database with the schema of this image."""
    migrate(database(url))
    return url


NewerRelease = Callable[[str], Path]


@pytest.fixture
def newer_release(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> NewerRelease:
    """Makes a copy of the app with one more migration, and webapp.schema use its migrations."""

    def make(upgrade: str) -> Path:
        newer = tmp_path / "newer"
        shutil.copytree(APP_FOLDER, newer, ignore=shutil.ignore_patterns("__pycache__", "tests"))
        (newer / "migrations/versions/0002_newer.py").write_text(
            "import sqlalchemy as sa\nfrom alembic import op\n"
            'revision = "0002"\ndown_revision = "0001"\n'
            f"def upgrade() -> None:\n    {upgrade}\n"
        )
        monkeypatch.setattr(schema, "ALEMBIC_INI", newer / "alembic.ini")
        return newer

    return make


def database(url: str) -> URL:
    return read_database_url({"DATABASE_URL": url})


def sql(url: str, *statements: str) -> None:
    with psycopg.connect(url) as connection:
        for statement in statements:
            connection.execute(statement.encode())


def test_migrating_makes_the_schema_that_verify_asks_for(url: str) -> None:
    assert run(url, "--verify-only") == (
        1,
        "The database has no schema yet, and this image needs 0001:"
        " run python run_migrations.py.\n",
    )
    assert run(url) == (0, "Migrated from an empty schema to 0001.\n")
    assert run(url, "--verify-only") == (0, "The schema is at 0001 and serves this image.\n")
    assert run(url) == (0, "Nothing to do: the schema is at 0001.\n")


def test_the_apps_login_reads_and_writes_but_does_not_own(migrated: str) -> None:
    with psycopg.connect(migrated.replace("owner@", "app@")) as connection:
        connection.execute("INSERT INTO items (name) VALUES ('tea')")
        assert connection.execute("SELECT name FROM items").fetchall() == [("tea",)]
        with pytest.raises(psycopg.errors.InsufficientPrivilege, match="must be owner"):
            connection.execute("DROP TABLE items")


def test_libpq_variables_give_the_owner(database_server: Server, empty_database: str) -> None:
    url = f"postgresql://127.0.0.1:{database_server.port}/{empty_database}?sslmode=prefer"
    assert run(url, PGUSER="owner", PGPASSWORD="unused")[0] == 0
    with psycopg.connect(owner_url(database_server, empty_database)) as connection:
        owners = connection.execute(
            "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'"
        )
        assert owners.fetchall() == [("owner",)]


def test_two_at_once_migrate_once(url: str) -> None:
    assert run_two_that_wait(url) == [
        "Migrated from an empty schema to 0001.\n",
        "Nothing to do: the schema is at 0001.\n",
    ]


def run_two_that_wait(url: str, folder: Path = APP_FOLDER) -> list[str]:
    """What two runs print that both had to wait for a third party's lock, sorted."""
    waiting = (
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE application_name = 'webapp-migrations' AND datname = 'empty'"
    )
    tables = "SELECT array_agg(tablename::text) FROM pg_tables WHERE schemaname = 'public'"
    with psycopg.connect(url, autocommit=True) as holder:
        holder.execute("SELECT pg_advisory_lock(%s)", [schema.LOCK_KEY])
        before = holder.execute(tables).fetchone()
        both = [run_migrations({"DATABASE_URL": url}, folder=folder) for _ in range(2)]
        while holder.execute(waiting).fetchone() != (2,):
            assert [process.poll() for process in both] == [None, None]
        assert holder.execute(tables).fetchone() == before
    printed = [process.communicate(timeout=30) for process in both]
    assert [process.returncode for process in both] == [0, 0], printed
    return sorted(out for out, _ in printed)


@pytest.mark.parametrize(
    ("change", "complaint"),
    [
        ("DROP TABLE items", "table items is missing"),
        ("ALTER TABLE items DROP COLUMN name", "column items.name is missing"),
        (
            "ALTER TABLE items ALTER name TYPE integer USING 1",
            "column items.name has type INTEGER instead of TEXT",
        ),
        (
            "ALTER TABLE items ADD colour text NOT NULL",
            "column items.colour is required, and this image does not write it",
        ),
    ],
)
def test_verify_sees_a_schema_that_was_changed_by_hand(
    migrated: str, change: str, complaint: str
) -> None:
    sql(migrated, "ALTER TABLE items DROP CONSTRAINT items_name", change)
    with pytest.raises(SchemaError) as raised:
        verify(database(migrated))
    assert str(raised.value) == (
        f"The schema is at 0001, but does not serve this image: {complaint}."
    )


def test_a_schema_of_a_newer_release_serves_this_one(migrated: str) -> None:
    """A rollback meets it: the newer release only added."""
    sql(
        migrated,
        "ALTER TABLE items ADD colour text",
        "ALTER TABLE items ADD amount integer NOT NULL DEFAULT 1",
        "CREATE TABLE orders (id integer)",
        "UPDATE alembic_version SET version_num = '0002'",
    )
    assert verify(database(migrated)) == "The schema is at 0002 and serves this image."
    assert migrate(database(migrated)) == (
        "Nothing to do: the schema is at 0002, ahead of this image, and serves it."
    )


def test_a_schema_behind_the_image_is_named(migrated: str, newer_release: NewerRelease) -> None:
    newer_release("op.add_column('items', sa.Column('colour', sa.Text))")
    with pytest.raises(SchemaError) as raised:
        verify(database(migrated))
    assert str(raised.value) == (
        "The schema is at 0001, and this image needs 0002: run python run_migrations.py."
    )


def test_a_migration_that_fails_leaves_no_trace_and_undoes_none_before_it(
    migrated: str, newer_release: NewerRelease, monkeypatch: pytest.MonkeyPatch
) -> None:
    newer = newer_release("op.add_column('items', sa.Column('colour', sa.Text))")
    (newer / "migrations/versions/0003_failing.py").write_text(
        "import sqlalchemy as sa\nfrom alembic import op\n"
        'revision = "0003"\ndown_revision = "0002"\n'
        "def upgrade() -> None:\n"
        "    op.add_column('items', sa.Column('amount', sa.Integer))\n"
        "    op.execute('SELECT 1/0')\n"
    )
    with pytest.raises(SchemaError, match=r"^PostgreSQL refused: division by zero$"):
        migrate(database(migrated))
    monkeypatch.undo()
    assert verify(database(migrated)) == "The schema is at 0002 and serves this image."
    with psycopg.connect(migrated) as connection:
        added = connection.execute(
            "SELECT attname FROM pg_attribute WHERE attname IN ('colour', 'amount')"
        )
        assert added.fetchall() == [("colour",)]


def test_a_migration_does_not_queue_for_a_busy_table(
    migrated: str, newer_release: NewerRelease, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever queues for a table lock makes all traffic on the table queue behind."""
    monkeypatch.setattr(schema, "TABLE_LOCK_SECONDS", 1)
    newer_release("op.add_column('items', sa.Column('colour', sa.Text))")
    with psycopg.connect(migrated) as reader:
        reader.execute("SELECT * FROM items")
        with pytest.raises(SchemaError, match=r"^PostgreSQL refused: .* due to lock timeout$"):
            migrate(database(migrated))


def test_an_index_can_be_built_concurrently(migrated: str, newer_release: NewerRelease) -> None:
    newer = newer_release(
        "\n    with op.get_context().autocommit_block():"
        "\n        op.create_index('items_name', 'items', ['name'], postgresql_concurrently=True)",
    )
    assert run_two_that_wait(migrated, newer) == [
        "Migrated from 0001 to 0002.\n",
        "Nothing to do: the schema is at 0002.\n",
    ]


def test_an_unreachable_database_is_one_sentence() -> None:
    code, printed = run("postgresql://owner@127.0.0.1:1/app")
    assert code == 1
    assert printed.startswith("PostgreSQL can't be reached at 127.0.0.1:1: ")
    assert printed.count("\n") == 1


def test_a_missing_url_is_one_sentence() -> None:
    assert run("") == (
        1,
        "DATABASE_URL is not set: give it a value such as postgresql://app@127.0.0.1:6432/app.\n",
    )
