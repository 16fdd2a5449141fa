"""The running PostgreSQL at an earlier second, as a server beside it: what RDS does by itself."""

import datetime
import time
from collections.abc import Mapping
from pathlib import Path

from psycopg import sql

from rehearsal.errors import RehearsalError
from rehearsal.machine.files import write
from rehearsal.machine.ports import LOOPBACK, release, reserve
from rehearsal.machine.postgres import Postgres
from rehearsal.machine.supervisor import Supervisor, unprivileged_user

ARCHIVED_SECONDS, COPIED_SECONDS = 30.0, 300.0
NAME = "postgres-restored"


class Recovery:
    """A base backup, and from then on every segment of the log; one restored copy at a time."""

    since: float
    """Epoch seconds; there is no way back beyond that."""

    def __init__(
        self, supervisor: Supervisor, source: Postgres, binaries: Mapping[str, Path]
    ) -> None:
        self._supervisor, self._source = supervisor, source
        user = unprivileged_user()
        self._archive = supervisor.make_directory("archive", run_as=user)
        self._base = supervisor.make_directory("base-backup", run_as=user) / "data"
        self._restored: Postgres | None = None
        self._restores = 0
        with source.connect_as_admin("postgres") as session:
            session.execute(
                sql.SQL("ALTER SYSTEM SET archive_command = {}").format(
                    # The file appears under its name when it is whole.
                    sql.Literal(
                        f"cp %p {self._archive}/.%f && mv {self._archive}/.%f {self._archive}/%f"
                    )
                )
            )
            session.execute("SELECT pg_reload_conf()")
        source.back_up(binaries["pg_basebackup"], self._base)
        self.since = time.time()

    def restore(self, at: float) -> Postgres:
        """A server with everything that was committed until `at`, in epoch seconds, which must be
        over. RehearsalError with the end of its log when it can't start."""
        self._archive_beyond(at)
        self._restores += 1
        name, user = f"{NAME}-{self._restores}", unprivileged_user()
        directory = self._supervisor.make_directory(name, run_as=user)
        data = directory / "data"
        copied = self._supervisor.run(
            f"{name}-copy",
            ["cp", "-a", str(self._base), str(data)],
            env={},
            timeout_seconds=COPIED_SECONDS,
            run_as=user,
        )
        if copied.exit_code:
            raise RehearsalError(f"the base backup can't be copied: {copied.output}")
        self._restored = self._source.copied(name, port=reserve(), data=data)
        moment = datetime.datetime.fromtimestamp(at, datetime.UTC).isoformat(sep=" ")
        # The last of two lines with one name wins, and this file goes before postgresql.conf.
        settings = {
            "archive_mode": "off",
            # Otherwise it takes logins, to read alone, long before it is there.
            "hot_standby": "off",
            "restore_command": f"cp {self._archive}/%f %p",
            "recovery_target_time": moment,
            "recovery_target_action": "promote",
            "unix_socket_directories": str(directory),
        }
        auto = data / "postgresql.auto.conf"
        lines = "".join(f"{name} = '{value}'\n" for name, value in settings.items())
        write(auto, auto.read_text() + lines, owner=user)
        write(data / "recovery.signal", "", owner=user)
        self._restored.start()
        return self._restored

    def remove(self) -> None:
        """Stops the copy. Its files go with the rehearsal's."""
        if self._restored:
            self._restored.stop()
            release(self._restored.port)
            self._restored = None

    def _archive_beyond(self, at: float) -> None:
        """Recovery stops at the first commit after its target, so there has to be one."""
        while time.time() <= at:
            time.sleep(0.1)
        with self._source.connect_as_admin("postgres") as session:
            session.execute("SELECT pg_current_xact_id()")
            found = session.execute(
                "SELECT pg_walfile_name(pg_switch_wal() - 1::numeric)"
            ).fetchone()
        assert found is not None  # noqa: S101 (the query has one row)
        segment = self._archive / str(found[0])
        self._supervisor.wait_until(
            segment.exists,
            what=f"PostgreSQL on {LOOPBACK}:{self._source.port} did not archive its log",
            timeout_seconds=ARCHIVED_SECONDS,
        )
