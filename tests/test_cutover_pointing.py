"""The pointer moves behind the traffic, both ways, and never over somebody else's page."""

from typing import Any

import pytest

from cutover.decide import pointer
from cutover.decide.actions import Append, Look, Point, Wait
from cutover.decide.journal import Draft, plain
from cutover.decide.live import Health, Index, Live
from cutover.decide.model import Page, Plan, Release, Terms
from cutover.decide.next_action import next_action
from cutover.decide.outcome import Exit, Result
from cutover.decide.planning import deploy, rollback
from cutover.decide.pointing import point_to
from cutover.decide.state import State
from tests import decisions as d

P1 = Page(key="r1.html", sha256="01")
P2 = Page(key="r2.html", sha256="02")
HERE, THERE = Index(etag="e1", version="v1", sha256="01"), Index(etag="e2", sha256="02")
STRANGE = Index(etag="e9", version="v9", sha256="09")
R2 = Release(release_id="r2", image="app@2", schema_min=2, schema_max=3, page=P2)
BEFORE = d.summary(page=P1, pages={"blue": P1})
PLAN = deploy(
    d.ended(BEFORE),
    d.ALL_BLUE,
    d.services(desired=0, running=0),
    R2,
    d.SETTING,
    Terms(retire=False),
)
POINT = PLAN.steps[-2]
POINTING = Draft("pointing", {"step": "point green", "before": "01", "after": plain(P2)})
POINTED = Draft("pointed", {"step": "point green", "page": plain(P2), "evidence": "seen"})


def at_the_point(*drafts: Draft, plan: Plan = PLAN, **changes: Any) -> State:
    return d.reached("point green", *drafts, plan=plan, summary=d.summary(**_known(changes)))


def _known(changes: dict[str, Any]) -> dict[str, Any]:
    return {"page": P1, "pages": {"blue": P1}, **changes}


def foreign(found: str, left: str) -> Append:
    return d.held(
        "foreign",
        f"{found}, and the journal {left}: somebody else has changed it; `cutover resume --adopt` "
        "keeps it as it is, `cutover rollback` sets it back",
    )


def test_it_is_moved_between_all_of_the_traffic_and_the_bake() -> None:
    keys = [step.key for step in PLAN.steps]
    assert keys[-4:] == ["watch 50", "shift green 100", "point green", "bake"]
    assert (POINT.page, POINT.timeout_seconds) == (P2, 300)


def test_the_first_release_gets_its_page_last() -> None:
    first = deploy(State(), d.ALL_BLUE, d.services(), R2, d.SETTING)
    keys = [step.key for step in first.steps]
    assert keys == ["migrate", "fill blue", "smoke blue", "shift blue 100", "point blue"]


def test_a_release_without_a_page_leaves_it_alone() -> None:
    plan = deploy(d.ended(BEFORE), d.ALL_BLUE, d.services(), d.R2, d.SETTING)
    assert "point green" not in {step.key for step in plan.steps}


def test_from_the_intent_to_the_proof() -> None:
    state = at_the_point()
    assert d.ask(point_to, state) == Look(at="index")
    assert d.ask(point_to, state, index=HERE) == Append(drafts=(POINTING,))
    state = at_the_point(POINTING)
    assert d.ask(point_to, state, index=HERE) == Point(page=P2, etag="e1")
    assert d.ask(point_to, state, index=THERE) == Look(at="shown")
    assert d.ask(point_to, state, index=THERE, shown="01") == Wait(
        seconds=4, why="the public path shows another page than r2.html"
    )
    assert d.ask(point_to, state, index=THERE, shown="") == Wait(
        seconds=4, why="the public path shows no page, and not r2.html"
    )
    evidence = "the public path shows r2.html (SHA-256 02)"
    data = {"step": "point green", "page": plain(P2), "evidence": evidence}
    assert d.ask(point_to, state, index=THERE, shown="02") == Append(
        drafts=(Draft("pointed", data),)
    )


def test_the_first_page_is_written_where_there_is_none() -> None:
    state = at_the_point(page=None, pages={})
    intent = Draft("pointing", {**POINTING.data, "before": ""})
    assert d.ask(point_to, state, index=Index()) == Append(drafts=(intent,))
    state = at_the_point(intent, page=None, pages={})
    assert d.ask(point_to, state, index=Index()) == Point(page=P2, etag="")


def test_what_is_there_already_is_not_written_again() -> None:
    assert d.ask(point_to, at_the_point(), index=THERE) == Look(at="shown")


def test_somebody_else_s_page_is_not_overwritten() -> None:
    another = foreign("index.html is another", "left r1.html there")
    assert d.ask(point_to, at_the_point(), index=STRANGE) == another
    assert d.ask(point_to, at_the_point(POINTING), index=STRANGE) == another
    gone = foreign("there is no index.html in the bucket", "left r1.html there")
    assert d.ask(point_to, at_the_point(), index=Index()) == gone
    never = foreign("index.html is another", "has never written one")
    assert d.ask(point_to, at_the_point(page=None, pages={}), index=HERE) == never


def test_a_freeze_stops_it_as_any_step_forward() -> None:
    frozen = at_the_point(d.frozen())
    action = d.ask(point_to, frozen, index=HERE)
    assert action == d.held(
        "frozen",
        "stopped by `cutover freeze` until `cutover unfreeze`: fair; `cutover resume` goes on when "
        "it is over",
    )
    despite = at_the_point(d.frozen(), plan=d.with_plan(PLAN, despite_freeze=True))
    assert d.ask(point_to, despite, index=HERE) == Append(drafts=(POINTING,))


def test_no_page_before_all_of_the_traffic() -> None:
    state = d.started(plan=d.with_plan(PLAN, steps=(POINT,)), summary=BEFORE)
    assert d.ask(point_to, state) == d.held(
        "invariant", "green has not all of the traffic, and gets no page"
    )


def test_the_bake_counts_from_the_new_page_on() -> None:
    before = d.open_run(at_the_point(POINTING)).watched_from
    baking = d.open_run(d.go_on(at_the_point(POINTING), POINTED))
    assert baking.watched_from > before
    assert d.current(d.go_on(at_the_point(POINTING), POINTED)).key == "bake"


def late(state: State, **seen: Any) -> Any:
    return next_action(state, Live(**seen), d.open_run(state).step_began_at + 301, d.SETTING)


LATE = (
    "index.html did not become r2.html within 300 s, as seen on the public path; green has all of "
    "the traffic"
)


def test_a_page_that_is_not_seen_in_time_turns_the_run_weights_first() -> None:
    well = {"blue": Health(healthy=4, total=4)}
    back = pointer.point("blue", P1)
    assert late(at_the_point(POINTING), health=well) == d.back(LATE, d.SHIFT_BLUE, back)
    # Nothing was written, so there is nothing to bring back.
    assert late(at_the_point(), health=well) == d.back(LATE, d.SHIFT_BLUE)


def test_the_first_release_of_all_has_nowhere_to_go() -> None:
    plan = deploy(State(), d.ALL_BLUE, d.services(), R2, d.SETTING)
    empty = d.summary(committed=None, slots={}, page=None, pages={})
    state = d.reached("point blue", plan=plan, summary=empty)
    assert late(state) == d.held("late", LATE.replace("green", "blue"))


def test_by_hand_it_goes_back_over_whatever_is_there() -> None:
    turned = d.turning(pointer.point("blue", P1), by_hand=True)
    state = d.go_on(at_the_point(POINTING), *d.committing("shift blue 100", d.ALL_BLUE, "x"))
    state = d.go_on(state, turned)
    intent = Draft("pointing", {"step": "point blue", "before": "09", "after": plain(P1)})
    assert d.ask(point_to, state, index=STRANGE) == Append(drafts=(intent,))
    assert d.ask(point_to, d.go_on(state, intent), index=STRANGE) == Point(page=P1, etag="e9")


@pytest.mark.parametrize(
    ("drafts", "by_hand", "changes", "expected"),
    [
        ((), False, {}, None),
        ((), True, {}, P1),
        ((POINTING,), False, {}, P1),
        ((POINTING, POINTED), False, {}, P1),
        ((POINTING,), True, {"page": None, "pages": {}}, None),
        ((POINTING,), True, {"pages": {"blue": Page(key="index.html", sha256="")}}, None),
    ],
)
def test_the_way_back(
    drafts: tuple[Draft, ...], by_hand: Any, changes: dict[str, Any], expected: Page | None
) -> None:
    state = at_the_point(*drafts, **changes)
    steps = pointer.way_back(state, d.open_run(state), by_hand=by_hand)
    assert [step.page for step in steps] == ([expected] if expected else [])


def test_before_all_of_the_traffic_not_even_a_person_asks_s3() -> None:
    state = d.reached("shift green 100", plan=PLAN, summary=BEFORE)
    assert pointer.way_back(state, d.open_run(state), by_hand=True) == ()


def test_a_rollback_brings_back_the_page_of_its_release_last() -> None:
    slots = {"blue": d.BLUE, "green": d.GREEN}
    live = d.summary(committed=d.ALL_GREEN, slots=slots, page=P2, pages={"blue": P1, "green": P2})
    plan = rollback(d.ended(live), None, d.SETTING)
    assert plan.steps == (d.SHIFT_BLUE, pointer.point("blue", P1))
    same = d.summary(committed=d.ALL_GREEN, slots=slots, page=P1, pages={"blue": P1})
    assert rollback(d.ended(same), None, d.SETTING).steps == (d.SHIFT_BLUE,)


def test_a_run_that_has_moved_it_looks_again_before_it_ends() -> None:
    state = d.go_on(
        at_the_point(POINTING), POINTED, Draft("passed", {"step": "bake", "evidence": "well"})
    )
    seen: dict[str, Any] = {"weights": d.ALL_GREEN, "health": d.targets(4, 4)}
    decide = lambda **more: next_action(state, Live(**seen, **more), 2_000.0, d.SETTING)  # noqa: E731
    assert decide() == Look(at="index")
    assert decide(index=STRANGE) == foreign("index.html is another", "left r2.html there")
    ended = decide(index=THERE)
    assert isinstance(ended, Append)
    summary = d.go_on(state, *ended.drafts).summary
    assert (summary.page, summary.pages) == (P2, {"blue": P1, "green": P2})


def test_a_deploy_is_refused_over_a_page_of_somebody_else_s() -> None:
    state = d.ended(BEFORE)
    assert pointer.refusal(state, P2, HERE) is None
    assert pointer.refusal(state, P2, THERE) is None
    assert pointer.refusal(state, P2, STRANGE) == (
        "index.html is another, and the journal left r1.html there: somebody else has changed it; "
        "`cutover verify --adopt` takes it as it is"
    )
    assert pointer.refusal(State(), P2, STRANGE) == (
        "index.html is another, and the journal has never written one: somebody else has changed "
        "it; nothing was ever live here, so move it to a key of its own"
    )


def test_what_a_person_takes_as_right_can_be_gone_back_to() -> None:
    assert pointer.adoption(d.ended(BEFORE), HERE, "ann") is None
    draft = pointer.adoption(d.ended(BEFORE), STRANGE, "ann")
    page = Page(key="index.html", sha256="09", version="v9")
    assert draft == Draft("kept", {"page": plain(page), "step": "", "by": "ann"})
    summary = d.go_on(d.ended(BEFORE), draft).summary
    assert (summary.page, summary.pages) == (page, {"blue": page})


def test_a_run_that_is_held_for_it_goes_on_behind_it() -> None:
    state = d.go_on(at_the_point(), Draft("held", {"cause": "foreign", "reason": "x"}))
    draft = pointer.adoption(state, STRANGE, "ann")
    assert draft is not None
    assert draft.data["step"] == "point green"
    assert d.current(d.go_on(state, draft, d.resumed())).key == "bake"
    assert pointer.adoption(at_the_point(), HERE, "ann") is None


def test_nobody_asks_s3_where_no_page_was_ever_written() -> None:
    assert not pointer.concerns(d.ended())
    assert not pointer.concerns(at_the_point(page=None, pages={}))
    assert pointer.concerns(d.ended(BEFORE))


def test_verify_compares_bucket_and_public_path() -> None:
    found = Result(exit=Exit.DONE, sentence="all is well", state=d.ended(BEFORE))
    well = pointer.verdict(found, P1, HERE, "01")
    assert (well.exit, well.sentence) == (Exit.DONE, "all is well; index.html is r1.html")
    assert pointer.verdict(found, P1, STRANGE, "09").exit is Exit.FOREIGN_CHANGE
    unseen = pointer.verdict(found, P1, HERE, "02")
    assert (unseen.exit, unseen.sentence) == (
        Exit.INVARIANT_BROKEN,
        "index.html is r1.html, and the public path does not show it",
    )
