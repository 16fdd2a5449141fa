"""What is in the table is found by reading, after an answer that was lost as well."""

from typing import Any

import pytest

from cutover.decide.state import Summary
from cutover.do import partition
from cutover.do.store import LeaseLost
from cutover.do.table import Table
from cutover.do.world import Unavailable
from tests.journal_table import A, Doors, ended, lose_the_answer, observed

# An answer that got lost.


@pytest.mark.parametrize("taken_before", [False, True])
def test_an_append_whose_answer_was_lost_is_found_by_reading(
    store: Table, doors: Doors, *, taken_before: bool
) -> None:
    start = store.read()
    if taken_before:
        start = store.append(start, observed("zero"), owner=A, run="a")
    doors.after["transact_write_items"] = lose_the_answer
    with pytest.raises(Unavailable):
        store.append(start, observed("one"), owner=A, run="a")
    found = store.read()
    assert found.state.sequence == start.state.sequence + 1
    assert (found.lease.owner, found.lease.token) == (A, 1)
    after = store.append(found, observed("two"), owner=A, run="a")
    assert after.lease.token == 1
    assert [e.data["what"] for e in store.history()][-2:] == ["one", "two"]


def test_an_append_that_never_arrived_is_seen_as_well(store: Table, doors: Doors) -> None:
    taken = store.append(store.read(), observed("one"), owner=A, run="a")
    doors.before["transact_write_items"] = lambda: lose_the_answer(None)
    with pytest.raises(Unavailable):
        store.append(taken, observed("two"), owner=A, run="a")
    assert store.read() == taken


def test_an_append_that_arrives_after_the_reading_wins(store: Table, doors: Doors) -> None:
    taken = store.append(store.read(), observed("one"), owner=A, run="a")
    late = doors.beside().store()  # the same process, a call under way
    late.append(taken, observed("two"), owner=A, run="a")
    with pytest.raises(LeaseLost) as lost:
        store.append(taken, observed("two, again"), owner=A, run="a")
    assert str(lost.value) == (
        "the lease of prod has changed since it was read, from version 1 to 2; "
        "`python -m cutover status --stack prod` shows who has it"
    )
    assert [e.data["what"] for e in store.history()] == ["one", "two"]


# How far back one reads.


def test_one_reads_back_to_the_last_end_and_no_further(store: Table, doors: Doors) -> None:
    snapshot = store.append(store.read(), observed("old") * 70, owner=A, run="a")
    summary = Summary(committed={"blue": 100, "green": 0}, schema=3, last_run="a")
    snapshot = store.append(snapshot, [ended(summary), *observed("new") * 60], owner=A, run="a")
    snapshot = store.append(snapshot, observed("new") * 80, owner=A, run="a")
    doors.calls.clear()
    assert store.read() == snapshot
    assert snapshot.state.summary == summary
    assert snapshot.state.sequence == 211
    assert doors.calls == ["query"]
    doors.calls.clear()
    assert [e.sequence for e in store.history()] == list(range(1, 212))
    assert doors.calls == ["query", "query"]


def test_a_long_run_is_read_page_by_page(
    store: Table, doors: Doors, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(partition, "PAGE_ITEMS", 20)
    snapshot = store.append(store.read(), observed("x") * 41, owner=A, run="a")
    doors.calls.clear()
    assert store.read() == snapshot
    assert doors.calls == ["query", "query", "query"]  # 42 records
    snapshot = store.append(snapshot, [ended(Summary(schema=3))], owner=A, run="a")
    doors.calls.clear()
    assert store.read() == snapshot
    assert doors.calls == ["query"]


def test_what_is_older_than_the_last_end_is_not_looked_at(store: Table, doors: Doors) -> None:
    drafts = [*observed("old"), ended(Summary(schema=3))]
    snapshot = store.append(store.read(), drafts, owner=A, run="a")
    doors.real.call(
        "dynamodb",
        "delete_item",
        TableName=doors.name,
        Key={"scope": {"S": "prod"}, "record": {"S": "entry#0000000001"}},
    )
    assert store.read() == snapshot


def test_what_was_appended_during_a_query_is_left_for_the_next(store: Table, doors: Doors) -> None:
    """A query reads item by item: the lease may be older than the entries (read committed)."""
    taken = store.append(store.read(), observed("one"), owner=A, run="a")
    lease = doors.items()["lease"]
    other = doors.beside().store()
    later = other.append(taken, [*observed("two"), ended(Summary(schema=9))], owner=A, run="a")

    def torn(page: dict[str, Any]) -> dict[str, Any]:
        assert page["Items"][0]["record"] == {"S": "lease"}
        return {**page, "Items": [lease, *page["Items"][1:]]}

    doors.after["query"] = torn
    assert store.read() == taken
    assert store.read() == later


@pytest.mark.parametrize("met", [("lease", "entry#0000000002"), ("lease",), ("entry#0000000003",)])
def test_a_half_of_a_transaction_is_no_damage(
    store: Table, doors: Doors, met: tuple[str, ...]
) -> None:
    """It may be any half: what the query met of the newest append is `met`."""
    taken = store.append(store.read(), observed("one"), owner=A, run="a")
    before = doors.items()
    later = store.append(taken, observed("two", "three"), owner=A, run="a")

    def torn(page: dict[str, Any]) -> dict[str, Any]:
        seen = {item["record"]["S"]: item for item in page["Items"]}
        found = before | {record: seen[record] for record in met}
        return {**page, "Items": [found[record] for record in sorted(found, reverse=True)]}

    doors.after["query"] = torn
    began_at, met_lease = doors.clock.now(), "lease" in met
    assert store.read() == (later if met_lease else taken)
    assert doors.clock.now() - began_at == (1.0 if met_lease else 0.0)
