"""What the caller typed, checked before anything is asked of AWS."""

import re
from collections.abc import Sequence
from datetime import UTC, datetime

from cutover.decide.model import Despite
from cutover.decide.pointer import INDEX
from cutover.say.answer import BadInput

# A digest is SHA-256 (OCI image specification, "Digests").
_IMAGE = re.compile(r"[!-?A-~]+@sha256:[0-9a-f]{64}")
# What an environment variable, a header, a log stream and a directory alike can carry, and what
# looks like no option, no hidden file and no way up.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,199}")


def image(text: str) -> None:
    """A reference by digest: what is proven is what runs, on every task and every restart."""
    if not _IMAGE.fullmatch(text):
        raise BadInput(
            f"image {text} is not named by its digest; give REPOSITORY@sha256: and 64 hexadecimal "
            "digits, as the push of the image printed them"
        )


def name(what: str, text: str) -> None:
    """A release's or a run's id."""
    if not _NAME.fullmatch(text):
        raise BadInput(
            f"{what} {text!r} is no id; give one of 1 to 64 letters, digits, dots, underscores and "
            "hyphens that begins with a letter or a digit"
        )


def key(text: str) -> None:
    """The key of a release's page: its own, for `index.html` is written from it."""
    if not _KEY.fullmatch(text) or text == INDEX:
        raise BadInput(
            f"--frontend {text} is no key of a release's own page; give one as in "
            "releases/2026-11-24.1/index.html, under which the page was uploaded"
        )


def despite(chosen: Sequence[Despite], reason: str | None) -> None:
    """Who goes on in spite of something says why."""
    if chosen and not reason:
        raise BadInput(f"--despite-{chosen[0]} needs a --reason, which the journal keeps")


def forward(reason: str | None) -> None:
    """Who goes forward where nothing else would says why."""
    if not reason:
        raise BadInput("--forward needs a --reason, which the journal keeps")


def until(text: str, now: float) -> float:
    """A moment to come, in UTC where it names no zone; epoch seconds."""
    try:
        moment = datetime.fromisoformat(text)
        if moment.tzinfo is None:
            moment = moment.replace(tzinfo=UTC)
        moment = moment.astimezone(UTC)
    except (ValueError, OverflowError):  # the end of the year 9999 elsewhere is none in UTC
        raise BadInput(
            f"--until {text} is no time; give one as 2026-12-24T18:00 or 2026-12-24T18:00+01:00"
        ) from None
    if moment.timestamp() <= now:
        raise BadInput(f"--until {text} is over; give a time to come, in UTC or with its offset")
    return moment.timestamp()
