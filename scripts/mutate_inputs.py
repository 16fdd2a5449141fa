"""Which input that guards something could be asked for more weakly, and nothing would turn red?"""

import contextlib
import io
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from scripts.input_guardrails import Guardrails
from scripts.input_mutants import InputMutant, input_mutants
from scripts.input_trials import OPTIONS, Trials
from scripts.reach import tests_of
from tests import accounts
from tests.environments import STACKS, recorded

# Slow, and about what is done with an environment, not about what it is; those of this; and the
# pack's, which asks the guardrails once more, in a process that would outlive a trial.
NOT_ABOUT_IT = ("tests/test_cutover_", "tests/test_mutate", "tests/test_policy")


def survivors(
    root: Path, only: Sequence[str], sample: int, seed: int, jobs: int, timeout_seconds: int
) -> int | None:
    """Asks the guardrails first, and the tests where they see nothing; prints what was noticed by
    whom, and the name of what was not. The number of the latter, None if the tests fail anyway or
    a part is in no name: nothing tried is no proof.

    `only` are parts of the names that a mutant has in the list. About ten minutes on two cores.
    """
    started = time.monotonic()
    # Before anything is recorded: it watches from now on.
    trials = Trials(jobs, timeout_seconds)
    recordings = {
        **{stack: recorded(stack) for stack in STACKS},
        accounts.STACK: accounts.recorded(),
    }
    every = list(input_mutants(recordings))
    if unknown := in_no_name(only, every):
        print(
            f"no weakness has {', '.join(unknown)} in its name, such as {every[0]}; give a part of "
            "a type, a resource or an input",
            file=sys.stderr,
        )
        return None
    mutants = [one for one in every if not only or _named(one, only)]
    if sample:
        mutants = random.Random(seed).sample(mutants, min(sample, len(mutants)))  # noqa: S311
    print(f"{len(mutants)} weaknesses of inputs in {', '.join(recordings)}", flush=True)
    rails = {stack: Guardrails(recording) for stack, recording in recordings.items()}
    left = [one for one in mutants if not any(rails[stack].catch(one) for stack in one.stacks)]
    trials.mutants, said = left, io.StringIO()
    tests = [
        file
        for stage in tests_of(root, "rehearsal.recording")
        for file in stage
        if not file.startswith(NOT_ABOUT_IT)
    ]
    with contextlib.redirect_stdout(said):
        code = pytest.main([*OPTIONS, *tests], plugins=[trials])
    if code == pytest.ExitCode.INTERRUPTED and not trials.failed:
        raise KeyboardInterrupt
    if trials.failed:
        print(f"the tests fail without any change:\n{said.getvalue()}", file=sys.stderr)
        return None
    missed = [one for one in left if one not in trials.caught]
    for one in missed:
        print(one)
    print(
        f"{len(mutants) - len(left)} noticed by a guardrail, {len(trials.caught)} by a test, "
        f"{len(missed)} by none, in {time.monotonic() - started:.0f} s"
    )
    return len(missed)


def in_no_name(only: Sequence[str], mutants: Sequence[InputMutant]) -> list[str]:
    """Those parts that no mutant has in its name."""
    return [part for part in only if not any(_named(one, [part]) for one in mutants)]


def _named(mutant: InputMutant, only: Sequence[str]) -> bool:
    return any(part in str(mutant) for part in only)
