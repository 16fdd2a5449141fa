"""Waiting that notices when what is waited for can't come any more."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from rehearsal.errors import RehearsalError

POLL_SECONDS = 0.1


@dataclass(frozen=True)
class Watch:
    """What ends a rehearsal by failing: each guard raises RehearsalError when it has."""

    guards: tuple[Callable[[], None], ...]

    def check(self) -> None:
        """RehearsalError when something has failed."""
        for guard in self.guards:
            guard()

    def wait_until(self, ready: Callable[[], bool], *, what: str, timeout_seconds: float) -> None:
        """Returns when `ready()` is true; RehearsalError at the timeout, or from `check`."""
        deadline = time.monotonic() + timeout_seconds
        while not ready():
            self.check()
            if time.monotonic() >= deadline:
                raise RehearsalError(f"{what} within {timeout_seconds:g} seconds")
            time.sleep(POLL_SECONDS)

    def pause(self, seconds: float) -> None:
        """Lets time pass; RehearsalError from `check` meanwhile."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.check()
            time.sleep(POLL_SECONDS)
