"""Tests that run with one change in place, in the memory of a process that is forked for them."""

import ast
import gc
import importlib
import importlib.abc
import importlib.machinery
import os
import signal
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import ModuleType

import pytest

from scripts.candidates import Candidate
from scripts.reach import module_of

PROJECT = (
    "infra",
    "stacks",
    "cutover",
    "drills",
    "guard",
    "watcher",
    "rehearsal",
    "scripts",
    "tests",
    "examples",
)

# pytest's exit codes; any but the first means that the change was noticed.
PASSED, FAILED = 0, 1


def preload(root: Path) -> None:
    """Loads what every test loads, once; a child that is forked then starts in no time."""
    before = {*sys.modules}
    if (root / "stacks" / "environment.py").exists():
        importlib.import_module("stacks.environment")
    ours = [name for name in {*sys.modules} - before if name.partition(".")[0] in PROJECT]
    for name in ours:
        del sys.modules[name]
    gc.collect()
    gc.freeze()


def pass_unchanged(tests: Sequence[str], timeout_seconds: int) -> bool:
    """Whether the tests pass as the program is."""
    _, status = os.waitpid(_fork(tests, None, timeout_seconds), 0)
    return os.waitstatus_to_exitcode(status) == PASSED


def survivors(
    candidates: Sequence[Candidate], jobs: int, timeout_seconds: int
) -> Iterator[Candidate]:
    """Runs each candidate's tests, stage by stage, and yields it when none of them fails."""
    waiting = [(one, 0) for one in reversed(candidates)]
    running: dict[int, tuple[Candidate, int]] = {}
    ended = 0
    while waiting or running:
        while waiting and len(running) < jobs:
            one, stage = waiting.pop()
            if stage < len(one.tests):
                running[_fork(one.tests[stage], one, timeout_seconds)] = (one, stage)
            else:
                print(one, flush=True)
                ended += 1
                yield one
        if not running:
            continue
        pid, status = os.wait()
        one, stage = running.pop(pid)
        if os.waitstatus_to_exitcode(status) == PASSED:
            waiting.append((one, stage + 1))
            continue
        ended += 1
        if ended % 100 == 0:
            print(f"{ended} of {len(candidates)}", file=sys.stderr, flush=True)


def _fork(tests: Sequence[str], candidate: Candidate | None, timeout_seconds: int) -> int:
    """A child that runs the tests with the change in place; its exit code is pytest's."""
    sys.stdout.flush()
    pid = os.fork()
    if pid:
        return pid
    code = FAILED
    try:
        signal.alarm(timeout_seconds)
        silence = os.open(os.devnull, os.O_WRONLY)
        os.dup2(silence, 1)
        os.dup2(silence, 2)
        if candidate:
            sys.meta_path.insert(0, _Changed(candidate))
        # A plugin that is not loaded saves time: hypothesis's takes as long as a test file.
        unused = [f"-pno:{name}" for name in ("cacheprovider", "xdist", "hypothesispytest")]
        code = int(pytest.main(["-x", "-q", "--tb=no", *unused, *tests]))
    finally:
        os._exit(code)


class _Changed(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Loads one module from the changed tree instead of from its file."""

    def __init__(self, candidate: Candidate) -> None:
        self.module, self.file = module_of(candidate.file), candidate.file
        self.tree = ast.fix_missing_locations(candidate.mutant.tree)

    def find_spec(
        self, fullname: str, path: object = None, target: object = None
    ) -> importlib.machinery.ModuleSpec | None:
        if fullname != self.module:
            return None
        # With the file's own place: a module may read a file that lies beside it.
        place = str(Path(self.file).resolve())
        spec = importlib.machinery.ModuleSpec(fullname, self, origin=place)
        spec.has_location = True
        return spec

    def exec_module(self, module: ModuleType) -> None:
        exec(compile(self.tree, self.file, "exec"), module.__dict__)  # noqa: S102 (our own code)
