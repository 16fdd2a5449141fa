"""Many probes at a bounded rate, each with a time of its own."""

import threading
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPException

from cutover.do.probe_connection import Answer, ProbeConnection
from cutover.do.world import Clock

RATE_PER_SECOND = 200
CONNECTIONS = 16
# A balancer's node is chosen by connection: many short ones ask more nodes than a few long ones.
PROBES_PER_CONNECTION = 20
# What has not been sent so long after its time is not sent at all.
LATE_SECONDS = 2.0


class Volley:
    """Fired by several threads, each of which takes the next probe in turn."""

    def __init__(
        self,
        paths: Sequence[str],
        headers: Mapping[str, str],
        *,
        connect: Callable[[], ProbeConnection],
        clock: Clock,
    ) -> None:
        self._answers: list[Answer | None] = [None] * len(paths)
        self._paths, self._headers, self._connect, self._clock = paths, headers, connect, clock
        self._begin = clock.monotonic()
        self._end = self._begin + len(paths) / RATE_PER_SECOND + LATE_SECONDS
        self._next = iter(range(len(paths)))
        self._lock = threading.Lock()

    def fire(self) -> Sequence[Answer | None]:
        """An answer for each path, in order; None where there was none in time."""
        threads = min(CONNECTIONS, len(self._paths))
        with ThreadPoolExecutor(threads, "probe") as pool:
            for _ in range(threads):
                pool.submit(self._fire)
        return self._answers

    def _fire(self) -> None:
        connection, served = self._connect(), 0
        try:
            while (position := self._take()) is not None:
                if served == PROBES_PER_CONNECTION:
                    connection.close()
                    connection, served = self._connect(), 0
                served += 1
                try:
                    self._answers[position] = connection.get(self._paths[position], self._headers)
                except (OSError, HTTPException):
                    connection.close()
                    connection, served = self._connect(), 0
        finally:
            connection.close()

    def _take(self) -> int | None:
        """The next probe's position when its time has come; None when all are done, or too late."""
        with self._lock:
            position = next(self._next, None)
        if position is None or self._clock.monotonic() > self._end:
            return None
        due = self._begin + position / RATE_PER_SECOND
        self._clock.sleep(max(0.0, due - self._clock.monotonic()))
        return position
