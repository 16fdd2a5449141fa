"""The journal: one chain, one meaning, and no damage that goes unseen."""

import dataclasses
import hashlib
import json
from collections.abc import Mapping, Sequence
from typing import Any, get_args

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cutover.decide.fold import fold
from cutover.decide.journal import Draft, Entry, Kind, Malformed, canonical, chain, plain
from cutover.decide.model import Filled, Page, Plan, Release, Step
from cutover.decide.run import Run, Write
from cutover.decide.state import FIRST_HASH, State, Summary
from tests import decisions as d

EMPTY = State()
AT = 1_800_000_000.25
RELEASE = Release(release_id="r42", image="app@sha256:00", schema_min=3, schema_max=4)
FILLED = Filled(release=RELEASE, task_definition="arn:td:1", tasks=2)
PAGE = Page(key="releases/r42/index.html", sha256="0c")
STEPS = (
    Step(key="migrate", kind="migrate", slot="green"),
    Step(key="fill", kind="fill", slot="green"),
    Step(key="smoke", kind="smoke", slot="green"),
    Step(key="to-5", kind="shift", slot="green", percent=5, seconds=60, timeout_seconds=300),
)
BACK = (Step(key="back", kind="shift", slot="blue", percent=100),)
PLAN = Plan(verb="deploy", entering="green", steps=STEPS, tasks=2, floor=1, release=RELEASE)
BEFORE, AFTER = {"blue": 100, "green": 0}, {"blue": 95, "green": 5}
EARLIER = Summary(
    committed={"blue": 100, "green": 0},
    committed_at=7.5,
    slots={"blue": dataclasses.replace(FILLED, task_definition="arn:td:0")},
    schema=3,
    outcome="done",
    last_run="r0",
)
STARTED = Draft("started", {"plan": plain(PLAN), "reason": "why", "by": "jane"})
ENDED = Draft("ended", {"outcome": "done", "summary": plain(EARLIER)})
TURNED = Draft(
    "turned",
    {"steps": [plain(step) for step in BACK], "reason": "slow", "by_hand": False, "aborts": False},
)
INTENT = Draft("intent", {"step": "to-5", "before": BEFORE, "after": AFTER})


def entries_of(
    *drafts: Draft, state: State = EMPTY, run: str = "r1", at: float = AT
) -> tuple[Entry, ...]:
    """As they come back from where they are kept: through JSON."""
    written = chain(drafts, state=state, run=run, token=1, at=at)
    return tuple(Entry(**json.loads(canonical(dataclasses.asdict(entry)))) for entry in written)


def after(*drafts: Draft, at: float = AT) -> State:
    """The state after an earlier run's end and these, a second after it."""
    earlier = fold(entries_of(ENDED, run="r0"))
    return fold(entries_of(*drafts, state=earlier, at=at), earlier)


def open_run(*drafts: Draft) -> Run:
    run = after(STARTED, *drafts).run
    assert run is not None
    return run


def signed(entry: Entry, **changes: Any) -> Entry:
    """A forgery with a hash that is right."""
    forged = dataclasses.replace(entry, **changes)
    return dataclasses.replace(forged, hash=forged.digest())


# The chain.


def test_the_hash_is_of_everything_else_in_canonical_json() -> None:
    (entry,) = entries_of(Draft("observed", {"what": "ä", "b": 0.1}))
    text = (
        '{"at":1800000000.25,"data":{"b":0.1,"what":"\\u00e4"},"kind":"observed",'
        f'"previous":"{"0" * 64}","run":"r1","sequence":1,"token":1}}'
    )
    assert entry.hash == hashlib.sha256(text.encode()).hexdigest()
    assert entry.previous == FIRST_HASH


def test_each_entry_holds_the_hash_of_the_one_before() -> None:
    one, two = entries_of(Draft("observed"), Draft("observed"))
    (three,) = entries_of(Draft("observed"), state=fold([one, two]))
    assert [entry.sequence for entry in (one, two, three)] == [1, 2, 3]
    assert [entry.previous for entry in (one, two, three)] == [FIRST_HASH, one.hash, two.hash]
    assert len({one.hash, two.hash, three.hash}) == 3


def test_no_drafts_make_no_entries() -> None:
    assert chain((), state=State(), run="r1", token=1, at=AT) == ()
    assert fold(()) == State()


def test_folding_may_go_on_where_it_stopped() -> None:
    entries = entries_of(ENDED, STARTED, INTENT, Draft("applied", {"step": "to-5"}))
    whole = fold(entries)
    for cut in range(len(entries) + 1):
        assert fold(entries[cut:], fold(entries[:cut])) == whole
    assert (whole.sequence, whole.hash) == (4, entries[-1].hash)


def test_folding_may_begin_with_an_end() -> None:
    entries = entries_of(STARTED, ENDED, Draft("observed"), STARTED, INTENT)
    assert fold(entries[1:]) == fold(entries)


# What entries mean.


def test_a_start_opens_the_run_of_its_plan() -> None:
    state = after(STARTED)
    assert state.summary == EARLIER
    assert state.run == Run(
        id="r1", plan=PLAN, steps=STEPS, started_at=AT, step_began_at=AT, watched_from=AT
    )
    back = dataclasses.replace(PLAN, verb="rollback", release=None)
    by_hand = after(Draft("started", {"plan": plain(back), "reason": "", "by": ""})).run
    assert by_hand is not None
    assert by_hand.by_hand is True
    assert by_hand.plan == back


def test_an_end_closes_the_run_and_says_what_outlives_it() -> None:
    summary = dataclasses.replace(EARLIER, schema=4, frozen="fair", frozen_until=9.5)
    state = after(STARTED, Draft("ended", {"outcome": "done", "summary": plain(summary)}))
    assert (state.run, state.summary) == (None, summary)


def test_a_write_goes_from_intent_to_commitment() -> None:
    intended = open_run(INTENT)
    assert intended.write == Write(step="to-5", before=BEFORE, after=AFTER)
    assert intended.explained == (BEFORE, AFTER)
    applied = open_run(INTENT, Draft("applied", {"step": "to-5", "weights": AFTER}))
    assert applied.write == intended.write
    converged = open_run(INTENT, Draft("converged", {"step": "to-5", "evidence": "5 of 100"}))
    assert converged.write == intended.write


def test_every_write_since_the_last_commitment_explains_what_is_live() -> None:
    turn_back = Draft("intent", {"step": "back", "before": AFTER, "after": BEFORE})
    run = open_run(INTENT, TURNED, turn_back)
    assert run.explained == (BEFORE, AFTER, AFTER, BEFORE)
    assert run.write == Write(step="back", before=AFTER, after=BEFORE)


def test_a_commitment_is_the_summarys_and_finishes_the_step() -> None:
    started = entries_of(ENDED, STARTED, INTENT)
    state = fold(started)
    committed = entries_of(
        Draft("committed", {"step": "to-5", "weights": AFTER}), state=state, at=AT + 60
    )
    state = fold(committed, state)
    assert (state.summary.committed, state.summary.committed_at) == (AFTER, AT + 60)
    assert state.run is not None
    assert (state.run.write, state.run.explained) == (None, ())
    assert state.run.done == {"to-5"}
    assert (state.run.started_at, state.run.step_began_at, state.run.watched_from) == (
        AT,
        AT + 60,
        AT + 60,
    )


@pytest.mark.parametrize(
    ("draft", "step"),
    [
        (Draft("filled", {"step": "fill", "slot": "green", "filled": plain(FILLED)}), "fill"),
        (Draft("emptied", {"step": "scale_in", "slot": "blue"}), "scale_in"),
        (Draft("passed", {"step": "smoke", "evidence": "ok"}), "smoke"),
    ],
    ids=lambda value: value.kind if isinstance(value, Draft) else None,
)
def test_steps_that_move_no_traffic_are_done(draft: Draft, step: str) -> None:
    assert open_run(draft).done == {step}


def test_what_runs_in_a_slot_is_the_summarys() -> None:
    blue = EARLIER.slots["blue"]
    filled = Draft("filled", {"step": "fill", "slot": "green", "filled": plain(FILLED)})
    state = after(STARTED, filled)
    assert state.summary.slots == {"blue": blue, "green": FILLED}
    assert state.releases == {"blue": "r42", "green": "r42"}
    emptied = Draft("emptied", {"step": "scale_in", "slot": "green"})
    assert after(STARTED, filled, emptied).summary.slots == {
        "blue": dataclasses.replace(blue, tasks=PLAN.floor),
        "green": dataclasses.replace(FILLED, tasks=0),
    }
    assert after(STARTED, emptied).summary.slots == {
        "blue": dataclasses.replace(blue, tasks=PLAN.floor)
    }


def test_who_serves_can_be_counted_on_with_what_it_has_when_a_deploy_begins() -> None:
    """Autoscaling has given it other numbers since it was filled, and waits until retire."""
    blue, green = EARLIER.slots["blue"], dataclasses.replace(FILLED, tasks=7)
    seven = dataclasses.replace(PLAN, tasks=7)
    assert blue.tasks != 7
    assert after(Draft("started", {"plan": plain(seven)})).summary.slots == {
        "blue": dataclasses.replace(blue, tasks=7)
    }
    back = dataclasses.replace(seven, verb="rollback")
    assert after(Draft("started", {"plan": plain(back)})).summary == EARLIER
    filled = Draft("filled", {"step": "fill", "slot": "green", "filled": plain(green)})
    emptied = Draft("emptied", {"step": "scale_in", "slot": "blue"})
    assert after(STARTED, filled, emptied).summary.slots == {
        "blue": dataclasses.replace(blue, tasks=0),
        "green": dataclasses.replace(green, tasks=PLAN.floor),
    }


def test_a_migration_is_the_summarys_and_its_step_is_not_yet_done() -> None:
    begun, migrated = after(STARTED), Draft("migrated", {"step": "migrate", "schema": 4})
    state = fold(entries_of(migrated, state=begun, at=AT + 9), begun)
    assert (state.run, state.summary.schema) == (begun.run, 4)


def test_a_way_back_that_is_lost_is_remembered_until_it_is_there_again() -> None:
    lost = Draft("forward_only", {"reason": "1 of 2"})
    assert open_run(lost).forward_only == "1 of 2"
    assert open_run(lost, Draft("forward_only", {"reason": ""})).forward_only == ""


def test_notes_are_kept_by_step_and_name() -> None:
    one = Draft("noted", {"step": "fill", "name": "asked", "value": "yes"})
    two = Draft("noted", {"step": "migrate", "name": "asked", "value": "arn:task"})
    assert open_run(one, two).notes == {"fill/asked": "yes", "migrate/asked": "arn:task"}


def test_a_hold_lasts_until_the_run_is_resumed_or_turned() -> None:
    held = Draft("held", {"cause": "gates", "reason": "no data"})
    resumed = Draft("resumed", {"reason": "", "by": "jane", "by_hand": False})
    assert (open_run(held).held, open_run(held).cause) == ("no data", "gates")
    for draft in (resumed, TURNED):
        run = open_run(held, draft)
        assert (run.held, run.cause) == (None, None)


def test_what_a_person_goes_on_in_spite_of_is_the_plan_s_from_then_on() -> None:
    data = {"reason": "", "by": "jane", "by_hand": False}
    assert open_run(Draft("resumed", data)).plan.despite == ()
    run = open_run(Draft("resumed", {**data, "despite": ["alarms"]}), Draft("resumed", data))
    assert run.plan == dataclasses.replace(PLAN, despite_alarms=True)
    assert malformed(entries_of(STARTED, Draft("resumed", {**data, "despite": ["fate"]}))) == (
        "entry 2 of the journal (resumed) can't be read (TypeError); "
        "it was written by another version of this program"
    )


def test_a_resumed_run_is_watched_anew() -> None:
    state = after(STARTED, INTENT)
    resumed = Draft("resumed", {"reason": "", "by": "jane", "by_hand": False})
    run = fold(entries_of(resumed, state=state, at=AT + 9), state).run
    assert run is not None
    assert (run.step_began_at, run.watched_from, run.started_at) == (AT + 9, AT + 9, AT)
    assert run.write is not None
    by_hand = Draft("resumed", {"reason": "", "by": "jane", "by_hand": True})
    assert open_run(INTENT, by_hand).write is None


def test_a_smoke_that_passed_is_when_the_release_began_to_answer() -> None:
    state = after(STARTED)
    for step, smoked_at in (("fill", 0), ("smoke", AT + 7)):
        passed = Draft("passed", {"step": step, "evidence": "ok"})
        run = fold(entries_of(passed, state=state, at=AT + 7), state).run
        assert run is not None
        assert run.smoked_at == smoked_at


def test_the_last_latency_that_a_gate_knew_is_kept() -> None:
    known = Draft("passed", {"step": "1", "evidence": "ok", "home_latency_seconds": 0.3})
    later = Draft("passed", {"step": "2", "evidence": "ok", "home_latency_seconds": 0.4})
    unknown = Draft("passed", {"step": "3", "evidence": "ok"})
    assert open_run(unknown).home_latency_seconds is None
    assert open_run(known, unknown).home_latency_seconds == 0.3
    assert open_run(known, later, unknown).home_latency_seconds == 0.4


def test_a_turn_replaces_the_steps() -> None:
    passed = Draft("passed", {"step": "smoke", "evidence": "ok"})
    run = open_run(passed, INTENT, TURNED)
    assert (run.turned, run.steps, run.done, run.write) == ("slow", BACK, frozenset(), None)
    assert run.explained == (BEFORE, AFTER)
    assert (run.by_hand, run.aborts) == (False, False)
    by_hand = Draft("turned", {**TURNED.data, "by_hand": True, "aborts": True})
    assert (open_run(by_hand).by_hand, open_run(by_hand).aborts) == (True, True)


def test_weights_that_were_adopted_are_the_committed_ones() -> None:
    adopted = Draft("adopted", {"weights": AFTER, "by": "jane"})
    run = open_run(INTENT, adopted)
    assert (run.write, run.explained) == (None, ())
    state = after(adopted)
    assert (state.run, state.summary.committed, state.summary.committed_at) == (None, AFTER, AT)


@pytest.mark.parametrize(
    ("key", "green", "stands_at"),
    [
        # On the rung at or below, whose gates hold once more; what lies behind it is yet to come.
        ("shift green 50", 10, "watch 10"),
        ("shift green 50", 49, "watch 10"),
        ("shift green 10", 50, "watch 50"),
        ("shift green 50", 99, "watch 50"),
        ("shift green 10", 100, "bake"),
        ("empty blue", 99, "watch 50"),
        ("empty blue", 100, "bake"),
        # Below the first one the ladder begins anew.
        ("empty blue", 9, "shift green 10"),
        ("bake", 0, "shift green 10"),
        # What prepares the slot is not done by anybody's weights.
        ("smoke green", 0, "smoke green"),
        ("fill green", 50, "fill green"),
    ],
)
def test_a_run_stands_on_its_ladder_where_adopted_weights_put_it(
    key: str, green: int, stands_at: str
) -> None:
    run = d.open_run(d.reached(key, d.adopted({"blue": 100 - green, "green": green})))
    assert run.step is not None
    assert run.step.key == stands_at


def test_adopted_weights_leave_what_goes_back_and_other_verbs_where_they_are() -> None:
    other = d.adopted(d.FOREIGN)
    going_back = d.go_on(d.reached("bake"), d.turning(d.FILL_BLUE, d.SHIFT_BLUE))
    filled = d.go_on(going_back, *d.finishing(going_back, d.FILL_BLUE))
    assert d.open_run(d.go_on(filled, other)).done == {"fill blue"}
    rolled_back = d.reached("shift blue 100", other, plan=d.ROLLBACK, summary=d.summary())
    assert d.open_run(rolled_back).done == frozenset()
    moved = d.go_on(rolled_back, *d.finishing(rolled_back, d.SHIFT_BLUE))
    assert d.open_run(d.go_on(moved, other)).done == {"shift blue 100"}


def test_a_way_back_that_is_ordered_again_does_its_last_change_of_weights_again() -> None:
    first = Step(key="shift green 100", kind="shift", slot="green", percent=100)
    more = Step(key="top up blue", kind="top_up", slot="blue")
    plan = d.with_plan(d.ROLLBACK, steps=(more, first, d.SHIFT_BLUE))
    state = d.reached("shift blue 100", plan=plan, summary=d.summary(committed=d.ALL_GREEN))
    moved = d.go_on(state, *d.finishing(state, d.SHIFT_BLUE))
    again = d.open_run(d.go_on(moved, d.resumed(by_hand=True)))
    assert again.done == {"top up blue", "shift green 100"}
    # Nothing is waited for that was not done before either.
    early = d.started(d.resumed(by_hand=True), plan=plan, summary=d.summary())
    assert d.open_run(early).done == {"top up blue"}


def test_a_write_that_is_gone_on_with_later_is_marked_until_it_is_ordered_anew() -> None:
    again = open_run(INTENT, d.resumed())
    assert again.write == Write(step="to-5", before=BEFORE, after=AFTER, resumed=True)
    assert open_run(INTENT, d.resumed(by_hand=True)).write is None
    assert open_run(d.resumed()).write is None


def test_a_freeze_outlives_runs_and_needs_none() -> None:
    frozen = Draft("frozen", {"reason": "fair", "by": "jane", "until": 9.5})
    for drafts in ((frozen,), (STARTED, frozen)):
        summary = after(*drafts).summary
        assert (summary.frozen, summary.frozen_until) == ("fair", 9.5)
    assert after(STARTED, frozen).run == after(STARTED).run
    assert after(frozen, Draft("unfrozen", {"reason": "", "by": "jane"})).summary == EARLIER


def test_an_observation_changes_nothing_but_the_chain() -> None:
    observed = after(STARTED, Draft("observed", {"what": "odd"}))
    plain_state = after(STARTED)
    assert (observed.run, observed.summary) == (plain_state.run, plain_state.summary)
    assert observed.sequence == plain_state.sequence + 1


# Damage.

JOURNAL = entries_of(
    STARTED,
    Draft("noted", {"step": "fill", "name": "asked", "value": "yes"}),
    INTENT,
    Draft("applied", {"step": "to-5", "weights": AFTER}),
    Draft("committed", {"step": "to-5", "weights": AFTER}),
    ENDED,
    Draft("observed", {"what": "odd"}),
)


def malformed(entries: Sequence[Entry]) -> str:
    with pytest.raises(Malformed) as error:
        fold(entries)
    return str(error.value)


def test_the_journal_of_these_tests_is_sound() -> None:
    assert fold(JOURNAL).sequence == 7
    assert fold(JOURNAL).summary == EARLIER


@pytest.mark.parametrize("position", range(len(JOURNAL)))
@pytest.mark.parametrize(
    "changes",
    [
        {"at": AT + 1},
        {"token": 2},
        {"run": "r2"},
        {"kind": "unfrozen"},
        {"data": {}},
        {"previous": "f" * 64},
        {"hash": "f" * 64},
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_a_changed_entry_is_named(position: int, changes: Mapping[str, Any]) -> None:
    entries = list(JOURNAL)
    entries[position] = dataclasses.replace(entries[position], **changes)
    assert malformed(entries) == (
        f"entry {position + 1} of the journal was changed after it was written"
    )


@pytest.mark.parametrize("position", range(len(JOURNAL) - 1))
def test_an_entry_that_was_signed_anew_breaks_the_next(position: int) -> None:
    entries = list(JOURNAL)
    entries[position] = signed(entries[position], token=9)
    # An end begins a journal of its own, but not in the middle of another.
    assert malformed(entries) == (
        f"entry {position + 2} of the journal does not follow its forerunner"
    )


@pytest.mark.parametrize("position", range(len(JOURNAL) - 1))
def test_a_missing_entry_is_seen(position: int) -> None:
    entries = [*JOURNAL[:position], *JOURNAL[position + 1 :]]
    assert malformed(entries) == (
        f"entry {position + 2} of the journal does not follow its forerunner"
    )


def test_entries_twice_or_in_another_order_are_seen() -> None:
    one, two, three = JOURNAL[:3]
    assert malformed([one, one]) == "entry 1 of the journal does not follow its forerunner"
    assert malformed([one, three, two]) == "entry 3 of the journal does not follow its forerunner"


def test_a_journal_does_not_begin_in_the_middle() -> None:
    for position in (1, 2, 3, 4, 6):
        assert malformed(JOURNAL[position:]) == (
            f"entry {position + 1} of the journal does not follow its forerunner"
        )


def test_a_first_entry_has_no_forerunner() -> None:
    assert malformed([signed(JOURNAL[0], previous="f" * 64)]) == (
        "entry 1 of the journal does not follow its forerunner"
    )


def test_a_number_is_left_out_by_nobody() -> None:
    one, two = JOURNAL[:2]
    assert malformed([one, signed(two, sequence=3)]) == (
        "entry 3 of the journal does not follow its forerunner"
    )


def test_an_end_in_the_middle_must_follow_too() -> None:
    assert malformed([JOURNAL[0], JOURNAL[5]]) == (
        "entry 6 of the journal does not follow its forerunner"
    )


NEEDS_A_RUN = sorted(
    {*get_args(Kind)} - {"started", "ended", "frozen", "unfrozen", "observed", "adopted", "kept"}
)


@pytest.mark.parametrize("kind", NEEDS_A_RUN)
def test_a_step_of_no_run_is_malformed(kind: Kind) -> None:
    data = {
        "step": "x",
        "slot": "blue",
        "schema": 4,
        "weights": AFTER,
        "filled": plain(FILLED),
        **TURNED.data,
        **INTENT.data,
    }
    assert malformed(entries_of(Draft(kind, data))) == (
        f"entry 1 of the journal ({kind}) can't be read (KeyError); "
        "it was written by another version of this program"
    )


READS = {
    "started": STARTED.data,
    "ended": ENDED.data,
    "frozen": {"reason": "fair", "until": None},
    "adopted": {"weights": AFTER},
    "committed": {"step": "to-5", "weights": AFTER},
    "filled": {"step": "fill", "slot": "green", "filled": plain(FILLED)},
    "emptied": {"step": "scale_in", "slot": "blue"},
    "migrated": {"schema": 4},
    "forward_only": {"reason": "1 of 2"},
    "resumed": {"by_hand": False},
    "intent": INTENT.data,
    "pointing": {"step": "point green", "before": "", "after": plain(PAGE)},
    "pointed": {"step": "point green", "page": plain(PAGE)},
    "kept": {"step": "", "page": plain(PAGE)},
    "noted": {"step": "fill", "name": "asked", "value": "yes"},
    "passed": {"step": "smoke"},
    "turned": TURNED.data,
    "raised": {"tasks": 9},
    "grown": {"slot": "green", "tasks": 9},
    "paused": {"reason": "fair"},
    "held": {"cause": "gates", "reason": "no data"},
}
IGNORED = {("started", "reason"), ("started", "by"), ("ended", "outcome")}


@pytest.mark.parametrize(
    ("kind", "name"),
    [(kind, name) for kind, data in READS.items() for name in data if (kind, name) not in IGNORED],
)
def test_an_entry_without_what_it_must_hold_is_malformed(kind: Kind, name: str) -> None:
    whole = dict(READS[kind])
    before = [] if kind == "started" else [STARTED]
    fold(entries_of(*before, Draft(kind, whole)))
    del whole[name]
    assert malformed(entries_of(*before, Draft(kind, whole))) == (
        f"entry {len(before) + 1} of the journal ({kind}) can't be read (KeyError); "
        "it was written by another version of this program"
    )


@pytest.mark.parametrize(
    ("kind", "data", "error"),
    [
        ("started", {"plan": {**plain(PLAN), "verb": "destroy"}}, "ValidationError"),
        ("started", {"plan": {**plain(PLAN), "tasks": None}}, "ValidationError"),
        ("ended", {"summary": {"committed": {"red": 100}}}, "ValidationError"),
        ("ended", {"summary": "all is well"}, "ValidationError"),
        ("filled", {"step": "fill", "slot": "green", "filled": {}}, "ValidationError"),
        ("committed", {"step": "to-5", "weights": "odd"}, "ValueError"),
        ("committed", {"step": "to-5", "weights": None}, "TypeError"),
        ("passed", {"step": []}, "TypeError"),
        ("pointing", {"step": "x", "before": "", "after": {"key": "x"}}, "ValidationError"),
        ("pointed", {"step": "x", "page": "x"}, "ValidationError"),
        ("turned", {**TURNED.data, "steps": "none"}, "ValidationError"),
        ("held", None, "TypeError"),
    ],
)
def test_an_entry_of_another_shape_is_malformed(kind: Kind, data: Any, error: str) -> None:
    before = [] if kind == "started" else [STARTED]
    assert malformed(entries_of(*before, Draft(kind, data))) == (
        f"entry {len(before) + 1} of the journal ({kind}) can't be read ({error}); "
        "it was written by another version of this program"
    )


VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["step", "slot", "weights", "plan", "summary", "blue", "x"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None, derandomize=True)
@given(
    kind=st.sampled_from(get_args(Kind)),
    changes=st.dictionaries(
        st.sampled_from(sorted({name for data in READS.values() for name in data})),
        VALUES,
        max_size=3,
    ),
    starts=st.booleans(),
)
def test_whatever_an_entry_holds_it_is_read_or_malformed(
    kind: Kind, changes: dict[str, Any], *, starts: bool
) -> None:
    """Signed as it should be, so that only its shape can be wrong."""
    drafts = [STARTED] if starts else []
    entries = entries_of(*drafts, Draft(kind, {**READS.get(kind, {}), **changes}))
    try:
        state, sentence = fold(entries), ""
    except Malformed as error:
        state, sentence = None, str(error)
    if state:
        assert (state.sequence, state.hash) == (len(entries), entries[-1].hash)
    else:
        assert sentence.startswith(f"entry {len(entries)} of the journal ({kind}) can't be read")


@settings(max_examples=200, deadline=None, derandomize=True)
@given(data=st.dictionaries(st.text(max_size=5), VALUES, max_size=4), at=st.floats(0, 1e12))
def test_whatever_is_written_comes_back_with_the_same_hash(data: dict[str, Any], at: float) -> None:
    (entry,) = entries_of(Draft("observed", data), at=at)
    assert (entry.data, entry.at) == (data, at)
    assert fold([entry]).hash == entry.hash
