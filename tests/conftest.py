"""Marks the tests against mocked resources, which `make test ARGS="-m mocked"` runs alone; shows
what the proofs have tried."""

import gc
import signal
import sys
from collections import Counter, defaultdict
from collections.abc import Generator

import pytest

# A shell that puts the tests in the background has them ignore Ctrl-C, and nohup the end of the
# terminal; what they start would ignore it as well.
signal.signal(signal.SIGINT, signal.default_int_handler)
for number in (signal.SIGHUP, signal.SIGQUIT):
    signal.signal(number, signal.SIG_DFL)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        names = vars(getattr(item, "module", None) or object).keys()
        if names & {"record", "recorded"} and item.get_closest_marker("services") is None:
            item.add_marker(pytest.mark.mocked)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """The counts that tests have given to `record_property`, added up: what a worker of xdist
    prints, nobody sees."""
    tried: defaultdict[str, Counter[str]] = defaultdict(Counter)
    for report in terminalreporter.getreports("passed"):
        for what, counts in report.user_properties:
            tried[what].update(counts)
    if tried:
        terminalreporter.section("tried")
    for what, counts in sorted(tried.items()):
        parts = ", ".join(f"{name} {count:,}" for name, count in sorted(counts.items()))
        terminalreporter.line(f"{counts.total():,} {what}: {parts}")


@pytest.hookimpl(wrapper=True)
def pytest_collection() -> Generator[None, object, object]:
    """Without the garbage collector: in the midst of 3.11's parser, which rewrites each file's
    asserts, a collection would end the run (python/cpython#106905); and it finds next to nothing,
    for all that is loaded here stays."""
    gc.disable()
    try:
        return (yield)
    finally:
        gc.enable()


if sys.version_info < (3, 12):

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """As above: the parser looks for the text of the assert that failed."""
        gc.disable()
        try:
            return (yield)
        finally:
            gc.enable()
