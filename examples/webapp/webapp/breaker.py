"""While a dependency is away, one caller a second tries it and all others are refused at once.

Without this, requests that wait for a dead dependency would fill every thread, and the app would
look dead although it could still answer from what is left.
"""

from __future__ import annotations

import logging
import threading
import time

RETRY_SECONDS = 1.0

log = logging.getLogger(__name__)


class Breaker:
    """Shared by all threads of a process; reports changes in the log, not each refused caller."""

    def __init__(self, name: str, *, trial_seconds: float) -> None:
        """trial_seconds: the longest that one attempt takes; meanwhile nobody else tries."""
        self.name = name
        self.trial_seconds = trial_seconds
        self._lock = threading.Lock()
        self._away_since: float | None = None
        self._next_trial = 0.0

    def admits(self) -> bool:
        """True when the caller may try; it must then call `passed` or `failed`."""
        if self._away_since is None:
            return True
        with self._lock:
            now = time.monotonic()
            if now < self._next_trial:
                return False
            self._next_trial = now + self.trial_seconds + RETRY_SECONDS
            return True

    def passed(self) -> None:
        if self._away_since is None:
            return
        with self._lock:
            since, self._away_since = self._away_since, None
        if since is not None:
            log.warning("%s is back after %.1f s.", self.name, time.monotonic() - since)

    def failed(self, error: Exception) -> None:
        with self._lock:
            now = time.monotonic()
            first = self._away_since is None
            if self._away_since is None:
                self._away_since = now
            self._next_trial = now + RETRY_SECONDS
        if first:
            reason = " ".join(str(error).split())
            log.error("%s is away; one request a second tries it again: %s", self.name, reason)
