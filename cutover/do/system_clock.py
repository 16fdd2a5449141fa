"""The machine's own time."""

import time

# A lease ends while the machine that holds it is suspended. Linux's CLOCK_MONOTONIC stands still
# then, and so does Python's on macOS, where CLOCK_MONOTONIC goes on (clock_gettime(2), and (3)).
_SUSPENDED_TOO: int = getattr(time, "CLOCK_BOOTTIME", time.CLOCK_MONOTONIC)


class SystemClock:
    """A Clock: `now` may be set by somebody meanwhile, `monotonic` only goes forwards, also while
    the machine is suspended."""

    def now(self) -> float:
        return time.time()

    def monotonic(self) -> float:
        return time.clock_gettime(_SUSPENDED_TOO)

    def sleep(self, seconds: float) -> None:
        time.sleep(seconds)
