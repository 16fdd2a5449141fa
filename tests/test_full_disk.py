"""A full disk ends each program with one sentence, and with a code that is not 0."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from rehearsal.stack_file import ROOT

REFUSED = "the machine refuses: [Errno 28] No space left on device\n"


def plan(folder: Path) -> str:
    """A plan of an environment that has nothing."""
    path = folder / "plan.json"
    exports = {"region": "eu-west-1", "policy": {"min_tasks": 1}}
    path.write_text(json.dumps({"environment": "prod", "exports": exports, "resources": []}))
    return str(path)


@pytest.mark.parametrize(
    ("program", "code"),
    [
        (["costs"], 1),
        (["rehearsal", "plan", "testing"], 1),
        (["drills", "--help"], 3),
        (["guard", "tests/preview_samples/tags-only.json", "--stack", "staging"], 3),
    ],
)
def test_an_answer_that_nothing_can_hold(program: list[str], code: int, tmp_path: Path) -> None:
    command = [*program, plan(tmp_path)] if program == ["costs"] else program
    with open("/dev/full", "w") as full:
        ended = subprocess.run(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (ended.returncode, ended.stderr) == (code, REFUSED)
