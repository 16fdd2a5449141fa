"""Where restores happen: on AWS, or wherever else somebody has a database and its log."""

from collections.abc import Mapping
from typing import Protocol

import psycopg
import redis


class Clock(Protocol):
    def now(self) -> float:
        """Seconds since the epoch."""
        ...

    def monotonic(self) -> float: ...
    def sleep(self, seconds: float) -> None: ...


class DatabasePlace(Protocol):
    """One source and at most one scratch copy of it. Every method raises DrillError."""

    name: str

    def sweep(self) -> tuple[str, ...]:
        """Removes what drills before this one have left behind; their names."""
        ...

    def newest(self) -> float:
        """The newest second to which the source can be restored now, in epoch seconds."""
        ...

    def source(self) -> psycopg.Connection:
        """A session that may read everything."""
        ...

    def restore(self, at: float) -> None:
        """Makes the scratch copy as the source was at that second; returns when it takes logins."""
        ...

    def restored(self) -> psycopg.Connection:
        """A session in the scratch copy that may also create an extension there."""
        ...

    def facts(self) -> tuple[Mapping[str, str], Mapping[str, str]]:
        """What must be the same of both and no session can tell: key, network, parameters. Empty
        where there is no such thing."""
        ...

    def remove(self) -> None:
        """Deletes the scratch copy, or what there is of it; does nothing without one."""
        ...


class CachePlace(Protocol):
    """Likewise for Redis, whose point in time is that of a snapshot made for the drill."""

    name: str

    def sweep(self) -> tuple[str, ...]: ...
    def source(self) -> redis.Redis: ...

    def snapshot(self) -> None:
        """Makes a snapshot of the source."""
        ...

    def restore(self) -> None:
        """Makes the scratch copy from that snapshot; returns when it answers."""
        ...

    def restored(self) -> redis.Redis: ...
    def remove(self) -> None: ...
