"""All that a rehearsal and the tests need, installed once; nothing is touched when nothing changed.

`python3 -m scripts.set_up` in the project's folder, with whatever `python3` the machine has:
standard library, and syntax of Python 3.8. PYTHON names the interpreter to use instead.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from scripts import interpreters
from scripts.errors import SetUpError

if TYPE_CHECKING:
    from collections.abc import Iterator

ROOT = Path(__file__).resolve().parent.parent
REQUIREMENTS = ("requirements-dev.txt", "requirements.txt", "examples/webapp/requirements.txt")
# pulumi-policy asks for an older protobuf than the rest and runs with theirs: tests/test_policy.py.
ALONE = "policy/requirements.txt"
# What a user's shell may set that would put packages elsewhere than in the environment.
_REDIRECTIONS = ("PIP_USER", "PIP_TARGET", "PIP_PREFIX", "PYTHONHOME", "PYTHONPATH")


def main() -> int:
    """Sets up and says what it does; 1 with one sentence when it can't, 130 after Ctrl-C."""
    try:
        if sys.version_info < interpreters.OLDEST:
            chosen = interpreters.choose(os.environ.get("PYTHON")).path
            os.execv(chosen, [chosen, "-m", "scripts.set_up"])  # noqa: S606 (no shell wanted)
        set_up(ROOT, os.environ.get("PYTHON"))
    except SetUpError as error:
        print(error, file=sys.stderr)
        return 1
    except OSError as error:
        print(f"set-up can't write {error.filename or ROOT}: {error.strerror}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("set-up was interrupted; the same command finishes it", file=sys.stderr)
        return 130
    return 0


def set_up(root: Path, python: str | None) -> None:
    """Makes `root`/.venv hold what the requirements say, and the machine the servers.

    Safe to interrupt, to repeat and to run side by side. Raises SetUpError or OSError.
    """
    from scripts import system_packages  # needs Python 3.11

    programs = system_packages.missing_programs()
    if not programs and _is_current(root, python):
        return
    cache = root / ".cache"
    cache.mkdir(exist_ok=True)
    log = cache / "set-up.log"
    with _locked(cache / "set-up.lock") as lock:
        current = _is_current(root, python)  # another set-up may just have ended
        programs = system_packages.missing_programs()
        interpreter = None if current else _interpreter(root, python)
        also = []
        if interpreter and not interpreter.has_ensurepip:
            also = [_venv_package(interpreter)]
        log.write_text("")
        if programs or also:
            system_packages.install(programs, also, log)
        if interpreter:
            _fill(root, interpreter, log, lock)


def _venv(root: Path) -> Path:
    return root / ".venv"


def _stamp(root: Path) -> Path:
    """Holds the fingerprint of what is installed."""
    return _venv(root) / "slipway-set-up"


def _unfinished(root: Path) -> Path:
    """Is there while an environment is being changed, and after a change that was cut short."""
    return root / ".cache" / "set-up.unfinished"


def _fingerprint(root: Path) -> str:
    digest = hashlib.sha256(str(root).encode())  # an environment can't be moved
    for name in (*REQUIREMENTS, ALONE):
        digest.update((root / name).read_bytes())
    return digest.hexdigest()


def _is_current(root: Path, python: str | None) -> bool:
    try:
        stamped = _stamp(root).read_text()
    except OSError:
        return False
    inside = _inside(root)
    if stamped != _fingerprint(root) or inside is None:
        return False
    return not python or interpreters.choose(python).path == inside.path


def _inside(root: Path) -> interpreters.Interpreter | None:
    """The interpreter that the environment was made from; None when it is missing or broken."""
    try:
        inside = interpreters.choose(str(_venv(root) / "bin" / "python"))
    except SetUpError:
        return None
    return inside


def _interpreter(root: Path, python: str | None) -> interpreters.Interpreter:
    """The one that is asked for, else the one that the environment has, else the best."""
    return (None if python else _inside(root)) or interpreters.choose(python)


def _venv_package(interpreter: interpreters.Interpreter) -> str:
    if not interpreter.path.startswith("/usr/bin/"):
        raise SetUpError(
            f"{interpreter.path} has no module ensurepip, so it can't make a virtual environment; "
            "name another Python, as in: PYTHON=python3.12 make"
        )
    return "python{}.{}-venv".format(*interpreter.version)


def _fill(root: Path, interpreter: interpreters.Interpreter, log: Path, lock: int) -> None:
    venv, unfinished = _venv(root), _unfinished(root)
    inside = _inside(root)
    afresh = inside is None or inside.path != interpreter.path or unfinished.exists()
    unfinished.touch()
    _stamp(root).unlink(missing_ok=True)
    if afresh:
        print(f"Making a virtual environment with {interpreter.path} ...", flush=True)
        _run([interpreter.path, "-m", "venv", "--clear", str(venv)], log, lock)
    print("Installing the Python packages (a minute or two the first time) ...", flush=True)
    started = time.monotonic()
    pip = [str(venv / "bin" / "python"), "-m", "pip", "--disable-pip-version-check", "--no-input"]
    _run([*pip, "install", "--requirement", str(root / REQUIREMENTS[0])], log, lock)
    _run([*pip, "install", "--no-deps", "--requirement", str(root / ALONE)], log, lock)
    _stamp(root).write_text(_fingerprint(root))
    unfinished.unlink()
    print(f"Installed in {time.monotonic() - started:.0f} s.", flush=True)


def _run(command: list[str], log: Path, lock: int) -> None:
    environment = {k: v for k, v in os.environ.items() if k not in _REDIRECTIONS}
    with log.open("a") as output:
        code = subprocess.run(  # noqa: S603 (the interpreter that was chosen)
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env=environment,
            check=False,
            # Should we be killed, the next set-up waits until this has ended.
            pass_fds=[lock],
        ).returncode
    if code:
        tail = "\n".join(f"  {line}" for line in log.read_text().splitlines()[-8:])
        raise SetUpError(
            f"{' '.join(command)} failed with exit code {code}; {log} ends with:\n{tail}"
        )


@contextmanager
def _locked(path: Path) -> Iterator[int]:
    with path.open("a") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print("Waiting for another set-up of this folder ...", flush=True)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield lock.fileno()


if __name__ == "__main__":
    sys.exit(main())
