"""What commands make of each other, and of a journal that no longer takes an entry."""

import itertools

import pytest
from cutover_fakes import SETTING, FakeClock, MemoryStore, ReadyWorld

from cutover.decide.journal import Draft, plain
from cutover.decide.model import Plan, Release, Step
from cutover.decide.outcome import Exit
from cutover.do.session import Order, Session
from cutover.do.store import Owner
from cutover.do.taking import read_letter, write_letter
from cutover.do.world import Refused

ORDER = Order(run="mine", reason="incident", by="ann@desk", host="desk", pid=1)
DEPLOY = Owner(run="d1", purpose="deploy", host="ci", pid=2, by="ci")
GUARD = Owner(run="up", purpose="guard", host="ci", pid=3, by="ci")
R1 = Release(release_id="r1", image="app@1", schema_min=0, schema_max=0)
GOING_BACK = Plan(
    verb="rollback",
    entering="blue",
    steps=(Step(key="shift blue 100", kind="shift", slot="blue", percent=100),),
    tasks=2,
    floor=2,
    release=R1,
)


class Desk:
    """A person's session, and the journal that others write to meanwhile."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.store = MemoryStore(clock=self.clock)
        world = ReadyWorld(self.clock)
        self.session = Session(world, self.store, self.clock, SETTING, ORDER)

    def write(self, owner: Owner, *drafts: Draft, release: bool = False) -> None:
        self.store.append(self.store.read(), drafts, owner=owner, run=owner.run, release=release)


@pytest.fixture
def desk() -> Desk:
    return Desk()


def test_who_holds_the_lease_notes_a_freeze(desk: Desk) -> None:
    desk.write(DEPLOY)

    def renews() -> None:
        letter = read_letter(desk.store.lease.wanted)
        assert letter is not None
        desk.store.append(desk.store.read(), (letter,), owner=DEPLOY, run="", answered=True)

    desk.clock.meanwhile = renews
    frozen = desk.session.freeze(until=None)
    assert frozen.sentence == "the deploy that is under way has noted it"
    assert (frozen.exit, frozen.state.summary.frozen) == (Exit.DONE, "incident")


def test_a_freeze_is_not_lost_with_the_lease_of_who_was_asked(desk: Desk) -> None:
    """The deploy ended without reading it, and a guard has the lease before anybody looks."""
    desk.write(DEPLOY)

    def changes_hands() -> None:
        desk.write(DEPLOY, release=True)
        desk.write(GUARD)
        desk.clock.meanwhile = ends

    def ends() -> None:
        desk.write(GUARD, release=True)
        desk.clock.meanwhile = lambda: None

    desk.clock.meanwhile = changes_hands
    frozen = desk.session.freeze(until=None)
    assert (frozen.exit, frozen.sentence) == (Exit.DONE, "freeze noted")
    assert desk.store.state.summary.frozen == "incident"


def test_a_freeze_that_comes_with_the_lease_stops_the_call_that_was_about_to_be_made(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    written, begun = itertools.count(1), list[bool]()

    def freeze(call: str) -> None:
        if call == "append" and next(written) == 2:
            frozen = Draft("frozen", {"reason": "fair", "by": "bob", "until": None})
            desk.store.want(desk.store.read(), write_letter(frozen))

    def begin(_world: ReadyWorld, _release: Release, run: str, *, verify_only: bool) -> str:
        begun.append(verify_only)
        return run

    desk.store.fails = freeze
    monkeypatch.setattr(ReadyWorld, "start_migration", begin)
    stopped = desk.session.deploy(R1)
    assert (stopped.exit, stopped.sentence) == (
        Exit.HELD,
        "stopped by `cutover freeze` until `cutover unfreeze`: fair; `cutover resume` goes on when "
        "it is over",
    )
    assert begun == [False]


def test_a_slot_is_not_retired_in_a_freeze(desk: Desk) -> None:
    frozen = Draft("frozen", {"reason": "fair", "by": "bob", "until": desk.clock.at + 60})
    desk.write(DEPLOY, frozen, release=True)
    entries = len(desk.store.entries)
    refused = desk.session.retire()
    assert (refused.exit, refused.sentence) == (
        Exit.REFUSED,
        "stopped by `cutover freeze` until 2027-01-15 08:01:00 UTC: fair; the way back stays warm "
        "until it is over",
    )
    desk.clock.at += 60
    assert desk.session.retire().sentence == (
        "no slot is without traffic by the journal, so there is none to retire"
    )
    assert len(desk.store.entries) == entries


def test_an_abort_stops_no_rollback(desk: Desk) -> None:
    plan = {"plan": plain(GOING_BACK), "reason": "incident", "by": "bob"}
    back = Owner(run="back", purpose="rollback", host="ci", pid=4, by="bob")
    desk.write(back, Draft("started", plan))
    desk.clock.meanwhile = lambda: desk.write(back, release=bool(desk.store.lease.wanted))
    lost = desk.session.abort()
    assert lost.sentence == (
        "rollback of bob (run back, ci) is under way; wait for its end, or end it there; "
        "`cutover rollback` goes first"
    )
    assert lost.exit == Exit.LOCK_LOST
    assert (desk.store.lease.owner, desk.store.lease.wanted) == (back, "")


def test_a_run_whose_credentials_end_half_way_is_no_refusal(desk: Desk) -> None:
    written: list[str] = []

    def expire(call: str) -> None:
        written.extend([call] if call == "append" else [])
        if len(written) > 3:
            raise Refused("the AWS credentials have expired; log in again")

    desk.store.fails = expire
    left = desk.session.deploy(R1)
    assert left.sentence == (
        "the AWS credentials have expired; log in again; run mine stays open, and "
        "`cutover resume` goes on with it"
    )
    assert (left.exit, left.state.run and left.state.run.id) == (Exit.HELD, "mine")


def test_a_journal_that_takes_no_first_entry_is_a_refusal(desk: Desk) -> None:
    def deny(call: str) -> None:
        if call == "append":
            raise Refused("AWS denies dynamodb:PutItem")

    desk.store.fails = deny
    with pytest.raises(Refused, match=r"^AWS denies dynamodb:PutItem$"):
        desk.session.deploy(R1)
    assert desk.store.entries == []
