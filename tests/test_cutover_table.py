"""Lease and journal on DynamoDB: all or nothing, one writer, and damage is seen."""

import dataclasses
import itertools
import json
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from botocore.exceptions import ClientError
from hypothesis import given, settings
from hypothesis import strategies as st
from moto import mock_aws

from cutover.decide.fold import fold
from cutover.decide.journal import Draft, Entry, Malformed, chain, plain
from cutover.decide.model import Plan, Step
from cutover.decide.state import State, Summary
from cutover.do import partition
from cutover.do.aws_errors import explained
from cutover.do.clients import Clients
from cutover.do.store import Lease, LeaseLost, Snapshot, Store
from cutover.do.table import Table
from cutover.do.world import Refused, Unavailable
from infra.outputs import Owner
from tests.cutover_aws import StoppedClock
from tests.environments import recorded

START = 1_800_000_000.0
TAKEN = START + 30


class Doors:
    """Clients that a test can interfere with: just before a call is sent, or with its answer."""

    def __init__(self, real: Clients) -> None:
        self.real = real
        self.calls: list[str] = []
        self.arguments: dict[str, Any] = {}
        self.before: dict[str, Callable[[], None]] = {}
        self.after: dict[str, Callable[[Any], Any]] = {}

    def call(self, service: str, operation: str, /, **arguments: Any) -> Any:
        assert service == "dynamodb"
        self.calls.append(operation)
        self.arguments = arguments
        if act := self.before.pop(operation, None):
            act()
        answer = self.real.call(service, operation, **arguments)
        if act := self.after.pop(operation, None):
            return act(answer)
        return answer


@pytest.fixture(scope="module")
def clients() -> Iterator[Clients]:
    with mock_aws():
        yield Clients("eu-central-1")


_numbers = itertools.count()


def new_table(clients: Clients) -> str:
    """A table as the program asks for it."""
    asked = recorded("prod").only("aws:dynamodb/table:Table").inputs
    name = f"journal-{next(_numbers)}"
    clients.call(
        "dynamodb",
        "create_table",
        TableName=name,
        KeySchema=[
            {"AttributeName": asked["hashKey"], "KeyType": "HASH"},
            {"AttributeName": asked["rangeKey"], "KeyType": "RANGE"},
        ],
        AttributeDefinitions=[
            {"AttributeName": attribute["name"], "AttributeType": attribute["type"]}
            for attribute in asked["attributes"]
        ],
        BillingMode=asked["billingMode"],
    )
    return name


@pytest.fixture
def doors(clients: Clients) -> Doors:
    return Doors(clients)


@pytest.fixture
def name(clients: Clients) -> str:
    return new_table(clients)


@pytest.fixture
def clock() -> StoppedClock:
    return StoppedClock(START)


@pytest.fixture
def store(doors: Doors, name: str, clock: StoppedClock) -> Table:
    return store_of(doors, name, clock)


def store_of(doors: Any, name: str, clock: StoppedClock, scope: str = "prod") -> Table:
    return Table(doors, table=name, scope=scope, clock=clock, lease_seconds=30)


def owner(run: str, *, pid: int = 7, host: str = "runner-1") -> Owner:
    return Owner(run=run, purpose="deploy", host=host, pid=pid, by="jane")


A, B = owner("a", pid=1), owner("b", pid=2)


def observed(*whats: str) -> list[Draft]:
    return [Draft(kind="observed", data={"what": what}) for what in whats]


def ended(summary: Summary) -> Draft:
    return Draft(kind="ended", data={"outcome": "done", "summary": plain(summary)})


def items(doors: Doors, name: str, scope: str = "prod") -> dict[str, dict[str, Any]]:
    """What is in the table, by sort key."""
    found = doors.real.call(
        "dynamodb",
        "query",
        TableName=name,
        KeyConditionExpression="#s = :s",
        ExpressionAttributeNames={"#s": "scope"},
        ExpressionAttributeValues={":s": {"S": scope}},
    )["Items"]
    return {item["record"]["S"]: item for item in found}


def test_it_is_a_store(store: Table) -> None:
    kept: Store = store
    assert kept.read() == Snapshot(state=State(), lease=Lease())
    assert kept.history() == []


def test_the_first_append_takes_the_lease_and_writes_the_entry_in_one_call(
    store: Table, doors: Doors, name: str
) -> None:
    empty = store.read()
    doors.calls.clear()
    after = store.append(empty, observed("one"), owner=A, run="a")
    assert doors.calls == ["transact_write_items"]
    assert after.lease == Lease(version=1, token=1, owner=A, ends_at=TAKEN)
    (entry,) = chain(observed("one"), state=State(), run="a", token=1, at=START)
    assert after.state == fold([entry])
    assert items(doors, name) == {
        "entry#0000000001": {
            "scope": {"S": "prod"},
            "record": {"S": "entry#0000000001"},
            "entry": {
                "S": f'{{"at":1800000000.0,"data":{{"what":"one"}},"hash":"{entry.hash}",'
                '"kind":"observed",'
                f'"previous":"{"0" * 64}","run":"a","sequence":1,"token":1}}'
            },
        },
        "lease": {
            "scope": {"S": "prod"},
            "record": {"S": "lease"},
            "version": {"N": "1"},
            "token": {"N": "1"},
            "owner": {"S": '{"by":"jane","host":"runner-1","pid":1,"purpose":"deploy","run":"a"}'},
            "ends_at": {"N": "1800000030.0"},
            "head_sequence": {"N": "1"},
            "head_hash": {"S": entry.hash},
        },
    }


def test_the_lease_tells_of_the_run_that_is_open(store: Table, doors: Doors, name: str) -> None:
    """Each append says where the run stands, for who only watches; the last one says nothing."""

    def told(*drafts: Draft, release: bool = False) -> Any:
        store.append(store.read(), drafts, owner=A, run="a", release=release)
        item = items(doors, name)["lease"]
        return json.loads(item["run"]["S"]) if "run" in item else None

    steps = tuple(
        Step(key=key, kind="shift", slot="green", percent=percent)
        for key, percent in (("shift green 25", 25), ("shift green 100", 100))
    )
    plan = Plan(verb="deploy", entering="green", steps=steps, tasks=2, floor=1)
    assert told(*observed("before")) is None
    standing = {"id": "a", "verb": "deploy", "step": "shift green 25", "held": ""}
    assert told(Draft("started", {"plan": plain(plan), "reason": "", "by": ""})) == standing
    assert told() == standing
    standing["step"] = "shift green 100"
    assert told(Draft("passed", {"step": "shift green 25", "evidence": ""})) == standing
    held = Draft("held", {"cause": "gates", "reason": "can't tell"})
    assert told(held, release=True) == {**standing, "held": "can't tell"}
    assert told(Draft("resumed", {"reason": "", "by": "", "by_hand": False})) == standing
    last = Draft("passed", {"step": "shift green 100", "evidence": ""})
    assert told(last) == {**standing, "step": ""}
    assert told(ended(Summary()), release=True) is None


def test_what_is_read_is_what_append_returned_in_one_call(store: Table, doors: Doors) -> None:
    after = store.append(store.read(), observed("one", "two"), owner=A, run="a")
    doors.calls.clear()
    assert store.read() == after
    assert doors.calls == ["query"]
    assert doors.arguments["ConsistentRead"] is True  # the emulator is consistent anyway
    assert [(e.sequence, e.data["what"], e.token) for e in store.history()] == [
        (1, "one", 1),
        (2, "two", 1),
    ]


def test_floats_survive_and_the_chain_with_them(store: Table, clock: StoppedClock) -> None:
    clock.at = 1_800_000_000.1 + 0.2
    evidence = {"latency_seconds": 0.1 + 0.2, "of": [1e-9, 1e22, 5.0]}
    store.append(store.read(), [Draft(kind="observed", data=evidence)], owner=A, run="a")
    (entry,) = store.history()
    assert (entry.at, entry.data) == (clock.at, evidence)
    assert store.read().lease.ends_at == clock.at + 30
    assert isinstance(entry.data["of"][2], float)


def test_a_clock_of_whole_seconds_is_no_damage(store: Table, clock: StoppedClock) -> None:
    clock.at = 1_800_000_000  # an int
    store.append(store.read(), observed("one"), owner=A, run="a")
    assert store.history()[0].at == 1_800_000_000


def test_the_owner_renews_under_the_same_token(
    store: Table, doors: Doors, clock: StoppedClock
) -> None:
    taken = store.append(store.read(), observed("one"), owner=A, run="a")
    clock.sleep(10)
    doors.calls.clear()
    renewed = store.append(taken, [], owner=A, run="a")
    assert doors.calls == ["update_item"]
    assert renewed.lease == Lease(version=2, token=1, owner=A, ends_at=TAKEN + 10)
    assert renewed.state == taken.state
    again = store.append(renewed, observed("two"), owner=A, run="a")
    assert again.lease == Lease(version=3, token=1, owner=A, ends_at=TAKEN + 10)
    assert store.read() == again


def test_a_lease_may_be_taken_before_there_is_an_entry(store: Table) -> None:
    taken = store.append(store.read(), [], owner=A, run="a")
    assert taken == Snapshot(state=State(), lease=Lease(version=1, token=1, owner=A, ends_at=TAKEN))
    assert store.read() == taken


def test_release_frees_the_lease_with_the_last_entry(store: Table) -> None:
    taken = store.append(store.read(), observed("one"), owner=A, run="a")
    free = store.append(taken, observed("two"), owner=A, run="a", release=True)
    assert free.lease == Lease(version=2, token=1, owner=None, ends_at=0)
    assert free.state.sequence == 2
    assert store.read() == free
    next_ = store.append(free, [], owner=B, run="b")
    assert next_.lease == Lease(version=3, token=2, owner=B, ends_at=TAKEN)
    assert store.append(next_, [], owner=B, run="b", release=True).lease == Lease(
        version=4, token=2
    )


def test_one_call_may_take_and_release(store: Table) -> None:
    free = store.append(store.read(), observed("one"), owner=A, run="", release=True)
    assert free.lease == Lease(version=1, token=1)
    assert [(e.run, e.token) for e in store.history()] == [("", 1)]


def test_the_lease_of_another_is_refused_without_a_call(store: Table, doors: Doors) -> None:
    taken = store.append(store.read(), observed("one"), owner=A, run="a")
    doors.calls.clear()
    with pytest.raises(LeaseLost) as lost:
        store.append(taken, observed("two"), owner=B, run="b")
    assert doors.calls == []
    assert str(lost.value) == (
        "the lease of prod is held by deploy a of jane, process 1 on runner-1, until 08:00:30 UTC; "
        "`python -m cutover status --stack prod` shows who has it"
    )


@pytest.mark.parametrize(
    "other",
    [owner("b", pid=1, host="runner-2"), owner("a", pid=1, host="runner-2"), owner("a", pid=2)],
    ids=["run and host", "host", "process"],
)
def test_an_owner_is_a_run_of_a_process_on_a_host(store: Table, other: Owner) -> None:
    taken = store.append(store.read(), [], owner=A, run="a")
    with pytest.raises(LeaseLost, match="held by deploy a of jane, process 1 on runner-1"):
        store.append(taken, [], owner=other, run=other.run)


def test_another_run_of_the_same_process_is_a_new_owner(store: Table) -> None:
    taken = store.append(store.read(), [], owner=A, run="a")
    second = dataclasses.replace(A, run="a2")
    assert store.append(taken, [], owner=second, run="a2").lease == Lease(
        version=2, token=2, owner=second, ends_at=TAKEN
    )


def test_a_stolen_lease_gets_a_higher_token_and_the_owner_finds_out(store: Table) -> None:
    taken = store.append(store.read(), observed("one"), owner=A, run="a")
    stolen = store.append(taken, observed("mine"), owner=B, run="b", steal=True)
    assert stolen.lease == Lease(version=2, token=2, owner=B, ends_at=TAKEN)
    for drafts in ([], observed("late")):
        with pytest.raises(LeaseLost) as lost:
            store.append(taken, drafts, owner=A, run="a")
        assert str(lost.value) == (
            "the lease of prod is held by deploy b of jane, process 2 on runner-1, until "
            "08:00:30 UTC; `python -m cutover status --stack prod` shows who has it"
        )
    assert store.read() == stolen
    assert [e.data["what"] for e in store.history()] == ["one", "mine"]


@pytest.mark.parametrize("other", [owner("b", pid=1), owner("a", pid=2)], ids=["run", "process"])
def test_a_thief_is_a_new_owner_however_like_the_old_one(store: Table, other: Owner) -> None:
    taken = store.append(store.read(), [], owner=A, run="a")
    stolen = store.append(taken, [], owner=other, run=other.run, steal=True)
    assert (stolen.lease.token, stolen.lease.owner) == (2, other)


def test_stealing_ones_own_lease_renews_it(store: Table) -> None:
    taken = store.append(store.read(), [], owner=A, run="a")
    assert store.append(taken, [], owner=A, run="a", steal=True).lease.token == 1


@pytest.mark.parametrize("drafts", [[], observed("late")], ids=["renewal", "entry"])
def test_a_lease_that_was_given_back_is_lost_as_well(store: Table, drafts: list[Draft]) -> None:
    taken = store.append(store.read(), [], owner=A, run="a")
    stolen = store.append(taken, [], owner=B, run="b", steal=True)
    store.append(stolen, [], owner=B, run="b", release=True)
    with pytest.raises(LeaseLost) as lost:
        store.append(taken, drafts, owner=A, run="a")
    assert str(lost.value) == (
        "the lease of prod has changed since it was read, from version 1 to 3; "
        "`python -m cutover status --stack prod` shows who has it"
    )


def test_a_lease_that_was_deleted_is_lost(store: Table, doors: Doors, name: str) -> None:
    taken = store.append(store.read(), [], owner=A, run="a")
    doors.real.call(
        "dynamodb",
        "delete_item",
        TableName=name,
        Key={"scope": {"S": "prod"}, "record": {"S": "lease"}},
    )
    with pytest.raises(LeaseLost, match="from version 1 to 0"):
        store.append(taken, observed("late"), owner=A, run="a")
    assert items(doors, name) == {}


@pytest.mark.parametrize("drafts", [[], observed("x")], ids=["renewal", "entry"])
def test_two_who_race_from_one_snapshot_have_one_winner(
    doors: Doors, name: str, clock: StoppedClock, drafts: list[Draft]
) -> None:
    """B decides and sends while the call of A is on its way."""
    a, b = store_of(doors, name, clock), store_of(Doors(doors.real), name, clock)
    free = a.append(a.read(), observed("before"), owner=A, run="a", release=True)
    won: list[Snapshot] = []

    def overtake() -> None:
        won.append(b.append(free, drafts, owner=B, run="b"))

    doors.before["transact_write_items" if drafts else "update_item"] = overtake
    with pytest.raises(LeaseLost, match="held by deploy b of jane"):
        a.append(free, drafts, owner=A, run="a")
    assert [a.read()] == won
    assert [e.run for e in a.history()] == ["a", *("b" for _ in drafts)]


@pytest.mark.parametrize("drafts", [[], observed("x")], ids=["lease", "entry"])
def test_two_who_race_for_the_first_lease_have_one_winner(
    store: Table, drafts: list[Draft]
) -> None:
    empty = store.read()
    won = store.append(empty, drafts, owner=B, run="b")
    with pytest.raises(LeaseLost, match="held by deploy b of jane"):
        store.append(empty, drafts, owner=A, run="a")
    assert store.read() == won


def test_nothing_of_a_lost_append_is_written(store: Table, doors: Doors, name: str) -> None:
    taken = store.append(store.read(), observed("one"), owner=A, run="a")
    store.append(taken, [], owner=B, run="b", steal=True)
    before = items(doors, name)
    with pytest.raises(LeaseLost):
        store.append(taken, observed("two", "three"), owner=A, run="a")
    assert items(doors, name) == before


def test_environments_share_a_table_and_nothing_else(
    store: Table, doors: Doors, name: str, clock: StoppedClock
) -> None:
    other = store_of(doors, name, clock, scope="staging")
    store.append(store.read(), observed("one"), owner=A, run="a")
    assert other.read() == Snapshot(state=State(), lease=Lease())
    other.append(other.read(), observed("two"), owner=B, run="b")
    assert [e.data["what"] for e in store.history()] == ["one"]
    assert [e.data["what"] for e in other.history()] == ["two"]


# What the owner learns of others.


def test_a_renewal_finds_out_who_wants_the_lease(store: Table, doors: Doors) -> None:
    taken = store.append(store.read(), observed("one"), owner=A, run="a")
    doors.calls.clear()
    store.want(store.read(), "rollback")
    assert doors.calls == ["query", "update_item"]
    wanted = dataclasses.replace(taken.lease, wanted="rollback")
    assert store.read() == Snapshot(state=taken.state, lease=wanted)  # of the same version
    renewed = store.append(taken, [], owner=A, run="a")
    assert renewed.lease.wanted == "rollback"
    again = store.append(renewed, observed("two"), owner=A, run="a")
    assert again.lease.wanted == "rollback"
    assert store.read() == again


def test_an_entry_does_not_wipe_out_a_wish_that_came_since(store: Table) -> None:
    taken = store.append(store.read(), observed("one"), owner=A, run="a")
    store.want(taken, "rollback")
    store.append(taken, observed("two"), owner=A, run="a")
    assert store.read().lease.wanted == "rollback"


def test_an_answered_wish_is_taken_away_and_another_kept(store: Table, doors: Doors) -> None:
    taken = store.append(store.read(), observed("one"), owner=A, run="a")
    store.want(taken, "freeze")
    asked = store.append(taken, [], owner=A, run="a")
    assert asked.lease.wanted == "freeze"
    store.want(asked, "rollback")
    answered = store.append(asked, observed("two"), owner=A, run="a", answered=True)
    assert answered.lease.wanted == ""
    renewed = store.append(answered, [], owner=A, run="a")
    assert renewed.lease.wanted == "rollback"
    last = store.append(renewed, [], owner=A, run="a", answered=True)
    assert last.lease.wanted == ""
    assert store.read() == last


def test_an_answer_to_no_wish_leaves_those_alone_that_came_since(store: Table) -> None:
    taken = store.append(store.read(), observed("one"), owner=A, run="a")
    store.want(taken, "rollback")
    store.append(taken, observed("two"), owner=A, run="a", answered=True)
    assert store.read().lease.wanted == "rollback"


@pytest.mark.parametrize("release", [False, True], ids=["stolen", "released"])
def test_the_wish_ends_with_the_ownership(store: Table, *, release: bool) -> None:
    taken = store.append(store.read(), [], owner=A, run="a")
    store.want(taken, "rollback")
    wanted = store.read()
    if release:
        after = store.append(wanted, [], owner=A, run="a", release=True)
    else:
        after = store.append(wanted, [], owner=B, run="b", steal=True)
    assert after.lease.wanted == ""
    assert store.read() == after


def test_a_wish_for_a_lease_that_is_free_or_anothers_by_now_is_dropped(
    store: Table, doors: Doors
) -> None:
    free = store.append(store.read(), [], owner=A, run="a", release=True)
    doors.calls.clear()
    store.want(free, "rollback")
    assert doors.calls == []
    taken = store.append(free, [], owner=A, run="a")
    store.append(taken, [], owner=B, run="b", steal=True)
    store.want(taken, "rollback")
    assert store.read().lease.wanted == ""


# An answer that got lost.


def lose_the_answer(_answer: Any) -> Any:
    raise Unavailable("dynamodb:TransactWriteItems got no answer from AWS")


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


def test_an_append_that_arrives_after_the_reading_wins(
    store: Table, doors: Doors, name: str, clock: StoppedClock
) -> None:
    taken = store.append(store.read(), observed("one"), owner=A, run="a")
    late = store_of(Doors(doors.real), name, clock)  # the same process, a call under way
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


def test_what_is_older_than_the_last_end_is_not_looked_at(
    store: Table, doors: Doors, name: str
) -> None:
    drafts = [*observed("old"), ended(Summary(schema=3))]
    snapshot = store.append(store.read(), drafts, owner=A, run="a")
    doors.real.call(
        "dynamodb",
        "delete_item",
        TableName=name,
        Key={"scope": {"S": "prod"}, "record": {"S": "entry#0000000001"}},
    )
    assert store.read() == snapshot


def test_what_was_appended_during_a_query_is_left_for_the_next(
    store: Table, doors: Doors, name: str, clock: StoppedClock
) -> None:
    """A query reads item by item: the lease may be older than the entries (read committed)."""
    taken = store.append(store.read(), observed("one"), owner=A, run="a")
    lease = items(doors, name)["lease"]
    other = store_of(Doors(doors.real), name, clock)
    later = other.append(taken, [*observed("two"), ended(Summary(schema=9))], owner=A, run="a")

    def torn(page: dict[str, Any]) -> dict[str, Any]:
        assert page["Items"][0]["record"] == {"S": "lease"}
        return {**page, "Items": [lease, *page["Items"][1:]]}

    doors.after["query"] = torn
    assert store.read() == taken
    assert store.read() == later


@pytest.mark.parametrize("met", [("lease", "entry#0000000002"), ("lease",), ("entry#0000000003",)])
def test_a_half_of_a_transaction_is_no_damage(
    store: Table, doors: Doors, name: str, clock: StoppedClock, met: tuple[str, ...]
) -> None:
    """It may be any half: what the query met of the newest append is `met`."""
    taken = store.append(store.read(), observed("one"), owner=A, run="a")
    before = items(doors, name)
    later = store.append(taken, observed("two", "three"), owner=A, run="a")

    def torn(page: dict[str, Any]) -> dict[str, Any]:
        seen = {item["record"]["S"]: item for item in page["Items"]}
        found = before | {record: seen[record] for record in met}
        return {**page, "Items": [found[record] for record in sorted(found, reverse=True)]}

    doors.after["query"] = torn
    began_at, met_lease = clock.now(), "lease" in met
    assert store.read() == (later if met_lease else taken)
    assert clock.now() - began_at == (1.0 if met_lease else 0.0)


# Damage.


def damaged(doors: Doors, name: str, sequence: int, **changes: Any) -> None:
    """Changes fields of an entry in the table, its hash not among them."""
    item = items(doors, name)[f"entry#{sequence:010d}"]
    entry = {**json.loads(item["entry"]["S"]), **changes}
    text = json.dumps(entry, sort_keys=True, separators=(",", ":"))
    doors.real.call("dynamodb", "put_item", TableName=name, Item={**item, "entry": {"S": text}})


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
def test_a_deleted_entry_is_missed(
    store: Table, doors: Doors, name: str, gone: int, sentence: str
) -> None:
    record = f"entry#{gone:010d}"
    doors.real.call(
        "dynamodb",
        "delete_item",
        TableName=name,
        Key={"scope": {"S": "prod"}, "record": {"S": record}},
    )
    assert both_say(store) == sentence.format(name=name)


def test_a_journal_whose_entries_are_all_gone_is_not_an_empty_one(
    store: Table, doors: Doors, name: str, three: Snapshot
) -> None:
    for sequence in range(1, three.state.sequence + 1):
        record = f"entry#{sequence:010d}"
        doors.real.call(
            "dynamodb",
            "delete_item",
            TableName=name,
            Key={"scope": {"S": "prod"}, "record": {"S": record}},
        )
    assert both_say(store) == (
        "the journal of prod ends with entry 0, which is not the entry 3 that its lease knows; "
        + RESTORE.format(name=name)
    )


@pytest.mark.usefixtures("three")
def test_a_journal_without_its_lease_is_not_an_empty_one(
    store: Table, doors: Doors, name: str
) -> None:
    doors.real.call(
        "dynamodb",
        "delete_item",
        TableName=name,
        Key={"scope": {"S": "prod"}, "record": {"S": "lease"}},
    )
    assert both_say(store) == f"the journal of prod has no lease; {RESTORE.format(name=name)}"


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
def test_a_changed_entry_is_seen(
    store: Table, doors: Doors, name: str, changes: dict[str, Any]
) -> None:
    damaged(doors, name, 2, **changes)
    assert both_say(store) == "entry 2 of the journal was changed after it was written"


@pytest.mark.usefixtures("three")
@pytest.mark.parametrize("changes", [{"extra": 1}, {"at": int(START)}, {"token": "1"}], ids=str)
def test_an_entry_that_is_spelt_differently_is_seen(
    store: Table, doors: Doors, name: str, changes: dict[str, Any]
) -> None:
    """What the hash does not tell apart: a field more, a number in another form."""
    damaged(doors, name, 2, **changes)
    assert both_say(store) == (
        "record entry#0000000002 of the journal was changed after it was written"
    )


@pytest.mark.usefixtures("three")
def test_an_attribute_too_many_is_seen(store: Table, doors: Doors, name: str) -> None:
    item = items(doors, name)["entry#0000000002"]
    doors.real.call("dynamodb", "put_item", TableName=name, Item={**item, "note": {"S": "x"}})
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
    store: Table, doors: Doors, name: str, attributes: dict[str, Any], error: str
) -> None:
    key = {"scope": {"S": "prod"}, "record": {"S": "entry#0000000002"}}
    doors.real.call("dynamodb", "put_item", TableName=name, Item={**key, **attributes})
    assert both_say(store) == (
        f"record entry#0000000002 of the journal can't be read ({error}); "
        "this program did not write it, or another version did"
    )


@pytest.mark.usefixtures("three")
def test_an_entry_of_a_kind_that_is_unknown_is_seen(store: Table, doors: Doors, name: str) -> None:
    damaged(doors, name, 2, kind="invented")
    assert both_say(store).startswith(
        "record entry#0000000002 of the journal can't be read (ValidationError)"
    )


def test_a_forged_entry_past_the_head_stops_the_next_append(
    store: Table, doors: Doors, name: str, three: Snapshot
) -> None:
    (forged,) = chain(observed("four"), state=three.state, run="x", token=9, at=START)
    item = items(doors, name)["entry#0000000003"]
    text = json.dumps(dataclasses.asdict(forged), sort_keys=True, separators=(",", ":"))
    record = "entry#0000000004"
    doors.real.call(
        "dynamodb",
        "put_item",
        TableName=name,
        Item={**item, "record": {"S": record}, "entry": {"S": text}},
    )
    assert store.read() == three
    with pytest.raises(Malformed) as error:
        store.append(three, observed("mine"), owner=A, run="a")
    assert str(error.value) == (
        "the journal of prod has entries that its lease does not know; " + RESTORE.format(name=name)
    )
    assert store.read() == three


@pytest.mark.usefixtures("three")
def test_a_head_of_another_journal_is_seen(store: Table, doors: Doors, name: str) -> None:
    lease = items(doors, name)["lease"]
    doors.real.call(
        "dynamodb", "put_item", TableName=name, Item={**lease, "head_hash": {"S": "f" * 64}}
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
    name: str,
    attribute: str,
    value: dict[str, str] | None,
    error: str,
) -> None:
    lease = {k: v for k, v in items(doors, name)["lease"].items() if k != attribute}
    if value:
        lease[attribute] = value
    doors.real.call("dynamodb", "put_item", TableName=name, Item=lease)
    assert both_say(store) == (
        f"the lease of prod can't be read ({error}); "
        "this program did not write it, or another version did"
    )


def test_what_nobody_could_read_is_not_written(store: Table, doors: Doors, name: str) -> None:
    empty = store.read()
    with pytest.raises(Malformed, match=r"entry 1 of the journal \(intent\) can't be read"):
        store.append(empty, [Draft(kind="intent", data={})], owner=A, run="a")
    assert items(doors, name) == {}


# Limits.


def test_as_many_entries_as_a_transaction_takes(store: Table) -> None:
    assert store.append(store.read(), observed("x") * 99, owner=A, run="a").state.sequence == 99
    assert store.read().state.sequence == 99


@pytest.mark.parametrize(
    ("drafts", "sizes"),
    [
        (observed("x") * 100, "100 entries of 280 bytes at most and 27892 in all"),
        (observed("x" * 400_000), "1 entries of 400277 bytes at most and 400277 in all"),
        (observed("x" * 300_000) * 14, "14 entries of 300278 bytes at most and 4203883 in all"),
    ],
    ids=["number", "one", "all"],
)
def test_more_than_a_transaction_takes_is_refused(
    store: Table, doors: Doors, name: str, drafts: Sequence[Draft], sizes: str
) -> None:
    empty = store.read()
    doors.calls.clear()
    with pytest.raises(Refused) as refused:
        store.append(empty, drafts, owner=A, run="a")
    assert str(refused.value) == (
        f"{sizes} are too much for table {name}, which takes 99 at once, of 400000 bytes each "
        "and 4000000 in all"
    )
    assert doors.calls == []


# What AWS answers.


def answers(code: str, operation: str, **response: Any) -> Callable[[], None]:
    """Instead of a call: the error that Clients makes of AWS's answer."""

    def refuse() -> None:
        error = ClientError(
            {"Error": {"Code": code, "Message": "Because"}, **response},  # type: ignore[typeddict-item]
            operation,
        )
        raise explained(error, f"dynamodb:{operation}") from error

    return refuse


def cancelled(*codes: str) -> Callable[[], None]:
    return answers(
        "TransactionCanceledException",
        "TransactWriteItems",
        CancellationReasons=[{"Code": code} for code in codes],
    )


def test_a_table_that_is_not_there_is_named(doors: Doors, clock: StoppedClock) -> None:
    gone = store_of(doors, "gone", clock)
    nothing = Snapshot(state=State(), lease=Lease(owner=A))
    for call in (
        gone.read,
        gone.history,
        lambda: gone.append(nothing, observed("one"), owner=A, run="a"),
        lambda: gone.append(nothing, [], owner=A, run="a"),
        lambda: gone.want(nothing, "rollback"),
    ):
        with pytest.raises(Refused) as refused:
            call()
        assert str(refused.value) == (
            "there is no table gone for the journal of prod in this account and region; "
            "check AWS_PROFILE, or run `pulumi up` again"
        )


def test_other_refusals_and_outages_are_passed_on(store: Table, doors: Doors) -> None:
    doors.before["query"] = answers("AccessDeniedException", "Query")
    with pytest.raises(Refused, match=r"^AWS denies dynamodb:Query \(Because\); allow it"):
        store.read()
    doors.before["query"] = answers("ThrottlingException", "Query")
    with pytest.raises(Unavailable, match=r"^AWS can't take dynamodb:Query now"):
        store.read()


@pytest.mark.parametrize(
    "codes",
    [
        ("TransactionConflict", "None"),
        ("None", "TransactionConflict"),
        ("ThrottlingError", "ConditionalCheckFailed"),
        ("ProvisionedThroughputExceeded", "None"),
    ],
    ids=str,
)
def test_a_transaction_that_met_another_may_be_repeated(
    store: Table, doors: Doors, name: str, codes: tuple[str, str]
) -> None:
    doors.before["transact_write_items"] = cancelled(*codes)
    with pytest.raises(Unavailable) as unavailable:
        store.append(store.read(), observed("one"), owner=A, run="a")
    named = ", ".join(sorted({*codes} - {"None"}))
    assert str(unavailable.value) == f"table {name} is busy with other writes ({named})"


def test_a_renewal_that_met_a_transaction_may_be_repeated(
    store: Table, doors: Doors, name: str
) -> None:
    doors.before["update_item"] = answers("TransactionConflictException", "UpdateItem")
    with pytest.raises(Unavailable) as unavailable:
        store.append(store.read(), [], owner=A, run="a")
    assert str(unavailable.value) == f"table {name} is busy with another write to prod"


def test_a_transaction_that_is_wrong_is_refused(store: Table, doors: Doors, name: str) -> None:
    doors.before["transact_write_items"] = cancelled(
        "None", "ValidationError", "TransactionConflict"
    )
    with pytest.raises(Refused) as refused:
        store.append(store.read(), observed("one", "two"), owner=A, run="a")
    assert str(refused.value) == (
        f"table {name} takes no entry for prod (TransactionConflict, ValidationError)"
    )


# Any order of events.

OWNERS = (A, B, owner("c", pid=3, host="runner-2"))
ACTS = st.tuples(
    st.sampled_from(range(len(OWNERS))),
    st.sampled_from(["read", "append", "renew", "release", "steal", "want", "lost"]),
    st.integers(1, 3),
)


@settings(max_examples=60, deadline=None, derandomize=True)
@given(acts=st.lists(ACTS, min_size=1, max_size=25))
def test_any_interleaving_keeps_one_chain_and_one_holder(
    clients: Clients, acts: list[tuple[int, str, int]]
) -> None:
    """Three owners, each with what it read last, old or new; the model says who may succeed."""
    name, clock = new_table(clients), StoppedClock(START)
    doors = [Doors(clients) for _ in OWNERS]
    stores = [store_of(door, name, clock) for door in doors]
    known = [store.read() for store in stores]
    version, token, holder, length = 0, 0, None, 0
    for who, act, count in acts:
        clock.sleep(0.1)
        me, store, mine = OWNERS[who], stores[who], known[who]
        if act == "read":
            known[who] = store.read()
            continue
        if act == "want":
            store.want(mine, f"wish of {me.run}")
            continue
        drafts = [] if act == "renew" else observed(*"abc"[:count])
        if act == "lost" and drafts:
            doors[who].after["transact_write_items"] = lose_the_answer
        may = mine.lease.owner in (None, me) or act == "steal"
        fresh = mine.lease.version == version
        try:
            known[who] = store.append(
                mine,
                drafts,
                owner=me,
                run=me.run,
                release=act == "release",
                steal=act == "steal",
            )
        except LeaseLost:
            assert not (may and fresh)
            doors[who].after.clear()
            continue
        except Unavailable:
            doors[who].after.clear()
            assert act == "lost"
            known[who] = store.read()
        assert may
        assert fresh
        version += 1
        token += holder != me
        holder = None if act == "release" else me
        length += len(drafts)
        found = store.read()
        assert (
            found.lease.version,
            found.lease.token,
            found.lease.owner,
            found.state.sequence,
        ) == (
            version,
            token,
            holder,
            length,
        )
        assert found == known[who] or act != "renew"
    assert_one_chain(stores[0].history(), length)


def assert_one_chain(entries: Sequence[Entry], length: int) -> None:
    assert [entry.sequence for entry in entries] == list(range(1, length + 1))
    assert fold(entries).sequence == length
    tokens = [entry.token for entry in entries]
    assert tokens == sorted(tokens)
    runs = {(entry.token, entry.run) for entry in entries}
    assert len(runs) == len(set(tokens))  # a token is one owner's
