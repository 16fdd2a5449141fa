"""Our own images without a registry: their files, and what their Dockerfiles say."""

import os
import shutil
import signal
from pathlib import Path

from rehearsal.errors import RehearsalError
from rehearsal.machine.supervisor import Supervisor

IMAGES = Path(__file__).resolve().parents[2] / "images"
# By container.
IMAGE_OF = {"nginx": "nginx", "pgbouncer": "pgbouncer", "logins": "pgbouncer"}
# STOPSIGNAL of each image; SIGTERM where the image says nothing.
STOP_SIGNALS = {"nginx": signal.SIGQUIT}
# What an entrypoint says before each difference.
DIFFERS = ": differs from the image: "


def install_images(supervisor: Supervisor, source: Path = IMAGES) -> Path:
    """Copies our images' files to where an unprivileged user can read them; returns the copy."""
    target = supervisor.directory / "images"
    try:
        shutil.copytree(source, target)
        for file in (target, *target.rglob("*")):
            file.chmod(0o755 if file.is_dir() or os.access(file, os.X_OK) else 0o644)
    except (OSError, shutil.Error) as error:
        raise RehearsalError(f"can't copy {source} to {target}: {error}") from error
    return target


def image_differences(output: str) -> list[str]:
    """What an entrypoint says of this machine's older program, one sentence each."""
    return [said for line in output.splitlines() if (said := line.partition(DIFFERS)[2])]
