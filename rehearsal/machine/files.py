"""Files of a rehearsal, each with the mode and the owner that its reader needs."""

import contextlib
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from rehearsal.errors import RehearsalError


def write(file: Path, content: str | bytes, *, mode: int = 0o600, owner: str | None = None) -> None:
    """Writes a file anew, never readable by others on the way; RehearsalError when it can't."""
    data = content if isinstance(content, bytes) else content.encode()
    with disk_errors(f"write {file}"):
        file.unlink(missing_ok=True)
        handle = os.open(file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "wb") as opened:
            opened.write(data)
        file.chmod(mode)  # whatever the umask is
        if owner:
            shutil.chown(file, owner)


@contextlib.contextmanager
def disk_errors(doing: str) -> Iterator[None]:
    """Turns what the system says (a full disk, a missing right) into one sentence."""
    try:
        yield
    except OSError as error:
        place = (
            f" ({error.filename})" if error.filename and str(error.filename) not in doing else ""
        )
        raise RehearsalError(f"can't {doing}: {error.strerror}{place}") from error
