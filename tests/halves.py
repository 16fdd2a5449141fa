"""A long proof in two halves, so that `make prove` keeps both cores busy."""

import pytest

HALVES = tuple(pytest.param(half, marks=pytest.mark.xdist_group(f"half {half}")) for half in (0, 1))
