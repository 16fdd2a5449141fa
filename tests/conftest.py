"""Marks the tests against mocked resources, which `make test ARGS="-m mocked"` runs alone."""

import pytest


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        names = vars(getattr(item, "module", None) or object).keys()
        if names & {"record", "recorded"} and item.get_closest_marker("services") is None:
            item.add_marker(pytest.mark.mocked)
