"""One child process: how it begins, whether it lives, how it is stopped, what it said."""

import contextlib
import os
import pwd
import signal
import subprocess
import textwrap
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

POLL_SECONDS = 0.05
TAIL_LINES = 12
# If we die before we write the line, `read` meets the end of the pipe and the child ends too.
LAUNCHER = 'read -r _ && exec "$@" </dev/null'


@dataclass(frozen=True, kw_only=True)
class Completed:
    """What a one-off process left: its exit code (negative: the signal) and all of its output."""

    exit_code: int
    output: str


def waiting_child(
    name: str,
    argv: Sequence[str],
    *,
    env: Mapping[str, str],
    cwd: Path,
    log: Path,
    run_as: str | None,
) -> subprocess.Popen[bytes]:
    """A child that becomes the program when `Process.go` says so: by then the guardian knows it."""
    user = pwd.getpwnam(run_as) if run_as else None
    with log.open("ab") as output:
        if user:
            # It may open /dev/stdout again by name, which takes the right to the file.
            os.fchown(output.fileno(), user.pw_uid, user.pw_gid)
        return subprocess.Popen(  # noqa: S603 (programs of ours or of the distribution)
            ["/bin/sh", "-c", LAUNCHER, name, *argv],
            env=env,
            cwd=cwd,
            stdin=subprocess.PIPE,
            stdout=output,
            stderr=output,
            start_new_session=True,
            user=run_as,
            group=user.pw_gid if user else None,
            extra_groups=[] if user else None,
        )


class Process:
    """A child in a session of its own, so that a Ctrl-C in the terminal reaches only us."""

    def __init__(
        self, name: str, child: subprocess.Popen[bytes], log: Path, *, stop: tuple[int, float]
    ) -> None:
        self.name = name
        self.pid = child.pid
        self.log = log
        self.expected_to_stop = False
        """True when its end is no failure: it was told to stop, or is a one-off."""
        self.exited = threading.Event()
        """Set as soon as it, and whatever it had started in its group, is gone."""
        self._child = child
        self._log_start = log.stat().st_size
        self._stop_signal, self.stop_timeout_seconds = stop

    @property
    def alive(self) -> bool:
        return not self.exited.is_set()

    @property
    def exit_code(self) -> int | None:
        """None while it runs; negative when a signal ended it."""
        return self._child.returncode if self.exited.is_set() else None

    def go(self) -> None:
        """Lets it become its program."""
        assert self._child.stdin is not None  # noqa: S101 (we asked for a pipe)
        with contextlib.suppress(BrokenPipeError), self._child.stdin as line:
            line.write(b"\n")

    def stop(self, hurry: threading.Event | None = None) -> None:
        """Sends the stop signal; SIGKILL to the whole group at the timeout, or when `hurry` is set.

        Returns when the process is gone. Safe to call again, and for a process that has died.
        """
        self.expected_to_stop = True
        self.signal(self._stop_signal)
        deadline = time.monotonic() + self.stop_timeout_seconds
        while not self.exited.wait(POLL_SECONDS):
            if time.monotonic() >= deadline or (hurry and hurry.is_set()):
                self.kill()

    def kill(self) -> None:
        """SIGKILL to the whole group, as a lost machine would; returns when it is gone."""
        self.expected_to_stop = True
        if self.alive:
            with contextlib.suppress(ProcessLookupError, PermissionError):
                os.killpg(self.pid, signal.SIGKILL)
        self.exited.wait()

    def signal(self, number: int) -> None:
        """Sends a signal to the process alone, as a container's init gets it."""
        if self.alive:
            self._child.send_signal(number)

    def output(self) -> str:
        """All that it has written so far."""
        with self.log.open("rb") as log:
            log.seek(self._log_start)
            return log.read().decode(errors="replace")

    def log_tail(self, lines: int = TAIL_LINES) -> str:
        """The last lines that it has written, without the blank ones."""
        return "\n".join([line for line in self.output().splitlines() if line.strip()][-lines:])

    def obituary(self) -> str:
        """How it ended, with the end of its log: the second half of an error message."""
        code = self.exit_code
        how = (
            f"was ended by {signal.Signals(-code).name}"
            if code is not None and code < 0
            else f"ended with exit code {code}"
        )
        return f"{how}; {self.log_end()}"

    def log_end(self) -> str:
        """The last lines of its log in words, for the end of an error message."""
        tail = textwrap.indent(self.log_tail(), "    ")
        return f"its log ends with:\n{tail}" if tail else "its log is empty"

    def watch(self, when_gone: Callable[["Process"], None]) -> None:
        """Waits for its end, sweeps its group, then calls back; the supervisor's thread for it."""
        self._child.wait()
        # As in a container: when the first process is gone, so is all that it had started.
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(self.pid, signal.SIGKILL)
        self.exited.set()
        when_gone(self)
