"""When no forward step may be taken; a rollback never asks."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

from cutover.decide.state import Summary

Window = Mapping[str, str]
"""`start` and `end`, moments in UTC (ISO 8601) of which the end is outside, and `reason`."""


def frozen(summary: Summary, windows: Sequence[Window], now: float) -> str | None:
    """Why forward steps are stopped at `now` (epoch seconds), by `cutover freeze` or by a window,
    one sentence; None when they aren't."""
    return "; ".join(_reasons(summary, windows, now)) or None


def _reasons(summary: Summary, windows: Sequence[Window], now: float) -> Iterator[str]:
    until = summary.frozen_until
    if summary.frozen and (until is None or now < until):
        end = "`cutover unfreeze`" if until is None else _said(until)
        yield f"stopped by `cutover freeze` until {end}: {summary.frozen}"
    for window in windows:
        start, end = (datetime.fromisoformat(window[name]).timestamp() for name in ("start", "end"))
        if start <= now < end:
            yield f"in a freeze window until {_said(end)}: {window['reason']}"


def _said(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
