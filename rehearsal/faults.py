"""Faulty releases: the reference workload with a fault in its image, and no switch in its code."""

import shutil
from pathlib import Path
from typing import Literal, get_args

from rehearsal.errors import RehearsalError
from rehearsal.machine.files import disk_errors
from rehearsal.releases import NOT_IN_THE_IMAGE, WEBAPP

Fault = Literal["errors", "slow", "unready", "crashing", "failing_migration"]
"""5 % of the answers are 500; half a second more for each; never ready for the balancer; ends at
its start; a migration that exits with 1."""
FAULTS: tuple[Fault, ...] = get_args(Fault)

FAULTY = Path(__file__).resolve().parent / "faulty"
# What gunicorn loads: the workload, or what a fault puts around it.
_SOUND, _WRAPPED = '"webapp:create_app()"', '"faulty:create_app()"'


def install(fault: Fault, directory: Path, workload: Path = WEBAPP) -> Path:
    """Makes `directory` hold the workload's files with the fault among them; returns it.

    Everybody may read it, as the app's user must. RehearsalError when the Dockerfile's command
    leaves no place for the fault.
    """
    with disk_errors(f"copy {workload} to {directory}"):
        ignored = shutil.ignore_patterns(*NOT_IN_THE_IMAGE)
        shutil.copytree(workload, directory, ignore=ignored, dirs_exist_ok=True)
        shutil.copytree(FAULTY / fault, directory, ignore=ignored, dirs_exist_ok=True)
        for file in (directory, *directory.rglob("*")):
            file.chmod(0o755 if file.is_dir() else 0o644)
        if (directory / "faulty.py").exists():
            _wrap(directory / "Dockerfile")
    return directory


def _wrap(dockerfile: Path) -> None:
    text = dockerfile.read_text()
    if _SOUND not in text:
        raise RehearsalError(
            f"{dockerfile} does not start {_SOUND}, so no fault can be put around it"
        )
    dockerfile.write_text(text.replace(_SOUND, _WRAPPED))
