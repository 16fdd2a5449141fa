"""The Python that runs the project: the newest suitable one, or the one that PYTHON names.

Read by whatever `python3` the machine has, so: standard library, and syntax of Python 3.8.
"""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass

from scripts.errors import SetUpError

OLDEST = (3, 11)
NAMES = ("python3.13", "python3.12", "python3.11", "python3")
# The real file behind a pyenv shim or a virtual environment, its version, and whether it can
# make an environment with pip in it: Debian packs ensurepip separately.
_QUESTION = (
    "import importlib.util as u, sys;"
    "print(*sys.version_info[:2], int(bool(u.find_spec('ensurepip'))),"
    " getattr(sys, '_base_executable', '') or sys.executable)"
)


@dataclass(frozen=True)
class Interpreter:
    """A Python that runs; without ensurepip it can't make a virtual environment yet."""

    path: str
    version: tuple[int, int]
    has_ensurepip: bool


def choose(wanted: str | None = None, path: str | None = None) -> Interpreter:
    """The interpreter that `wanted` names, or the best on `path` (by default PATH).

    The best is the newest by name; one that needs no further package goes first.
    Raises SetUpError when there is none of at least Python 3.11.
    """
    path = os.environ.get("PATH", os.defpath) if path is None else path
    least = ".".join(str(part) for part in OLDEST)
    if wanted:
        named = next(filter(None, map(_ask, _places(wanted, path))), None)
        if named is None:
            raise SetUpError(f"PYTHON={wanted} can't be run; name a Python {least} or newer")
        if named.version < OLDEST:
            version = ".".join(str(part) for part in named.version)
            raise SetUpError(f"PYTHON={wanted} is Python {version}; name {least} or newer")
        return named
    places = [place for name in NAMES for place in _places(name, path)]
    fallback = None
    for found in filter(None, map(_ask, places)):
        if found.version >= OLDEST and found.has_ensurepip:
            return found
        if found.version >= OLDEST:
            fallback = fallback or found
    if fallback is None:
        raise SetUpError(
            f"there is no Python {least} or newer on the PATH; install one (on Debian 12: "
            "apt-get install python3) or name it, as in: PYTHON=/opt/python3.12/bin/python3 make"
        )
    return fallback


def _places(name: str, path: str) -> list[str]:
    # Every place and not the first alone: a pyenv shim may hide the system's Python and not run.
    if os.sep in name:
        return [os.path.abspath(name)]
    places = [os.path.join(folder, name) for folder in path.split(os.pathsep) if folder]
    return [place for place in places if os.access(place, os.X_OK) and os.path.isfile(place)]


def _ask(place: str) -> Interpreter | None:
    environment = {k: v for k, v in os.environ.items() if k not in ("PYTHONHOME", "PYTHONPATH")}
    try:
        said = subprocess.run(  # noqa: S603 (an interpreter that the user's PATH or PYTHON names)
            [place, "-c", _QUESTION],
            capture_output=True,
            text=True,
            timeout=30,
            check=False,
            env=environment,
        )
        major, minor, has_ensurepip, real = said.stdout.rstrip("\n").split(" ", 3)
        version = (int(major), int(minor))
        return Interpreter(os.path.realpath(real), version, has_ensurepip == "1")
    except (OSError, ValueError, subprocess.TimeoutExpired):
        return None
