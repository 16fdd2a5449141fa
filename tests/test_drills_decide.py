"""What a drill concludes, from rows, keys and facts written down here."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from drills.decide.catalogue import differences, facts_apart
from drills.decide.keys import Entry, KeysCompared, compare_keys
from drills.decide.report import Check, Report, same, within
from drills.decide.rows import Compared, Row, compare

AT = 1_000.0


def row(key: str, digest: int = 1, written: float | None = 500.0) -> Row:
    return Row(key=key, digest=digest, written=written)


def test_rows_that_are_there_and_the_same_are_equal() -> None:
    rows = [row("a"), row("b", 2, None), row("c", 3, 999.9)]
    assert compare(rows, rows, at=AT) == Compared(equal=3, newest=999.9)
    assert compare([], [], at=AT).right


@pytest.mark.parametrize(
    ("source", "restored", "verdict"),
    [
        # Written before the second: it should have come back.
        ([row("a")], [], "lost"),
        ([row("a", written=None)], [], "lost"),
        ([row("a", written=999.0)], [], "lost"),
        ([row("a", 1)], [row("a", 2, 400.0)], "different"),
        ([row("a", 1, None)], [row("a", 2, 400.0)], "different"),
        # Written after it, or within a second of it: the restore can't have it.
        ([row("a", written=999.1)], [], "since"),
        ([row("a", written=2_000.0)], [], "since"),
        ([row("a", 1, 1_500.0)], [row("a", 2, 400.0)], "since"),
        # Deleted since.
        ([], [row("a", written=400.0)], "since"),
        ([], [row("a", written=None)], "since"),
        ([], [row("a", written=1_001.0)], "since"),
        # Restored beyond the second that was asked for.
        ([], [row("a", written=1_001.1)], "too_new"),
        ([row("a", written=1_002.0)], [row("a", written=1_002.0)], "too_new"),
    ],
)
def test_each_row_has_one_verdict(source: list[Row], restored: list[Row], verdict: str) -> None:
    found = compare(source, restored, at=AT)
    newest = restored[0].written if restored else None
    assert found == Compared(**{verdict: 1}, newest=newest)
    assert found.right is (verdict == "since")


def test_rows_without_a_key_of_their_own_are_paired_one_by_one() -> None:
    assert compare([row("x")] * 3, [row("x")] * 2, at=AT) == Compared(equal=2, lost=1, newest=500.0)


def test_rows_out_of_order_are_no_answer() -> None:
    with pytest.raises(ValueError, match=r"'a' comes after 'b'; the rows must be in order"):
        compare([row("b"), row("a")], [], at=AT)


@given(
    rows=st.dictionaries(st.text(max_size=3), st.integers(0, 3), min_size=1, max_size=12),
    data=st.data(),
)
def test_losing_any_row_is_seen_and_so_is_changing_one(
    rows: dict[str, int], data: st.DataObject
) -> None:
    source = [row(key, digest) for key, digest in sorted(rows.items())]
    victim = data.draw(st.sampled_from(source))
    kept = [one for one in source if one is not victim]
    newest = 500.0 if kept else None
    assert compare(source, kept, at=AT) == Compared(equal=len(kept), lost=1, newest=newest)
    spoilt = [row(one.key, one.digest + (one is victim)) for one in source]
    assert compare(source, spoilt, at=AT) == Compared(equal=len(kept), different=1, newest=500.0)


def entry(digest: str, expires_ms: int | None = None) -> Entry:
    return Entry(digest=digest, expires_ms=expires_ms)


def test_only_keys_that_stood_still_are_compared() -> None:
    before = {"a": entry("1"), "b": entry("2"), "c": entry("3", 5_000), "d": entry("4")}
    after = {"a": entry("1"), "b": entry("9"), "c": entry("3", 5_000), "e": entry("5")}
    assert compare_keys(before, after, {"a": entry("1")}, now_ms=6_000) == KeysCompared(
        equal=1, moved=4, lost=0, different=0
    )
    found = compare_keys(before, after, {"c": entry("3", 5_001)}, now_ms=4_000)
    assert found == KeysCompared(equal=0, moved=3, lost=1, different=1)
    assert not found.right


def test_a_cache_in_which_nothing_was_compared_has_not_been_restored() -> None:
    assert not compare_keys({}, {}, {"a": entry("1")}, now_ms=0).right


def test_what_is_missing_and_what_is_extra_is_named_up_to_three() -> None:
    assert differences(["a", "b"], ["b", "a"]) == ""
    assert differences("abcde", "a") == "missing: b, c, d and 1 more"
    assert differences(["a"], ["a", "z"]) == "not in the source: z"
    assert facts_apart({"key": "one", "tls": "on"}, {"key": "two", "tls": "on"}) == (
        "missing: key one; not in the source: key two"
    )


def report(*checks: Check) -> Report:
    return Report(
        drill="restore",
        environment="staging",
        place="aws",
        drill_id="d1",
        started_at=1.0,
        ended_at=2.0,
        restored_to=0.5,
        figures={"restore_seconds": 1.5},
        checks=checks,
    )


def test_a_report_passes_only_with_checks_that_all_held() -> None:
    held, broken = same("schema", "", "equal"), same("roles", "missing: app", "equal")
    assert (held.held, held.saw, broken.held, broken.saw) == (
        True,
        "equal",
        False,
        "missing: app",
    )
    assert report(held).passed
    assert not report(held, broken).passed
    assert not report().passed


def test_a_report_is_the_same_text_every_time() -> None:
    text = report(same("schema", "", "equal")).to_json()
    assert text == report(same("schema", "", "equal")).to_json()
    assert text.endswith("}\n")
    assert json.loads(text)["passed"] is True
    assert json.loads(text)["checks"] == [{"name": "schema", "held": True, "saw": "equal"}]


def test_a_limit_is_kept_to_the_second() -> None:
    assert within("RTO", "it took", 120.0, 2) == Check(
        name="RTO", held=True, saw="it took 120.0 s; 2 min are allowed"
    )
    assert not within("RTO", "it took", 120.1, 2).held
