"""In a freeze a run waits on its ladder with its gates: back when they fail, on when it is over."""

import dataclasses
from typing import Any

import pytest
from decisions import (
    ALL_BLUE,
    DEPLOY,
    FOREIGN,
    HALF,
    QUIET_ALARMS,
    SETTING,
    SHIFT_BLUE,
    TEN,
    back,
    foreign,
    frozen,
    go_on,
    held,
    intent,
    open_run,
    reached,
    resumed,
    sample,
    services,
    targets,
    turning,
    with_plan,
)
from test_cutover_session import R1, Desk, live

from cutover.decide.actions import Action, Append, Look, Wait
from cutover.decide.holding import stopped
from cutover.decide.journal import Draft
from cutover.decide.live import Live, Sample
from cutover.decide.next_action import next_action
from cutover.decide.outcome import Exit
from cutover.decide.state import State
from cutover.do.taking import write_letter
from infra.outputs import Slot

REASON = "stopped by `cutover freeze` until `cutover unfreeze`: fair"
PAUSED = Draft("paused", {"reason": REASON})
BETWEEN = reached("shift green 50", frozen())
# Since 3,000, and the deadline of the shift is 300 s.
WAITING = go_on(BETWEEN, PAUSED, at=3_000.0)
THAWED = go_on(WAITING, Draft("unfrozen", {"reason": "", "by": "ann"}))
LONG = SETTING.pause_seconds


def decide(state: State, now: float, **changes: Any) -> Action:
    """Ten percent of the traffic are green's, and all is well but for the changes."""
    seen: dict[str, Any] = {
        "weights": TEN,
        "health": targets(4, 4),
        "alarms": QUIET_ALARMS,
        "samples": {"blue": sample(9_000, now), "green": sample(1_000, now)},
    }
    return next_action(state, Live(**(seen | changes)), now, SETTING)


def goes_on(reason: str) -> Append:
    data = {"reason": reason, "by": "the run itself", "by_hand": False}
    return Append(drafts=(Draft("resumed", data),))


def test_only_between_two_rungs_does_a_run_wait_with_its_gates() -> None:
    for key, there in (("shift green 10", False), ("shift green 50", True), ("quiet blue", False)):
        state = go_on(reached(key), frozen())
        found = stopped(state, open_run(state), 2_000.0, SETTING)
        hold = held("frozen", f"{REASON}; `cutover resume` goes on when it is over")
        assert found == (Append(drafts=(PAUSED,)) if there else hold)
    despite = reached("shift green 50", frozen(), plan=with_plan(DEPLOY, despite_freeze=True))
    assert stopped(despite, open_run(despite), 2_000.0, SETTING) is None


def test_it_waits_for_as_long_as_a_job_may_live() -> None:
    for now in (3_001.0, 3_000.0 + LONG):
        assert decide(WAITING, now) == Wait(seconds=4, why=REASON)
    assert decide(WAITING, 3_000.5 + LONG) == held(
        "frozen", f"{REASON}; `cutover resume` goes on when it is over"
    )


def test_a_failure_turns_it_back_while_it_waits() -> None:
    for state in (WAITING, THAWED):
        bad = {"blue": sample(9_000, 5_000.0), "green": sample(1_000, 5_000.0, errors=50)}
        turned = decide(state, 5_000.0, samples=bad)
        assert turned == back(
            "50 of 1,000 answers of green to users were errors (5.00%); 0.10% allowed", SHIFT_BLUE
        )
        assert not open_run(go_on(state, *turned.drafts)).paused


def test_tasks_that_are_lost_turn_it_back_and_a_lost_way_back_is_told() -> None:
    few = "only 1 of the 4 tasks of green are healthy"
    assert decide(WAITING, 5_000.0, health=targets(4, 1)) == back(few, SHIFT_BLUE)
    lost = Draft("forward_only", {"reason": "3 of the 4 tasks of blue, the way back, are healthy"})
    assert decide(WAITING, 5_000.0, health=targets(3, 4)) == Append(drafts=(lost,))


def test_the_gates_look_back_no_further_than_a_bake() -> None:
    assert decide(WAITING, 9_000.0, samples=None) == Look(
        at="samples", since=9_000.0 - SETTING.bake_seconds
    )
    just = go_on(reached("shift green 50", resumed(), at=2_990.0), frozen(), PAUSED, at=3_000.0)
    assert decide(just, 3_001.0, samples=None) == Look(at="samples", since=2_990.0)


def test_when_the_freeze_is_over_it_goes_on_with_a_new_deadline_once_the_gates_pass() -> None:
    loud = QUIET_ALARMS | {"database": "ALARM"}
    doubt = "alarm database is ALARM"
    assert decide(THAWED, 9_000.0, alarms=loud) == Wait(seconds=4, why=doubt)
    assert decide(WAITING, 9_000.0, alarms=loud) == Wait(seconds=4, why=f"{REASON}; {doubt}")
    assert decide(THAWED, 3_001.0 + LONG, alarms=loud) == held(
        "gates", f"the gates at 10 % can't tell: {doubt}"
    )
    assert decide(THAWED, 9_000.0) == goes_on("the freeze is over")
    again = go_on(THAWED, *goes_on("the freeze is over").drafts, at=9_000.0)
    assert decide(again, 9_300.0, services=services()) == Append(
        drafts=(intent("shift green 50", TEN, HALF),)
    )


def test_a_write_that_comes_late_is_no_step_in_the_freeze_and_is_proven() -> None:
    asked = go_on(reached("shift green 50", intent("shift green 50", TEN, HALF)), frozen(), PAUSED)
    now = open_run(asked).step_began_at + 1
    assert decide(asked, now) == Wait(seconds=4, why=REASON)
    assert decide(asked, now, weights=HALF) == goes_on(
        "the weights that were asked for before the freeze have come"
    )
    assert decide(asked, now, weights=FOREIGN) == foreign("blue 70, green 30", "blue 90, green 10")


@pytest.mark.parametrize("draft", [resumed(), turning(SHIFT_BLUE)], ids=["resumed", "turned"])
def test_who_goes_on_or_back_no_longer_waits(draft: Draft) -> None:
    assert open_run(WAITING).paused == REASON
    assert open_run(go_on(WAITING, draft)).paused == ""


@pytest.mark.parametrize(
    ("fails", "ends", "kinds"),
    [
        (True, Exit.ROLLED_BACK, ["paused", "turned"]),
        (False, Exit.DONE, ["paused", "resumed"]),
    ],
)
def test_a_deploy_in_a_freeze_is_watched_until_it_goes_back_or_on(
    fails: bool,  # noqa: FBT001 (a parameter of the test)
    ends: Exit,
    kinds: list[str],
) -> None:
    desk = Desk()
    live(desk, "r1")
    samples = desk.world.samples

    def fail(since: float) -> dict[Slot, Sample]:
        found = samples(since)
        errors = found["green"].requests // 10
        return {**found, "green": dataclasses.replace(found["green"], errors=errors)}

    def ask(draft: Draft) -> None:
        desk.store.want(desk.store.read(), write_letter(draft))

    def happen() -> None:
        state = desk.store.state
        if state.run is None or state.run.turned or state.summary.committed != TEN:
            return
        if not state.summary.frozen and "paused" not in desk.store.kinds():
            ask(frozen())
        if not state.run.paused:
            return
        if fails:
            desk.world.samples = fail
        elif desk.clock.at > state.run.step_began_at + 3_600:
            ask(Draft("unfrozen", {"reason": "", "by": "ann"}))

    desk.clock.meanwhile = happen
    ended = desk.session.deploy(dataclasses.replace(R1, release_id="r2"))
    assert ended.exit is ends
    told = [kind for kind in desk.store.kinds() if kind in ("paused", "resumed", "turned")]
    assert told == kinds
    assert desk.world.live == (ALL_BLUE if fails else {"blue": 0, "green": 100})
    assert desk.store.lease.owner is None
