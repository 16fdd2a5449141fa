"""Lease and journal on DynamoDB: all or nothing, and one writer."""

import dataclasses
import json
from typing import Any

import pytest

from cutover.decide.fold import fold
from cutover.decide.journal import Draft, chain, plain
from cutover.decide.model import Plan, Step
from cutover.decide.state import State, Summary
from cutover.do.store import Lease, LeaseLost, Snapshot, Store
from cutover.do.table import Table
from infra.outputs import Owner
from tests.journal_table import START, TAKEN, A, B, Doors, ended, observed, owner


def test_it_is_a_store(store: Table) -> None:
    kept: Store = store
    assert kept.read() == Snapshot(state=State(), lease=Lease())
    assert kept.history() == []


def test_the_first_append_takes_the_lease_and_writes_the_entry_in_one_call(
    store: Table, doors: Doors
) -> None:
    empty = store.read()
    doors.calls.clear()
    after = store.append(empty, observed("one"), owner=A, run="a")
    assert doors.calls == ["transact_write_items"]
    assert after.lease == Lease(version=1, token=1, owner=A, ends_at=TAKEN)
    (entry,) = chain(observed("one"), state=State(), run="a", token=1, at=START)
    assert after.state == fold([entry])
    assert doors.items() == {
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


def test_the_lease_tells_of_the_run_that_is_open(store: Table, doors: Doors) -> None:
    """Each append says where the run stands, for who only watches; the last one says nothing."""

    def told(*drafts: Draft, release: bool = False) -> Any:
        store.append(store.read(), drafts, owner=A, run="a", release=release)
        item = doors.items()["lease"]
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


def test_floats_survive_and_the_chain_with_them(store: Table, doors: Doors) -> None:
    doors.clock.at = 1_800_000_000.1 + 0.2
    evidence = {"latency_seconds": 0.1 + 0.2, "of": [1e-9, 1e22, 5.0]}
    store.append(store.read(), [Draft(kind="observed", data=evidence)], owner=A, run="a")
    (entry,) = store.history()
    assert (entry.at, entry.data) == (doors.clock.at, evidence)
    assert store.read().lease.ends_at == doors.clock.at + 30
    assert isinstance(entry.data["of"][2], float)


def test_a_clock_of_whole_seconds_is_no_damage(store: Table, doors: Doors) -> None:
    doors.clock.at = 1_800_000_000  # an int
    store.append(store.read(), observed("one"), owner=A, run="a")
    assert store.history()[0].at == 1_800_000_000


def test_the_owner_renews_under_the_same_token(store: Table, doors: Doors) -> None:
    taken = store.append(store.read(), observed("one"), owner=A, run="a")
    doors.clock.sleep(10)
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


def test_a_lease_that_was_deleted_is_lost(store: Table, doors: Doors) -> None:
    taken = store.append(store.read(), [], owner=A, run="a")
    doors.real.call(
        "dynamodb",
        "delete_item",
        TableName=doors.name,
        Key={"scope": {"S": "prod"}, "record": {"S": "lease"}},
    )
    with pytest.raises(LeaseLost, match="from version 1 to 0"):
        store.append(taken, observed("late"), owner=A, run="a")
    assert doors.items() == {}


@pytest.mark.parametrize("drafts", [[], observed("x")], ids=["renewal", "entry"])
def test_two_who_race_from_one_snapshot_have_one_winner(doors: Doors, drafts: list[Draft]) -> None:
    """B decides and sends while the call of A is on its way."""
    a, b = doors.store(), doors.beside().store()
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


def test_nothing_of_a_lost_append_is_written(store: Table, doors: Doors) -> None:
    taken = store.append(store.read(), observed("one"), owner=A, run="a")
    store.append(taken, [], owner=B, run="b", steal=True)
    before = doors.items()
    with pytest.raises(LeaseLost):
        store.append(taken, observed("two", "three"), owner=A, run="a")
    assert doors.items() == before


def test_environments_share_a_table_and_nothing_else(store: Table, doors: Doors) -> None:
    other = doors.store("staging")
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
