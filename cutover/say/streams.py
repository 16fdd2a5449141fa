"""Standard streams that never end a command: what is done on AWS counts, whoever reads of it."""

import io
import os
import select
import sys
from typing import Any, TextIO

# For who reads slowly; who does not read at all must not keep a cutover from its next step.
PATIENCE_SECONDS = 1.0


class _Lossy(io.FileIO):
    """Loses what nobody takes: a closed pipe, a full disk, a terminal that is gone."""

    def write(self, data: Any, /) -> int:
        """A pipe that is full, and that whoever made it has set not to wait, is waited for."""
        try:
            while (written := super().write(data)) is None and self._has_room():
                pass
        except OSError:
            return len(data)
        return len(data) if written is None else written

    def _has_room(self) -> bool:
        return bool(select.select((), (self,), (), PATIENCE_SECONDS)[1])


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
