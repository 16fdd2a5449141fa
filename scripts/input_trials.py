"""Tests that run with one input weakened, in a process that is forked with everything loaded."""

import asyncio
import functools
import gc
import os
import signal
import sys
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from typing import Any, cast

import pytest

from rehearsal.recording import Recording
from scripts.input_mutants import InputMutant
from scripts.watched_recordings import WatchedRecordings

# What a plugin or a rewritten assert would cost is paid thousands of times.
OPTIONS = (
    *("-q", "-s", "--assert=plain", "-m", "mocked and not proof and not emulated"),
    *(f"-pno:{name}" for name in ("cacheprovider", "xdist", "hypothesispytest")),
)


class Trials:
    """A plugin of pytest that runs the tests as they are, and then, once for each mutant, those
    that have looked at its part, up to the first that fails.

    `caught` has the mutants that a test noticed, with that test; `failed` a test that fails anyway.
    """

    def __init__(self, jobs: int, timeout_seconds: int) -> None:
        self.jobs, self.timeout_seconds = jobs, timeout_seconds
        self.mutants: Sequence[InputMutant] = ()
        self.recordings = WatchedRecordings()
        self.seconds: dict[str, float] = defaultdict(float)
        self.failed = ""
        self.tried = 0
        self.caught: dict[InputMutant, str] = {}

    def pytest_collectstart(self, collector: pytest.Collector) -> None:
        self.recordings.file = collector.nodeid.partition("::")[0]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.seconds[report.nodeid] += report.duration
        if report.failed:
            self.failed = self.failed or report.nodeid

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if session.testsfailed:
            self.failed = "a test file that does not load"
            return True
        self._run(session.items)
        if self.failed:
            return True
        gc.collect()
        gc.freeze()
        self.waiting = [*reversed(self.mutants)]
        running: dict[int, tuple[InputMutant, int]] = {}
        while self.waiting or running:
            while self.waiting and len(running) < self.jobs:
                mutant = self.waiting.pop()
                pid, answer = self._fork(mutant, session.items)
                running[pid] = mutant, answer
            pid, _ = os.wait()
            mutant, answer = running.pop(pid)
            with os.fdopen(answer) as said:
                # Nothing as well from one that was ended for its time: an input makes no loop.
                self.ended(mutant, said.read())
        return True

    def ended(self, mutant: InputMutant, test: str) -> None:
        """`test` is empty if none noticed it."""
        self.tried += 1
        if test:
            self.caught[mutant] = test
        if self.tried % 100 == 0:
            missed = self.tried - len(self.caught)
            print(f"{self.tried} of {len(self.mutants)}, {missed} missed", file=sys.stderr)

    def _fork(self, mutant: InputMutant, items: Sequence[pytest.Item]) -> tuple[int, int]:
        """A child that writes the name of the first test that fails, or nothing."""
        answer, say = os.pipe()
        pid = os.fork()
        if pid:
            os.close(say)
            return pid, answer
        try:
            signal.alarm(self.timeout_seconds)
            silence = os.open(os.devnull, os.O_WRONLY)
            os.dup2(silence, 1)
            os.dup2(silence, 2)
            # The parent's loop waits at a file that both would share.
            asyncio.set_event_loop(asyncio.new_event_loop())
            self.recordings.weaken(mutant)
            reached = self._reached(mutant, items)
            _forget_what_is_derived({_module(item) for item in reached})
            self._run(reached)
            os.write(say, self.failed.encode())
        finally:
            os._exit(0)

    def _reached(self, mutant: InputMutant, items: Sequence[pytest.Item]) -> list[pytest.Item]:
        """The tests that could notice it: first of files that ask for it, those before that ask for
        little else, and then of files that look at all there is; the quick ones first."""
        near, far = self.recordings.near[mutant.part], self.recordings.far[mutant.part]
        parts = Counter(file for files in self.recordings.near.values() for file in files)

        def distance(item: pytest.Item) -> tuple[bool, int, float]:
            file = _file(item)
            return file not in near, parts[file], self.seconds[item.nodeid]

        return sorted((item for item in items if _file(item) in near | far), key=distance)

    def _run(self, items: Sequence[pytest.Item]) -> None:
        for item, following in zip(items, [*items[1:], None], strict=True):
            self.recordings.file = _file(item)
            item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if self.failed:
                return


def _file(item: pytest.Item) -> str:
    return item.nodeid.partition("::")[0]


def _module(item: pytest.Item) -> str:
    return cast(Any, item).module.__name__


def _forget_what_is_derived(modules: Iterable[str]) -> None:
    """Empties the caches of the tests but for recordings, which are weakened where they stand."""
    for name, module in [*sys.modules.items()]:
        if name in modules or name.startswith("tests."):
            for value in vars(module).values():
                if isinstance(value, functools._lru_cache_wrapper) and not _records(value):
                    value.cache_clear()


def _records(function: Any) -> bool:
    return function.__annotations__.get("return") is Recording
