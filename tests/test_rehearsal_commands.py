"""`run` and `up` from the outside: one whole rehearsal, and what a person meets when it ends."""

import contextlib
import http.client
import json
import os
import re
import signal
import socket
import ssl
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import boto3
import pytest

ROOT = Path(__file__).resolve().parent.parent
UP_SECONDS, END_SECONDS = 180.0, 60.0


@contextmanager
def rehearsal(directory: Path, *arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    """`python -m rehearsal` with its temporary files below a directory of ours."""
    temporary = directory / "t"
    temporary.mkdir()
    temporary.chmod(0o755)
    with (directory / "out").open("wb") as out:
        process = subprocess.Popen(
            [sys.executable, "-m", "rehearsal", *arguments],
            stdout=out,
            stderr=out,
            cwd=ROOT,
            env={**os.environ, "TMPDIR": str(temporary)},
            start_new_session=True,
        )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(END_SECONDS)


def said(directory: Path) -> str:
    return (directory / "out").read_text()


def wait_for(process: subprocess.Popen[bytes], directory: Path, pattern: str) -> re.Match[str]:
    deadline = time.monotonic() + UP_SECONDS
    while not (found := re.search(pattern, said(directory))):
        assert process.poll() is None, said(directory)
        assert time.monotonic() < deadline, said(directory)
        time.sleep(0.1)
    return found


def children(parent: int) -> dict[int, str]:
    """Command line by process id of everything that the rehearsal has started."""
    parents: dict[int, int] = {}
    for stat in Path("/proc").glob("[0-9]*/stat"):
        try:
            parents[int(stat.parent.name)] = int(stat.read_text().rpartition(")")[2].split()[1])
        except OSError:
            continue
    found = {parent}
    while more := {child for child, of in parents.items() if of in found} - found:
        found |= more
    lines: dict[int, str] = {}
    for child in found - {parent}:
        with contextlib.suppress(OSError):  # it has just ended
            lines[child] = Path(f"/proc/{child}/cmdline").read_text().replace("\0", " ")
    return lines


def gone(processes: dict[int, str]) -> bool:
    """Whether none is left, but for what nobody has reaped yet."""

    def runs(pid: int) -> bool:
        try:
            state = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            return False
        return state != "Z"

    deadline = time.monotonic() + 10
    while any(map(runs, processes)) and time.monotonic() < deadline:
        time.sleep(0.1)
    return not any(map(runs, processes))


@pytest.fixture
def directory() -> Iterator[Path]:
    """Short, because the paths of sockets must be, and open to other users."""
    import tempfile

    with tempfile.TemporaryDirectory(prefix="rh-") as name:
        Path(name).chmod(0o755)
        yield Path(name)


@pytest.mark.proof
@pytest.mark.services
def test_a_whole_rehearsal_holds_and_reports_it(directory: Path) -> None:
    chosen = ["--scenarios", "rollback-by-hand", "--rate", "20"]
    arguments = ["run", "testing", *chosen, "--report-dir", str(directory)]
    with rehearsal(directory, *arguments) as process:
        code = process.wait(UP_SECONDS + 120)
    report = json.loads((directory / "report.json").read_text())
    failed = [check for check in report["checks"] if not check["passed"]]
    assert failed == []
    assert [check["name"] for check in report["checks"]] == [
        "cutover verify",
        "health",
        "cached read",
        "rate limit",
        "security headers",
        "oversized body",
        "unknown paths",
        "TLS only",
        "probes",
        "database away",
        "rollback-by-hand",
        "requests",
        "session",
        "rights",
    ]
    assert (code, report["passed"]) == (0, True), said(directory)
    assert report["releases"] == {"blue": "release-1", "green": "release-2"}
    weights = [event["weights"] for event in report["weights"]]
    assert all(sum(of.values()) == 100 for of in weights)
    assert [of["green"] for of in weights] == [0, 50, 100, 0]
    assert (report["load"]["failed"], report["excuses"]) == (0, [])
    assert sorted(report["load"]["kinds"]) == [
        "cached read",
        "health",
        "large answer",
        "large body",
        "new connection",
        "slow body",
    ]
    assert "<svg" in (directory / "report.html").read_text()
    assert list((directory / "t").iterdir()) == []


@pytest.mark.services
def test_an_environment_stays_up_replaces_a_dead_task_and_leaves_nothing(directory: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with rehearsal(directory, "up", "testing", "--port", str(port)) as process:
        wait_for(process, directory, "Ctrl-C stops it")
        authority = wait_for(process, directory, r"--cacert (\S+)")[1]
        variables = dict(re.findall(r"export (AWS_\w+)=(\S+)", said(directory)))
        pages = re.findall(r"--release (\S+) --image \S+ --frontend (\S+)\n", said(directory))
        assert len(pages) == 6
        assert all(page == f"releases/{release}/index.html" for release, page in pages)
        context = ssl.create_default_context(cafile=authority)
        connection = http.client.HTTPSConnection("127.0.0.1", port, context=context, timeout=20)
        connection.request("GET", "/health")
        answer = connection.getresponse()
        assert (answer.status, json.loads(answer.read())["version"]) == (200, "release-1")
        connection.close()
        ssm = boto3.client(
            "ssm",
            endpoint_url=variables["AWS_ENDPOINT_URL"],
            aws_access_key_id=variables["AWS_ACCESS_KEY_ID"],
            aws_secret_access_key=variables["AWS_SECRET_ACCESS_KEY"],
            region_name=variables["AWS_DEFAULT_REGION"],
        )
        contract = ssm.get_parameter(Name="/slipway/testing/contract")["Parameter"]["Value"]
        assert json.loads(contract)["environment"] == "testing"

        before = children(process.pid)
        masters = [pid for pid, line in before.items() if line.startswith("nginx: master")]
        os.kill(masters[0], signal.SIGKILL)
        wait_for(process, directory, "a task of testing-blue-[0-9a-f]+ died; ECS starts another")
        deadline = time.monotonic() + UP_SECONDS
        while len([1 for line in children(process.pid).values() if "nginx: master" in line]) != len(
            masters
        ):
            assert time.monotonic() < deadline, said(directory)
            time.sleep(0.2)

        everything = {**before, **children(process.pid)}
        process.send_signal(signal.SIGINT)
        assert process.wait(END_SECONDS) == 0, said(directory)
    assert gone(everything)
    assert list((directory / "t").iterdir()) == []
    assert said(directory).endswith("Stopping.\n")


@pytest.mark.services
def test_a_dead_server_ends_the_environment_with_one_sentence(directory: Path) -> None:
    with rehearsal(directory, "up", "testing") as process:
        wait_for(process, directory, "Ctrl-C stops it")
        everything = children(process.pid)
        (balancer,) = (pid for pid, line in everything.items() if line.startswith("haproxy"))
        os.kill(balancer, signal.SIGKILL)
        assert process.wait(END_SECONDS) == 1, said(directory)
    assert gone(everything)
    assert list((directory / "t").iterdir()) == []
    assert re.search(r"^balancer .*was ended by SIGKILL", said(directory), re.MULTILINE)
    assert "Traceback" not in said(directory)


@pytest.mark.services
def test_ctrl_c_during_the_start_leaves_nothing(directory: Path) -> None:
    with rehearsal(directory, "up", "testing") as process:
        wait_for(process, directory, "Deploying release-1 with cutover")
        everything = children(process.pid)
        process.send_signal(signal.SIGINT)
        assert process.wait(END_SECONDS) == 130, said(directory)
    assert gone(everything)
    assert list((directory / "t").iterdir()) == []
    assert "Traceback" not in said(directory)


@pytest.mark.services
def test_a_port_in_use_is_one_sentence(directory: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        with rehearsal(directory, "up", "testing", "--port", str(port)) as process:
            assert process.wait(END_SECONDS) == 1
    assert said(directory) == f"port {port} is in use on 127.0.0.1; choose another with --port\n"
    assert list((directory / "t").iterdir()) == []
