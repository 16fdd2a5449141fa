"""Standard streams that never end a command: what is done on AWS counts, whoever reads of it."""

import io
import os
import sys
from typing import Any, TextIO


class _Lossy(io.FileIO):
    """Loses what nobody takes: a closed pipe, a full disk, a terminal that is gone."""

    def write(self, data: Any, /) -> int:
        try:
            return super().write(data)
        except OSError:
            return len(data)


def unbreakable() -> None:
    """Replaces standard output and error for the rest of the program.

    A stream that was closed before the start leads nowhere, or the next connection to AWS would
    have its number, and be written to. What can't be encoded is written as an escape.
    """
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(number)
    sys.stdout, sys.stderr = _stream(1, sys.stdout), _stream(2, sys.stderr)


def _stream(number: int, before: TextIO | None) -> TextIO:
    return io.TextIOWrapper(
        io.BufferedWriter(_Lossy(number, "wb", closefd=False)),
        encoding=before.encoding if before else "utf-8",
        errors="backslashreplace",
        line_buffering=True,
    )
