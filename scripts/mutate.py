"""Which small change to the program does no test notice?

Exit codes: 0 when every change that guards something was noticed, 1 when one survived, 2 when
the tests fail as they are. No file is changed: each change lives in the memory of one process.
"""

import math
import os
import random
import subprocess
import sys
import time
from pathlib import Path
from typing import Annotated

from scripts.packages import needed

with needed("scripts.mutate"):
    import typer

    from scripts import trials
    from scripts.candidates import LOGIC, candidates_in

ROOT = Path(__file__).resolve().parent.parent
FOLDERS = ("infra", "stacks", *LOGIC)
# A change to what decides shows in a few hundred of the simulation's interleavings, or in none.
INTERLEAVINGS = "500"


def main(
    only: Annotated[
        list[str] | None,
        typer.Option(help="Files to change, or with --inputs parts of names; default: all."),
    ] = None,
    changed: Annotated[  # noqa: FBT002 (a flag of the command line)
        bool, typer.Option("--changed", help="Only the files that differ from HEAD.")
    ] = False,
    guards: Annotated[  # noqa: FBT002 (a flag of the command line)
        bool, typer.Option("--guards", help="Only changes that guard something.")
    ] = False,
    inputs: Annotated[  # noqa: FBT002 (a flag of the command line)
        bool, typer.Option("--inputs", help="Weaken what is asked of AWS instead, input by input.")
    ] = False,
    sample: Annotated[int, typer.Option(min=0, help="Only so many, chosen by chance.")] = 0,
    seed: Annotated[int, typer.Option(help="Chooses the same sample again.")] = 0,
    jobs: Annotated[int, typer.Option(min=1, help="Processes at the same time.")] = 2,
    timeout_seconds: Annotated[
        int,
        typer.Option(
            min=1,
            help="A change whose tests take longer was noticed; at least twice as long as all of "
            "them take as they are. With --inputs it was not.",
        ),
    ] = 120,
    root: Annotated[Path, typer.Option(help="The project.")] = ROOT,
) -> None:
    """Change the program in one place at a time and list what no test notices.

    Values of infra/ and stacks/; in cutover/decide/ and guard/decide/ operators, conditions and
    results as well. With --inputs: what the recorded environments and the account ask of AWS, which
    the guardrails see before the tests do.
    """
    os.chdir(root)
    os.environ.setdefault("CUTOVER_EXAMPLES", INTERLEAVINGS)
    sys.path.insert(0, str(root))
    if inputs:
        from scripts.mutate_inputs import survivors

        missed = survivors(root, only or [], sample, seed, jobs, timeout_seconds)
        raise typer.Exit(2 if missed is None else 1 if missed else 0)
    files = _files(root, only or [], changed=changed)
    candidates = [one for file in files for one in candidates_in(root, file)]
    candidates = [one for one in candidates if one.guards or not guards]
    if sample:
        candidates = random.Random(seed).sample(candidates, min(sample, len(candidates)))  # noqa: S311
    started = time.monotonic()
    print(f"{len(candidates)} changes in {len(files)} files", flush=True)
    trials.preload(root)
    tests = sorted({test for one in candidates for stage in one.tests for test in stage})
    if candidates and not trials.pass_unchanged(tests, 10 * timeout_seconds):
        print(f"the tests fail without any change: {' '.join(tests)}", file=sys.stderr)
        raise typer.Exit(2)
    # Tests that are slow as they are have noticed nothing.
    timeout_seconds = max(timeout_seconds, math.ceil(2 * (time.monotonic() - started)))
    survivors = list(trials.survivors(candidates, jobs, timeout_seconds))
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
            check=False,
        )
        if said.returncode:
            print(f"--changed asks git, which says: {said.stderr.strip()}", file=sys.stderr)
            raise typer.Exit(2)
        only = [*only, *(file for file in said.stdout.split() if file in every)]
    return only if only or changed else every


if __name__ == "__main__":
    typer.run(main)
