"""Is a restored table equal to its source at the restored second, while the source goes on?

PostgreSQL remembers when each row was last written (`track_commit_timestamp`). So a row that the
source has and the restored table has not is lost if it was written before that second, and newer
than the restore if after it: nothing has to be locked, stopped or guessed.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Literal, get_args

Verdict = Literal["equal", "since", "lost", "different", "too_new"]
# A restore goes to a whole second (RDS), and commits next to each other may stand in the log in
# another order than their timestamps.
MARGIN_SECONDS = 1.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Row:
    """A row by its key, ordered by code point; `written` in epoch seconds, None when that was so
    long ago that PostgreSQL has forgotten."""

    key: str
    digest: int
    written: float | None


@dataclass(frozen=True, kw_only=True)
class Compared:
    """How many rows of a table were what. `lost`, `different` and `too_new` must be 0.

    `since` were written, changed or deleted on the source after the restored second: right as they
    are, and nothing can be said of their earlier content. `newest` is when the youngest restored
    row was written.
    """

    equal: int = 0
    since: int = 0
    lost: int = 0
    different: int = 0
    too_new: int = 0
    newest: float | None = None

    @property
    def right(self) -> bool:
        return not (self.lost or self.different or self.too_new)


def compare(source: Iterable[Row], restored: Iterable[Row], *, at: float) -> Compared:
    """Both sides in the order of their keys, to be read once; `at` in epoch seconds.

    Raises ValueError when a side is not in order: an answer would mean nothing.
    """
    counts: dict[Verdict, int] = dict.fromkeys(get_args(Verdict), 0)
    newest = None
    for left, right in _paired(_ordered(source), _ordered(restored)):
        counts[_verdict(left, right, at)] += 1
        if right is not None and right.written is not None:
            newest = max(newest or right.written, right.written)
    return Compared(newest=newest, **counts)


def _verdict(source: Row | None, restored: Row | None, at: float) -> Verdict:
    if restored is not None and _after(restored, at + MARGIN_SECONDS):
        return "too_new"
    if source is None:
        return "since"  # deleted, since what is restored is old enough
    if restored is not None and source.digest == restored.digest:
        return "equal"
    if _after(source, at - MARGIN_SECONDS):
        return "since"
    return "lost" if restored is None else "different"


def _after(row: Row, moment: float) -> bool:
    return row.written is not None and row.written > moment


def _paired(
    source: Iterator[Row], restored: Iterator[Row]
) -> Iterator[tuple[Row | None, Row | None]]:
    """Rows of one key together; where keys repeat, one by one."""
    left, right = next(source, None), next(restored, None)
    while left is not None or right is not None:
        if right is None or (left is not None and left.key < right.key):
            yield left, None
            left = next(source, None)
        elif left is None or right.key < left.key:
            yield None, right
            right = next(restored, None)
        else:
            yield left, right
            left, right = next(source, None), next(restored, None)


def _ordered(rows: Iterable[Row]) -> Iterator[Row]:
    before = None
    for row in rows:
        if before is not None and row.key < before:
            raise ValueError(f"{row.key!r} comes after {before!r}; the rows must be in order")
        before = row.key
        yield row
