"""A new PostgreSQL cluster as RDS would make it: TLS, an owner who is no superuser, parameters."""

import secrets
from collections.abc import Mapping
from pathlib import Path

from psycopg import sql

from rehearsal.errors import RehearsalError
from rehearsal.machine import parameter_group
from rehearsal.machine.certificates import Authority
from rehearsal.machine.files import write
from rehearsal.machine.ports import LOOPBACK
from rehearsal.machine.postgres import ADMIN, Postgres
from rehearsal.machine.supervisor import Supervisor, unprivileged_user

# As rds.force_ssl=1 does: a connection without TLS finds no entry.
HBA = """\
local   all         all              scram-sha-256
local   replication all              scram-sha-256
hostssl all         all 127.0.0.1/32 scram-sha-256
"""


def start(
    supervisor: Supervisor,
    *,
    binaries: Mapping[str, Path],
    authority: Authority,
    port: int,
    owner: str,
    owner_password: str,
    database: str,
    parameters: Mapping[str, str],
) -> Postgres:
    """Creates a cluster on loopback with TLS, the owner and the database, and starts it.

    `parameters` are those of the RDS parameter group; what can't hold outside RDS is left out and
    listed in `differences`. Raises RehearsalError with the end of the server's log when it fails.
    """
    user = unprivileged_user()
    directory = supervisor.make_directory("postgres", run_as=user)
    data = directory / "data"
    admin_password = secrets.token_hex(16)
    password_file = directory / "password"
    write(password_file, admin_password, owner=user)
    created = supervisor.run(
        "initdb",
        [
            str(binaries["initdb"]),
            f"--pgdata={data}",
            f"--username={ADMIN}",
            f"--pwfile={password_file}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            "--locale=C.UTF-8",
            "--no-sync",
        ],
        env={},
        timeout_seconds=60,
        run_as=user,
    )
    password_file.unlink()
    if created.exit_code:
        raise RehearsalError(f"initdb failed and said:\n{created.output}")
    certificate = authority.issue(directory, owner=user)
    own = {
        "listen_addresses": LOOPBACK,
        "port": str(port),
        "unix_socket_directories": str(directory),
        "ssl": "on",
        "ssl_cert_file": str(certificate.certificate),
        "ssl_key_file": str(certificate.key),
        "logging_collector": "off",
        # It takes a restart, so it is on from the start; who wants the log says where it goes.
        "archive_mode": "on",
        "archive_command": "/bin/true",
    }
    allowed, differences = parameter_group.settings(
        parameters,
        known=_known_settings(supervisor, binaries["postgres"]),
        libraries=_libraries(binaries["postgres"]),
        own=own,
    )
    # The last of two lines with one name wins.
    write(data / "postgresql.conf", _configuration(allowed) + _configuration(own), owner=user)
    write(data / "pg_hba.conf", HBA, owner=user)
    server = Postgres(
        port=port,
        owner=owner,
        database=database,
        certificate_authority=authority.file,
        differences=differences,
        _supervisor=supervisor,
        _argv=[str(binaries["postgres"]), "-D", str(data)],
        _admin_password=admin_password,
    )
    server.start()
    _create_owner(server, owner_password)
    if "pg_stat_statements" in allowed.get("shared_preload_libraries", ""):
        with server.connect_as_admin(database) as session:
            session.execute("CREATE EXTENSION IF NOT EXISTS pg_stat_statements")
        differences.append(
            "pg_stat_statements is created beforehand: only RDS lets its master user create it"
        )
    return server


def _create_owner(server: Postgres, password: str) -> None:
    owner, database = sql.Identifier(server.owner), sql.Identifier(server.database)
    # What RDS grants its master user through the role rds_superuser, as far as PostgreSQL has it.
    statements = (
        sql.SQL("CREATE ROLE rds_superuser"),
        sql.SQL("GRANT pg_monitor, pg_signal_backend TO rds_superuser WITH ADMIN OPTION"),
        sql.SQL(
            "CREATE ROLE {} LOGIN CREATEROLE CREATEDB IN ROLE rds_superuser PASSWORD {}"
        ).format(owner, sql.Literal(password)),
        sql.SQL("CREATE DATABASE {} OWNER {}").format(database, owner),
    )
    with server.connect_as_admin("postgres") as session:
        session.execute("SET log_statement = 'none'")
        session.execute("SET log_min_duration_statement = -1")
        for statement in statements:
            session.execute(statement)


def _known_settings(supervisor: Supervisor, postgres: Path) -> set[str]:
    described = supervisor.run(
        "postgres-settings",
        [str(postgres), "--describe-config"],
        env={},
        timeout_seconds=30,
        run_as=unprivileged_user(),
    )
    if described.exit_code:
        raise RehearsalError(f"{postgres} can't list its settings and said:\n{described.output}")
    return {line.split("\t")[0] for line in described.output.splitlines()}


def _libraries(postgres: Path) -> set[str]:
    # Debian: lib; Homebrew and others: lib/postgresql.
    root = postgres.resolve().parent.parent
    files = [f for pattern in ("lib/*", "lib/postgresql/*") for f in root.glob(pattern)]
    return {file.stem for file in files if file.suffix in {".so", ".dylib"}}


def _configuration(values: Mapping[str, str]) -> str:
    def quoted(value: str) -> str:
        return "'" + value.replace("\\", "\\\\").replace("'", "''") + "'"

    return "".join(f"{name} = {quoted(value)}\n" for name, value in values.items())
