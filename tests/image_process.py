"""An image's own entrypoint as a process on loopback, never as root."""

import contextlib
import os
import signal
import socket
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from rehearsal.machine import ports
from rehearsal.machine.images import install_images
from rehearsal.machine.process import Completed, Process
from rehearsal.machine.supervisor import Supervisor, unprivileged_user

PATIENCE_SECONDS = 20.0


@dataclass(frozen=True)
class Running:
    supervisor: Supervisor
    process: Process
    directory: Path  # RUN_DIR
    port: int

    def lines(self) -> list[str]:
        """The whole lines that it has written so far, to stdout and stderr."""
        return self.process.output().split("\n")[:-1]

    def wait_until(self, ready: Callable[[], object], what: str) -> None:
        """Returns once `ready()` holds, or fails with `what`, whether or not the process lives."""
        self.supervisor.wait_until(
            lambda: bool(ready()), what=what, timeout_seconds=PATIENCE_SECONDS
        )

    def end(self, number: signal.Signals) -> int | None:
        """Sends the signal and returns the exit code; None when it does not end."""
        self.process.expected_to_stop = True
        self.process.signal(number)
        self.process.exited.wait(PATIENCE_SECONDS)
        return self.process.exit_code


def surroundings(
    supervisor: Supervisor, image: str, directory: Path
) -> tuple[Path, dict[str, str]]:
    """Where the image's files lie, and what an entrypoint needs to be told outside a container."""
    images = supervisor.directory / "images"
    if not images.exists():
        install_images(supervisor)
    files = images / image
    environment = {
        "PATH": os.environ["PATH"],
        "RUN_DIR": str(directory),
        "TEMPLATE_DIR": str(files),
        "LISTEN_ADDRESS": ports.LOOPBACK,
    }
    return files, environment


def accepts(port: int) -> bool:
    with socket.socket() as client:
        client.settimeout(1)
        return client.connect_ex((ports.LOOPBACK, port)) == 0


@contextlib.contextmanager
def running(
    supervisor: Supervisor,
    image: str,
    port: int,
    environment: Mapping[str, str],
    answers: Callable[[int], bool] = accepts,
) -> Iterator[Running]:
    """The image's entrypoint, once it answers on `port`; killed at the end."""
    name = f"{image}-{port}"
    directory = supervisor.make_directory(name, run_as=unprivileged_user())
    files, around = surroundings(supervisor, image, directory)
    process = supervisor.start(
        name,
        [str(files / "entrypoint.sh")],
        env={**around, **environment},
        run_as=unprivileged_user(),
    )
    try:
        supervisor.wait_until(
            lambda: answers(port),
            what=f"{image} did not answer on port {port}",
            timeout_seconds=PATIENCE_SECONDS,
            process=process,
        )
        yield Running(supervisor, process, directory, port)
    finally:
        process.kill()


def run(
    supervisor: Supervisor,
    image: str,
    environment: Mapping[str, str],
    program: str = "entrypoint.sh",
) -> Completed:
    """Runs a program of the image to its end."""
    name = f"{image}-{program}-{ports.reserve()}"
    directory = supervisor.make_directory(name, run_as=unprivileged_user())
    files, around = surroundings(supervisor, image, directory)
    return supervisor.run(
        name,
        [str(files / program)],
        env={**around, **environment},
        timeout_seconds=PATIENCE_SECONDS,
        run_as=unprivileged_user(),
    )


def refusal(
    supervisor: Supervisor,
    image: str,
    environment: Mapping[str, str],
    program: str = "entrypoint.sh",
) -> list[str]:
    """The lines that a program of the image says when it refuses to start, with exit code 1."""
    completed = run(supervisor, image, environment, program)
    assert completed.exit_code == 1, completed
    return completed.output.splitlines()
