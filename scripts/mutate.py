"""Which small change to the program does no test notice?

Exit codes: 0 when every change that guards something was noticed, 1 when one survived, 2 when
the tests fail as they are. No file is changed: each change lives in the memory of one process.
"""

import ast
import gc
import importlib
import importlib.abc
import importlib.machinery
import math
import os
import random
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Annotated

import pytest
import typer

from scripts.logic_mutants import logic_mutants
from scripts.mutants import Mutant, mutants

ROOT = Path(__file__).resolve().parent.parent
# Decide, and ask for no resource: their operators are changed too, and each change counts.
LOGIC = ("cutover/decide", "guard/decide")
FOLDERS = ("infra", "stacks", *LOGIC)
# What a test may pass through on its way to a changed file.
SOURCES = ("infra", "stacks", "cutover", "guard")
# A change to what decides shows in a few hundred of the simulation's interleavings, or in none.
INTERLEAVINGS = "500"
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


@dataclass(frozen=True)
class Candidate:
    """A mutant, the file it changes, and the test files that could notice it, nearest first."""

    mutant: Mutant
    file: str
    tests: tuple[tuple[str, ...], ...]

    @property
    def guards(self) -> bool:
        return self.mutant.guards or _is_logic(self.file)

    def __str__(self) -> str:
        mark = "GUARD " if self.guards else "      "
        where = ".".join(name for name in reversed(self.mutant.names[:3]) if name)
        return f"{mark}{self.file}:{self.mutant.line} {where}: {self.mutant.change}"


def main(
    only: Annotated[list[str] | None, typer.Option(help="Files to change; default: all.")] = None,
    changed: Annotated[  # noqa: FBT002 (a flag of the command line)
        bool, typer.Option("--changed", help="Only the files that differ from HEAD.")
    ] = False,
    guards: Annotated[  # noqa: FBT002 (a flag of the command line)
        bool, typer.Option("--guards", help="Only changes that guard something.")
    ] = False,
    sample: Annotated[int, typer.Option(min=0, help="Only so many, chosen by chance.")] = 0,
    seed: Annotated[int, typer.Option(help="Chooses the same sample again.")] = 0,
    jobs: Annotated[int, typer.Option(min=1, help="Processes at the same time.")] = 2,
    timeout_seconds: Annotated[
        int,
        typer.Option(
            min=1,
            help="A change whose tests take longer was noticed; at least twice as long as all of "
            "them take as they are.",
        ),
    ] = 120,
    root: Annotated[Path, typer.Option(help="The project.")] = ROOT,
) -> None:
    """Change the program in one place at a time and list what no test notices.

    Values of infra/ and stacks/; in cutover/decide/ and guard/decide/ operators, conditions and
    results as well.
    """
    os.chdir(root)
    os.environ.setdefault("CUTOVER_EXAMPLES", INTERLEAVINGS)
    sys.path.insert(0, str(root))
    files = _files(root, only or [], changed=changed)
    candidates = [one for file in files for one in _candidates(root, file)]
    candidates = [one for one in candidates if one.guards or not guards]
    if sample:
        candidates = random.Random(seed).sample(candidates, min(sample, len(candidates)))  # noqa: S311
    started = time.monotonic()
    print(f"{len(candidates)} changes in {len(files)} files", flush=True)
    _preload(root)
    tests = sorted({test for one in candidates for stage in one.tests for test in stage})
    if candidates and _wait(_fork(tests, None, 10 * timeout_seconds)) != PASSED:
        print(f"the tests fail without any change: {' '.join(tests)}", file=sys.stderr)
        raise typer.Exit(2)
    # Tests that are slow as they are have noticed nothing.
    timeout_seconds = max(timeout_seconds, math.ceil(2 * (time.monotonic() - started)))
    survivors = list(_survivors(candidates, jobs, timeout_seconds))
    holes = [one for one in survivors if one.guards]
    print(
        f"{len(candidates) - len(survivors)} noticed, {len(survivors)} not, of those "
        f"{len(holes)} that guard something, in {time.monotonic() - started:.0f} s"
    )
    raise typer.Exit(1 if holes else 0)


def _files(root: Path, only: list[str], *, changed: bool) -> list[str]:
    every = sorted(
        path.relative_to(root).as_posix()
        for folder in FOLDERS
        for path in (root / folder).rglob("*.py")
    )
    unknown = sorted({*only} - {*every})
    if unknown:
        print(f"{unknown[0]} is not one of the files: {', '.join(every)}", file=sys.stderr)
        raise typer.Exit(2)
    if changed:
        said = subprocess.run(
            ["git", "diff", "--name-only", "HEAD"],  # noqa: S607 (the user's own git)
            capture_output=True,
            text=True,
            check=True,
        )
        only = [*only, *(file for file in said.stdout.split() if file in every)]
    return only if only or changed else every


def _candidates(root: Path, file: str) -> Iterator[Candidate]:
    tests = _tests_of(root, _module(file))
    change = logic_mutants if _is_logic(file) else mutants
    for mutant in change((root / file).read_text()):
        yield Candidate(mutant, file, tests)


def _is_logic(file: str) -> bool:
    return file.startswith(tuple(f"{folder}/" for folder in LOGIC))


def _module(file: str) -> str:
    return file.removesuffix(".py").removesuffix("/__init__").replace("/", ".")


def _tests_of(root: Path, module: str) -> tuple[tuple[str, ...], ...]:
    """Test files in two stages: those that import the module themselves, those that get to it."""
    imported = {path: _imports(path) for path in (root / "tests").glob("*.py")}
    sources = {
        _module(path.relative_to(root).as_posix()): _imports(path)
        for folder in SOURCES
        for path in (root / folder).rglob("*.py")
    }
    helpers = {path.stem: names for path, names in imported.items()}
    reached: dict[Path, set[str]] = {}
    for path, names in imported.items():
        seen: set[str] = set()
        waiting = [*names]
        while waiting:
            name = waiting.pop()
            if name not in seen:
                seen.add(name)
                waiting += sources.get(name, helpers.get(name.removeprefix("tests."), set()))
        reached[path] = seen
    # Those that start processes, or rehearse, see the program from too far and take too long.
    quick = [
        path
        for path in imported
        if path.name.startswith("test_")
        and not path.name.startswith("test_rehearsal_")
        and "mark.services" not in path.read_text()
        and "obedient_aws" not in imported[path]
    ]
    near = [path for path in quick if module in imported[path]]
    far = [path for path in quick if module in reached[path] and path not in near]
    stages = (sorted(str(path.relative_to(root)) for path in stage) for stage in (near, far))
    return tuple(tuple(stage) for stage in stages if stage)


def _imports(path: Path) -> set[str]:
    found: set[str] = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found |= {node.module, *(f"{node.module}.{alias.name}" for alias in node.names)}
    return found


def _preload(root: Path) -> None:
    """Loads what every test loads, once; a child that is forked then starts in no time."""
    before = {*sys.modules}
    if (root / "stacks" / "environment.py").exists():
        importlib.import_module("stacks.environment")
    ours = [name for name in {*sys.modules} - before if name.partition(".")[0] in PROJECT]
    for name in ours:
        del sys.modules[name]
    gc.collect()
    gc.freeze()


def _survivors(candidates: list[Candidate], jobs: int, timeout_seconds: int) -> Iterator[Candidate]:
    """Runs each candidate's tests, stage by stage, and yields it when none of them fails."""
    waiting = [(one, 0) for one in reversed(candidates)]
    running: dict[int, tuple[Candidate, int]] = {}
    ended = 0
    while waiting or running:
        while waiting and len(running) < jobs:
            one, stage = waiting.pop()
            if stage < len(one.tests):
                running[_fork(list(one.tests[stage]), one, timeout_seconds)] = (one, stage)
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


def _fork(tests: list[str], candidate: Candidate | None, timeout_seconds: int) -> int:
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


def _wait(pid: int) -> int:
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


class _Changed(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    """Loads one module from the changed tree instead of from its file."""

    def __init__(self, candidate: Candidate) -> None:
        self.module, self.file = _module(candidate.file), candidate.file
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


if __name__ == "__main__":
    typer.run(main)
