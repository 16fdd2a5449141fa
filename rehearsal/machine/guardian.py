"""Ends every process of a rehearsal, and removes its directory, when the rehearsal itself is gone.

Run as a script with the rehearsal's directory as its argument, in a session of its own. It reads
lines on stdin: `+ GROUP SIGNAL` when a process group starts, `- GROUP` when it has ended. The end
of stdin means that the rehearsal has ended, in whatever way: SIGKILL closes a pipe as well.
Standard library only, and no import of the project: it must start in milliseconds.
"""

import contextlib
import os
import shutil
import signal
import sys
import time

GRACE_SECONDS = 5.0


def main(directory: str) -> None:
    """Serves until stdin ends; then nothing of the rehearsal is left."""
    for ignored in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        # Whoever signals a whole tree of processes signals the rehearsal too; we follow its end.
        signal.signal(ignored, signal.SIG_IGN)
    stop_signals: dict[int, int] = {}
    for line in sys.stdin:
        match line.split():
            case ["+", group, number]:
                stop_signals[int(group)] = int(number)
            case ["-", group]:
                stop_signals.pop(int(group), None)
    end(stop_signals)
    shutil.rmtree(directory, ignore_errors=True)


def end(stop_signals: dict[int, int]) -> None:
    """Sends each leader its stop signal; SIGKILL to its group once it is gone, or at the grace."""
    for leader, number in stop_signals.items():
        with contextlib.suppress(ProcessLookupError):
            os.kill(leader, number)
    deadline = time.monotonic() + GRACE_SECONDS
    left = set(stop_signals)
    while left:
        over = time.monotonic() >= deadline
        for leader in [leader for leader in left if over or not exists(leader)]:
            left.remove(leader)
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(leader, signal.SIGKILL)
        time.sleep(0.05)


def exists(pid: int) -> bool:
    """Whether the process is there. A zombie that nobody reaps counts, so there is a grace."""
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


if __name__ == "__main__":
    main(sys.argv[1])
