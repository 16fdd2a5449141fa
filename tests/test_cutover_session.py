"""What commands make of each other, and of a journal that no longer takes an entry."""

import dataclasses
import itertools

import pytest
from cutover_fakes import SETTING, FakeClock, MemoryStore
from ready_world import ReadyWorld

from cutover.decide.journal import Draft, plain
from cutover.decide.model import Plan, Release, Step, Terms
from cutover.decide.outcome import Exit
from cutover.do.order import Order
from cutover.do.session import Session
from cutover.do.store import LeaseLost
from cutover.do.taking import read_letter, write_letter
from cutover.do.world import ForeignRule, Refused, Unavailable
from infra.outputs import Owner, Slot

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
        self.world = ReadyWorld(self.clock)
        self.session = Session(self.world, self.store, self.clock, SETTING, ORDER)

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


def live(desk: Desk, *release_ids: str, retire: bool = True) -> None:
    """These were deployed, one after the other, and the slot that was left is empty."""
    for release_id in release_ids:
        order = dataclasses.replace(ORDER, run=f"d-{release_id}")
        session = Session(desk.world, desk.store, desk.clock, SETTING, order)
        release = Release(release_id=release_id, image="app@1", schema_min=0, schema_max=0)
        assert session.deploy(release, Terms(retire=retire)).exit == Exit.DONE


def kept_warm(desk: Desk) -> None:
    """r2 serves from green, and blue still has the tasks of r1."""
    live(desk, "r1", "r2", retire=False)


@pytest.mark.parametrize(
    ("owner", "verb", "said"),
    [
        (
            DEPLOY,
            "refresh",
            "refresh of ann@desk took over the lease of deploy of ci (run d1, ci), "
            "which showed no life",
        ),
        (
            DEPLOY,
            "rollback",
            "rollback of ann@desk took over the lease of deploy of ci "
            "(run d1, ci), which showed no life",
        ),
        (GUARD, "rollback", "rollback of ann@desk took over the lease of guard of ci (run up, ci)"),
    ],
)
def test_whose_lease_was_taken_and_by_whom_is_in_the_journal(
    desk: Desk, owner: Owner, verb: str, said: str
) -> None:
    """Whoever wakes up without it wants to know."""
    live(desk, "r1", "r2")
    desk.write(owner)
    entries = len(desk.store.entries)
    assert getattr(desk.session, verb)().exit == Exit.DONE
    first = desk.store.entries[entries]
    assert (first.kind, first.run, first.data) == ("observed", "mine", {"what": said})


def test_a_rollback_is_not_turned_away_by_a_guard_that_renews_its_lease(desk: Desk) -> None:
    live(desk, "r1", "r2")
    desk.write(GUARD)
    renewed = list[str]()

    def renews(call: str) -> None:
        if call == "services" and not renewed:
            desk.write(GUARD)
            renewed.append(call)

    desk.world.fails = renews
    back = desk.session.rollback()
    assert (back.exit, back.sentence, renewed) == (Exit.DONE, "r1 serves from blue", ["services"])


def test_a_resume_is_turned_away_by_who_was_faster(desk: Desk) -> None:
    live(desk, "r1")
    plan = dataclasses.replace(GOING_BACK, verb="refresh")
    started = Draft("started", {"plan": plain(plan), "reason": "incident", "by": "bob"})
    desk.write(DEPLOY, started, release=True)
    written = list[str]()

    def faster(call: str) -> None:
        if call == "append" and not written:
            written.append(call)
            desk.write(DEPLOY)

    desk.store.fails = faster
    assert desk.session.resume().exit == Exit.LOCK_LOST


def test_a_way_back_that_never_starts_can_be_given_up(desk: Desk) -> None:
    live(desk, "r1", "r2")
    desk.world.healthy = lambda slot, running: 0 if slot == "blue" else running
    sentence = "fill blue took more than 900 s (0 of 2 targets of blue are healthy)"
    assert desk.session.rollback().sentence == sentence
    given_up = desk.session.abort()
    assert (given_up.exit, given_up.sentence) == (Exit.DONE, "r2 serves from green")
    assert (given_up.state.run, desk.world.live) == (None, {"blue": 0, "green": 100})
    assert given_up.state.summary.slots["blue"].tasks == 0
    desk.world.healthy = lambda _slot, running: running
    live(desk, "r3")
    assert desk.session.rollback().sentence == "r2 serves from green"


@pytest.mark.parametrize(
    ("weights", "healthy", "exit_code", "sentence"),
    [
        (
            {"blue": 30, "green": 70},
            2,
            Exit.FOREIGN_CHANGE,
            "the run is over, and since then somebody else has set blue 30, green 70",
        ),
        (
            {"blue": 0, "green": 100},
            0,
            Exit.INVARIANT_BROKEN,
            "green has 100 % of the traffic and 0 healthy tasks: that can't stay; "
            "`cutover rollback` gives all of the traffic to r1 in blue",
        ),
    ],
)
def test_what_stays_after_an_abort_is_read_again(
    desk: Desk, weights: dict[Slot, int], healthy: int, exit_code: Exit, sentence: str
) -> None:
    live(desk, "r1", "r2")
    refresh = dataclasses.replace(GOING_BACK, verb="refresh", entering="green")
    started = Draft("started", {"plan": plain(refresh), "reason": "incident", "by": "bob"})
    desk.write(DEPLOY, started, release=True)
    desk.world.live = weights
    desk.world.healthy = lambda _slot, _running: healthy
    given_up = desk.session.abort()
    assert (given_up.exit, given_up.sentence) == (exit_code, sentence)
    assert desk.store.state.run is None


@pytest.mark.parametrize("verb", ["rollback", "abort"])
@pytest.mark.parametrize("plan", ["deploy", "refresh"])
def test_who_ended_a_run_and_why_is_in_the_journal(desk: Desk, verb: str, plan: str) -> None:
    """It is a run of somebody else's, and a reason of one's own names nobody."""
    live(desk, "r1", "r2")
    owner = dataclasses.replace(DEPLOY, run="theirs")
    made = dataclasses.replace(
        GOING_BACK, verb=plan, entering="blue" if plan == "deploy" else "green"
    )
    started = Draft("started", {"plan": plain(made), "reason": "because", "by": "bob"})
    desk.write(owner, started, release=True)
    entries = len(desk.store.entries)
    getattr(desk.session, verb)()
    first = desk.store.entries[entries]
    assert first.kind == ("turned" if plan == "deploy" else "ended")
    assert (first.data["by"], first.data["reason"]) == ("ann@desk", "incident")


def test_a_run_id_of_an_open_run_goes_on_with_no_other_release(desk: Desk) -> None:
    live(desk, "r1")

    def refuse(call: str) -> None:
        if call == "task":
            raise Refused("AWS denies ecs:DescribeTasks")

    desk.world.fails = refuse
    r2 = Release(release_id="r2", image="app@2", schema_min=0, schema_max=0)
    assert desk.session.deploy(r2).exit == Exit.HELD
    desk.world.fails = lambda _call: None
    entries = len(desk.store.entries)
    for other in ({"release_id": "r3"}, {"image": "app@3"}):
        refused = desk.session.deploy(dataclasses.replace(r2, **other))
        assert (refused.exit, refused.sentence) == (
            Exit.REFUSED,
            "run mine is open and brings r2, app@2; end it with `cutover resume`, "
            "`cutover rollback` or `cutover abort`, and give another --run-id, or none",
        )
    assert len(desk.store.entries) == entries
    assert desk.session.deploy(dataclasses.replace(r2, schema_max=1)).exit == Exit.DONE


FOREIGN: dict[Slot, int] = {"blue": 30, "green": 70}


def test_a_rollback_goes_on_over_weights_that_came_after_its_intent(desk: Desk) -> None:
    """One order is enough: the new intent says what was there."""
    kept_warm(desk)
    slow = [SETTING.call_seconds + 1]

    def interfere(call: str) -> None:
        if call == "append" and slow:
            desk.clock.at += slow.pop()
            desk.world.live = dict(FOREIGN)

    desk.store.fails = interfere
    back = desk.session.rollback()
    assert (back.exit, back.sentence) == (Exit.DONE, "r1 serves from blue")
    told = [e.data for e in desk.store.entries if e.run == "mine" and e.kind == "intent"]
    assert [data["before"] for data in told] == [{"blue": 0, "green": 100}, FOREIGN]
    assert desk.world.live == {"blue": 100, "green": 0}


def test_what_comes_after_its_write_a_rollback_leaves_for_a_person(desk: Desk) -> None:
    kept_warm(desk)

    def once_more(call: str) -> None:
        if call == "weights" and desk.world.live == {"blue": 100, "green": 0}:
            desk.world.live = dict(FOREIGN)

    desk.world.fails = once_more
    held = desk.session.rollback()
    assert held.exit == Exit.FOREIGN_CHANGE
    assert desk.world.live == FOREIGN
    assert desk.session.resume().exit == Exit.FOREIGN_CHANGE
    desk.world.fails = lambda _call: None
    assert desk.session.rollback().exit == Exit.DONE


@pytest.mark.parametrize(
    ("changes", "steps", "tasks"),
    [
        ({}, ["top up blue", "shift blue 100"], 6),
        ({"dead": True}, ["shift blue 100"], 2),
        ({"foreign": True}, ["shift blue 100"], 2),
        ({"untold": True}, ["shift blue 100"], 2),
        ({"denied": True}, ["shift blue 100"], 2),
        ({"soon": True}, ["shift blue 100"], 2),
    ],
)
def test_a_warm_slot_that_was_outgrown_is_topped_up_where_users_can_wait(
    desk: Desk, changes: dict[str, bool], steps: list[str], tasks: int
) -> None:
    """At once where the live slot is dead, the traffic somebody else's, or ECS does not answer; and
    soon after the run, which has seen to it."""
    kept_warm(desk)
    desk.world.running["green"] = 6
    if not changes.get("soon"):
        desk.clock.at += SETTING.bake_seconds + SETTING.unwatched_seconds + 1

    def untold(call: str) -> None:
        if call == "services":
            raise Refused("denied") if changes.get("denied") else Unavailable("ECS is away")

    if changes.get("dead"):
        desk.world.healthy = lambda slot, running: 0 if slot == "green" else running
    if changes.get("foreign"):
        desk.world.live = dict(FOREIGN)
    if changes.get("untold") or changes.get("denied"):
        desk.world.fails = untold
    back = desk.session.rollback()
    assert (back.exit, back.sentence) == (Exit.DONE, "r1 serves from blue")
    (plan,) = [e.data["plan"] for e in desk.store.entries if (e.run, e.kind) == ("mine", "started")]
    assert [step["key"] for step in plan["steps"]] == steps
    assert desk.world.running["blue"] == tasks


def test_a_rollback_that_lost_what_it_went_to_gives_way_to_one_to_the_other_slot(
    desk: Desk,
) -> None:
    kept_warm(desk)

    whole: dict[Slot, int] = {"blue": 100, "green": 0}
    desk.write(
        DEPLOY,
        Draft("started", {"plan": plain(GOING_BACK), "reason": "incident", "by": "bob"}),
        Draft("intent", {"step": "shift blue 100", "before": desk.world.live, "after": whole}),
        Draft("committed", {"step": "shift blue 100", "weights": whole}),
        release=True,
    )
    desk.world.live = whole
    desk.world.healthy = lambda slot, running: 0 if slot == "blue" else running
    held = desk.session.resume()
    assert (held.exit, held.sentence) == (
        Exit.INVARIANT_BROKEN,
        "blue serves, and 0 of its 2 tasks are healthy",
    )
    given_up = desk.session.abort()
    assert (given_up.exit, given_up.state.run) == (Exit.INVARIANT_BROKEN, None)
    back = desk.session.rollback()
    assert (back.exit, back.sentence) == (Exit.DONE, "r2 serves from green")
    assert desk.world.live == {"blue": 0, "green": 100}


def test_what_is_adopted_is_what_was_seen_under_this_very_journal(desk: Desk) -> None:
    """While one person looks at what somebody has set, another goes back: both saw the same, and
    what the first one saw is no more."""
    live(desk, "r1", "r2")
    desk.world.live = {"blue": 50, "green": 50}
    desk.world.running["blue"] = 2

    def another_goes_back(call: str) -> None:
        if call == "health green":
            desk.world.fails = lambda _call: None
            order = dataclasses.replace(ORDER, run="theirs", pid=9)
            theirs = Session(desk.world, desk.store, desk.clock, SETTING, order)
            assert theirs.rollback().sentence == "r1 serves from blue"

    desk.world.fails = another_goes_back
    with pytest.raises(LeaseLost, match="changed since it was read"):
        desk.session.adopt()
    assert [entry.kind for entry in desk.store.entries].count("adopted") == 0
    assert desk.store.state.summary.committed == desk.world.live == {"blue": 100, "green": 0}


def test_nothing_is_adopted_while_somebody_is_at_work(desk: Desk) -> None:
    live(desk, "r1")
    desk.write(DEPLOY)
    desk.clock.meanwhile = lambda: desk.write(DEPLOY)
    with pytest.raises(LeaseLost, match=r"^deploy of ci \(run d1, ci\) is under way; "):
        desk.session.adopt()
    assert desk.store.lease.wanted == ""


THIRD = "the traffic rule forwards to blue, green, third"


def spoil(desk: Desk) -> None:
    """Somebody adds a third target group to the rule, which is there until it is written anew."""
    before = desk.world.live

    def foreign(call: str) -> None:
        if call == "weights" and desk.world.live is before:
            raise ForeignRule(THIRD)

    desk.world.fails = foreign


@pytest.mark.parametrize("serves", [True, False])
def test_a_rollback_writes_a_rule_anew_that_is_no_split(
    desk: Desk,
    serves: bool,  # noqa: FBT001 (a parameter of the test)
) -> None:
    """And at once, where the release before has to be filled again and the live one can serve."""
    live(desk, "r1", "r2")
    spoil(desk)
    if not serves:
        desk.world.healthy = lambda slot, running: 0 if slot == "green" else running
    with pytest.raises(ForeignRule, match=f"^{THIRD}$"):
        desk.session.deploy(dataclasses.replace(R1, release_id="r3"))
    back = desk.session.rollback()
    assert (back.exit, back.sentence) == (Exit.DONE, "r1 serves from blue")
    assert desk.world.live == {"blue": 100, "green": 0}
    told = [e.data for e in desk.store.entries if e.run == "mine"]
    assert {"what": THIRD} in told
    before = [data["before"] for data in told if "before" in data]
    assert before == [{"blue": 0, "green": 0}, {"blue": 0, "green": 100}][: 1 + serves]


def test_a_run_that_meets_a_rule_that_is_no_split_is_held_as_foreign(desk: Desk) -> None:
    live(desk, "r1")
    r2 = dataclasses.replace(R1, release_id="r2")

    def refuse(call: str) -> None:
        if call == "task":
            raise Refused("AWS denies ecs:DescribeTasks")

    desk.world.fails = refuse
    assert desk.session.deploy(r2).exit == Exit.HELD
    spoil(desk)
    held = desk.session.resume()
    assert (held.exit, held.sentence) == (Exit.FOREIGN_CHANGE, THIRD)
    # Given up, and the traffic is where it was; the rule is right again.
    given_up = desk.session.abort()
    assert (given_up.exit, given_up.sentence) == (Exit.DONE, "r1 serves from blue")


@pytest.mark.parametrize("spoilt", [False, True])
def test_weights_that_others_set_are_set_back_where_there_is_no_release_to_go_back_to(
    desk: Desk,
    spoilt: bool,  # noqa: FBT001 (a parameter of the test)
) -> None:
    live(desk, "r1")
    none = "r1 serves, and there is no release to go back to: green never served for good"
    assert desk.session.rollback().sentence.startswith(none)
    desk.world.live = {"blue": 30, "green": 70}
    if spoilt:
        spoil(desk)
    back = desk.session.rollback()
    assert (back.exit, back.sentence) == (Exit.DONE, "r1 serves from blue")
    assert desk.world.live == {"blue": 100, "green": 0}


def test_an_empty_environment_has_no_weights_to_set_back(desk: Desk) -> None:
    desk.world.live = {"blue": 30, "green": 70}
    refused = desk.session.rollback()
    assert (refused.exit, refused.sentence) == (
        Exit.REFUSED,
        "no release was ever live here, so there is none to go back to",
    )


@pytest.mark.parametrize("nobody", [False, True])
def test_a_rollback_that_was_overwritten_at_its_end_is_ordered_once_more(
    desk: Desk,
    nobody: bool,  # noqa: FBT001 (a parameter of the test)
) -> None:
    """All of its steps are done, and somebody has changed the weights before it could end."""
    live(desk, "r1")
    plan = {"plan": plain(GOING_BACK), "reason": "incident", "by": "bob"}
    whole = {"blue": 100, "green": 0}
    desk.write(
        DEPLOY,
        Draft("started", plan),
        Draft("intent", {"step": "shift blue 100", "before": whole, "after": whole}),
        Draft("committed", {"step": "shift blue 100", "weights": whole}),
        Draft("held", {"cause": "foreign", "reason": "somebody"}),
        release=True,
    )
    desk.world.live = {"blue": 30, "green": 70}
    if nobody:
        spoil(desk)
    assert desk.session.resume().exit == Exit.FOREIGN_CHANGE
    back = desk.session.rollback()
    assert (back.exit, back.sentence) == (Exit.DONE, "r1 serves from blue")
    assert desk.world.live == whole
