"""Marks the tests against mocked resources, which `make test ARGS="-m mocked"` runs alone, and
those against an emulated environment, which `make unit` leaves out; shows what the proofs have
tried; gives cutover an environment and a journal."""

import gc
import signal
import sys
from collections import Counter, defaultdict
from collections.abc import Generator, Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from cutover.do.clients import Clients
    from cutover.do.table import Table
    from tests.cutover_bench import Bench
    from tests.journal_table import Doors

# A shell that puts the tests in the background has them ignore Ctrl-C, and nohup the end of the
# terminal; what they start would ignore it as well.
signal.signal(signal.SIGINT, signal.default_int_handler)
for number in (signal.SIGHUP, signal.SIGQUIT):
    signal.signal(number, signal.SIG_DFL)


RECORDERS = {"rehearsal.recording", "tests.accounts", "tests.environments"}


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        names = vars(getattr(item, "module", None) or object)
        homes = {getattr(value, "__module__", None) for value in names.values()}
        if homes & RECORDERS and item.get_closest_marker("services") is None:
            item.add_marker(pytest.mark.mocked)
        if names.keys() & {"emulated", "obedient_aws"}:
            item.add_marker(pytest.mark.emulated)


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


@pytest.fixture
def empty_bench(monkeypatch: pytest.MonkeyPatch) -> "Bench":
    """cutover's command line where nothing was ever live."""
    from tests.cutover_bench import Bench

    return Bench(monkeypatch)


@pytest.fixture
def bench(empty_bench: "Bench") -> "Bench":
    """The same where r0 has made way for r1."""
    empty_bench.deployed("r0", "r1")
    return empty_bench


@pytest.fixture(scope="module")
def dynamodb() -> Iterator["Clients"]:
    """Clients of an emulated DynamoDB, which has no table."""
    from moto import mock_aws

    from cutover.do.clients import Clients

    with mock_aws():
        yield Clients("eu-central-1")


@pytest.fixture
def doors(dynamodb: "Clients") -> "Doors":
    """To a table of the test's own."""
    from tests.journal_table import Doors

    return Doors(dynamodb)


@pytest.fixture
def store(doors: "Doors") -> "Table":
    """What production keeps in that table."""
    return doors.store()


if sys.version_info < (3, 12):

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """As above: the parser looks for the text of the assert that failed."""
        gc.disable()
        try:
            return (yield)
        finally:
            gc.enable()
