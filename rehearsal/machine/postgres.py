"""A real PostgreSQL that refuses what RDS refuses: no TLS, no password, no superuser."""

import dataclasses
import secrets
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import sql

from rehearsal.errors import RehearsalError
from rehearsal.machine import parameter_group
from rehearsal.machine.certificates import Authority
from rehearsal.machine.files import write
from rehearsal.machine.ports import LOOPBACK
from rehearsal.machine.supervisor import Process, Supervisor, unprivileged_user

ADMIN = "rdsadmin"
START_TIMEOUT_SECONDS = 30.0
# As rds.force_ssl=1 does: a connection without TLS finds no entry.
HBA = """\
local   all         all              scram-sha-256
local   replication all              scram-sha-256
hostssl all         all 127.0.0.1/32 scram-sha-256
"""


@dataclass(kw_only=True)
class Postgres:
    """The running server. `owner` has what RDS gives the master user, and is no superuser."""

    port: int
    owner: str
    database: str
    certificate_authority: Path
    differences: list[str]
    """One sentence for each setting of the parameter group that is not in force here."""
    _supervisor: Supervisor = field(repr=False)
    _argv: list[str] = field(repr=False)
    _admin_password: str = field(repr=False)
    process: Process | None = field(default=None, repr=False)
    host: str = LOOPBACK
    name: str = "postgres"
    """Of the process and its log."""

    def start(self) -> None:
        """Starts the server, with the data that it had; returns when it accepts logins."""
        self.process = self._supervisor.start(
            self.name,
            self._argv,
            env={},
            # Fast shutdown: ends the clients' sessions; SIGTERM would wait for them.
            stop_signal=2,
            stop_timeout_seconds=30,
            run_as=unprivileged_user(),
        )
        self._supervisor.wait_until(
            self._answers,
            what=f"PostgreSQL did not accept a login on port {self.port}",
            timeout_seconds=START_TIMEOUT_SECONDS,
            process=self.process,
        )

    def stop(self) -> None:
        """Stops the server and ends every session; the data stay."""
        if self.process:
            self.process.stop()

    def copied(self, name: str, *, port: int, data: Path) -> "Postgres":
        """The server of a copy of this one's data, with the same users; not started."""
        argv = [self._argv[0], "-D", str(data), "-p", str(port)]
        return dataclasses.replace(self, name=name, port=port, process=None, _argv=argv)

    def back_up(self, pg_basebackup: Path, target: Path) -> None:
        """Copies the running cluster into a directory that does not exist yet."""
        done = self._supervisor.run(
            f"{target.name}-base",
            [
                str(pg_basebackup),
                f"--pgdata={target}",
                f"--host={Path(self._argv[2]).parent}",
                f"--port={self.port}",
                f"--username={ADMIN}",
                "--checkpoint=fast",
                "--no-sync",
            ],
            env={"PGPASSWORD": self._admin_password},
            timeout_seconds=300,
            run_as=unprivileged_user(),
        )
        if done.exit_code:
            raise RehearsalError(f"pg_basebackup failed and said:\n{done.output}")

    def connect_as_admin(self, database: str) -> psycopg.Connection:
        """A session as the superuser, whom only RDS itself has; commits each statement."""
        return self.connect(ADMIN, self._admin_password, database)

    def set_password(self, user: str, password: str) -> None:
        """As RDS does when the owner is given another one."""
        with self.connect_as_admin(self.database) as session:
            session.execute(
                sql.SQL("ALTER ROLE {} PASSWORD {}").format(
                    sql.Identifier(user), sql.Literal(password)
                )
            )

    def connect(self, user: str, password: str, database: str) -> psycopg.Connection:
        """A session that verifies the server's certificate; commits each statement."""
        return psycopg.connect(
            host=self.host,
            port=self.port,
            dbname=database,
            user=user,
            password=password,
            sslmode="verify-full",
            sslrootcert=str(self.certificate_authority),
            connect_timeout=5,
            autocommit=True,
        )

    def _answers(self) -> bool:
        try:
            self.connect_as_admin("postgres").close()
        except psycopg.OperationalError:
            return False
        return True


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
