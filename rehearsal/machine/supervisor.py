"""Starts the processes of a rehearsal and leaves none of them behind, however it ends."""

import contextlib
import os
import pwd
import shutil
import signal
import tempfile
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Self

from rehearsal.errors import RehearsalError
from rehearsal.machine import signals
from rehearsal.machine.files import disk_errors
from rehearsal.machine.lifeline import Lifeline
from rehearsal.machine.process import POLL_SECONDS, Completed, Process, waiting_child

PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/opt/homebrew/bin"
STOP_TIMEOUT_SECONDS = 10.0


def unprivileged_user() -> str | None:
    """The user for servers that refuse root: `nobody` when we are root, otherwise None (us)."""
    return "nobody" if os.geteuid() == 0 else None


class Supervisor:
    """Owns the processes and the temporary directory of one rehearsal.

    Used as a context manager. At its end, after an exception, Ctrl-C, SIGTERM or SIGHUP, the
    processes have been stopped in reverse order of their start and the directory is gone; a second
    Ctrl-C makes that SIGKILL. If we are killed outright, the guardian does the same.
    Every method may be called from any thread.
    """

    directory: Path
    """Fresh, short (unix sockets allow about 100 characters), and open to traversal by others."""
    died: threading.Event
    """Set when a process ended that was not expected to; clear it, then `check` says which."""

    def __init__(self) -> None:
        self.died = threading.Event()
        self._processes: list[Process] = []
        self._lock = threading.RLock()
        self._hurry = threading.Event()
        self._closed = False
        self._handlers = contextlib.ExitStack()
        with disk_errors("create a temporary directory"):
            self.directory = Path(tempfile.mkdtemp(prefix="slipway-", dir=_short_temporary()))
            self.directory.chmod(0o711)
            self._lifeline = Lifeline(self.directory)
            for name, mode in (("logs", 0o711), ("tmp", 0o1777)):
                (self.directory / name).mkdir()
                (self.directory / name).chmod(mode)

    def __enter__(self) -> Self:
        self._handlers.enter_context(signals.ending_the_block())
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def make_directory(self, name: str, *, run_as: str | None = None) -> Path:
        """A private subdirectory that belongs to the user who will write in it."""
        path = self.directory / name
        with disk_errors(f"create {path}"):
            path.mkdir(mode=0o700, parents=True)
            if run_as:
                shutil.chown(path, run_as, pwd.getpwnam(run_as).pw_gid)
        return path

    def start(
        self,
        name: str,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        cwd: Path | None = None,
        stop_signal: int = signal.SIGTERM,
        stop_timeout_seconds: float = STOP_TIMEOUT_SECONDS,
        run_as: str | None = None,
        one_off: bool = False,
    ) -> Process:
        """Starts a process whose output goes to `logs/<name>.log` in the directory.

        `env` is all that it gets besides PATH, HOME, TMPDIR and LANG: nothing of ours (a login, a
        proxy, a PGHOST) reaches it. `run_as` needs root. A one-off may end by itself.
        Raises RehearsalError when the program is missing or a resource of the machine is used up.
        """
        environment = {
            "PATH": PATH,
            "LANG": "C.UTF-8",
            "HOME": str(self.directory / "tmp"),
            "TMPDIR": str(self.directory / "tmp"),
            **env,
        }
        if not shutil.which(argv[0], path=environment["PATH"]):
            raise RehearsalError(
                f"{name} can't start: there is no program {argv[0]}, or it is not executable"
            )
        log = self.directory / "logs" / f"{name}.log"
        with self._lock, disk_errors(f"start {name}"):
            if self._closed:
                raise RehearsalError(f"{name} can't start: the rehearsal is being stopped")
            child = waiting_child(
                name, argv, env=environment, cwd=cwd or self.directory, log=log, run_as=run_as
            )
            process = Process(name, child, log, stop=(stop_signal, stop_timeout_seconds))
            process.expected_to_stop = one_off
            # In this order a Ctrl-C between any two lines leaves nothing that runs or hangs.
            self._lifeline.began(child.pid, int(stop_signal))
            threading.Thread(
                target=process.watch, args=(self._gone,), name=f"watch {name}", daemon=True
            ).start()
            self._processes.append(process)
            process.go()
        return process

    def run(
        self,
        name: str,
        argv: Sequence[str],
        *,
        env: Mapping[str, str],
        timeout_seconds: float,
        cwd: Path | None = None,
        run_as: str | None = None,
    ) -> Completed:
        """Runs a one-off process to its end; RehearsalError when that takes too long."""
        process = self.start(name, argv, env=env, cwd=cwd, run_as=run_as, one_off=True)
        if not process.exited.wait(timeout_seconds):
            process.kill()
            raise RehearsalError(
                f"{name} did not end within {timeout_seconds:g} seconds and was killed; "
                f"{process.log_end()}"
            )
        return Completed(exit_code=process.exit_code or 0, output=process.output())

    def wait_until(
        self,
        ready: Callable[[], bool],
        *,
        what: str,
        timeout_seconds: float,
        process: Process | None = None,
    ) -> None:
        """Returns when `ready()` is true; a ConnectionError or timeout in it counts as not yet.

        Raises RehearsalError at once when the process (without one: any) dies, or at the timeout;
        `what` completes the sentence "... within 10 seconds", such as "redis did not answer".
        """
        deadline = time.monotonic() + timeout_seconds
        while True:
            with contextlib.suppress(OSError):
                if ready():
                    return
            if process and not process.alive:
                raise RehearsalError(f"{what}: it {process.obituary()}")
            if not process:
                self.check()
            if time.monotonic() >= deadline:
                raise RehearsalError(
                    f"{what} within {timeout_seconds:g} seconds"
                    + (f"; {process.log_end()}" if process else "")
                )
            time.sleep(POLL_SECONDS)

    def check(self) -> None:
        """Raises RehearsalError that names the process which ended without being told to."""
        with self._lock:
            dead = [p for p in self._processes if not p.alive and not p.expected_to_stop]
        if dead:
            raise RehearsalError(f"{dead[0].name} died unexpectedly: it {dead[0].obituary()}")

    def close(self) -> None:
        """Stops everything in reverse order of start and removes the directory. Idempotent."""
        with signals.noted(self._hurry):
            with self._lock:
                self._closed = True
                processes = list(reversed(self._processes))
                for process in processes:
                    process.expected_to_stop = True
            for process in processes:
                process.stop(self._hurry)
            self._lifeline.close()
            # Nothing is left to remove, unless somebody killed the guardian.
            shutil.rmtree(self.directory, ignore_errors=True)
        self._handlers.close()

    def _gone(self, process: Process) -> None:
        self._lifeline.ended(process.pid)
        with self._lock:
            if process.expected_to_stop:
                self._processes = [p for p in self._processes if p is not process]
                return
        self.died.set()


def _short_temporary() -> str:
    # macOS gives each user a directory of 49 characters; a socket's path may have 103.
    chosen = tempfile.gettempdir()
    return chosen if len(chosen) <= 32 else "/tmp"  # noqa: S108 (mkdtemp makes it private)
