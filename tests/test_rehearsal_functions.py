"""A function of the stack runs here from its own archive, on a schedule, whatever it raises."""

import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest

from rehearsal.aws import functions, lambda_runtime
from rehearsal.aws.control_plane import ControlPlane
from rehearsal.machine.supervisor import Supervisor
from tests.environments import recorded


class Enough(BaseException):
    """Ends what has no end of its own."""


def test_it_is_called_again_and_again_whatever_it_raises(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "failing_function.py").write_text(
        "calls = []\n"
        "def handle(event, context):\n"
        "    calls.append((event, context))\n"
        "    if len(calls) == 2:\n"
        "        raise ValueError('the second')\n"
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    slept: list[float] = []

    def sleep(seconds: float) -> None:
        slept.append(seconds)
        if len(slept) == 3:
            raise Enough

    monkeypatch.setattr(lambda_runtime, "time", SimpleNamespace(sleep=sleep))
    with pytest.raises(Enough):
        lambda_runtime.main("failing_function.handle", 2.0)
    assert sys.modules.pop("failing_function").calls == [({}, None)] * 3
    assert slept == [2.0, 2.0, 2.0]
    assert capsys.readouterr().err.count("ValueError: the second") == 1


def test_it_is_started_from_its_archive_with_its_own_variables(tmp_path: Path) -> None:
    started: list[Any] = []

    def make_directory(name: str) -> Path:
        (tmp_path / name).mkdir()
        return tmp_path / name

    supervisor = SimpleNamespace(
        make_directory=make_directory,
        start=lambda name, argv, *, env, cwd: started.append((name, argv, env, cwd)),
    )
    plane = SimpleNamespace(own_variables={"AWS_ENDPOINT_URL": "http://127.0.0.1:1"})
    recording = recorded("staging")
    functions.start_function(cast(Supervisor, supervisor), recording, cast(ControlPlane, plane))
    function = recording.only("aws:lambda/function:Function")
    ((name, argv, env, cwd),) = started
    assert (name, cwd) == ("staging-watcher", tmp_path / "staging-watcher")
    assert argv[2:] == [
        str(functions.RUNTIME),
        "watcher.handler.handle",
        "2.0",
    ]
    assert env == {
        "AWS_ENDPOINT_URL": "http://127.0.0.1:1",
        **function.inputs["environment"]["variables"],
        "REFRESH_SECONDS": "2",
    }
    # What is shortened here is there, and longer.
    assert function.inputs["environment"]["variables"]["REFRESH_SECONDS"] == "604800"
    written = {str(file.relative_to(cwd)): file.read_text() for file in cwd.rglob("*.py")}
    assert written == function.inputs["code"]
    assert len(written) == 9
