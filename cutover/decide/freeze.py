"""When no forward step may be taken; a rollback never asks."""

import math
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime

Window = Mapping[str, str]
"""`start` and `end`, moments in UTC (ISO 8601) of which the end is outside, and `reason`."""


def frozen(
    windows: Sequence[Window], now: float, *, stop: str, stop_until: float | None
) -> str | None:
    """Why forward steps are stopped at `now` (epoch seconds), one sentence; None when they aren't.

    `stop` is the reason that `cutover freeze` was given, empty without one; `stop_until` is when
    it ends by itself, None if it doesn't.
    """
    reasons = [reason for _, reason in _stops(windows, now, stop=stop, stop_until=stop_until)]
    return "; ".join(reasons) or None


def next_opening(
    windows: Sequence[Window], now: float, *, stop: str, stop_until: float | None
) -> float | None:
    """The first moment from `now` on at which nothing is stopped, epoch seconds: `now` itself when
    nothing is. None when only `cutover unfreeze` ends it."""
    moment = now
    while stopped := next(_stops(windows, moment, stop=stop, stop_until=stop_until), None):
        moment, _ = stopped
    return None if moment == math.inf else moment


def _stops(
    windows: Sequence[Window], now: float, *, stop: str, stop_until: float | None
) -> Iterator[tuple[float, str]]:
    """End and reason of each stop that holds at `now`; one without an end lasts to infinity."""
    until = math.inf if stop_until is None else stop_until
    if stop and now < until:
        said = "`cutover unfreeze`" if until == math.inf else _said(until)
        yield until, f"stopped by `cutover freeze` until {said}: {stop}"
    for window in windows:
        start, end = (datetime.fromisoformat(window[name]).timestamp() for name in ("start", "end"))
        if start <= now < end:
            yield end, f"in a freeze window until {_said(end)}: {window['reason']}"


def _said(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M:%S UTC")
