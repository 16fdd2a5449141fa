"""images/pgbouncer by its own scripts: a real pgbouncer before a real PostgreSQL that wants TLS."""

import contextlib
import itertools
import signal
import stat
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import psycopg
import pytest

from rehearsal.machine import binaries, ports, postgres_cluster
from rehearsal.machine.certificates import Authority
from rehearsal.machine.postgres import Postgres
from rehearsal.machine.supervisor import Supervisor, unprivileged_user
from tests.image_process import Running, refusal, run, running, surroundings

pytestmark = pytest.mark.services
OWNER_PASSWORD = "own'er"
PASSWORD = 'it\'s "q" $s ${DB_HOST} \\w %d ;#=\u00e9 ' + "x" * 200
# What the app hears of a database that is away: at once when the last login failed, else in 2 s.
TOLD = r"server login has been failing|query_wait_timeout|server closed the connection|terminating"
NAMES = (f"login{n}" for n in itertools.count(1))
DIFFERS = "slipway-pgbouncer: differs from the image: pgbouncer 1.18.0 "
OLD = [
    DIFFERS + "has no 'max_prepared_statements' (1.21); the app must not use prepared statements.",
    DIFFERS + "doesn't wait for clients on SIGTERM (1.23); the app must stop first.",
]


@pytest.fixture(scope="module")
def supervisor() -> Iterator[Supervisor]:
    with Supervisor() as supervisor:
        yield supervisor
        supervisor.check()


@pytest.fixture(scope="module")
def authority(supervisor: Supervisor) -> Authority:
    return Authority(supervisor.directory / "ca.pem")


@pytest.fixture(scope="module")
def server(supervisor: Supervisor, authority: Authority) -> Postgres:
    return postgres_cluster.start(
        supervisor,
        binaries=binaries.find(["postgres", "initdb"]),
        authority=authority,
        port=ports.reserve(),
        owner="owner",
        owner_password=OWNER_PASSWORD,
        database="app",
        parameters={"log_statement": "all", "log_min_duration_statement": "0"},
    )


def logins(server: Postgres, user: str = "app", **more: str) -> dict[str, str]:
    """What the task definition gives to ensure-logins."""
    return {
        "DB_HOST": "127.0.0.1",
        "DB_PORT": str(server.port),
        "DB_NAME": "app",
        "PGUSER": "owner",
        "PGPASSWORD": OWNER_PASSWORD,
        "DB_USER": user,
        "DB_PASSWORD": PASSWORD,
        "SERVER_CA_FILE": str(server.certificate_authority),
        **more,
    }


def pool(server: Postgres, port: int, **more: str) -> dict[str, str]:
    """What the task definition gives to pgbouncer."""
    return {
        "LISTEN_PORT": str(port),
        "DB_HOST": "127.0.0.1",
        "DB_PORT": str(server.port),
        "DB_NAME": "app",
        "DB_USER": "app",
        "DB_PASSWORD": PASSWORD,
        "POOL_SIZE": "2",
        "MAX_CLIENT_CONN": "50",
        "SERVER_CA_FILE": str(server.certificate_authority),
        **more,
    }


def direct(server: Postgres, user: str, password: str) -> psycopg.Connection:
    return psycopg.connect(
        host="127.0.0.1",
        port=server.port,
        dbname="app",
        user=user,
        password=password,
        sslmode="verify-full",
        sslrootcert=str(server.certificate_authority),
        connect_timeout=10,
        autocommit=True,
    )


def through(port: int, user: str = "app") -> psycopg.Connection:
    """As the app connects: no password, no TLS."""
    return psycopg.connect(
        f"postgresql://{user}@127.0.0.1:{port}/app",
        connect_timeout=10,
        autocommit=True,
        prepare_threshold=None,
    )


@pytest.fixture(scope="module")
def app_login(supervisor: Supervisor, server: Postgres) -> None:
    created = run(supervisor, "pgbouncer", logins(server), "ensure-logins")
    assert created.exit_code == 0, created.output
    with direct(server, "owner", OWNER_PASSWORD) as owner:
        owner.execute("CREATE TABLE thing (id serial PRIMARY KEY, name text)")


@pytest.fixture(scope="module")
def bouncer(supervisor: Supervisor, server: Postgres, app_login: None) -> Iterator[Running]:
    port = ports.reserve()
    with running(supervisor, "pgbouncer", port, pool(server, port)) as bouncer:
        yield bouncer


# ensure-logins


def test_a_login_is_made_once_and_its_password_is_left_alone(
    supervisor: Supervisor, server: Postgres
) -> None:
    name = next(NAMES)
    first = run(supervisor, "pgbouncer", logins(server, name), "ensure-logins")
    again = run(supervisor, "pgbouncer", logins(server, name, DB_PASSWORD="new"), "ensure-logins")
    assert (first.exit_code, first.output) == (
        0,
        f'ensure-logins: created "{name}" and granted what the app needs.\n',
    )
    assert (again.exit_code, again.output) == (
        0,
        f'ensure-logins: "{name}" exists; granted what the app needs '
        "and left its password alone.\n",
    )
    direct(server, name, PASSWORD).close()
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        direct(server, name, "new")


def test_a_login_can_do_no_more_than_log_in(supervisor: Supervisor, server: Postgres) -> None:
    name = next(NAMES)
    assert run(supervisor, "pgbouncer", logins(server, name), "ensure-logins").exit_code == 0
    with server.connect_as_admin("app") as admin:
        role = admin.execute(
            "SELECT rolcanlogin, rolsuper, rolcreatedb, rolcreaterole, rolreplication,"
            " rolbypassrls, rolpassword FROM pg_authid WHERE rolname = %s",
            [name],
        ).fetchone()
    assert role is not None
    assert role[:6] == (True, False, False, False, False, False)
    assert role[6].startswith("SCRAM-SHA-256$4096:")


def test_two_at_once_take_turns(supervisor: Supervisor, server: Postgres) -> None:
    name = next(NAMES)
    files, around = surroundings(supervisor, "pgbouncer", supervisor.directory)
    started = [
        supervisor.start(
            f"{name}-{n}",
            [str(files / "ensure-logins")],
            env={**around, **logins(server, name)},
            run_as=unprivileged_user(),
            one_off=True,
        )
        for n in range(4)
    ]
    for process in started:
        assert process.exited.wait(20)
    assert [process.exit_code for process in started] == [0] * 4
    outputs = [process.output().split()[1] for process in started]
    assert sorted(outputs) == [f'"{name}"'] * 3 + ["created"]


def test_the_password_is_on_no_command_line_and_in_no_log(
    supervisor: Supervisor, server: Postgres
) -> None:
    name = next(NAMES)
    files, around = surroundings(supervisor, "pgbouncer", supervisor.directory)
    with direct(server, "owner", OWNER_PASSWORD) as owner:
        owner.execute("SELECT pg_advisory_lock(hashtext('slipway ensure-logins'))")
        process = supervisor.start(
            f"{name}-held",
            [str(files / "ensure-logins")],
            env={**around, **logins(server, name)},
            run_as=unprivileged_user(),
            one_off=True,
        )
        waits = "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted"
        supervisor.wait_until(
            lambda: owner.execute(waits).fetchone() == (1,),
            what="ensure-logins did not wait for the lock",
            timeout_seconds=20,
        )
        # Only now are all of its programs there to be seen.
        lines = {}
        for file in Path("/proc").glob("[0-9]*/cmdline"):
            with contextlib.suppress(OSError):
                lines[file.parent] = file.read_bytes()
    psql = [place for place, line in lines.items() if b"ensure-logins.sql" in line]
    assert psql
    assert [line for line in lines.values() if b"x" * 200 in line] == []
    assert process.exited.wait(20)
    assert process.exit_code == 0
    assert server.process is not None
    log = server.process.output()
    assert f'CREATE ROLE "{name}"' in log
    assert "SCRAM-SHA-256$4096:" in log
    assert "x" * 200 not in log
    assert "x" * 200 not in process.output()


def test_the_app_may_use_what_the_owner_makes_later_and_make_nothing(
    server: Postgres, app_login: None
) -> None:
    with direct(server, "owner", OWNER_PASSWORD) as owner:
        owner.execute("CREATE TABLE later (id serial PRIMARY KEY, name text)")
    with direct(server, "app", PASSWORD) as app:
        for table in ("thing", "later"):
            assert app.execute(
                f"INSERT INTO {table} (name) VALUES ('a') RETURNING name"
            ).fetchall() == [("a",)]
            app.execute(f"UPDATE {table} SET name = 'b'")
            assert app.execute(f"SELECT DISTINCT name FROM {table}").fetchall() == [("b",)]
            app.execute(f"DELETE FROM {table}")
        for statement in ("CREATE TABLE mine (id int)", "DROP TABLE later", "TRUNCATE later"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                app.execute(statement)


def test_a_new_login_may_use_what_was_there_before_it(
    supervisor: Supervisor, server: Postgres
) -> None:
    name = next(NAMES)
    with direct(server, "owner", OWNER_PASSWORD) as owner:
        owner.execute("CREATE TABLE before (id serial PRIMARY KEY, name text)")
    assert run(supervisor, "pgbouncer", logins(server, name), "ensure-logins").exit_code == 0
    with direct(server, name, PASSWORD) as app:
        app.execute("INSERT INTO before (name) VALUES ('a')")
        assert app.execute("SELECT id, name FROM before").fetchall() == [(1, "a")]


def test_ensure_logins_refuses_in_one_sentence(
    supervisor: Supervisor, server: Postgres, tmp_path: Path
) -> None:
    def says(**more: str) -> list[str]:
        environment = {k: v for k, v in logins(server, **more).items() if v}
        return refusal(supervisor, "pgbouncer", environment, "ensure-logins")

    assert says(DB_HOST="", PGPASSWORD="", DB_PASSWORD="") == [
        "ensure-logins: can't start without DB_HOST, PGPASSWORD, DB_PASSWORD; "
        "set them in the task definition."
    ]
    assert says(DB_USER="owner") == [
        "ensure-logins: DB_USER and PGUSER are both 'owner'; "
        "the app must not be the owner of what it uses."
    ]
    assert says(DB_PASSWORD="a\nb") == [
        "ensure-logins: DB_PASSWORD (not shown) holds a line break; "
        "give the login another password."
    ]
    (denied,) = says(PGPASSWORD="wrong")
    assert denied.startswith("ensure-logins: the login is as it was: psql: error: ")
    assert denied.endswith('password authentication failed for user "owner"')
    stranger = Authority(supervisor.directory / "stranger.pem")
    (distrusted,) = says(SERVER_CA_FILE=str(stranger.file))
    assert distrusted.endswith("SSL error: certificate verify failed")


# The pool


def test_many_clients_share_few_connections(server: Postgres, bouncer: Running) -> None:
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(through(bouncer.port)) for _ in range(10)]
        pids = set()
        for client in clients * 3:
            row = client.execute("SELECT pg_backend_pid(), current_user").fetchone()
            assert row is not None
            assert row[1] == "app"
            pids.add(row[0])
        assert len(pids) <= 2
        with server.connect_as_admin("app") as admin:
            seen = admin.execute(
                "SELECT pid, ssl, version FROM pg_stat_activity JOIN pg_stat_ssl USING (pid)"
                " WHERE usename = 'app'"
            ).fetchall()
    assert {pid for pid, _, _ in seen} >= pids
    assert {(tls, version) for _, tls, version in seen} == {(True, "TLSv1.3")}


def test_a_transaction_keeps_its_connection(bouncer: Running) -> None:
    with through(bouncer.port) as one, through(bouncer.port) as other:
        with one.transaction():
            first = one.execute("SELECT pg_backend_pid()").fetchone()
            assert other.execute("SELECT pg_backend_pid()").fetchone() != first
            one.execute("INSERT INTO thing (name) VALUES ('kept')")
            assert other.execute("SELECT FROM thing WHERE name = 'kept'").fetchall() == []
            assert one.execute("SELECT pg_backend_pid()").fetchone() == first
        assert other.execute("SELECT name FROM thing").fetchall() == [("kept",)]
        one.execute("DELETE FROM thing")


def test_whoever_connects_becomes_the_login(bouncer: Running) -> None:
    with through(bouncer.port, "somebody") as client:
        assert client.execute("SELECT current_user").fetchone() == ("app",)


def test_the_alternate_login_does_as_well(
    supervisor: Supervisor, server: Postgres, app_login: None
) -> None:
    with direct(server, "owner", OWNER_PASSWORD) as owner:  # as the rotation's function does
        owner.execute("CREATE ROLE app_clone LOGIN PASSWORD 'clone''s'")
        owner.execute("GRANT app TO app_clone")
    assert run(
        supervisor, "pgbouncer", logins(server, "app_clone"), "ensure-logins"
    ).output.startswith('ensure-logins: "app_clone" exists;')
    port = ports.reserve()
    environment = pool(server, port, DB_USER="app_clone", DB_PASSWORD="clone's")
    with running(supervisor, "pgbouncer", port, environment), through(port) as client:
        assert client.execute("SELECT current_user").fetchone() == ("app_clone",)
        client.execute("INSERT INTO thing (name) VALUES ('b')")
        client.execute("DELETE FROM thing")


@pytest.mark.parametrize("lie", ["authority", "name"])
def test_a_server_that_proves_nothing_gets_no_password(
    supervisor: Supervisor, server: Postgres, app_login: None, lie: str
) -> None:
    port = ports.reserve()
    if lie == "authority":
        other = Authority(supervisor.directory / "other.pem")
        environment = pool(server, port, SERVER_CA_FILE=str(other.file))
    else:
        # The same server by an address that its certificate (localhost, 127.0.0.1) lacks.
        environment = pool(server, port, DB_HOST="::ffff:127.0.0.1")
    with running(supervisor, "pgbouncer", port, environment) as bouncer:
        with pytest.raises(psycopg.OperationalError, match=TOLD):
            through(port)
        said = bouncer.process.output()
    why = "certificate verify failed" if lie == "authority" else "not present in server certificate"
    assert why in said, said


def served(port: int) -> Callable[[], bool]:
    def attempt() -> bool:
        try:
            with through(port) as client:
                return client.execute("SELECT 1").fetchone() == (1,)
        except psycopg.OperationalError:
            return False

    return attempt


def test_without_a_database_clients_are_told_and_with_one_they_are_served(
    supervisor: Supervisor, server: Postgres, app_login: None
) -> None:
    port = ports.reserve()
    with running(supervisor, "pgbouncer", port, pool(server, port)) as bouncer:
        client = through(port)
        assert client.execute("SELECT 1").fetchone() == (1,)
        server.stop()
        try:
            for asking in (client, through(port)):
                with pytest.raises(psycopg.OperationalError, match=TOLD):
                    asking.execute("SELECT 1")
            console = ["pg_isready", "-q", "-h", "127.0.0.1", "-p", str(port), "-d", "pgbouncer"]
            assert subprocess.run(console, timeout=20, check=False).returncode == 0
            assert bouncer.process.alive
        finally:
            server.start()
        bouncer.wait_until(served(port), "no client was served")


def test_a_frozen_database_is_told_of_as_well(
    supervisor: Supervisor, server: Postgres, app_login: None
) -> None:
    port = ports.reserve()
    assert server.process is not None
    with running(supervisor, "pgbouncer", port, pool(server, port)) as bouncer:
        server.process.signal(signal.SIGSTOP)  # accepts connections, answers none
        try:
            with pytest.raises(psycopg.OperationalError, match=TOLD):
                through(port)
        finally:
            server.process.signal(signal.SIGCONT)
        bouncer.wait_until(served(port), "no client was served")


def test_the_password_is_pgbouncers_alone_and_sigterm_ends_it(
    supervisor: Supervisor, server: Postgres, app_login: None
) -> None:
    port = ports.reserve()
    with running(supervisor, "pgbouncer", port, pool(server, port)) as bouncer:
        through(port).close()
        assert [path.name for path in bouncer.directory.iterdir()] == ["pgbouncer.ini"]
        file = bouncer.directory / "pgbouncer.ini"
        assert stat.S_IMODE(file.stat().st_mode) == 0o600
        process = Path(f"/proc/{bouncer.process.pid}")
        assert process.joinpath("comm").read_text() == "pgbouncer\n"  # no shell is left as PID 1
        assert b"x" * 200 not in process.joinpath("environ").read_bytes()
        assert b"x" * 200 not in process.joinpath("cmdline").read_bytes()
        assert "x" * 200 not in bouncer.process.output()
        assert bouncer.end(signal.SIGTERM) in (0, 1)  # 1 before 1.23, which calls it immediate


# The configuration


def rendered(supervisor: Supervisor, version: str, environment: dict[str, str]) -> list[str]:
    """The configuration, and what was said, for a pgbouncer of another version."""
    programs = supervisor.directory / f"pgbouncer-{version}"
    programs.mkdir(exist_ok=True)
    shim = programs / "pgbouncer"
    shim.write_text(f'#!/bin/sh\n[ "$1" = -V ] && echo "PgBouncer {version}" || exec cat "$1"\n')
    for place in (programs, shim):
        place.chmod(0o755)
    _, around = surroundings(supervisor, "pgbouncer", supervisor.directory)
    path = f"{programs}:{around['PATH']}"
    completed = run(supervisor, "pgbouncer", {**environment, "PATH": path})
    assert completed.exit_code == 0, completed.output
    return completed.output.splitlines()


def test_the_images_pgbouncer_gets_every_line(supervisor: Supervisor, server: Postgres) -> None:
    lines = rendered(supervisor, "1.24.1", pool(server, 6432, DB_PASSWORD="a'b$c"))
    assert [line for line in lines if "differs" in line or "${" in line] == []
    assert {
        f"app = host=127.0.0.1 port={server.port} dbname=app user='app' password='a''b$c'",
        "listen_addr = 127.0.0.1",
        "listen_port = 6432",
        "unix_socket_dir =",
        "auth_type = any",
        "pool_mode = transaction",
        "default_pool_size = 2",
        "max_db_connections = 2",
        "max_client_conn = 50",
        "max_prepared_statements = 200",
        "server_tls_sslmode = verify-full",
        f"server_tls_ca_file = {server.certificate_authority}",
        "server_tls_protocols = secure",
        "query_wait_timeout = 2",
        "server_login_retry = 1",
        "dns_max_ttl = 5",
        "server_lifetime = 600",
        "server_check_query = select 1",
        "tcp_keepalive = 1",
    } <= set(lines)


@pytest.mark.parametrize(
    ("version", "differences"), [("1.18.0", OLD), ("1.21.0", OLD[1:]), ("1.23.0", [])]
)
def test_an_older_pgbouncer_gets_what_it_knows_and_says_so(
    supervisor: Supervisor, server: Postgres, version: str, differences: list[str]
) -> None:
    lines = rendered(supervisor, version, pool(server, 6432))
    assert [line for line in lines if "differs" in line] == [
        line.replace("1.18.0", version) for line in differences
    ]
    assert ("max_prepared_statements = 200" in lines) is (version != "1.18.0")


def test_what_pgbouncer_cannot_start_with_is_named(
    supervisor: Supervisor, server: Postgres
) -> None:
    def says(**more: str) -> list[str]:
        environment = {key: value for key, value in pool(server, 6432, **more).items() if value}
        return refusal(supervisor, "pgbouncer", environment)

    assert says(DB_HOST="", DB_PASSWORD="", POOL_SIZE="") == [
        "slipway-pgbouncer: can't start without DB_HOST, DB_PASSWORD, POOL_SIZE; "
        "set them in the task definition."
    ]
    for name, value in (("LISTEN_PORT", "x"), ("POOL_SIZE", "0"), ("MAX_CLIENT_CONN", "-5")):
        assert says(**{name: value}) == [
            f"slipway-pgbouncer: {name} is '{value}'; it must be a whole number above 0."
        ]
    assert says(DB_NAME="a b") == [
        "slipway-pgbouncer: DB_NAME is 'a b'; use letters, digits and '_'."
    ]
    assert says(DB_HOST="a port=1") == [
        "slipway-pgbouncer: DB_HOST is 'a port=1' and LISTEN_ADDRESS '127.0.0.1'; "
        "they must be host names or addresses."
    ]
    assert says(DB_PASSWORD="secret\nauth_type = trust") == [
        "slipway-pgbouncer: DB_USER or DB_PASSWORD (not shown) holds a line break; "
        "give the login another password."
    ]
    assert says(SERVER_CA_FILE="/nowhere/ca.pem") == [
        "slipway-pgbouncer: can't read SERVER_CA_FILE '/nowhere/ca.pem'; "
        "it must hold the authorities of the database's certificate."
    ]


def test_root_is_refused(supervisor: Supervisor, server: Postgres) -> None:
    programs = supervisor.directory / "root"
    programs.mkdir()
    (programs / "id").write_text("#!/bin/sh\necho 0\n")
    for place in (programs, programs / "id"):
        place.chmod(0o755)
    _, around = surroundings(supervisor, "pgbouncer", supervisor.directory)
    environment = pool(server, 6432, PATH=f"{programs}:{around['PATH']}")
    assert refusal(supervisor, "pgbouncer", environment) == [
        "slipway-pgbouncer: pgbouncer doesn't run as root; start it as another user."
    ]


def test_the_migrate_task_can_run_ensure_logins_as_the_images_command() -> None:
    dockerfile = (Path(__file__).parents[1] / "images/pgbouncer/Dockerfile").read_text()
    instructions = [line.split()[0] for line in dockerfile.splitlines() if line[:1].isupper()]
    assert instructions.count("CMD") == 1
    assert "ENTRYPOINT" not in instructions
    assert "COPY --chmod=0755 ensure-logins /usr/local/bin/ensure-logins" in dockerfile
