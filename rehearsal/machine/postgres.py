"""A real PostgreSQL that refuses what RDS refuses: no TLS, no password, no superuser."""

import dataclasses
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
from psycopg import sql

from rehearsal.errors import RehearsalError
from rehearsal.machine.ports import LOOPBACK
from rehearsal.machine.process import Process
from rehearsal.machine.supervisor import Supervisor, unprivileged_user

ADMIN = "rdsadmin"
START_TIMEOUT_SECONDS = 30.0


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
