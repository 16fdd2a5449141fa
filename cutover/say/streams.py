"""Standard streams that never end a command: what is done on AWS counts, whoever reads of it."""

import errno
import io
import os
import select
import sys
from collections.abc import Callable
from typing import Any, TextIO

# For who reads slowly; who does not read at all must not keep a cutover from its next step.
PATIENCE_SECONDS = 1.0
# Of a reader who has left, as `head` does, and of a terminal that is gone: nobody misses anything.
_LEFT = {errno.EPIPE, errno.EIO}


class _Lossy(io.FileIO):
    """Loses what nobody takes: a closed pipe, a full disk, a terminal that is gone. `lost` is why
    somebody misses it, empty when nobody does."""

    lost = ""

    def write(self, data: Any, /) -> int:
        """A pipe that is full, and that whoever made it has set not to wait, is waited for."""
        try:
            while (written := super().write(data)) is None and self._has_room():
                pass
        except OSError as error:
            if error.errno not in _LEFT:
                self.lost = error.strerror or str(error)
            return len(data)
        if written is None:
            self.lost = "nobody reads it"
            return len(data)
        return written

    def _has_room(self) -> bool:
        return bool(select.select((), (self,), (), PATIENCE_SECONDS)[1])


def unbreakable() -> Callable[[], str]:
    """Replaces standard output and error for the rest of the program; what it returns says why
    standard output has not taken all that somebody waits for, "" when it has.

    A stream that was closed before the start leads nowhere, or the next connection to AWS would
    have its number, and be written to. What can't be encoded is written as an escape.
    """
    while (number := os.open(os.devnull, os.O_RDWR)) <= 2:
        pass
    os.close(number)
    output, errors = (_Lossy(number, "wb", closefd=False) for number in (1, 2))
    sys.stdout, sys.stderr = _stream(output, sys.stdout), _stream(errors, sys.stderr)
    return lambda: output.lost


def _stream(raw: _Lossy, before: TextIO | None) -> TextIO:
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=before.encoding if before else "utf-8",
        errors="backslashreplace",
        line_buffering=True,
    )
