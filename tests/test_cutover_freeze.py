"""When forward steps are stopped, and why."""

import os
import time
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cutover.decide.freeze import frozen
from cutover.decide.state import Summary

YEAR_END = {
    "start": "2026-12-23T00:00:00Z",
    "end": "2027-01-04T00:00:00Z",
    "reason": "end of year",
}
IN_YEAR_END = "in a freeze window until 2027-01-04 00:00:00 UTC: end of year"


def at(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


def window(start: float, end: float, reason: str = "sale") -> dict[str, str]:
    said = (datetime.fromtimestamp(one, UTC).isoformat() for one in (start, end))
    return {**dict(zip(("start", "end"), said, strict=True)), "reason": reason}


def stopped(
    windows: Sequence[dict[str, str]], now: float, stop: str = "", *, until: float | None = None
) -> str | None:
    return frozen(Summary(frozen=stop, frozen_until=until), windows, now)


@pytest.mark.parametrize(
    ("moment", "reason"),
    [
        ("2026-12-22T23:59:59.999Z", None),
        ("2026-12-23T00:00:00Z", IN_YEAR_END),
        ("2026-12-31T12:00:00Z", IN_YEAR_END),
        ("2027-01-03T23:59:59.999Z", IN_YEAR_END),
        ("2027-01-04T00:00:00Z", None),
        # The same moment, said in other zones.
        ("2026-12-23T00:59:59+01:00", None),
        ("2026-12-22T19:00:00-05:00", IN_YEAR_END),
    ],
)
def test_a_window_holds_from_its_start_until_its_end(moment: str, reason: str | None) -> None:
    assert stopped([YEAR_END], at(moment)) == reason


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/New_York", "Pacific/Pago_Pago"])
def test_the_machine_s_own_zone_changes_nothing(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Clocks go forward in New York at 07:00 UTC of this day.
    day = [{"start": "2026-03-08T06:30:00Z", "end": "2026-03-08T07:30:00Z", "reason": "launch"}]
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    assert stopped(day, 1_772_951_400) == (
        "in a freeze window until 2026-03-08 07:30:00 UTC: launch"
    )
    assert stopped(day, 1_772_951_399) is None


@pytest.fixture(autouse=True)
def _zone() -> Iterator[None]:
    before = os.environ.get("TZ")
    yield
    if before is None:
        os.environ.pop("TZ", None)
    else:
        os.environ["TZ"] = before
    time.tzset()


def test_a_stop_lasts_until_it_is_lifted() -> None:
    now = at("2026-06-01T00:00:00Z")
    assert stopped([YEAR_END], now, "incident 7") == (
        "stopped by `cutover freeze` until `cutover unfreeze`: incident 7"
    )


def test_a_stop_may_end_by_itself() -> None:
    until = at("2026-06-01T08:00:00Z")
    assert stopped([], until - 0.5, "incident 7", until=until) == (
        "stopped by `cutover freeze` until 2026-06-01 08:00:00 UTC: incident 7"
    )
    assert stopped([], until, "incident 7", until=until) is None


def test_without_a_reason_there_is_no_stop() -> None:
    assert stopped([], 5, until=9) is None


def test_all_reasons_are_said() -> None:
    assert stopped([YEAR_END], at("2026-12-24T00:00:00Z"), "incident 7") == (
        f"stopped by `cutover freeze` until `cutover unfreeze`: incident 7; {IN_YEAR_END}"
    )


MIDNIGHT = at("2026-10-25T00:00:00Z")  # an hour before Europe's clocks go back
SECONDS = st.integers(-7200, 7200)


@settings(derandomize=True, database=None, max_examples=300, deadline=None)
@given(
    spans=st.lists(st.tuples(SECONDS, st.integers(1, 5000)), max_size=5),
    now=SECONDS,
    stop_until=st.none() | SECONDS,
    stop=st.sampled_from(["", "incident 7"]),
)
def test_it_is_frozen_inside_of_a_window_and_until_a_stop_ends(
    spans: list[tuple[int, int]], now: int, stop_until: int | None, stop: str
) -> None:
    windows = [window(MIDNIGHT + start, MIDNIGHT + start + length) for start, length in spans]
    until = None if stop_until is None else MIDNIGHT + stop_until
    inside = [start <= now < start + length for start, length in spans]
    by_hand = stop != "" and (stop_until is None or now < stop_until)
    found = stopped(windows, MIDNIGHT + now, stop, until=until)
    assert (found is not None) is (any(inside) or by_hand)
