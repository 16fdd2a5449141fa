"""When forward steps are stopped, until when, and why."""

import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cutover.decide.freeze import frozen, next_opening

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
    assert frozen([YEAR_END], at(moment), stop="", stop_until=None) == reason


@pytest.mark.parametrize("zone", ["Pacific/Kiritimati", "America/New_York", "Pacific/Pago_Pago"])
def test_the_machine_s_own_zone_changes_nothing(zone: str, monkeypatch: pytest.MonkeyPatch) -> None:
    # Clocks go forward in New York at 07:00 UTC of this day.
    day = [{"start": "2026-03-08T06:30:00Z", "end": "2026-03-08T07:30:00Z", "reason": "launch"}]
    monkeypatch.setenv("TZ", zone)
    time.tzset()
    assert frozen(day, 1_772_951_400, stop="", stop_until=None) == (
        "in a freeze window until 2026-03-08 07:30:00 UTC: launch"
    )
    assert frozen(day, 1_772_951_399, stop="", stop_until=None) is None
    assert next_opening(day, 1_772_951_400, stop="", stop_until=None) == 1_772_955_000


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
    assert frozen([YEAR_END], now, stop="incident 7", stop_until=None) == (
        "stopped by `cutover freeze` until `cutover unfreeze`: incident 7"
    )
    assert next_opening([YEAR_END], now, stop="incident 7", stop_until=None) is None


def test_a_stop_may_end_by_itself() -> None:
    until = at("2026-06-01T08:00:00Z")
    assert frozen([], until - 0.5, stop="incident 7", stop_until=until) == (
        "stopped by `cutover freeze` until 2026-06-01 08:00:00 UTC: incident 7"
    )
    assert frozen([], until, stop="incident 7", stop_until=until) is None
    assert next_opening([], until - 0.5, stop="incident 7", stop_until=until) == until


def test_without_a_reason_there_is_no_stop() -> None:
    assert frozen([], 5, stop="", stop_until=9) is None
    assert next_opening([], 5, stop="", stop_until=9) == 5


def test_all_reasons_are_said() -> None:
    assert frozen([YEAR_END], at("2026-12-24T00:00:00Z"), stop="incident 7", stop_until=None) == (
        f"stopped by `cutover freeze` until `cutover unfreeze`: incident 7; {IN_YEAR_END}"
    )


def test_the_opening_is_after_all_windows_that_touch() -> None:
    first, second, apart = window(100, 200), window(200, 300), window(301, 400)
    windows = [apart, second, first]
    assert next_opening(windows, 99, stop="", stop_until=None) == 99
    assert next_opening(windows, 100, stop="", stop_until=None) == 300
    assert next_opening(windows, 150, stop="incident 7", stop_until=350) == 400
    assert next_opening(windows, 300, stop="", stop_until=None) == 300


MIDNIGHT = at("2026-10-25T00:00:00Z")  # an hour before Europe's clocks go back
SECONDS = st.integers(-7200, 7200)


@settings(derandomize=True, database=None, max_examples=300, deadline=None)
@given(
    spans=st.lists(st.tuples(SECONDS, st.integers(1, 5000)), max_size=5),
    now=SECONDS,
    stop_until=st.none() | SECONDS,
    stop=st.sampled_from(["", "incident 7"]),
)
def test_until_the_opening_it_is_frozen_and_then_it_is_not(
    spans: list[tuple[int, int]], now: int, stop_until: int | None, stop: str
) -> None:
    windows = [window(MIDNIGHT + start, MIDNIGHT + start + length) for start, length in spans]
    until = None if stop_until is None else MIDNIGHT + stop_until
    begin = MIDNIGHT + now

    def stopped(moment: float) -> bool:
        return frozen(windows, moment, stop=stop, stop_until=until) is not None

    inside = [start <= now < start + length for start, length in spans]
    by_hand = stop != "" and (stop_until is None or now < stop_until)
    assert stopped(begin) is (any(inside) or by_hand)
    opening = next_opening(windows, begin, stop=stop, stop_until=until)
    if opening is None:
        assert (stop, until) == ("incident 7", None)
        opening = begin + timedelta(days=1).total_seconds()
    else:
        assert not stopped(opening)
        assert (opening > begin) is stopped(begin)
    for step in range(10):
        moment = begin + (opening - begin) * step / 10
        assert stopped(moment) is (opening > begin)
