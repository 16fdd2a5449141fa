"""Whoever stops reading, or never did, changes nothing of what a command does."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SAY = """
import sys
from cutover.say.streams import unbreakable
unbreakable()
for number in range(3000):
    print(f"line {number} \\u2028")
    print(f"error {number}", file=sys.stderr)
sys.stdout.flush()
import socket
with socket.socket() as made:
    assert made.fileno() > 2, made.fileno()
sys.exit(9)
"""


def shell(redirection: str, **variables: str) -> subprocess.CompletedProcess[str]:
    """The script with its streams as given; the exit code is its own, whatever reads of it."""
    line = f'set -o pipefail; "$0" -c "$1" {redirection}'
    return subprocess.run(
        ["bash", "-c", line, sys.executable, SAY],
        cwd=ROOT,
        env={"PATH": "/usr/bin:/bin", **variables},
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize(
    ("redirection", "lines"),
    [
        ("2>/dev/null | head -n 1", 1),
        ("2>&1 | head -n 1", 1),
        ("2>/dev/null >&-", 0),
        ("2>&-", 3000),
        ("<&- 2>/dev/null", 3000),
        ("<&- >&- 2>&-", 0),
        ("2>/dev/full", 3000),
        (">/dev/full 2>&1", 0),
    ],
)
def test_a_stream_that_nobody_reads_ends_nothing(redirection: str, lines: int) -> None:
    done = shell(redirection)
    assert (done.returncode, done.stderr) == (9, "")
    assert done.stdout.count("\n") == lines


@pytest.mark.parametrize(("reads", "lines"), [(True, 9000), (False, None)])
def test_a_full_pipe_that_does_not_wait_ends_nothing(
    reads: bool,  # noqa: FBT001 (a parameter of the test)
    lines: int | None,
) -> None:
    """Node.js makes such pipes, and hands them on to what it starts."""
    reader, writer = os.pipe()
    try:
        os.set_blocking(writer, False)
        seconds = 5.0 if reads else 0.0
        hasty = f"from cutover.say import streams\nstreams.PATIENCE_SECONDS = {seconds}"
        process = subprocess.Popen(
            # More than the 64 KiB that a pipe of Linux takes.
            [sys.executable, "-c", hasty + SAY.replace("3000", "9000")],
            cwd=ROOT,
            stdout=writer,
            stderr=subprocess.DEVNULL,
        )
        os.close(writer)
        said = b""
        if reads:
            while piece := os.read(reader, 1_000):
                said += piece
        assert process.wait() == 9
        assert lines is None or said.count(b"\n") == lines
    finally:
        os.close(reader)


@pytest.mark.parametrize(
    ("redirection", "code", "said"),
    [
        (">/dev/full", 11, True),
        ("| head -n 1", 0, False),
        ("| true", 0, False),
        (">&-", 0, False),
        ("2>/dev/full", 0, False),
    ],
)
def test_an_answer_that_could_not_be_written_is_no_success_and_a_reader_who_left_is_one(
    redirection: str,
    code: int,
    said: bool,  # noqa: FBT001
) -> None:
    line = f'set -o pipefail; "$0" -m cutover --help {redirection}'
    done = subprocess.run(
        ["bash", "-c", line, sys.executable], cwd=ROOT, capture_output=True, text=True, check=False
    )
    sentence = (
        "the answer could not be written to standard output: No space left on device; what was "
        "done is done, with code 0: `cutover status` says how things stand, where it can be "
        "written\n"
    )
    assert (done.returncode, done.stderr) == (code, sentence if said else "")


def test_an_answer_that_could_not_be_written_leaves_the_code_of_what_went_wrong() -> None:
    line = '"$0" -m cutover status --stack .. --json >/dev/full'
    done = subprocess.run(
        ["bash", "-c", line, sys.executable], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 2
    assert "the answer could not be written to standard output: No space left" in done.stderr


def test_what_a_terminal_can_t_write_is_escaped() -> None:
    done = shell("2>/dev/null | tail -n 1", PYTHONIOENCODING="ascii")
    assert (done.returncode, done.stdout) == (9, "line 2999 \\u2028\n")


@pytest.mark.parametrize(("redirection", "objects"), [("2>&-", 1), (">&-", 0), ("<&- >&- 2>&-", 0)])
def test_a_verb_without_streams_has_its_exit_code(redirection: str, objects: int) -> None:
    line = f'"$0" -m cutover status --stack .. --json {redirection}'
    done = subprocess.run(
        ["bash", "-c", line, sys.executable],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert [json.loads(found)["exit"] for found in done.stdout.splitlines()] == [2] * objects
