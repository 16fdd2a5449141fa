"""The pipe to the guardian, who ends what was started when the rehearsal no longer can."""

import contextlib
import subprocess
import sys
import threading
from pathlib import Path

from rehearsal.errors import RehearsalError

GUARDIAN = Path(__file__).with_name("guardian.py")


class Lifeline:
    """Holds a guardian of the directory; see `rehearsal.machine.guardian` for what it does.

    The end of the pipe is the end of all that it was told of: by `close`, or because we are gone.
    """

    def __init__(self, directory: Path) -> None:
        self._lock = threading.Lock()
        self._guardian = subprocess.Popen(  # noqa: S603 (a file of ours)
            [sys.executable, "-I", "-S", str(GUARDIAN), str(directory)],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            cwd="/",
            start_new_session=True,
        )

    def began(self, group: int, stop_signal: int) -> None:
        """From now on the process group is ended with us. RehearsalError when nobody listens."""
        try:
            self._tell(f"+ {group} {stop_signal}")
        except BrokenPipeError:
            raise RehearsalError(
                "the guardian of this rehearsal was killed, so nothing more can be started "
                "safely; start the rehearsal again"
            ) from None

    def ended(self, group: int) -> None:
        """It is gone: its number may soon be somebody else's."""
        # ValueError: closed. Where nobody listens, nobody ends another's either.
        with contextlib.suppress(BrokenPipeError, ValueError):
            self._tell(f"- {group}")

    def close(self) -> None:
        """Returns when the guardian has ended what is left and removed the directory."""
        if self._guardian.stdin and not self._guardian.stdin.closed:
            with contextlib.suppress(BrokenPipeError):
                self._guardian.stdin.close()
        self._guardian.wait()

    def _tell(self, line: str) -> None:
        assert self._guardian.stdin is not None  # noqa: S101 (we asked for a pipe)
        with self._lock:
            self._guardian.stdin.write(f"{line}\n".encode())
            self._guardian.stdin.flush()
