"""PostgreSQL, pgbouncer, Redis and the app itself as private processes on loopback."""

from __future__ import annotations

import contextlib
import http.client
import json
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil

APP_FOLDER = Path(__file__).parent.parent
POSTGRES_FOLDERS = [
    "/usr/lib/postgresql/15/bin",
    *map(str, Path("/usr/lib/postgresql").glob("*/bin")),
]
START_SECONDS = 20


def program(name: str) -> str:
    path = shutil.which(
        name, path=os.pathsep.join([os.environ["PATH"], "/usr/sbin", *POSTGRES_FOLDERS])
    )
    if path is None:
        raise FileNotFoundError(f"{name} is not installed; the set-up of the tests installs it")
    return path


def free_port() -> int:
    """Below the range from which the kernel serves outgoing connections: those would take it."""
    while True:
        port = random.randint(15000, 30000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


def unprivileged() -> dict[str, Any]:
    """Arguments for subprocess: PostgreSQL and pgbouncer refuse to run as root."""
    if os.getuid() != 0:
        return {}
    for name in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            account = pwd.getpwnam(name)
            return {"user": account.pw_uid, "group": account.pw_gid, "extra_groups": []}
    raise RuntimeError("root needs the account postgres or nobody to start PostgreSQL")


@contextlib.contextmanager
def server_folder() -> Iterator[Path]:
    """A folder for the servers' account. Not pytest's: that one is closed to other accounts."""
    with tempfile.TemporaryDirectory(prefix="webapp-", ignore_cleanup_errors=True) as name:
        account = unprivileged()
        if account:
            os.chown(name, account["user"], account["group"])
        os.chmod(name, 0o755)
        yield Path(name)


def wait_until(
    what: str, holds: Callable[[], bool], process: subprocess.Popen[Any] | None = None
) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not holds():
        if process is not None and process.poll() is not None:
            raise AssertionError(f"{what}: the process ended with {process.returncode}")
        if time.monotonic() > deadline:
            raise AssertionError(f"{what}: not within {START_SECONDS} s")
        time.sleep(0.05)


def listens(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def stop(process: subprocess.Popen[Any], number: int = signal.SIGTERM) -> int:
    if process.poll() is None:
        process.send_signal(number)
    try:
        return process.wait(30)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
        raise


@dataclass
class Server:
    """A process that can be stopped and started again on the same port."""

    command: list[str]
    port: int
    log: Path
    stop_signal: int = signal.SIGTERM
    is_ready: Callable[[int], bool] = listens
    process: subprocess.Popen[Any] | None = None

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                self.command, stdout=log, stderr=log, cwd="/", **unprivileged()
            )
        wait_until(f"{self.command[0]} is ready", lambda: self.is_ready(self.port), self.process)

    def stop(self) -> None:
        if self.process is not None:
            stop(self.process, self.stop_signal)
            self.process = None

    @contextlib.contextmanager
    def away(self) -> Iterator[None]:
        self.stop()
        try:
            yield
        finally:
            self.start()

    @contextlib.contextmanager
    def frozen(self) -> Iterator[None]:
        """Accepts connections (the kernel does) and never answers."""
        assert self.process is not None
        parent = psutil.Process(self.process.pid)
        # PostgreSQL has a process for each connection, and those would go on answering.
        processes = [parent, *parent.children()]
        for process in processes:
            process.suspend()
        try:
            yield
        finally:
            for process in processes:
                with contextlib.suppress(psutil.NoSuchProcess):
                    process.resume()


@contextlib.contextmanager
def running(server: Server) -> Iterator[Server]:
    server.start()
    try:
        yield server
    finally:
        server.stop()


def postgres(folder: Path) -> Server:
    data, port = folder / "data", free_port()
    subprocess.run(
        [
            program("initdb"),
            "-D",
            str(data),
            "-A",
            "trust",
            "-U",
            "owner",
            "--no-sync",
            "-E",
            "UTF8",
        ],
        check=True,
        stdout=subprocess.DEVNULL,
        cwd="/",
        **unprivileged(),
    )
    command = [program("postgres"), "-D", str(data), "-h", "127.0.0.1", "-p", str(port)]
    for setting in (f"unix_socket_directories={folder}", "fsync=off", "shared_buffers=16MB"):
        command += ["-c", setting]
    # SIGTERM would wait until the last client is gone.
    return Server(command, port, folder / "log", signal.SIGINT, accepts_queries)


def accepts_queries(port: int) -> bool:
    """PostgreSQL listens before it is ready."""
    asked = [program("pg_isready"), "-q", "-h", "127.0.0.1", "-p", str(port)]
    return subprocess.run(asked).returncode == 0


def pgbouncer(folder: Path, postgres_port: int, user: str) -> Server:
    """In transaction mode, with every client mapped to one user, as in the task."""
    port = free_port()
    (folder / "pgbouncer.ini").write_text(
        f"""
[databases]
* = host=127.0.0.1 port={postgres_port} user={user}
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {port}
unix_socket_dir =
auth_type = any
pool_mode = transaction
default_pool_size = 4
query_wait_timeout = 60
server_login_retry = 1
ignore_startup_parameters = extra_float_digits
"""
    )
    return Server([program("pgbouncer"), str(folder / "pgbouncer.ini")], port, folder / "log")


def redis_server(folder: Path, *options: str) -> Server:
    port = free_port()
    listen = [] if "--tls-port" in options else ["--port", str(port)]
    command = [
        program("redis-server"),
        "--bind",
        "127.0.0.1",
        "--save",
        "",
        "--dir",
        str(folder),
        *listen,
    ]
    return Server(
        [*command, *(str(port) if each == "PORT" else each for each in options)],
        port,
        folder / "log",
    )


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes

    @property
    def json(self) -> Any:
        assert self.headers["Content-Type"] == "application/json"
        return json.loads(self.body)


@dataclass
class App:
    """gunicorn with the command of the Dockerfile."""

    environment: dict[str, str]
    log: Path
    folder: Path = APP_FOLDER
    prefix: list[str] = field(default_factory=list)
    process: subprocess.Popen[bytes] | None = None
    port: int = 0

    def start(self) -> App:
        self.port = free_port()
        with self.log.open("wb") as log:
            self.process = subprocess.Popen(
                [*self.prefix, *gunicorn()],
                cwd=self.folder,
                env=clean_environment() | self.environment | {"PORT": str(self.port)},
                stdout=log,
                stderr=log,
            )
        # gunicorn's parent listens first; a worker that is not up yet would miss a SIGTERM.
        wait_until("the workers start", self._has_workers, self.process)
        wait_until("the app answers", lambda: self.get("/api/release").status == 200, self.process)
        return self

    def _has_workers(self) -> bool:
        return self.log.read_text().count("Booting worker") == int(
            self.environment["WEB_CONCURRENCY"]
        )

    def terminate(self) -> None:
        assert self.process is not None
        self.process.terminate()

    def stop(self) -> int:
        assert self.process is not None
        return stop(self.process)

    def request(
        self, method: str, path: str, body: Any = None, headers: dict[str, str] | None = None
    ) -> Answer:
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=20)
        try:
            connection.request(method, path, body=body, headers=headers or {})
            answer = connection.getresponse()
            return Answer(answer.status, answer.headers, answer.read())
        finally:
            connection.close()

    def get(self, path: str, **headers: str) -> Answer:
        return self.request(
            "GET", path, headers={k.replace("_", "-"): v for k, v in headers.items()}
        )

    def post_json(self, path: str, value: Any) -> Answer:
        return self.request("POST", path, json.dumps(value), {"Content-Type": "application/json"})

    def log_lines(self) -> list[dict[str, Any]]:
        """Fails when one line is not JSON: a stack trace, for example."""
        return [json.loads(line) for line in self.log.read_text().splitlines()]


def gunicorn() -> list[str]:
    """The image's own command, with this interpreter's gunicorn."""
    lines = (APP_FOLDER / "Dockerfile").read_text().splitlines()
    (command,) = [
        json.loads(line.removeprefix("CMD ")) for line in lines if line.startswith("CMD ")
    ]
    assert command[0] == "gunicorn"
    return [sys.executable, "-P", "-m", *command]


def clean_environment() -> dict[str, str]:
    """Nothing of the caller's: the app sees what a task definition gives it."""
    return {"PATH": os.environ["PATH"], "PYTHONDONTWRITEBYTECODE": "1"}


def run_migrations(
    environment: dict[str, str], *options: str, folder: Path = APP_FOLDER
) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "run_migrations.py", *options],
        cwd=folder,
        env=clean_environment() | environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
