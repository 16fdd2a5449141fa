"""Runs an image's own entrypoint as a plain process on loopback, never as root."""

import contextlib
import os
import random
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

IMAGES = Path(__file__).parents[1] / "images"
NOBODY = 65534
ROOT = os.geteuid() == 0
PATIENCE_SECONDS = 20.0


def as_user() -> dict[str, Any]:
    """What `subprocess` needs to drop root; nothing when there is none to drop."""
    return {"user": NOBODY, "group": NOBODY, "extra_groups": []} if ROOT else {}


def own(path: Path) -> Path:
    if ROOT:
        os.chown(path, NOBODY, NOBODY)
    return path


def free_port() -> int:
    """A port that was free a moment ago, outside the range that the kernel gives to clients."""
    for port in random.sample(range(20000, 32000), 200):
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("no free port between 20000 and 32000; end some servers on 127.0.0.1")


def own_file(path: Path) -> Path:
    path.touch()
    return own(path)


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """A directory that the unprivileged user owns and can reach (pytest's own it can't)."""
    path = Path(tempfile.mkdtemp(prefix="slipway-test-"))
    try:
        yield own(path)
    finally:
        shutil.rmtree(path)


def image_files(image: str, into: Path) -> Path:
    """The image's files where the unprivileged user can read them, but not write."""
    copy = into / f"image-{image}"
    if not copy.exists():
        shutil.copytree(IMAGES / image, copy)
    return copy


def surroundings(base: Path, files: Path) -> dict[str, str]:
    return {
        "PATH": os.environ["PATH"],
        "RUN_DIR": str(base / "run"),
        "TEMPLATE_DIR": str(files),
    }


@dataclass
class Running:
    process: subprocess.Popen[Any]
    directory: Path  # RUN_DIR
    port: int
    log: Path  # stdout
    errors: Path  # stderr

    def stop(self, how: signal.Signals) -> int:
        self.process.send_signal(how)
        return self.process.wait(PATIENCE_SECONDS)


def listens(port: int) -> bool:
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex(("127.0.0.1", port)) == 0


def wait_until(what: str, condition: Any) -> None:
    """Returns once `condition()` holds; fails the test, naming `what`, when it never does."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < deadline, f"waited {PATIENCE_SECONDS:.0f} s in vain: {what}"
        time.sleep(0.02)


@contextlib.contextmanager
def running(image: str, port: int, environment: Mapping[str, str]) -> Iterator[Running]:
    """The image's entrypoint, listening on `port`; killed at the end if it still runs."""
    with scratch() as base:
        files = image_files(image, base)
        log, errors = own_file(base / "stdout"), own_file(base / "stderr")
        with log.open("ab") as out, errors.open("ab") as err:
            process = subprocess.Popen(
                [files / "entrypoint.sh"],
                cwd="/",
                env={**surroundings(base, files), **environment},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                start_new_session=True,
                **as_user(),
            )
        try:
            wait_until(
                f"{image} listens on {port}", lambda: process.poll() is not None or listens(port)
            )
            assert process.poll() is None, errors.read_text()
            yield Running(process, base / "run", port, log, errors)
        finally:
            if process.poll() is None:
                os.killpg(process.pid, signal.SIGKILL)
                process.wait()


def refusal(image: str, environment: Mapping[str, str], program: str = "entrypoint.sh") -> str:
    """What a program of the image says when it refuses to start; it must exit with 1."""
    with scratch() as base:
        files = image_files(image, base)
        log, errors = own_file(base / "stdout"), own_file(base / "stderr")
        with log.open("ab") as out, errors.open("ab") as err:
            done = subprocess.run(
                [files / program],
                cwd="/",
                env={**surroundings(base, files), **environment},
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=err,
                timeout=PATIENCE_SECONDS,
                check=False,
                **as_user(),
            )
        said = errors.read_text()
        assert (done.returncode, log.read_text()) == (1, ""), said
        return said
