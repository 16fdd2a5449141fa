"""GitHub, through its own command line, which every runner has."""

import json
import shutil
import subprocess
from collections.abc import Sequence
from typing import Any

from pipeline.errors import PipelineError


def gh(arguments: Sequence[str], *, body: str = "") -> str:
    """What `gh` prints; it reads `body`. PipelineError with its own words when it fails."""
    program = shutil.which("gh")
    if program is None:
        raise PipelineError("gh is missing; https://cli.github.com says how to install it")
    done = subprocess.run(  # noqa: S603 (arguments of our own, none is a shell's)
        [program, *arguments], input=body, capture_output=True, text=True, check=False
    )
    if done.returncode:
        said = " ".join(done.stderr.split()) or f"exit code {done.returncode}"
        raise PipelineError(f"gh {' '.join(arguments[:2])} failed: {said}")
    return done.stdout


def pull_requests(repository: str, *, number: str, commit: str) -> list[dict[str, Any]]:
    """The pull request of a number, or without one those that brought a commit."""
    if number:
        return [json.loads(gh(["api", f"repos/{repository}/pulls/{number}"]))]
    found = json.loads(gh(["api", f"repos/{repository}/commits/{commit}/pulls"]))
    return [pull for pull in found if pull["merged_at"]]
