"""Where a drill restores on this machine: the running servers' own backups, beside them."""

from collections.abc import Mapping
from pathlib import Path

import psycopg
import redis

from drills.do.place import Clock
from rehearsal.machine.ports import release, reserve
from rehearsal.machine.postgres import Postgres
from rehearsal.machine.postgres_recovery import Recovery
from rehearsal.machine.redis import Redis
from rehearsal.machine.supervisor import Supervisor, unprivileged_user

NAME = "this machine"


class MachineDatabase:
    """A base backup is made at the start, as RDS made its own long ago; see drills.do.place."""

    name = NAME

    def __init__(
        self, supervisor: Supervisor, source: Postgres, binaries: Mapping[str, Path], clock: Clock
    ) -> None:
        self._source, self._clock = source, clock
        self._recovery = Recovery(supervisor, source, binaries)
        self._restored: Postgres | None = None

    def sweep(self) -> tuple[str, ...]:
        """A rehearsal leaves nothing behind that another one could find."""
        return ()

    def newest(self) -> float:
        """Now; a second after the base backup at the earliest."""
        while int(self._clock.now()) <= self._recovery.since:
            self._clock.sleep(0.1)
        return self._clock.now()

    def source(self) -> psycopg.Connection:
        return self._source.connect_as_admin(self._source.database)

    def restore(self, at: float) -> None:
        self._restored = self._recovery.restore(at)

    def restored(self) -> psycopg.Connection:
        assert self._restored is not None  # noqa: S101 (restore comes first)
        return self._restored.connect_as_admin(self._restored.database)

    def facts(self) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """There are neither keys nor networks here."""
        return {}, {}

    def remove(self) -> None:
        self._recovery.remove()


class MachineCache:
    """A snapshot of the running Redis, and a second server that begins with it."""

    name = NAME

    def __init__(self, supervisor: Supervisor, source: Redis) -> None:
        self._source = source
        self._directory = supervisor.make_directory("redis-restored", run_as=unprivileged_user())
        self._restored: Redis | None = None

    def sweep(self) -> tuple[str, ...]:
        """As above."""
        return ()

    def source(self) -> redis.Redis:
        return self._source.admin(decoded=False)

    def snapshot(self) -> None:
        self._source.snapshot(self._directory)

    def restore(self) -> None:
        self._restored = self._source.copied(
            "redis-restored", port=reserve(), directory=self._directory
        )

    def restored(self) -> redis.Redis:
        assert self._restored is not None  # noqa: S101 (restore comes first)
        return self._restored.admin(decoded=False)

    def remove(self) -> None:
        if self._restored:
            self._restored.stop()
            release(self._restored.port)
            self._restored = None
