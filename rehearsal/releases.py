"""Releases of this machine: an image by digest, and the directory and command that stand for it."""

import hashlib
import json
import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from rehearsal.errors import RehearsalError
from rehearsal.machine.containers import Workload

WEBAPP = Path(__file__).resolve().parent.parent / "examples" / "webapp"
IMAGE_NAME = "rehearsal/webapp"
# What a test or an interpreter leaves behind is not what an image would hold.
NOT_IN_THE_IMAGE = {"__pycache__", ".pytest_cache", "tests"}


@dataclass(frozen=True, kw_only=True)
class Release:
    """What one release runs; `image` has the digest of its content."""

    release_id: str
    image: str
    workload: Workload


def build(directory: Path, *, release_id: str, environment: Mapping[str, str]) -> Release:
    """A release of the directory's content: the digest is over its files, the command its CMD.

    `environment` is what the image would set. Raises RehearsalError for a directory without a
    Dockerfile whose last CMD is in exec form.
    """
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ.get("PATH", os.defpath)])
    workload = Workload(
        directory=directory,
        # The console script as a module: who may run it is decided by its interpreter.
        command=("python", "-m", *command(directory / "Dockerfile")),
        environment={"PATH": path, "PYTHONDONTWRITEBYTECODE": "1", **environment},
    )
    return Release(
        release_id=release_id,
        image=f"{IMAGE_NAME}@sha256:{digest(directory)}",
        workload=workload,
    )


def digest(directory: Path) -> str:
    """SHA-256 over names and contents of the directory's files: the same files, the same text."""
    total = hashlib.sha256()
    for file in sorted(path for path in directory.rglob("*") if path.is_file()):
        name = file.relative_to(directory)
        if NOT_IN_THE_IMAGE.isdisjoint(name.parts):
            total.update(f"{name}\0{hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()


def command(dockerfile: Path) -> tuple[str, ...]:
    """The last CMD of a Dockerfile."""
    try:
        lines = [line for line in dockerfile.read_text().splitlines() if line.startswith("CMD ")]
        given = json.loads(lines[-1].removeprefix("CMD "))
    except (OSError, IndexError, ValueError):
        raise RehearsalError(
            f'{dockerfile} has no line such as CMD ["gunicorn", "webapp:create_app()"]; '
            "the rehearsal starts the app with it"
        ) from None
    return tuple(given)
