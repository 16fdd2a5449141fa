"""A task as processes: ECS's order, signals and secrets, with our own images' entrypoints."""

import contextlib
import dataclasses
import http.client
import json
import os
import pwd
import re
import shutil
import socket
import ssl
import sys
import threading

import psutil
import pytest

from rehearsal.errors import RehearsalError
from rehearsal.machine import binaries, ports, postgres_cluster
from rehearsal.machine.certificates import Authority
from rehearsal.machine.container import Runtime
from rehearsal.machine.containers import (
    Workload,
    differences,
    environment_of,
    open_to_others,
    start_order,
    with_port,
)
from rehearsal.machine.images import image_differences, install_images
from rehearsal.machine.one_off_task import run_once
from rehearsal.machine.supervisor import Supervisor, unprivileged_user
from rehearsal.machine.task import Task, start_task

PROBE_TOKEN = "5a" * 32
SECRETS = {
    "arn:probe": PROBE_TOKEN,
    "arn:login:username": "app_blue",
    "arn:login:password": "login-password-1",
    "arn:master:username": "owner",
    "arn:master:password": "master-password-1",
    "arn:key": "secret-key-1",
}
# Answers /health, /who (its login in the database), /environment, and /slow when a file appears.
# At SIGTERM it says which of its neighbours still accept connections, ends its requests and exits.
APP = """
import http.server, json, os, pathlib, signal, socket, threading, time
import psycopg

class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = getattr(self, self.path.strip("/"))().encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def health(self):
        return json.dumps({"status": "ok"})

    def who(self):
        with psycopg.connect(os.environ["DATABASE_URL"]) as session:
            return session.execute("SELECT current_user").fetchone()[0]

    def environment(self):
        return json.dumps(dict(os.environ))

    def slow(self):
        pathlib.Path("begun").touch()
        while not pathlib.Path("go").exists():
            time.sleep(0.02)
        return "finished"

    def log_message(self, *args):
        pass

def accepts(port):
    try:
        socket.create_connection(("127.0.0.1", port), timeout=2).close()
    except OSError:
        return False
    return True

class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True

server = Server(("127.0.0.1", int(os.environ["PORT"])), Handler)

def stop(number, frame):
    database = int(os.environ["DATABASE_URL"].rpartition("/")[0].rpartition(":")[2])
    nginx = int(pathlib.Path("nginx-port").read_text())
    print("told to stop; nginx", accepts(nginx), "pgbouncer", accepts(database), flush=True)
    threading.Thread(target=server.shutdown).start()

signal.signal(signal.SIGTERM, stop)
print("listening", flush=True)
server.serve_forever()
"""


def variables(**values: str) -> list[dict[str, str]]:
    return [{"name": name, "value": value} for name, value in values.items()]


def from_secrets(**values: str) -> list[dict[str, str]]:
    return [{"name": name, "valueFrom": value} for name, value in values.items()]


NGINX = {
    "name": "nginx",
    "readonlyRootFilesystem": True,
    "environment": variables(
        NGINX_PORT="8443",
        APP_PORT="8000",
        TRUSTED_PROXIES="10.20.0.0/16",
        MAX_BODY_MIB="10",
        RATE_LIMIT_PER_SECOND="50",
        RATE_LIMIT_BURST="100",
        SECURITY_HEADERS='add_header X-Content-Type-Options "nosniff" always;',
        PROBE_HEADER="X-Slipway-Probe",
        RELEASE_ID="r-1",
    ),
    "secrets": from_secrets(PROBE_TOKEN="arn:probe"),
    "dependsOn": [{"containerName": "app", "condition": "HEALTHY"}],
    "stopTimeout": 110,
}
APP_CONTAINER = {
    "name": "app",
    "environment": variables(
        PORT="8000", DATABASE_URL="postgresql://app@127.0.0.1:6432/app", RELEASE_ID="r-1"
    ),
    "secrets": from_secrets(SECRET_KEY="arn:key"),
    "dependsOn": [{"containerName": "pgbouncer", "condition": "HEALTHY"}],
}
PGBOUNCER = {
    "name": "pgbouncer",
    "environment": variables(
        LISTEN_PORT="6432",
        DB_HOST="db.example.internal",
        DB_PORT="5433",
        DB_NAME="app",
        POOL_SIZE="5",
        MAX_CLIENT_CONN="50",
        RELEASE_ID="r-1",
    ),
    "secrets": from_secrets(DB_USER="arn:login:username", DB_PASSWORD="arn:login:password"),
}
SERVING = [NGINX, APP_CONTAINER, PGBOUNCER]
LOGINS = {
    "name": "logins",
    "essential": False,
    "command": ["/usr/local/bin/ensure-logins"],
    "environment": variables(DB_HOST="db.example.internal", DB_PORT="5433", DB_NAME="app"),
    "secrets": from_secrets(
        PGUSER="arn:master:username",
        PGPASSWORD="arn:master:password",
        DB_USER="arn:login:username",
        DB_PASSWORD="arn:login:password",
    ),
}
MIGRATE = {
    "name": "app",
    "command": ["python", "migrate.py"],
    "environment": variables(
        DATABASE_URL="postgresql://db.example.internal:5433/app?sslmode=require"
    ),
    "secrets": from_secrets(PGUSER="arn:master:username", PGPASSWORD="arn:master:password"),
    "dependsOn": [{"containerName": "logins", "condition": "SUCCESS"}],
}


def needing(name: str, *others: str) -> dict[str, object]:
    return {"name": name, "dependsOn": [{"containerName": other} for other in others]}


def test_containers_start_after_what_they_depend_on():
    assert [container["name"] for container in start_order(SERVING)] == [
        "pgbouncer",
        "app",
        "nginx",
    ]


@pytest.mark.parametrize(
    ("containers", "sentence"),
    [
        ([needing("app", "db")], "a container depends on 'db', which the task lacks"),
        (
            [needing("app", "nginx"), needing("nginx", "app")],
            "the containers depend on each other in a circle: app -> nginx -> app",
        ),
    ],
)
def test_an_order_that_can_not_be_is_one_sentence(containers, sentence):
    with pytest.raises(RehearsalError, match=f"^{re.escape(sentence)}$"):
        start_order(containers)


def test_an_environment_is_the_definitions_with_this_tasks_ports():
    port = {"nginx": 1, "app": 2, "pgbouncer": 3}
    given = {
        container["name"]: environment_of(
            container,
            SECRETS.__getitem__,
            {"DB_HOST": "127.0.0.1"} if container is PGBOUNCER else {},
            port,
        )
        for container in SERVING
    }
    assert (given["nginx"]["NGINX_PORT"], given["nginx"]["APP_PORT"]) == ("1", "2")
    assert given["nginx"]["PROBE_TOKEN"] == PROBE_TOKEN
    assert given["app"] == {
        "PORT": "2",
        "DATABASE_URL": "postgresql://app@127.0.0.1:3/app",
        "RELEASE_ID": "r-1",
        "SECRET_KEY": "secret-key-1",
    }
    assert given["pgbouncer"] == {
        "LISTEN_PORT": "3",
        "DB_HOST": "127.0.0.1",
        "DB_PORT": "5433",
        "DB_NAME": "app",
        "POOL_SIZE": "5",
        "MAX_CLIENT_CONN": "50",
        "RELEASE_ID": "r-1",
        "DB_USER": "app_blue",
        "DB_PASSWORD": "login-password-1",
    }


def test_a_secret_that_the_overlay_replaces_is_never_asked_for():
    def refuse(_: str) -> str:
        raise AssertionError

    replaced = environment_of(APP_CONTAINER, refuse, {"SECRET_KEY": "local"}, {})
    assert replaced["SECRET_KEY"] == "local"
    assert replaced["DATABASE_URL"] == "postgresql://app@127.0.0.1:6432/app"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("postgresql://app@127.0.0.1:6432/app", "postgresql://app@127.0.0.1:7/app"),
        (
            "postgresql://127.0.0.1/app?sslmode=require",
            "postgresql://127.0.0.1:7/app?sslmode=require",
        ),
        ("rediss://u:p%40w@localhost:6379/0", "rediss://u:p%40w@localhost:7/0"),
    ],
)
def test_only_the_port_of_a_url_is_replaced(url, expected):
    assert with_port(url, 7) == expected


def test_what_a_process_does_not_enforce_is_told(tmp_path):
    closed = tmp_path / "closed"
    (closed / "app").mkdir(parents=True)
    closed.chmod(0o700)
    workload = Workload(directory=closed / "app", command=("/bin/sh",))
    assert open_to_others(workload) is False
    limited = [{"name": "app", "readonlyRootFilesystem": True, "memory": 512}]
    assert differences(limited, workload, as_root=True) == [
        "the root file system is not read-only here",
        "limits of memory and CPU are not enforced here",
        f"the app runs as root here: {closed / 'app'} or its Python is closed to others",
    ]
    assert differences([{"name": "app"}], workload, as_root=False) == []


def test_what_an_entrypoint_says_of_this_machine_is_told():
    said = "slipway-nginx: differs from the image: nginx 1.22 has no x.\nslipway-nginx: other\n"
    assert image_differences(said) == ["nginx 1.22 has no x."]


# What follows runs the real programs.


@pytest.fixture(scope="module")
def supervisor():
    with Supervisor() as started:
        yield started


@pytest.fixture(scope="module")
def runtime(supervisor):
    return Runtime(
        supervisor=supervisor,
        binaries=binaries.find(),
        images=install_images(supervisor),
        resolve_secret=SECRETS.__getitem__,
    )


@pytest.fixture(scope="module")
def database(runtime):
    return postgres_cluster.start(
        runtime.supervisor,
        binaries=runtime.binaries,
        authority=Authority(runtime.supervisor.directory / "ca.pem"),
        port=ports.reserve(),
        owner="owner",
        owner_password=SECRETS["arn:master:password"],
        database="app",
        parameters={},
    )


@pytest.fixture
def workload(supervisor, request):
    """The app above in a directory of its own, and a migration beside it."""
    directory = supervisor.make_directory(re.sub(r"\W", "-", f"code-{request.node.name}"))
    directory.chmod(0o777)
    (directory / "app.py").write_text(APP)
    (directory / "migrate.py").write_text(
        "import os, psycopg\n"
        "with psycopg.connect(os.environ['DATABASE_URL']) as session:\n"
        "    print('migrating as', session.execute('SELECT current_user').fetchone()[0])\n"
    )
    return Workload(
        directory=directory,
        command=(sys.executable, "app.py"),
        environment={"PATH": f"{os.path.dirname(sys.executable)}:/usr/bin:/bin"},
    )


@pytest.fixture
def overlay(database):
    server = {"DB_HOST": database.host, "DB_PORT": str(database.port)}
    return {
        "pgbouncer": {**server, "SERVER_CA_FILE": str(database.certificate_authority)},
        "logins": {**server, "SERVER_CA_FILE": str(database.certificate_authority)},
    }


@pytest.fixture
def migrate_overlay(database, overlay):
    url = f"postgresql://{database.host}:{database.port}/app?sslmode=require"
    return {**overlay, "app": {"DATABASE_URL": url}}


@pytest.fixture
def login(runtime, workload, migrate_overlay):
    """The app's login exists in the database."""
    finished = run_once(
        runtime,
        task_id="login",
        containers=[LOGINS],
        workload=workload,
        overlay=migrate_overlay,
        timeout_seconds=30,
    )
    assert finished.exit_codes == {"logins": 0}, finished.outputs


@pytest.fixture
def task(runtime, workload, overlay, login):
    started = start_task(
        runtime, task_id="blue-1", containers=SERVING, workload=workload, overlay=overlay
    )
    (workload.directory / "nginx-port").write_text(str(started.port))
    yield started
    started.kill()


def get(task: Task, path: str) -> tuple[int, str]:
    context = ssl._create_unverified_context()
    connection = http.client.HTTPSConnection(task.address, task.port, timeout=10, context=context)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return answer.status, answer.read().decode()
    finally:
        connection.close()


def accepts(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection((ports.LOOPBACK, port), timeout=5):
        return True
    return False


def eventually(task: Task, condition) -> None:
    ended = threading.Event()
    for _ in range(200):
        if condition():
            return
        ended.wait(0.05)
    raise AssertionError(f"not within 10 seconds; the app said {task.processes['app'].output()}")


@pytest.mark.services
def test_a_request_reaches_the_app_and_the_database_through_the_task(task):
    assert list(task.processes) == ["pgbouncer", "app", "nginx"]
    assert task.alive is True
    assert {p.stop_timeout_seconds for p in task.processes.values()} == {110, 30}
    assert task.processes["nginx"].stop_timeout_seconds == 110
    assert get(task, "/healthz")[0] == 200
    assert get(task, "/who") == (200, "app_blue")


@pytest.mark.services
def test_a_task_tells_in_what_it_is_not_what_ecs_would_run(task, workload):
    of_images = [
        said for process in task.processes.values() for said in image_differences(process.output())
    ]
    as_root = unprivileged_user() is not None
    assert task.differences == [*differences(SERVING, workload, as_root=as_root), *of_images]
    assert task.differences[0] == "the root file system is not read-only here"


@pytest.mark.services
def test_the_app_gets_its_own_variables_and_no_other_containers(task):
    seen = json.loads(get(task, "/environment")[1])
    assert seen["SECRET_KEY"] == "secret-key-1"
    assert seen["RELEASE_ID"] == "r-1"
    assert not {"PROBE_TOKEN", "DB_PASSWORD", "DB_USER", "AWS_PROFILE"} & set(seen)


@pytest.mark.services
def test_no_secret_stands_in_a_command_line_or_a_log(task, supervisor):
    get(task, "/who")
    processes = psutil.process_iter(["cmdline"])
    commands = "\n".join(" ".join(process.info["cmdline"] or ()) for process in processes)
    assert "app.py" in commands
    logs = {file.name: file.read_text() for file in (supervisor.directory / "logs").iterdir()}
    assert {"blue-1.nginx.log", "blue-1.app.log", "blue-1.pgbouncer.log"} <= set(logs)
    hidden = [value for name, value in SECRETS.items() if not name.endswith("username")]
    assert len(hidden) == 4
    for secret in hidden:
        assert secret not in commands
        assert [name for name, text in logs.items() if secret in text] == []


@pytest.mark.services
def test_nothing_of_ours_runs_as_root(task, workload):
    def user(name: str) -> str:
        return pwd.getpwuid(psutil.Process(task.processes[name].pid).uids().effective).pw_name

    us = pwd.getpwuid(os.geteuid()).pw_name
    expected = unprivileged_user() or us
    assert (user("nginx"), user("pgbouncer")) == (expected, expected)
    assert user("app") == (expected if open_to_others(workload) else us)


@pytest.mark.services
def test_a_stop_ends_nginx_then_the_app_then_pgbouncer_and_drops_no_request(task, workload):
    answers = []
    client = threading.Thread(target=lambda: answers.append(get(task, "/slow")))
    client.start()
    eventually(task, lambda: (workload.directory / "begun").exists())
    stopper = threading.Thread(target=task.stop)
    stopper.start()
    eventually(task, lambda: not accepts(task.port))
    assert task.processes["nginx"].alive
    assert "told to stop" not in task.processes["app"].output()
    (workload.directory / "go").touch()
    client.join(10)
    stopper.join(10)
    assert answers == [(200, "finished")]
    assert task.processes["app"].log_tail(1) == "told to stop; nginx False pgbouncer True"
    assert (task.processes["nginx"].exit_code, task.processes["app"].exit_code) == (0, 0)
    assert task.processes["pgbouncer"].alive is False


@pytest.mark.services
def test_a_lost_task_is_gone_at_once_and_its_ports_are_free(task, supervisor):
    port = task.port
    task.kill()
    assert task.alive is False
    assert {process.exit_code for process in task.processes.values()} == {-9}
    ports.claim(port)
    ports.release(port)
    supervisor.check()


@pytest.mark.services
def test_a_task_with_a_dead_container_is_not_alive_and_the_container_is_named(task, supervisor):
    os.kill(task.processes["app"].pid, 9)
    task.processes["app"].exited.wait(10)
    assert task.alive is False
    assert get(task, "/readyz")[0] == 502
    with pytest.raises(
        RehearsalError, match=r"^blue-1\.app died unexpectedly: it was ended by SIG"
    ):
        supervisor.check()
    task.stop()
    supervisor.check()


@pytest.mark.services
def test_a_task_that_may_end_is_no_failure_and_keeps_its_port_until_it_is_killed(
    runtime, workload, overlay, login, supervisor
):
    task = start_task(
        runtime,
        task_id="blue-1",
        containers=SERVING,
        workload=workload,
        overlay=overlay,
        may_end=True,
    )
    assert get(task, "/health")[0] == 200
    os.kill(task.processes["app"].pid, 9)
    task.processes["app"].exited.wait(10)
    assert task.alive is False
    supervisor.check()
    task.lose()
    assert {process.exit_code for process in task.processes.values()} == {-9}
    with pytest.raises(RehearsalError, match="is in use"):
        ports.claim(task.port)
    task.kill()
    ports.claim(task.port)
    ports.release(task.port)
    supervisor.check()


@pytest.mark.services
def test_two_tasks_run_side_by_side(task, runtime, workload, overlay):
    other = start_task(
        runtime, task_id="green-1", containers=SERVING, workload=workload, overlay=overlay
    )
    assert other.port != task.port
    assert get(other, "/who") == get(task, "/who") == (200, "app_blue")
    (workload.directory / "nginx-port").write_text(str(other.port))
    other.stop()
    assert task.alive is True
    assert get(task, "/health")[0] == 200


@pytest.mark.services
def test_a_task_whose_app_dies_at_its_start_leaves_nothing(runtime, workload, overlay, login):
    broken = Workload(
        directory=workload.directory,
        command=(sys.executable, "-c", "raise SystemExit('no such table')"),
    )
    before = set(runtime.supervisor.directory.iterdir())
    with pytest.raises(RehearsalError) as refused:
        start_task(runtime, task_id="bad", containers=SERVING, workload=broken, overlay=overlay)
    assert re.fullmatch(
        r"app of task bad did not answer on port \d+: it ended with exit code 1; its log ends "
        r"with:\n    no such table",
        str(refused.value),
    )
    assert set(runtime.supervisor.directory.iterdir()) == before
    runtime.supervisor.check()


@pytest.mark.services
def test_a_task_without_one_of_its_containers_is_refused(runtime, workload):
    with pytest.raises(RehearsalError, match=r"^task odd has no container nginx$"):
        start_task(runtime, task_id="odd", containers=[APP_CONTAINER, PGBOUNCER], workload=workload)


@pytest.mark.services
def test_a_migration_runs_as_owner_after_the_logins_are_there(runtime, workload, migrate_overlay):
    finished = run_once(
        runtime,
        task_id="migrate",
        containers=[MIGRATE, LOGINS],
        workload=workload,
        overlay=migrate_overlay,
        timeout_seconds=30,
    )
    assert finished.exit_codes == {"logins": 0, "app": 0}, finished.outputs
    assert finished.succeeded is True
    assert finished.outputs["app"] == "migrating as owner\n"


@pytest.mark.services
def test_a_migration_does_not_start_when_the_logins_fail(runtime, workload, migrate_overlay):
    migrate_overlay["logins"]["PGPASSWORD"] = "wrong"
    finished = run_once(
        runtime,
        task_id="migrate",
        containers=[MIGRATE, LOGINS],
        workload=workload,
        overlay=migrate_overlay,
        timeout_seconds=30,
    )
    assert list(finished.exit_codes) == list(finished.outputs) == ["logins"]
    assert finished.succeeded is False
    assert "password authentication failed" in finished.outputs["logins"]


@pytest.mark.services
def test_a_one_off_command_can_be_replaced_and_its_exit_code_is_told(runtime, workload):
    finished = run_once(
        runtime,
        task_id="verify",
        containers=[{"name": "app", "command": ["python", "migrate.py"]}],
        workload=workload,
        commands={"app": ["python", "-c", "print('old schema'); raise SystemExit(4)"]},
        timeout_seconds=30,
    )
    assert (finished.exit_codes, finished.outputs) == ({"app": 4}, {"app": "old schema\n"})
    runtime.supervisor.check()


@pytest.mark.services
def test_a_command_beside_its_servers_reaches_the_database_and_its_end_is_the_tasks(
    runtime, workload, overlay, login
):
    before = set(runtime.supervisor.directory.iterdir())
    asks = (
        "import os, psycopg\n"
        "with psycopg.connect(os.environ['DATABASE_URL']) as session:\n"
        "    print('asking as', session.execute('SELECT current_user').fetchone()[0])\n"
        "raise SystemExit(4)"
    )
    started = {**NGINX, "dependsOn": [{"containerName": "app", "condition": "START"}]}
    finished = run_once(
        runtime,
        task_id="shell",
        containers=[started, APP_CONTAINER, PGBOUNCER],
        workload=workload,
        overlay=overlay,
        commands={"app": ["python", "-c", asks]},
        timeout_seconds=30,
    )
    assert finished.outputs == {"app": "asking as app_blue\n"}
    assert (finished.exit_codes["app"], finished.succeeded) == (4, False)
    assert list(finished.exit_codes) == ["pgbouncer", "app", "nginx"]
    logs = runtime.supervisor.directory / "logs"
    assert set(runtime.supervisor.directory.iterdir()) == before
    assert "SIGTERM" in (logs / "shell.pgbouncer.log").read_text()
    runtime.supervisor.check()


@pytest.mark.services
def test_a_server_that_still_starts_when_the_command_ends_is_stopped_as_one_that_serves(
    runtime, workload, overlay, login
):
    slow = workload.directory / "images"
    shutil.copytree(runtime.images, slow)
    entrypoint = slow / "nginx" / "entrypoint.sh"
    entrypoint.write_text(entrypoint.read_text().replace("\n", "\nsleep 1\n", 1))
    finished = run_once(
        dataclasses.replace(runtime, images=slow),
        task_id="short",
        containers=[
            {**NGINX, "dependsOn": [{"containerName": "app", "condition": "START"}]},
            APP_CONTAINER,
            PGBOUNCER,
        ],
        workload=workload,
        overlay=overlay,
        commands={"app": ["sleep", "0.1"]},
        timeout_seconds=30,
    )
    assert finished.outputs == {"app": ""}
    assert (finished.exit_codes["app"], finished.exit_codes["nginx"]) == (0, 0)


@pytest.mark.services
def test_a_command_does_not_start_when_its_server_dies(runtime, workload, overlay, login):
    unlisted = {**overlay, "pgbouncer": {**overlay["pgbouncer"], "POOL_SIZE": "many"}}
    finished = run_once(
        runtime,
        task_id="broken",
        containers=SERVING,
        workload=workload,
        overlay=unlisted,
        timeout_seconds=30,
    )
    assert list(finished.exit_codes) == list(finished.outputs) == ["pgbouncer"]
    assert finished.succeeded is False


@pytest.mark.services
def test_a_one_off_that_hangs_is_killed_and_named(runtime, workload):
    hangs = {
        "name": "app",
        "command": ["python", "-uc", "print('begun'); import time; time.sleep(99)"],
    }
    with pytest.raises(
        RehearsalError,
        match=r"^app of task hangs did not end within 1 seconds and was killed; its log ",
    ):
        run_once(runtime, task_id="hangs", containers=[hangs], workload=workload, timeout_seconds=1)


@pytest.mark.services
def test_an_unknown_container_is_refused(runtime, workload):
    with pytest.raises(
        RehearsalError,
        match=r"^task x has a container worker, which the rehearsal can't run; it knows app, ",
    ):
        run_once(
            runtime,
            task_id="x",
            containers=[{"name": "worker"}],
            workload=workload,
            timeout_seconds=1,
        )
