"""Set-up installs what is missing, touches nothing that is current, and says what it can't do."""

import ast
import contextlib
import fcntl
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from rehearsal.machine import binaries
from rehearsal.stack_file import ROOT
from scripts import interpreters, set_up, system_packages
from scripts.errors import SetUpError

Answer = Callable[[str, str], Path]


@pytest.fixture
def python(tmp_path: Path) -> Answer:
    """Makes a program that answers as an interpreter would; it is no real one."""

    def make(place: str, answer: str) -> Path:
        path = tmp_path / place
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(f"#!/bin/sh\n{answer}\n")
        path.chmod(0o755)
        return path

    return make


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """What set-up reads of a clone, with no package to install, in a folder with a space."""
    return cloned(tmp_path / "a clone")


@pytest.fixture(scope="module")
def ready(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A clone that was set up, with the interpreter that runs the tests."""
    root = cloned(tmp_path_factory.mktemp("ready") / "a clone")
    code, lines, errors = run_set_up(root, PYTHON=sys.executable)
    assert (code, made(lines), errors) == (0, (1, 1), "")
    return root


def cloned(root: Path) -> Path:
    shutil.copytree(ROOT / "scripts", root / "scripts")
    shutil.copytree(ROOT / "rehearsal", root / "rehearsal")
    for name in (*set_up.REQUIREMENTS, set_up.ALONE):
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text("# nothing\n")
    return root


def setting_up(root: Path, **environment: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "scripts.set_up"],
        cwd=root,
        env={**os.environ, "PIP_NO_INDEX": "1", **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def run_set_up(root: Path, **environment: str) -> tuple[int, list[str], str]:
    process = setting_up(root, **environment)
    output, errors = process.communicate(timeout=120)
    return process.returncode, [line.split(" with ")[0] for line in output.splitlines()], errors


# The interpreter.


def test_the_newest_interpreter_that_runs_is_chosen(tmp_path: Path, python: Answer) -> None:
    python("shims/python3.13", "echo 'command not found' >&2; exit 127")
    python("shims/python3.12", "echo 3 12 1 /opt/python3.12")
    python("bin/python3.12", "echo 3 12 1 /other/python3.12")
    python("bin/python3.11", "echo 3 11 1 /usr/bin/python3.11")
    path = f"{tmp_path / 'shims'}:{tmp_path / 'bin'}::/no/such/folder"
    chosen = interpreters.choose(path=path)
    assert chosen == interpreters.Interpreter("/opt/python3.12", (3, 12), has_ensurepip=True)


def test_an_interpreter_that_needs_no_further_package_goes_first(
    tmp_path: Path, python: Answer
) -> None:
    python("bin/python3.13", "echo 3 13 0 /opt/python3.13")
    assert interpreters.choose(path=str(tmp_path / "bin")).has_ensurepip is False
    python("bin/python3", "echo 3 11 1 /usr/bin/python3")
    assert interpreters.choose(path=str(tmp_path / "bin")).version == (3, 11)


def test_a_shim_does_not_hide_the_systems_interpreter(tmp_path: Path, python: Answer) -> None:
    python("shims/python3.11", "exit 1")
    python("bin/python3.11", "echo 3 11 1 '/a path/python3.11'")
    chosen = interpreters.choose(path=f"{tmp_path / 'shims'}:{tmp_path / 'bin'}")
    assert chosen.path == "/a path/python3.11"


def test_without_a_suitable_interpreter_one_sentence_says_what_to_do(
    tmp_path: Path, python: Answer
) -> None:
    python("bin/python3", "echo 3 9 1 /usr/bin/python3")
    with pytest.raises(SetUpError) as refused:
        interpreters.choose(path=str(tmp_path / "bin"))
    assert str(refused.value) == (
        "there is no Python 3.11 or newer on the PATH; install one (on Debian 12: "
        "apt-get install python3) or name it, as in: PYTHON=/opt/python3.12/bin/python3 make"
    )


def test_the_interpreter_that_is_named_must_fit(tmp_path: Path, python: Answer) -> None:
    old = python("old", "echo 3 9 1 /usr/bin/python3.9")
    good = python("bin/mine", "echo 3 12 1 /opt/python3.12")
    assert interpreters.choose(str(good)).path == "/opt/python3.12"
    assert interpreters.choose("mine", path=str(good.parent)).path == "/opt/python3.12"
    with pytest.raises(SetUpError, match=r"old is Python 3\.9; name 3\.11 or newer$"):
        interpreters.choose(str(old))
    with pytest.raises(SetUpError, match=r"^PYTHON=/no/such can't be run; name a Python 3\.11 or"):
        interpreters.choose("/no/such")


def test_what_runs_on_the_bare_machine_is_syntax_of_python_3_8() -> None:
    for name in ("__init__", "errors", "interpreters", "set_up"):
        source = (ROOT / "scripts" / f"{name}.py").read_text()
        ast.parse(source, feature_version=(3, 8))
        if " | " in source:
            assert "from __future__ import annotations" in source, name


# The packages of the distribution.


@pytest.fixture
def bare(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine without any of the programs; its apt-get only writes down what it is asked."""
    commands = tmp_path / "bin"
    commands.mkdir()
    apt = commands / "apt-get"
    apt.write_text(
        f'#!/bin/sh\necho "$SYSTEMD_OFFLINE $DEBIAN_FRONTEND $*" >> "{tmp_path}/asked"\n'
        'case "$*" in *broken*) echo "E: no broken"; exit 100;; esac\n'
    )
    apt.chmod(0o755)
    monkeypatch.setattr(system_packages, "_one_at_a_time", contextlib.nullcontext)
    monkeypatch.setenv("PATH", str(commands))
    monkeypatch.setattr(sys, "platform", "linux")
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    return tmp_path


def test_root_installs_what_is_missing_and_starts_no_service(bare: Path) -> None:
    system_packages.install(["psql", "postgres", "nginx"], ["python3.11-venv"], bare / "log")
    options = "--quiet --option DPkg::Lock::Timeout=600"
    assert (bare / "asked").read_text().splitlines() == [
        f"1 noninteractive {options} update",
        f"1 noninteractive {options} install --yes --no-install-recommends "
        "nginx postgresql python3.11-venv",
    ]


def test_what_was_installed_is_kept_from_starting_at_the_next_boot(bare: Path) -> None:
    systemctl = bare / "bin" / "systemctl"
    systemctl.write_text(f'#!/bin/sh\necho "$SYSTEMD_OFFLINE $*" >> "{bare}/told"\n')
    systemctl.chmod(0o755)
    system_packages.install(["nginx", "psql", "openssl"], [], bare / "log")
    assert (bare / "told").read_text() == "1 disable --quiet nginx postgresql\n"


def test_a_failed_installation_is_told_with_the_end_of_its_output(bare: Path) -> None:
    with pytest.raises(SetUpError) as refused:
        system_packages.install([], ["broken"], bare / "log")
    assert str(refused.value) == (
        "apt-get install --yes --no-install-recommends broken failed with exit code 100; "
        f"{bare}/log ends with:\n  E: no broken"
    )


def test_without_root_the_exact_command_is_printed(
    bare: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    with pytest.raises(SetUpError) as refused:
        system_packages.install(["haproxy", "initdb"], ["python3.11-venv"], bare / "log")
    assert str(refused.value) == (
        "haproxy, initdb, python3.11-venv are not installed, and installing needs root; run: "
        "sudo apt-get update && sudo apt-get install --yes --no-install-recommends "
        "haproxy postgresql python3.11-venv"
    )
    assert not (bare / "asked").exists()


def test_other_systems_are_told_too(bare: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (bare / "bin" / "apt-get").unlink()
    with pytest.raises(SetUpError, match=r"^nginx is not installed, and this system has no apt-ge"):
        system_packages.install(["nginx"], [], bare / "log")
    monkeypatch.setattr(sys, "platform", "darwin")
    with pytest.raises(SetUpError, match=r"^nginx, redis-server are not .*; run: brew install ngi"):
        system_packages.install(["nginx", "redis-server"], [], bare / "log")


def test_every_program_of_a_rehearsal_is_looked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    assert system_packages.missing_programs() == []
    find = binaries.find
    monkeypatch.setattr(binaries, "find", lambda programs: find(programs, path="/no/such"))
    assert system_packages.missing_programs() == list(binaries.PROGRAMS)
    assert "pgbouncer" in binaries.PROGRAMS


# The virtual environment.

MADE = ["Making a virtual environment", "Installing the Python packages (a minute or two the first"]


def made(lines: list[str]) -> tuple[int, int]:
    """How often an environment was made, and packages were installed."""
    return tuple(sum(line.startswith(start) for line in lines) for start in MADE)  # pyright: ignore


def test_the_second_set_up_touches_nothing(ready: Path) -> None:
    before = {path: path.stat().st_mtime_ns for path in sorted(ready.rglob("*"))}
    assert run_set_up(ready, PYTHONDONTWRITEBYTECODE="1") == (0, [], "")
    assert {path: path.stat().st_mtime_ns for path in sorted(ready.rglob("*"))} == before


def test_a_changed_requirement_installs_into_the_same_environment_once(ready: Path) -> None:
    kept = ready / ".venv" / "kept"
    kept.touch()
    (ready / set_up.REQUIREMENTS[2]).write_text("# changed\n")
    both = [setting_up(ready), setting_up(ready)]
    said = [process.communicate(timeout=120)[0].splitlines() for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert made([line for lines in said for line in lines]) == (0, 1)
    assert kept.exists()


def test_an_environment_can_not_be_moved(tmp_path: Path) -> None:
    here, there = cloned(tmp_path / "here"), cloned(tmp_path / "there")
    assert set_up._fingerprint(here) == set_up._fingerprint(here)
    assert set_up._fingerprint(here) != set_up._fingerprint(there)


def test_a_broken_environment_is_made_again(clone: Path) -> None:
    run_set_up(clone)
    (clone / ".venv" / "bin" / "python").unlink()
    assert made(run_set_up(clone)[1]) == (1, 1)


def test_a_package_that_can_not_be_had_is_told(clone: Path) -> None:
    (clone / "requirements-dev.txt").write_text("no-such-package==1.0\n")
    for _ in range(2):
        code, _, errors = run_set_up(clone)
        assert code == 1
        first, *tail = errors.splitlines()
        assert first.endswith(f"failed with exit code 1; {clone}/.cache/set-up.log ends with:")
        assert any("no-such-package==1.0" in line for line in tail)
        assert "Traceback" not in errors
    (clone / "requirements-dev.txt").write_text("")
    assert run_set_up(clone)[0] == 0


def test_a_set_up_waits_for_one_that_is_under_way(clone: Path) -> None:
    (clone / ".cache").mkdir()
    with (clone / ".cache" / "set-up.lock").open("a") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        waiting = setting_up(clone)
        assert waiting.stdout
        assert waiting.stdout.readline() == "Waiting for another set-up of this folder ...\n"
        time.sleep(0.2)
        assert not (clone / ".venv").exists()
        waiting.kill()
        waiting.communicate()


def test_ctrl_c_is_told_and_the_next_set_up_finishes(clone: Path) -> None:
    interrupted = setting_up(clone)
    assert interrupted.stdout
    assert interrupted.stdout.readline().startswith("Making a virtual environment with ")
    interrupted.send_signal(signal.SIGINT)
    _, errors = interrupted.communicate(timeout=60)
    assert (interrupted.returncode, errors) == (
        130,
        "set-up was interrupted; the same command finishes it\n",
    )
    assert run_set_up(clone)[0] == 0


def test_the_interpreter_can_be_named(ready: Path) -> None:
    assert run_set_up(ready, PYTHON=sys.executable) == (0, [], "")
    code, _, errors = run_set_up(ready, PYTHON="/no/such")
    assert code == 1
    assert errors == "PYTHON=/no/such can't be run; name a Python 3.11 or newer\n"


def test_what_the_users_shell_sets_for_pip_does_not_redirect_packages(ready: Path) -> None:
    (ready / set_up.REQUIREMENTS[1]).write_text("# changed\n")
    code, lines, errors = run_set_up(
        ready, PIP_USER="1", PIP_TARGET="/no/such", PYTHONPATH="/no/such"
    )
    assert (code, made(lines), errors) == (0, (0, 1), "")


def test_a_folder_that_can_not_be_written_is_told(clone: Path) -> None:
    (clone / ".cache").write_text("in the way")
    code, lines, errors = run_set_up(clone)
    assert (code, lines) == (1, [])
    assert errors == f"set-up can't write {clone}/.cache: File exists\n"


def test_every_package_that_the_project_imports_is_pinned() -> None:
    for name in (*set_up.REQUIREMENTS, set_up.ALONE):
        for line in (ROOT / name).read_text().splitlines():
            assert not line.strip() or line.startswith(("#", "-r ")) or "==" in line, line
