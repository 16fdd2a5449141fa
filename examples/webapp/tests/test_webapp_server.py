"""How the process starts, serves and stops under gunicorn."""

from __future__ import annotations

import hashlib
import http.client
import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import psutil
import pytest
from webapp_services import APP_FOLDER, App, clean_environment, gunicorn, program, wait_until

pytestmark = pytest.mark.services

OTHER_UID = 48711


def test_sigterm_lets_a_request_in_flight_finish(start_app: Callable[..., App]) -> None:
    app = start_app(WEB_CONCURRENCY="2")
    assert app.process is not None
    with socket.create_connection(("127.0.0.1", app.port), timeout=20) as client:
        client.sendall(b"POST /api/echo HTTP/1.1\r\nHost: app\r\nContent-Length: 6\r\n\r\none")
        # The worker has the request once it has emptied the socket; there is no sign of that
        # from outside, and nothing to wait for but a moment.
        time.sleep(0.3)
        app.terminate()
        wait_until("the idle worker ends", lambda: "Worker exiting" in app.log.read_text())
        client.sendall(b"two")
        answer = http.client.HTTPResponse(client)
        answer.begin()
        assert answer.status == 200
        assert json.loads(answer.read())["sha256"] == hashlib.sha256(b"onetwo").hexdigest()
    assert app.process.wait(20) == 0
    assert {line["level"] for line in app.log_lines()} == {"INFO"}


def test_the_server_is_safe_without_being_told() -> None:
    settings = gunicorn_settings()
    assert settings["bind"] == "['127.0.0.1:8000']"
    assert settings["keepalive"] == "80", "longer than nginx keeps its idle connections: 75 s"
    assert settings["graceful_timeout"] == "25", "less than ECS waits for a task to stop: 30 s"
    assert settings["worker_class"] == "gthread"
    assert settings["preload_app"] == "True"
    assert settings["worker_tmp_dir"] == "/tmp"
    assert settings["control_socket_disable"] == "True"


def test_the_environment_sets_port_workers_and_threads() -> None:
    settings = gunicorn_settings(
        PORT="8123", BIND_ADDRESS="::", WEB_CONCURRENCY="3", THREADS="5", TMPDIR="/tmp/own"
    )
    assert settings["bind"] == "['[::]:8123']"
    assert settings["workers"] == "3"
    assert settings["threads"] == "5"
    assert settings["worker_tmp_dir"] == "/tmp/own"


def gunicorn_settings(**changes: str) -> dict[str, str]:
    environment = clean_environment() | {
        "DATABASE_URL": "postgresql://app@127.0.0.1:6432/app",
        "REDIS_URL": "redis://127.0.0.1/0",
        "SECRET_KEY": "5" * 64,
    }
    done = subprocess.run(
        [*gunicorn(), "--print-config"],
        cwd=APP_FOLDER,
        env=environment | changes,
        capture_output=True,
        text=True,
        check=True,
    )
    pairs = (line.partition("=") for line in done.stdout.splitlines())
    return {name.strip(): value.strip() for name, _, value in pairs}


def test_a_connection_is_kept_between_requests(app: App) -> None:
    client = http.client.HTTPConnection("127.0.0.1", app.port, timeout=20)
    sockets = set()
    for _ in range(3):
        client.request("GET", "/api/release")
        client.getresponse().read()
        assert client.sock is not None
        sockets.add(client.sock.getsockname())
    client.close()
    assert len(sockets) == 1


def test_the_log_is_json_with_the_release(start_app: Callable[..., App]) -> None:
    app = start_app()
    app.stop()
    lines = app.log_lines()
    assert {line["release"] for line in lines} == {"2026-11-24-a1b2c3"}
    assert {line["logger"] for line in lines} == {"gunicorn.error"}
    assert f"Listening at: http://127.0.0.1:{app.port}" in lines[1]["message"]
    assert lines[1]["time"].endswith("+00:00")
    fields = {"time", "level", "logger", "message", "process", "release"}
    assert [line for line in lines if line.keys() != fields] == []


def test_a_line_says_for_which_request_it_was_written(start_app: Callable[..., App]) -> None:
    app = start_app(DATABASE_URL="postgresql://app@127.0.0.1:1/app")
    trace = "Root=1-67891233-abcdef012345678912345678"
    answer = app.get(
        "/health?token=hunter2", X_Request_ID="a-request-of-ours", X_Amzn_Trace_Id=trace
    )
    assert answer.status == 503
    app.stop()
    (line,) = [line for line in app.log_lines() if line["level"] == "ERROR"]
    assert line.pop("message").startswith("The database is away; ")
    assert line.pop("time").startswith("20")
    assert line.pop("process") > 0
    assert line == {
        "level": "ERROR",
        "logger": "webapp.breaker",
        "release": "2026-11-24-a1b2c3",
        "request_id": "a-request-of-ours",
        "trace": trace,
        "method": "GET",
        "path": "/health",
    }
    assert "hunter2" not in app.log.read_text()


@pytest.fixture
def foreign_app(environment: dict[str, str], folder: Path, tmp_path: Path) -> Iterator[App]:
    """The app in a folder that it can't write to, as a uid that is in no password file."""
    copy = folder / "app"
    shutil.copytree(APP_FOLDER, copy, ignore=shutil.ignore_patterns("__pycache__", "tests"))
    for path in (copy, *copy.rglob("*")):
        path.chmod(0o555 if path.is_dir() else 0o444)
    app = App(environment, tmp_path / "log", copy, as_other_uid()).start()
    yield app
    app.stop()
    for path in (copy, *copy.rglob("*")):
        path.chmod(0o755)


def as_other_uid() -> list[str]:
    """Only root can change its uid; any other user's tests run as "any uid" already.

    The capability lets the other uid read an interpreter below a home that is closed to it; it
    permits no write.
    """
    if os.getuid() != 0:
        return []
    prefix = [program("setpriv"), f"--reuid={OTHER_UID}", f"--regid={OTHER_UID}", "--clear-groups"]
    if all(
        parent.stat().st_mode & 0o001 for parent in Path(os.path.realpath(sys.executable)).parents
    ):
        return prefix
    return [*prefix, "--inh-caps=-all,+dac_read_search", "--ambient-caps=-all,+dac_read_search"]


def test_it_runs_as_any_uid_and_writes_nothing_beside_itself(foreign_app: App) -> None:
    before = files(foreign_app.folder)
    assert foreign_app.get("/health").status == 200
    assert foreign_app.get("/api/items").status == 200
    assert foreign_app.process is not None
    uid = OTHER_UID if os.getuid() == 0 else os.getuid()
    assert psutil.Process(foreign_app.process.pid).uids().effective == uid
    assert files(foreign_app.folder) == before


def files(folder: Path) -> dict[str, Any]:
    return {str(path): path.stat().st_mtime_ns for path in folder.rglob("*")}
