"""Marks the tests against mocked resources, which `make test ARGS="-m mocked"` runs alone."""

import gc
import signal
import sys
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


if sys.version_info < (3, 12):

    @pytest.hookimpl(wrapper=True)
    def pytest_runtest_makereport() -> Generator[None, pytest.TestReport, pytest.TestReport]:
        """A collection in the midst of 3.11's parser would end the run (python/cpython#106905)."""
        gc.disable()
        try:
            return (yield)
        finally:
            gc.enable()
