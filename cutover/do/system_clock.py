"""The machine's own time."""

import time


class SystemClock:
    """A Clock: `now` may be set by somebody meanwhile, `monotonic` only goes forwards."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.monotonic()

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)
