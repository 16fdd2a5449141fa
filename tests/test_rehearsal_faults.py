"""Faulty releases: each has its fault, an image of its own, and else what the workload has."""

import subprocess
import sys
import types
from collections.abc import Iterable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import pytest

from rehearsal.errors import RehearsalError
from rehearsal.faults import FAULTS, FAULTY, Fault, install
from rehearsal.releases import WEBAPP, build, digest


def test_every_fault_has_a_folder_and_every_folder_a_fault() -> None:
    folders = {folder.name for folder in FAULTY.iterdir() if folder.name != "__pycache__"}
    assert folders == set(FAULTS)
    assert len(FAULTS) == 5


def test_each_fault_is_an_image_of_its_own(tmp_path: Path) -> None:
    images = [digest(install(fault, tmp_path / fault)) for fault in FAULTS]
    assert len({digest(WEBAPP), *images}) == 6
    assert images[0] == digest(install(FAULTS[0], tmp_path / "again"))


@pytest.mark.parametrize("fault", FAULTS)
def test_only_the_fault_differs_from_the_workload(fault: Fault, tmp_path: Path) -> None:
    directory = install(fault, tmp_path / "image")
    command = build(directory, release_id="r", environment={}).workload.command
    sound = build(WEBAPP, release_id="r", environment={}).workload.command
    wrapped = tuple(part.replace("webapp:", "faulty:") for part in sound)
    assert wrapped != sound
    assert command == (sound if fault == "failing_migration" else wrapped)
    differing = {
        str(file.relative_to(directory))
        for file in directory.rglob("*")
        if file.is_file() and not _same(file, WEBAPP / file.relative_to(directory))
    }
    assert differing == (
        {"run_migrations.py"} if fault == "failing_migration" else {"Dockerfile", "faulty.py"}
    )
    assert not (directory / "tests").exists()
    assert directory.stat().st_mode & 0o777 == 0o755


def _same(one: Path, other: Path) -> bool:
    return other.exists() and one.read_bytes() == other.read_bytes()


def test_a_dockerfile_that_starts_something_else_is_refused(tmp_path: Path) -> None:
    workload = tmp_path / "workload"
    workload.mkdir()
    (workload / "Dockerfile").write_text('CMD ["serve"]\n')
    with pytest.raises(
        RehearsalError,
        match=r'Dockerfile does not start "webapp:create_app\(\)", so no fault can be put around',
    ):
        install("slow", tmp_path / "image", workload)


class Sound:
    """Stands in for the workload: answers 200 and counts."""

    def __init__(self) -> None:
        self.requests = 0

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        self.requests += 1
        start_response("200 OK", [])
        return [b"sound"]


@pytest.fixture
def sound(monkeypatch: pytest.MonkeyPatch) -> Sound:
    app = Sound()
    workload = types.ModuleType("webapp")
    workload.create_app = lambda: app  # pyright: ignore[reportAttributeAccessIssue]
    monkeypatch.setitem(sys.modules, "webapp", workload)
    return app


def faulty(fault: Fault, monkeypatch: pytest.MonkeyPatch) -> tuple[WSGIApplication, list[float]]:
    """The app of a fault, and the pauses that it makes: none of them lasts."""
    spec = spec_from_file_location("faulty", FAULTY / fault / "faulty.py")
    assert spec is not None
    assert spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    pauses: list[float] = []
    if hasattr(module, "time"):
        monkeypatch.setattr(module, "time", types.SimpleNamespace(sleep=pauses.append))
    return module.create_app(), pauses


def ask(app: WSGIApplication, **environ: str) -> str:
    statuses: list[str] = []

    def start_response(status: str, _headers: object, _error: object = None) -> object:
        statuses.append(status)
        return None

    list(app({"PATH_INFO": "/api/items", **environ}, start_response))  # pyright: ignore[reportArgumentType]
    (status,) = statuses
    return status


def test_errors_are_one_in_twenty(sound: Sound, monkeypatch: pytest.MonkeyPatch) -> None:
    app, _ = faulty("errors", monkeypatch)
    statuses = [ask(app) for _ in range(40)]
    bad = [number for number, status in enumerate(statuses, start=1) if status != "200 OK"]
    assert bad == [20, 40]
    assert statuses[19] == "500 Internal Server Error"
    assert sound.requests == 38


def test_slow_is_half_a_second_for_everybody(sound: Sound, monkeypatch: pytest.MonkeyPatch) -> None:
    app, pauses = faulty("slow", monkeypatch)
    assert [ask(app), ask(app)] == ["200 OK", "200 OK"]
    assert pauses == [0.5, 0.5]
    assert sound.requests == 2


def test_unready_waits_longer_than_nginx_but_only_for_who_comes_through_it(
    sound: Sound, monkeypatch: pytest.MonkeyPatch
) -> None:
    app, pauses = faulty("unready", monkeypatch)
    assert ask(app) == "200 OK"
    assert pauses == []
    ask(app, HTTP_X_FORWARDED_PROTO="https")
    assert pauses == [5]
    template = (WEBAPP.parents[1] / "images" / "nginx" / "nginx.conf.template").read_text()
    readiness = template.partition("location = /readyz {")[2].partition("}")[0]
    assert "proxy_read_timeout 3s;" in readiness
    assert sound.requests == 2


def test_crashing_ends_before_it_serves(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SystemExit, match=r"^this release needs a variable that nobody has set$"):
        faulty("crashing", monkeypatch)


@pytest.mark.parametrize("arguments", [(), ("--verify-only",)])
def test_a_failing_migration_exits_with_1(arguments: tuple[str, ...], tmp_path: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "run_migrations.py", *arguments],
        cwd=install("failing_migration", tmp_path / "image"),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )
    assert (ended.returncode, ended.stderr) == (
        1,
        "the migration of this release fails: the column is there already\n",
    )
