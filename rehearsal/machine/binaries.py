"""The servers and tools of the distribution that a rehearsal runs, found and named by version."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path

from rehearsal.errors import RehearsalError
from rehearsal.machine.supervisor import PATH

# Debian keeps PostgreSQL's programs off the PATH, one directory for each major version.
POSTGRES_DIRECTORIES = (
    "/usr/lib/postgresql/*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
)
APT_PACKAGES = {
    "nginx": "nginx",
    "haproxy": "haproxy",
    "redis-server": "redis-server",
    "pgbouncer": "pgbouncer",
    "postgres": "postgresql",
    "initdb": "postgresql",
    "psql": "postgresql",
    "pg_basebackup": "postgresql",
    "openssl": "openssl",
    "envsubst": "gettext-base",
}
BREW_PACKAGES = APT_PACKAGES | {
    "redis-server": "redis",
    "postgres": "postgresql@16",
    "initdb": "postgresql@16",
    "psql": "postgresql@16",
    "pg_basebackup": "postgresql@16",
    "openssl": "openssl@3",
    "envsubst": "gettext",
}
PROGRAMS = tuple(APT_PACKAGES)
VERSION_FLAG = {"nginx": "-v", "haproxy": "-v", "openssl": "version"}


def find(programs: Iterable[str] = PROGRAMS, *, path: str | None = None) -> dict[str, Path]:
    """Each program's file, or one RehearsalError with the command that installs all missing ones.

    Searches `path` (the caller's own PATH followed by the system directories, unless given), then
    the newest PostgreSQL of the distribution.
    """
    directories = path or os.pathsep.join([os.environ.get("PATH", ""), PATH])
    found: dict[str, Path] = {}
    missing: list[str] = []
    for program in programs:
        # PostgreSQL's own directory goes first: Debian's /usr/bin/psql is a wrapper in Perl.
        searched = os.pathsep.join(
            [*(_postgres_directories() if path is None else ()), directories]
        )
        if location := shutil.which(program, path=searched):
            found[program] = Path(location)
        else:
            missing.append(program)
    if missing:
        raise RehearsalError(missing_message(missing))
    return found


def missing_message(missing: list[str]) -> str:
    """What is missing and the exact command that installs it on this system."""
    what = f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not installed"
    if sys.platform == "darwin":
        return f"{what}; run: brew install {_packages(missing, BREW_PACKAGES)}"
    sudo = "" if os.geteuid() == 0 else "sudo "
    return f"{what}; run: {sudo}apt-get install --yes {_packages(missing, APT_PACKAGES)}"


def versions(found: Mapping[str, Path]) -> dict[str, str]:
    """The version that each program reports, such as {"nginx": "1.22.1"}."""
    return {program: _version(program, file) for program, file in found.items()}


def _version(program: str, file: Path) -> str:
    try:
        said = subprocess.run(  # noqa: S603 (a program that `find` returned)
            [file, VERSION_FLAG.get(program, "--version")],
            capture_output=True,
            text=True,
            timeout=10,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired) as error:
        raise RehearsalError(f"{file} can't be run to ask its version: {error}") from None
    version = re.search(r"\d+(\.\d+)+", said.stdout + said.stderr)
    if not version:
        raise RehearsalError(f"{file} did not report a version; it may be damaged, reinstall it")
    return version.group()


def _packages(programs: list[str], packages: Mapping[str, str]) -> str:
    return " ".join(sorted({packages[program] for program in programs}))


def _postgres_directories() -> list[str]:
    directories = [d for pattern in POSTGRES_DIRECTORIES for d in Path("/").glob(pattern[1:])]

    def major(directory: Path) -> int:
        return int((re.findall(r"\d+", str(directory)) or ["0"])[-1])

    return [str(directory) for directory in sorted(directories, key=major, reverse=True)]
