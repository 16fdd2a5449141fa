"""Whether the Python that was typed is the one that has the packages: standard library alone."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def needed(command: str) -> Iterator[None]:
    """Around the import of a command line. Where this Python lacks one of its packages, ends the
    program with code 2, the wrong usage of every command line, and with what to do."""
    try:
        yield
    except ModuleNotFoundError as missing:
        print(
            f"this Python has no {missing.name}, which {command} needs; run `make setup`, and "
            "`. .venv/bin/activate` in this shell",
            file=sys.stderr,
        )
        sys.exit(2)
