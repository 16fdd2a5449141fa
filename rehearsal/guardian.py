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
    groups: dict[int, int] = {}
    for line in sys.stdin:
        match line.split():
            case ["+", group, number]:
                groups[int(group)] = int(number)
            case ["-", group]:
                groups.pop(int(group), None)
    end(groups)
    shutil.rmtree(directory, ignore_errors=True)


def end(groups: dict[int, int]) -> None:
    """Sends each leader its stop signal, and after the grace SIGKILL to the rest."""
    for group, number in groups.items():
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.kill(group, number)
    deadline = time.monotonic() + GRACE_SECONDS
    while any(map(exists, groups)) and time.monotonic() < deadline:
        time.sleep(0.05)
    for group in groups:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(group, signal.SIGKILL)


def exists(group: int) -> bool:
    """Whether a process of the group is left. A zombie that nobody reaps counts as one."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    except PermissionError:
        pass
    return True


if __name__ == "__main__":
    main(sys.argv[1])
