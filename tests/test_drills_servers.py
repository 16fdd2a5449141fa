"""The drills against real servers: what comes back is compared row by row, key by key."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import LiteralString, cast

import psycopg
import pytest
from redis import Redis

from drills.decide.rows import MARGIN_SECONDS
from drills.do import database
from drills.do.errors import DrillError
from drills.do.place import CachePlace
from drills.do.restore import Found, comparison, restore
from drills.do.restore_cache import MARK, restore_cache
from drills.do.system_clock import SystemClock
from rehearsal.machine import binaries, ports, postgres_cluster, redis
from rehearsal.machine.certificates import Authority
from rehearsal.machine.postgres import Postgres
from rehearsal.machine.redis_users import User
from rehearsal.machine.supervisor import Supervisor
from rehearsal.restores import MachineCache, MachineDatabase
from rehearsal.routine import Routine

pytestmark = pytest.mark.services

SCHEMA = """
CREATE TABLE items (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, name text NOT NULL, at timestamptz
);
CREATE TABLE pairs (left_id int, "Right" text, note text, PRIMARY KEY ("Right", left_id));
CREATE TABLE notes (note text);
CREATE UNLOGGED TABLE scratch (note text);
CREATE VIEW named AS SELECT name FROM items;
CREATE FUNCTION twice(n int) RETURNS int LANGUAGE sql AS 'SELECT 2 * n';
GRANT SELECT ON items TO app;
INSERT INTO items (name, at) SELECT 'item ' || n, now() FROM generate_series(1, 500) n;
INSERT INTO pairs SELECT n, 'r' || n, 'x' FROM generate_series(1, 50) n;
INSERT INTO notes SELECT 'twice' FROM generate_series(1, 4);
INSERT INTO scratch VALUES ('gone after a restore')
"""


@dataclass(frozen=True)
class Machine:
    supervisor: Supervisor
    source: Postgres
    place: MachineDatabase


@pytest.fixture(scope="module")
def machine() -> Iterator[Machine]:
    port = ports.reserve()
    found = binaries.find(["postgres", "initdb", "pg_basebackup"])
    with Supervisor() as supervisor:
        source = postgres_cluster.start(
            supervisor,
            binaries=found,
            authority=Authority(supervisor.directory / "ca.pem"),
            port=port,
            owner="owner",
            owner_password="password",
            database="app",
            parameters={"track_commit_timestamp": "1", "shared_buffers": "16384"},
        )
        with source.connect_as_admin("app") as session:
            session.execute("CREATE ROLE app LOGIN")
            session.execute(SCHEMA)
            # Younger rows than the margin count as written since the restored second.
            session.execute("SELECT pg_sleep(%s)", [MARGIN_SECONDS])
        yield Machine(supervisor, source, MachineDatabase(supervisor, source, found, SystemClock()))
        supervisor.check()
    ports.release(port)


def drill(place: MachineDatabase, told: list[str] | None = None) -> Found:
    return restore(
        place,
        rto_minutes=5,
        rpo_minutes=5,
        clock=SystemClock(),
        tell=(told if told is not None else []).append,
    )


class Writer(Routine):
    """Inserts, changes and deletes without a pause."""

    def __init__(self, session: psycopg.Connection) -> None:
        super().__init__("the writer", pause_seconds=0)
        self._session = session
        self.rounds = 0

    def act(self) -> None:
        self._session.execute("INSERT INTO items (name, at) VALUES ('under load', now())")
        self._session.execute("UPDATE pairs SET note = note || '.' WHERE left_id % 10 = 3")
        self._session.execute(
            "DELETE FROM items WHERE id > 500 AND id %% 50 = %s", [self.rounds % 50]
        )
        self.rounds += 1


def broken(found: Found) -> dict[str, str]:
    return {check.name: check.saw for check in found.checks if not check.held}


def test_under_load_the_restored_database_is_the_source_at_that_second(machine: Machine) -> None:
    with machine.source.connect_as_admin("app") as session, Writer(session) as writer:
        found = drill(machine.place)
    writer.check()
    assert writer.rounds > 10
    assert broken(found) == {}
    assert [check.name for check in found.checks] == [
        "recovery time",
        "recovery point",
        "settings",
        "extensions",
        "roles",
        "schema",
        "sequences",
        "rows",
        "indexes",
        "cleaning up",
    ]
    assert found.figures["tables"] == 3
    assert found.figures["rows_equal"] > 4
    assert found.figures["rows_lost"] == found.figures["rows_too_new"] == 0
    assert found.restored_to == int(found.restored_to)
    machine.supervisor.check()


SPOILT = [
    (
        "DELETE FROM items WHERE id = 77",
        {"rows": "public.items: 1 lost, 0 different, 0 too new"},
    ),
    (
        "DELETE FROM notes WHERE ctid = '(0,1)'",
        {"rows": "public.notes: 1 lost, 0 different, 0 too new"},
    ),
    (
        "UPDATE pairs SET note = 'y' WHERE left_id = 5",
        {"rows": "public.pairs: 0 lost, 1 different, 0 too new"},
    ),
    ("DROP VIEW named", {"schema": "missing: column public.named.name text"}),
    ("ALTER ROLE app NOLOGIN", {"roles": "missing: app login=t super=f createrole=f"}),
    ("DROP TABLE pairs CASCADE", {"tables": "missing: public.pairs"}),
    ("REVOKE SELECT ON items FROM app", {"schema": "missing: relation public.items kind r"}),
    (
        "CREATE EXTENSION pg_trgm",
        {"extensions": "not in the source: pg_trgm", "schema": "not in the source: CREATE OR"},
    ),
    # Not undone by the end of its transaction, and so the last one.
    ("SELECT setval('items_id_seq', 3)", {"sequences": "public.items_id_seq is at 3 and"}),
]


def test_whatever_is_lost_or_changed_on_the_way_is_found(machine: Machine) -> None:
    """One restore, spoilt again and again within a transaction that is rolled back."""
    at = float(int(machine.place.newest()))
    machine.place.restore(at)
    try:
        for statement, expected in SPOILT:
            with machine.place.restored() as restored, machine.place.source() as source:
                restored.execute("BEGIN")
                restored.execute(cast(LiteralString, statement))
                checks, _ = comparison(machine.place, source, restored, at)
                restored.execute("ROLLBACK")
            found = {check.name: check.saw for check in checks if not check.held}
            assert found.keys() == expected.keys(), (statement, found)
            for name, saw in expected.items():
                assert found[name].startswith(saw), (statement, found)
    finally:
        machine.place.remove()


def test_a_drill_fails_when_one_row_is_missing(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    restore_whole = MachineDatabase.restore

    def restore_all_but_one(place: MachineDatabase, at: float) -> None:
        restore_whole(place, at)
        with place.restored() as session:
            session.execute("DELETE FROM items WHERE id = (SELECT max(id) FROM items)")

    monkeypatch.setattr(MachineDatabase, "restore", restore_all_but_one)
    with machine.source.connect_as_admin("app") as session:
        session.execute("INSERT INTO items (name, at) VALUES ('the last one', now())")
        session.execute("SELECT pg_sleep(2.1)")
    found = drill(machine.place)
    assert broken(found) == {"rows": "public.items: 1 lost, 0 different, 0 too new"}
    assert found.figures["rows_lost"] == 1


def test_a_database_that_forgets_when_rows_were_written_is_refused(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(database, "keeps_commit_times", lambda _session: False)
    restored = []
    monkeypatch.setattr(MachineDatabase, "restore", lambda *_: restored.append(True))
    with pytest.raises(DrillError, match=r"does not keep commit times, .* and takes a reboot"):
        drill(machine.place)
    assert restored == []


def test_a_restore_that_breaks_off_is_one_sentence_and_still_cleared_away(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    removed = []

    def fail(_place: MachineDatabase, _at: float) -> None:
        raise psycopg.OperationalError("the server has gone\naway")

    monkeypatch.setattr(MachineDatabase, "restore", fail)
    monkeypatch.setattr(MachineDatabase, "remove", lambda _place: removed.append(True))
    with pytest.raises(DrillError, match=r"^the drill broke off: the server has gone away$"):
        drill(machine.place)
    assert removed == [True]


def test_a_cache_under_load_comes_back_as_it_was() -> None:
    port = ports.reserve()
    user = User(name="app", access_string="on ~* +@all", passwords=("password",))
    with Supervisor() as supervisor:
        source = redis.start(
            supervisor,
            binaries=binaries.find(["redis-server"]),
            authority=Authority(supervisor.directory / "ca.pem"),
            port=port,
            users=[user],
            parameters={},
        )
        place = MachineCache(supervisor, source)
        client = source.client("app", "password")
        # As an app's pickles are: no text.
        client.set("bytes", b"\x80\x05")
        client.rpush("list", "a", "b")
        client.sadd("set", "b", "a")
        client.zadd("ranks", {"a": 1, "b": 2})
        client.hset("hash", mapping={"x": "1", "y": "2"})
        client.xadd("stream", {"a": "1"})
        client.set("short", "a", ex=3_600)
        with Counter(client) as counter:
            found = cache_drill(place)
        counter.check()
        assert broken(found) == {}
        # The seven above and the drill's own mark.
        assert found.figures["keys_equal"] == 8
        assert found.figures["keys_moved"] == 1
        client.flushall()
        lost = SpoiltCache(place)
        assert broken(cache_drill(lost)) == {
            "keys": "1 lost and 0 different of those that stood still; "
            "0 keys are equal; 0 changed or expired meanwhile",
            "this drill's mark": "it is missing: the snapshot is another's",
        }
        supervisor.check()
    ports.release(port)


class Counter(Routine):
    """Changes one key without a pause."""

    def __init__(self, client: Redis) -> None:
        super().__init__("the counter", pause_seconds=0)
        self._client = client

    def act(self) -> None:
        self._client.incr("counter")


class SpoiltCache:
    """Loses a key on the way; otherwise the place that it is given."""

    def __init__(self, place: MachineCache) -> None:
        self._place = place

    def __getattr__(self, name: str) -> object:
        return getattr(self._place, name)

    def restore(self) -> None:
        self._place.restore()
        self._place.restored().delete(MARK)


def cache_drill(place: object) -> Found:
    return restore_cache(
        cast(CachePlace, place),
        drill_id="this-one",
        rto_minutes=5,
        clock=SystemClock(),
        tell=[].append,
    )
