"""A frontend's built bundle in an environment's bucket, beside all that came before it."""

import mimetypes
from collections.abc import Iterator
from pathlib import Path
from typing import Protocol

from pipeline.errors import PipelineError

# A file whose name has its hash is never another one; a page is asked for anew each time.
_FOR_EVER, _NEVER = "public, max-age=31536000, immutable", "no-cache"
PAGE, ASSETS = "index.html", "assets"


class Bucket(Protocol):
    """Where objects are written once."""

    def add(self, key: str, body: bytes, *, content_type: str, cache_control: str) -> None:
        """Writes it, unless there is an object of that key already."""
        ...


def upload(folder: Path, release: str, bucket: Bucket) -> str:
    """The key of the release's page; its assets are there before it is.

    PipelineError when the folder has no page, or a file that is neither the page nor an asset: of
    such a one there could be only one for all releases, the one before included.
    """
    page, strangers = folder / PAGE, list(_strangers(folder))
    if not page.is_file():
        raise PipelineError(f"{folder} has no {PAGE}; it must be what the frontend's build wrote")
    if strangers:
        raise PipelineError(
            f"{', '.join(strangers)} of {folder} would be one file for all releases; have the "
            f"build put everything but {PAGE} below {ASSETS}/, with a hash in its name"
        )
    for path in sorted((folder / ASSETS).rglob("*")):
        if path.is_file():
            key = path.relative_to(folder).as_posix()
            kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
            bucket.add(key, path.read_bytes(), content_type=kind, cache_control=_FOR_EVER)
    key = f"releases/{release}/{PAGE}"
    html = "text/html; charset=utf-8"
    bucket.add(key, page.read_bytes(), content_type=html, cache_control=_NEVER)
    return key


def _strangers(folder: Path) -> Iterator[str]:
    for path in sorted(folder.rglob("*")):
        inside = path.relative_to(folder)
        if path.is_file() and inside.parts[0] != ASSETS and inside.as_posix() != PAGE:
            yield inside.as_posix()
