"""What the caller typed, checked before anything is asked of AWS."""

import re
from collections.abc import Mapping
from datetime import UTC, datetime

from cutover.decide.model import Page, Release
from cutover.decide.pointer import INDEX
from cutover.say.answer import BadInput

# A digest is SHA-256 (OCI image specification, "Digests").
_IMAGE = re.compile(r"[^\s@]+@sha256:[0-9a-f]{64}")
_NAME = re.compile(r"[A-Za-z0-9._-]{1,64}")
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,199}")


def image(text: str) -> str:
    """A reference by digest: what is proven is what runs, on every task and every restart."""
    if not _IMAGE.fullmatch(text):
        raise BadInput(
            f"image {text} is not named by its digest; give REPOSITORY@sha256: and 64 hexadecimal "
            "digits, as the push of the image printed them"
        )
    return text


def name(what: str, text: str) -> str:
    """A release's or a run's id."""
    if not _NAME.fullmatch(text):
        raise BadInput(
            f"{what} {text!r} is no id; it takes 1 to 64 letters, digits, dots, underscores and "
            "hyphens"
        )
    return text


def key(text: str) -> str:
    """The key of a release's page: its own, for `index.html` is written from it."""
    if not _KEY.fullmatch(text) or text == INDEX:
        raise BadInput(
            f"--frontend {text} is no key of a release's own page; give one as in "
            "releases/2026-11-24.1/index.html, under which the page was uploaded"
        )
    return text


def release(
    release_id: str,
    image: str,
    *,
    schema: int,
    least: int | None,
    most: int | None,
    page: Page | None,
) -> Release:
    """The release, whose range of schema versions is the live `schema` alone where none is given:
    a team that doesn't count versions need not know of them."""
    low = schema if least is None else least
    high = max(low, schema) if most is None else most
    if low > high:
        raise BadInput(
            f"--schema-min {low} is more than --schema-max {high}; a release lives with the schema "
            "that it brings about"
        )
    return Release(release_id=release_id, image=image, schema_min=low, schema_max=high, page=page)


def despite(chosen: Mapping[str, bool], reason: str | None) -> None:
    """Who goes on in spite of something says why."""
    for what, is_ in chosen.items():
        if is_ and not reason:
            raise BadInput(f"--despite-{what} needs a --reason, which the journal keeps")


def forward(reason: str | None) -> None:
    """Who goes forward where nothing else would says why."""
    if not reason:
        raise BadInput("--forward needs a --reason, which the journal keeps")


def until(text: str, now: float) -> float:
    """A moment to come, in UTC where it names no zone; epoch seconds."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        raise BadInput(
            f"--until {text} is no time; give one as 2026-12-24T18:00 or 2026-12-24T18:00+01:00"
        ) from None
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    if moment.timestamp() <= now:
        raise BadInput(f"--until {text} is over; give a time to come, in UTC or with its offset")
    return moment.timestamp()
