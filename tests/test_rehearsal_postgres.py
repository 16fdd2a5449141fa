"""PostgreSQL as RDS runs it: what it refuses, what it forgets, what of its settings holds here."""

import psycopg
import pytest

from rehearsal.errors import RehearsalError
from rehearsal.machine import binaries, parameter_group, ports, postgres_cluster
from rehearsal.machine.certificates import Authority
from rehearsal.machine.supervisor import Supervisor, unprivileged_user

PASSWORD = "it's a \\ pass%word"
PARAMETERS = {
    "rds.force_ssl": "1",
    "rds.logical_replication": "0",
    "shared_preload_libraries": "pg_stat_statements,auto_explain,pg_cron",
    "pg_stat_statements.track": "all",
    "auto_explain.log_min_duration": "500",
    "cron.database_name": "app",
    "log_min_duration_statement": "250",
    "idle_in_transaction_session_timeout": "60000",
    "shared_buffers": "{DBInstanceClassMemory/32768}",
    "ssl_min_protocol_version": "TLSv1.2",
    "apg_enable_something": "1",
    "port": "5433",
    "ssl": "on",
}
DIFFERENCES = [
    "apg_enable_something=1 is left out: this PostgreSQL has no such setting",
    "cron.database_name=app is left out: its library is not preloaded here",
    "port=5433 is left out: the rehearsal sets port itself",
    "rds.force_ssl=1 exists only on RDS: pg_hba.conf admits TLS only instead",
    "rds.logical_replication=0 exists only on RDS and is left out",
    "shared_buffers={DBInstanceClassMemory/32768} is a formula of RDS: "
    "the server's default holds instead",
    "the library pg_cron is not installed here and is not preloaded",
]
EXTENSION = "pg_stat_statements is created beforehand: only RDS lets its master user create it"


@pytest.fixture(scope="module")
def server():
    port = ports.reserve()
    with Supervisor() as supervisor:
        yield postgres_cluster.start(
            supervisor,
            binaries=binaries.find(["postgres", "initdb"]),
            authority=Authority(supervisor.directory / "ca.pem"),
            port=port,
            owner="owner",
            owner_password=PASSWORD,
            database="app",
            parameters=PARAMETERS,
        )
        supervisor.check()
    ports.release(port)


@pytest.fixture
def connect(server):
    opened = []

    def connect(**changed) -> psycopg.Connection:
        how = {
            "host": server.host,
            "port": server.port,
            "dbname": "app",
            "user": "owner",
            "password": PASSWORD,
            "sslmode": "verify-full",
            "sslrootcert": str(server.certificate_authority),
            "connect_timeout": 5,
            "autocommit": True,
        }
        opened.append(psycopg.connect(**(how | changed)))
        return opened[-1]

    yield connect
    for connection in opened:
        connection.close()


def value(connection: psycopg.Connection, statement: str) -> object:
    row = connection.execute(statement).fetchone()
    assert row is not None
    return row[0]


def test_what_holds_outside_rds_is_kept_and_the_rest_is_told():
    allowed, differences = parameter_group.settings(
        PARAMETERS,
        known={"log_min_duration_statement", "idle_in_transaction_session_timeout"}
        | {"ssl_min_protocol_version", "shared_buffers", "shared_preload_libraries", "port", "ssl"},
        libraries={"pg_stat_statements", "auto_explain"},
        own={"port": "20000", "ssl": "on"},
    )
    assert allowed == {
        "shared_preload_libraries": "pg_stat_statements,auto_explain",
        "pg_stat_statements.track": "all",
        "auto_explain.log_min_duration": "500",
        "log_min_duration_statement": "250",
        "idle_in_transaction_session_timeout": "60000",
        "ssl_min_protocol_version": "TLSv1.2",
    }
    assert differences == DIFFERENCES


def test_a_parameter_group_that_does_not_force_tls_is_told_too():
    _, differences = parameter_group.settings(
        {"rds.force_ssl": "0"}, known=set(), libraries=set(), own={}
    )
    assert differences == ["rds.force_ssl=0 exists only on RDS and is left out"]


@pytest.mark.services
def test_the_parameter_groups_settings_are_in_force(server, connect):
    session = connect()
    shown = {
        name: value(session, f"SHOW {name}")
        for name in PARAMETERS
        if not name.startswith(("rds.", "cron.", "apg_"))
    }
    assert shown == {
        "shared_preload_libraries": "pg_stat_statements,auto_explain",
        "pg_stat_statements.track": "all",
        "auto_explain.log_min_duration": "500ms",
        "log_min_duration_statement": "250ms",
        "idle_in_transaction_session_timeout": "1min",
        "shared_buffers": "128MB",
        "ssl_min_protocol_version": "TLSv1.2",
        "port": str(server.port),
        "ssl": "on",
    }
    assert server.differences == [*DIFFERENCES, EXTENSION]
    assert value(session, "SELECT count(*) FROM pg_stat_statements") != 0


@pytest.mark.services
def test_the_owner_is_no_superuser_but_may_do_what_migrations_do(connect):
    session = connect()
    assert value(session, "SELECT rolsuper FROM pg_roles WHERE rolname = 'owner'") is False
    session.execute("CREATE TABLE things (id int)")
    session.execute("CREATE ROLE reader LOGIN")
    session.execute("GRANT SELECT ON things TO reader")
    with pytest.raises(psycopg.errors.InsufficientPrivilege, match="must be superuser"):
        session.execute("CREATE ROLE other SUPERUSER")


@pytest.mark.services
@pytest.mark.parametrize(
    ("changed", "refusal"),
    [
        ({"sslmode": "disable"}, "no pg_hba.conf entry for host .*, no encryption"),
        ({"password": "wrong"}, "password authentication failed"),
        ({"password": ""}, "no password supplied"),
        ({"user": "nobody-here"}, "password authentication failed"),
        ({"sslrootcert": "system"}, "certificate verify failed|self-signed certificate"),
    ],
)
def test_without_tls_a_password_or_a_known_certificate_nobody_gets_in(connect, changed, refusal):
    with pytest.raises(psycopg.OperationalError, match=refusal):
        connect(**changed)


@pytest.mark.services
def test_no_password_stands_in_a_command_line_or_a_log(server):
    directory = server._supervisor.directory
    texts = [file.read_text() for file in (directory / "logs").iterdir()]
    assert len(texts) == 3
    assert not any(PASSWORD in text or server._admin_password in text for text in texts)
    assert not (directory / "postgres" / "password").exists()
    assert server._admin_password not in " ".join(server._argv)


@pytest.mark.services
def test_a_stopped_database_ends_its_sessions_and_comes_back_with_its_data(server, connect):
    session = connect()
    session.execute("CREATE TABLE kept AS SELECT 42 AS answer")
    server.stop()
    with pytest.raises(psycopg.OperationalError, match="terminating connection due to admin"):
        session.execute("SELECT 1")
    with pytest.raises(psycopg.OperationalError, match="Connection refused"):
        connect()
    server._supervisor.check()
    server.start()
    assert value(connect(), "SELECT answer FROM kept") == 42


@pytest.mark.services
def test_a_server_that_can_not_start_says_why(server):
    with Supervisor() as supervisor:
        with pytest.raises(RehearsalError) as refused:
            postgres_cluster.start(
                supervisor,
                binaries=binaries.find(["postgres", "initdb"]),
                authority=Authority(supervisor.directory / "ca.pem"),
                port=server.port,
                owner="owner",
                owner_password=PASSWORD,
                database="app",
                parameters={},
            )
        assert str(refused.value).startswith(
            f"PostgreSQL did not accept a login on port {server.port}: it ended with exit code 1; "
            "its log ends with:\n"
        )
        assert "Address already in use" in str(refused.value)


@pytest.mark.services
def test_the_data_and_the_key_belong_to_the_server_alone(server):
    directory = server._supervisor.directory / "postgres"
    assert directory.stat().st_mode & 0o777 == 0o700
    assert (directory / "server.key").stat().st_mode & 0o777 == 0o600
    assert directory.owner() == (unprivileged_user() or directory.parent.owner())
