"""The servers and tools of the distribution: installed where we may, else the exact command."""

import fcntl
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rehearsal.errors import RehearsalError
from rehearsal.machine import binaries
from scripts.errors import SetUpError

# What Debian's packages enable, though a rehearsal starts servers of its own.
SERVICES = ("nginx", "haproxy", "redis-server", "pgbouncer", "postgresql")


def missing_programs() -> list[str]:
    """The programs of `rehearsal.machine.binaries` that this machine does not have."""
    return [program for program in binaries.PROGRAMS if not _has(program)]


def install(programs: Sequence[str], also: Sequence[str], log: Path) -> None:
    """Installs the packages of the programs and the packages `also`; their output goes to `log`.

    No service is started or enabled by that. Raises SetUpError with the command to run when we are
    not root or this is no Debian, and with the end of the output when the installation fails.
    """
    if sys.platform == "darwin" or not shutil.which("apt-get"):
        raise SetUpError(_elsewhere(programs))
    packages = sorted({binaries.APT_PACKAGES[program] for program in programs} | {*also})
    arguments = ["install", "--yes", "--no-install-recommends", *packages]
    if os.geteuid() != 0:
        raise SetUpError(
            f"{_listed(programs, also)} not installed, and installing needs root; run: "
            f"sudo apt-get update && sudo apt-get {' '.join(arguments)}"
        )
    print(f"Installing {', '.join(packages)} with apt-get ...", flush=True)
    with _one_at_a_time():
        for command in (["update"], arguments):
            _apt_get(command, log)
        _disable(set(packages))


def _elsewhere(programs: Sequence[str]) -> str:
    if sys.platform == "darwin":
        return binaries.missing_message(list(programs))
    return (
        f"{_listed(programs, ())} not installed, and this system has no apt-get; install them with "
        "its own package manager and start again"
    )


def _listed(programs: Sequence[str], also: Sequence[str]) -> str:
    names = [*programs, *also]
    return f"{', '.join(names)} {'is' if len(names) == 1 else 'are'}"


def _has(program: str) -> bool:
    try:
        binaries.find([program])
    except RehearsalError:
        return False
    return True


@contextmanager
def _one_at_a_time() -> Iterator[None]:
    # Another clone may be setting up as well, and `apt-get update` gives up on a held lock.
    with Path("/run/slipway-packages.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _apt_get(arguments: list[str], log: Path) -> None:
    command = ["apt-get", "--quiet", "--option", "DPkg::Lock::Timeout=600", *arguments]
    # SYSTEMD_OFFLINE: what a package tells systemctl to start is not started.
    quiet = {"DEBIAN_FRONTEND": "noninteractive", "SYSTEMD_OFFLINE": "1"}
    with log.open("a") as output:
        code = subprocess.run(  # noqa: S603 (the distribution's own tool)
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, **quiet},
            check=False,
        ).returncode
    if code:
        tail = "\n".join(f"  {line}" for line in log.read_text().splitlines()[-8:])
        raise SetUpError(
            f"apt-get {' '.join(arguments)} failed with exit code {code}; {log} ends with:\n{tail}"
        )


def _disable(packages: set[str]) -> None:
    """Keeps what was just installed from starting when the machine next boots."""
    services = [service for service in SERVICES if service in packages]
    if services and (systemctl := shutil.which("systemctl")):
        subprocess.run(  # noqa: S603 (the distribution's own tool)
            [systemctl, "disable", "--quiet", *services],
            env={**os.environ, "SYSTEMD_OFFLINE": "1"},
            capture_output=True,
            check=False,
        )
