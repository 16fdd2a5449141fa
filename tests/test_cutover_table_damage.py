"""Damage to lease and journal is seen, and said with a way out."""

import dataclasses
import json
from typing import Any

import pytest

from cutover.decide.journal import Draft, Malformed, chain
from cutover.do.store import Snapshot
from cutover.do.table import Table
from tests.journal_table import START, A, Doors, observed


def damaged(doors: Doors, sequence: int, **changes: Any) -> None:
    """Changes fields of an entry in the table, its hash not among them."""
    item = doors.items()[f"entry#{sequence:010d}"]
    entry = {**json.loads(item["entry"]["S"]), **changes}
    text = json.dumps(entry, sort_keys=True, separators=(",", ":"))
    doors.real.call(
        "dynamodb", "put_item", TableName=doors.name, Item={**item, "entry": {"S": text}}
    )


@pytest.fixture
def three(store: Table) -> Snapshot:
    return store.append(store.read(), observed("one", "two", "three"), owner=A, run="a")


def both_say(store: Table) -> str:
    """The sentence, which reading a state and reading the history agree on."""
    with pytest.raises(Malformed) as first:
        store.read()
    with pytest.raises(Malformed) as second:
        store.history()
    assert str(first.value) == str(second.value)
    return str(first.value)


RESTORE = "restore table {name} from its point-in-time recovery"


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(
    ("gone", "sentence"),
    [
        (1, "entry 2 of the journal does not follow its forerunner"),
        (2, "entry 3 of the journal does not follow its forerunner"),
        (
            3,
            "the journal of prod ends with entry 2, which is not the entry 3 that its lease "
            f"knows; {RESTORE}",
        ),
    ],
)
def test_a_deleted_entry_is_missed(store: Table, doors: Doors, gone: int, sentence: str) -> None:
    record = f"entry#{gone:010d}"
    doors.real.call(
        "dynamodb",
        "delete_item",
        TableName=doors.name,
        Key={"scope": {"S": "prod"}, "record": {"S": record}},
    )
    assert both_say(store) == sentence.format(name=doors.name)


def test_a_journal_whose_entries_are_all_gone_is_not_an_empty_one(
    store: Table, doors: Doors, three: Snapshot
) -> None:
    for sequence in range(1, three.state.sequence + 1):
        record = f"entry#{sequence:010d}"
        doors.real.call(
            "dynamodb",
            "delete_item",
            TableName=doors.name,
            Key={"scope": {"S": "prod"}, "record": {"S": record}},
        )
    assert both_say(store) == (
        "the journal of prod ends with entry 0, which is not the entry 3 that its lease knows; "
        + RESTORE.format(name=doors.name)
    )


@pytest.mark.usefixtures("three")
def test_a_journal_without_its_lease_is_not_an_empty_one(store: Table, doors: Doors) -> None:
    doors.real.call(
        "dynamodb",
        "delete_item",
        TableName=doors.name,
        Key={"scope": {"S": "prod"}, "record": {"S": "lease"}},
    )
    assert both_say(store) == f"the journal of prod has no lease; {RESTORE.format(name=doors.name)}"


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(
    "changes",
    [
        {"data": {"what": "nothing"}},
        {"at": START + 1},
        {"token": 2},
        {"run": "b"},
        {"kind": "unfrozen"},
        {"previous": "f" * 64},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_changed_entry_is_seen(store: Table, doors: Doors, changes: dict[str, Any]) -> None:
    damaged(doors, 2, **changes)
    assert both_say(store) == "entry 2 of the journal was changed after it was written"


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize("changes", [{"extra": 1}, {"at": int(START)}, {"token": "1"}], ids=str)
def test_an_entry_that_is_spelt_differently_is_seen(
    store: Table, doors: Doors, changes: dict[str, Any]
) -> None:
    """What the hash does not tell apart: a field more, a number in another form."""
    damaged(doors, 2, **changes)
    assert both_say(store) == (
        "record entry#0000000002 of the journal was changed after it was written"
    )


@pytest.mark.usefixtures("three")
def test_an_attribute_too_many_is_seen(store: Table, doors: Doors) -> None:
    item = doors.items()["entry#0000000002"]
    doors.real.call("dynamodb", "put_item", TableName=doors.name, Item={**item, "note": {"S": "x"}})
    assert both_say(store) == (
        "record entry#0000000002 of the journal was changed after it was written"
    )


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(
    ("attributes", "error"),
    [
        ({}, "KeyError"),
        ({"entry": {"N": "1"}}, "KeyError"),
        ({"entry": {"S": "{"}}, "JSONDecodeError"),
        ({"entry": {"S": "[]"}}, "ValidationError"),
        ({"entry": {"S": "{}"}}, "ValidationError"),
    ],
    ids=["missing", "number", "no JSON", "list", "empty"],
)
def test_an_entry_that_is_none_is_seen(
    store: Table, doors: Doors, attributes: dict[str, Any], error: str
) -> None:
    key = {"scope": {"S": "prod"}, "record": {"S": "entry#0000000002"}}
    doors.real.call("dynamodb", "put_item", TableName=doors.name, Item={**key, **attributes})
    assert both_say(store) == (
        f"record entry#0000000002 of the journal can't be read ({error}); "
        "this program did not write it, or another version did"
    )


@pytest.mark.usefixtures("three")
def test_an_entry_of_a_kind_that_is_unknown_is_seen(store: Table, doors: Doors) -> None:
    damaged(doors, 2, kind="invented")
    assert both_say(store).startswith(
        "record entry#0000000002 of the journal can't be read (ValidationError)"
    )


def test_a_forged_entry_past_the_head_stops_the_next_append(
    store: Table, doors: Doors, three: Snapshot
) -> None:
    (forged,) = chain(observed("four"), state=three.state, run="x", token=9, at=START)
    item = doors.items()["entry#0000000003"]
    text = json.dumps(dataclasses.asdict(forged), sort_keys=True, separators=(",", ":"))
    record = "entry#0000000004"
    doors.real.call(
        "dynamodb",
        "put_item",
        TableName=doors.name,
        Item={**item, "record": {"S": record}, "entry": {"S": text}},
    )
    assert store.read() == three
    with pytest.raises(Malformed) as error:
        store.append(three, observed("mine"), owner=A, run="a")
    assert str(error.value) == (
        "the journal of prod has entries that its lease does not know; "
        + RESTORE.format(name=doors.name)
    )
    assert store.read() == three


@pytest.mark.usefixtures("three")
def test_a_head_of_another_journal_is_seen(store: Table, doors: Doors) -> None:
    lease = doors.items()["lease"]
    doors.real.call(
        "dynamodb", "put_item", TableName=doors.name, Item={**lease, "head_hash": {"S": "f" * 64}}
    )
    assert both_say(store).startswith(
        "the journal of prod ends with entry 3, which is not the entry 3 that its lease knows"
    )


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize(
    ("attribute", "value", "error"),
    [
        ("version", None, "KeyError"),
        ("token", {"S": "one"}, "KeyError"),
        ("head_sequence", {"N": "1.5"}, "ValueError"),
        ("ends_at", None, "KeyError"),
        ("head_hash", None, "KeyError"),
        ("owner", {"S": "jane"}, "ValidationError"),
        ("owner", {"S": "{}"}, "ValidationError"),
    ],
)
def test_a_lease_that_is_none_is_seen(
    store: Table,
    doors: Doors,
    attribute: str,
    value: dict[str, str] | None,
    error: str,
) -> None:
    lease = {k: v for k, v in doors.items()["lease"].items() if k != attribute}
    if value:
        lease[attribute] = value
    doors.real.call("dynamodb", "put_item", TableName=doors.name, Item=lease)
    assert both_say(store) == (
        f"the lease of prod can't be read ({error}); "
        "this program did not write it, or another version did"
    )


def test_what_nobody_could_read_is_not_written(store: Table, doors: Doors) -> None:
    empty = store.read()
    with pytest.raises(Malformed, match=r"entry 1 of the journal \(intent\) can't be read"):
        store.append(empty, [Draft(kind="intent", data={})], owner=A, run="a")
    assert doors.items() == {}
