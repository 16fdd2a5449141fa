"""What autoscaling adds to one slot during a run, the other one gets as well, and in time (S6)."""

import copy
import dataclasses
from typing import Any

import pytest
import simulation
from decisions import (
    ALL_BLUE,
    ALL_GREEN,
    BLUE,
    FILL_BLUE,
    GREEN,
    HALF,
    QUIET_ALARMS,
    ROLLBACK,
    SHIFT_BLUE,
    TEN,
    ask,
    back,
    go_on,
    intent,
    noted,
    open_run,
    passed,
    reached,
    resumed,
    services,
    setting,
    started,
    summary,
    targets,
    turning,
    with_plan,
)
from simulation import Behaviour, Fault, Reality, process

from cutover.decide.actions import Append, Fill, Look, ScaleIn, Wait
from cutover.decide.emptying import scale_in
from cutover.decide.filling import fill
from cutover.decide.going_back import way_back_changed
from cutover.decide.invariants import capable
from cutover.decide.journal import Draft
from cutover.decide.live import Health, Live, Sample, Service
from cutover.decide.model import Release, Terms
from cutover.decide.next_action import next_action
from cutover.decide.outcome import Exit
from cutover.decide.shifting import shift
from cutover.decide.state import State
from cutover.decide.steps import FILL_SECONDS, TOP_UP_SECONDS, top_up
from cutover.decide.watching import watch
from infra.outputs import SLOTS, Slot

RAISED = Draft("raised", {"tasks": 7})
TO_HALF = reached("shift green 50")
BAKE = reached("bake", at=1_100.0)
GROWN = Fill(step="raise green to 7", slot="green", task_definition="release:2", tasks=7)
WIDER = Fill(step="raise blue to 7", slot="blue", task_definition="release:1", tasks=7)
LONG_BAKE = dataclasses.replace(simulation.SETTING, bake_seconds=30)


def wanted(blue: int, green: int) -> dict[Slot, Service]:
    found = services(desired=green)
    return {**found, "blue": dataclasses.replace(found["blue"], desired=blue)}


def asked(fill: Fill) -> Draft:
    return noted(fill.step, "asked", "ecs-svc/2")


def to_half(state: State, **seen: Any) -> Any:
    return ask(shift, state, **({"weights": TEN, "health": targets(4, 4)} | seen))


def baking(state: State, **changes: Any) -> Any:
    now = 1_150.0
    seen: dict[str, Any] = {
        "weights": ALL_GREEN,
        "health": targets(4, 4),
        "alarms": QUIET_ALARMS,
        "samples": {
            "green": Sample(requests=9_000, errors=0, latency_seconds=0.02, newest=now),
        },
    }
    return ask(watch, state, now=now, **(seen | changes))


# Before a step forward.


def test_a_share_takes_its_part_of_the_tasks() -> None:
    found = [
        capable(Health(healthy=healthy, total=9), 7, percent)
        for healthy, percent in ((0, 1), (1, 1), (3, 50), (4, 50), (6, 100), (7, 100))
    ]
    assert found == [False, True, False, True, False, True]


def test_a_slot_grows_with_the_one_that_it_takes_traffic_from() -> None:
    assert to_half(TO_HALF) == Look(at="services")
    goes = Append(drafts=(intent("shift green 50", TEN, HALF),))
    assert to_half(TO_HALF, services=wanted(4, 4)) == goes
    assert to_half(TO_HALF, services=wanted(7, 4)) == Append(drafts=(RAISED,))
    noticed = go_on(TO_HALF, RAISED)
    assert (open_run(noticed).tasks, noticed.summary) == (7, TO_HALF.summary)
    assert to_half(noticed, services=wanted(7, 4)) == GROWN
    filled = go_on(noticed, asked(GROWN))
    # Half of seven is four.
    assert to_half(filled, services=wanted(7, 4)) == goes
    assert to_half(filled, services=wanted(7, 7), health=targets(6, 4)) == goes


def test_what_was_never_proven_in_a_slot_is_not_replaced_to_make_it_larger() -> None:
    noticed = go_on(TO_HALF, RAISED)
    others = wanted(7, 4)
    others["green"] = dataclasses.replace(others["green"], task_definition="somebody:1")
    assert to_half(noticed, services=others) == Append(
        drafts=(intent("shift green 50", TEN, HALF),)
    )


def test_all_of_the_traffic_waits_for_all_of_the_tasks() -> None:
    state = go_on(reached("shift green 100"), RAISED, asked(GROWN))
    seen: dict[str, Any] = {"weights": HALF, "services": wanted(7, 7)}
    assert ask(shift, state, health=targets(6, 6), **seen) == Wait(
        seconds=4, why="6 of 7 tasks of green are healthy"
    )
    seen["health"] = {"green": targets(7, 7)["green"]}
    more = Draft("grown", {"slot": "green", "tasks": 7})
    assert ask(shift, state, **seen) == Append(drafts=(more,))
    assert ask(shift, go_on(state, more), **seen) == Append(
        drafts=(intent("shift green 100", HALF, ALL_GREEN),)
    )


def test_the_write_itself_is_looked_at_as_well() -> None:
    state = go_on(TO_HALF, intent("shift green 50", TEN, HALF))
    assert to_half(state) == Look(at="services")
    assert to_half(state, services=wanted(7, 4)) == Append(drafts=(RAISED,))


def test_a_slot_that_may_not_grow_as_far_sends_the_run_back() -> None:
    for given in ({"max_tasks": 6}, {"connections_per_task": 10, "max_connections": 120}):
        chosen = setting(**given)
        assert chosen.tasks_at_once == 6
        state = go_on(TO_HALF, Draft("raised", {"tasks": 6}))
        seen: dict[str, Any] = {"weights": TEN, "health": targets(4, 4)}
        assert ask(shift, TO_HALF, setting=chosen, services=wanted(7, 4), **seen) == Append(
            drafts=(Draft("raised", {"tasks": 6}),)
        )
        assert ask(shift, state, setting=chosen, services=wanted(7, 6), **seen) == back(
            "blue has grown to 7 tasks, and beside them green may have no more than 6 "
            "(service/max_tasks, and the database's connections)",
            SHIFT_BLUE,
        )
    assert setting(connections_per_task=10).tasks_at_once == setting().max_tasks


def test_the_way_back_asks_nobody_how_much_is_wanted() -> None:
    state = go_on(TO_HALF, turning(SHIFT_BLUE))
    assert to_half(state) == Append(drafts=(intent("shift blue 100", TEN, ALL_BLUE),))


# While it is watched.


def test_the_way_back_grows_with_the_slot_that_has_the_traffic() -> None:
    more = {"green": Health(healthy=4, total=7), "blue": targets(4, 4)["blue"]}
    assert baking(BAKE, health=more) == Look(at="services")
    assert baking(BAKE, health=more, services=wanted(4, 7)) == Append(drafts=(RAISED,))
    noticed = go_on(BAKE, RAISED, at=1_140.0)
    assert baking(noticed, health=more, services=wanted(4, 7)) == WIDER
    filled = go_on(noticed, asked(WIDER), at=1_140.0)
    # It is not asked for twice, and the gates go on meanwhile.
    bad = {"green": Sample(requests=9_000, errors=900, latency_seconds=0.02, newest=1_150.0)}
    assert baking(filled, health=more, services=wanted(4, 7), samples=bad) == back(
        "900 of 9,000 answers of green to users were errors (10.00%); 0.10% allowed", SHIFT_BLUE
    )


def test_a_slot_is_counted_on_with_what_was_raised_once_it_is_there() -> None:
    """Until then half of what was proven is enough to stay, or to be gone back to."""
    state = go_on(BAKE, RAISED, asked(WIDER), at=1_140.0)
    services = wanted(7, 7)
    few = baking(state, health=targets(4, 2), services=services)
    assert isinstance(few, Wait)
    assert few.why.endswith("2 of 7 tasks are healthy")
    first = Draft("grown", {"slot": "blue", "tasks": 7})
    second = Draft("grown", {"slot": "green", "tasks": 7})
    assert baking(state, health=targets(7, 7), services=services) == Append(drafts=(first,))
    one = go_on(state, first)
    assert baking(one, health=targets(7, 7), services=services) == Append(drafts=(second,))
    both = go_on(one, second)
    assert {slot: filled.tasks for slot, filled in both.summary.slots.items()} == {
        "blue": 7,
        "green": 7,
    }
    assert baking(both, health=targets(7, 3), services=services) == back(
        "only 3 of the 7 tasks of green are healthy", SHIFT_BLUE
    )


def test_a_way_back_that_does_not_grow_in_the_time_of_a_filling_is_told() -> None:
    state = go_on(BAKE, RAISED, asked(WIDER), at=1_140.0)
    lost = Draft("forward_only", {"reason": "4 of the 7 tasks of blue, the way back, are healthy"})
    seen = Live(health=targets(4, 7))
    for now, told in ((1_140.0 + FILL_SECONDS, None), (1_140.5 + FILL_SECONDS, lost)):
        found = way_back_changed(state, open_run(state), seen, now)
        assert found == (Append(drafts=(told,)) if told else None)


def test_nobody_is_asked_while_all_that_is_wanted_is_there() -> None:
    waits = baking(BAKE)
    assert isinstance(waits, Wait)
    assert waits.why.startswith("100 % for another ")


def test_what_alarms_say_of_new_tasks_that_boot_turns_nobody_back() -> None:
    loud = QUIET_ALARMS | {"green-errors": "ALARM"}
    smoked = open_run(BAKE).smoked_at
    assert smoked + setting().alarm_seconds < 1_150.0
    assert baking(BAKE, alarms=loud) == back("alarm green-errors is ALARM", SHIFT_BLUE)
    state = go_on(BAKE, RAISED, asked(WIDER), at=1_140.0)
    waits = baking(state, alarms=loud, services=wanted(7, 7))
    assert isinstance(waits, Wait)
    assert "alarm green-errors is ALARM, maybe still of when green booted" in waits.why


# On the way back, and before the other slot goes.


def test_a_slot_that_is_filled_again_gets_what_is_wanted_by_now() -> None:
    state = reached("bake", RAISED, turning(FILL_BLUE, SHIFT_BLUE))
    assert ask(fill, state) == Fill(
        step="fill blue", slot="blue", task_definition="release:1", tasks=7
    )


def test_a_slot_keeps_its_tasks_until_the_other_one_has_those_that_are_wanted() -> None:
    state, seen = reached("empty blue"), {"weights": ALL_GREEN, "health": targets(4, 4)}
    assert ask(scale_in, state, **seen) == Look(at="services")
    kept = "blue keeps its tasks: 4 tasks of green, which serves, are healthy"
    assert ask(scale_in, state, services=wanted(4, 9), **seen) == Wait(
        seconds=4, why=f"{kept}, and 9 are wanted"
    )
    assert ask(scale_in, state, services=wanted(4, 8), **seen) == ScaleIn(
        step="empty blue", slot="blue", floor=2
    )


# Before a rollback, long after the run that left the slot warm.

TOPPED = with_plan(ROLLBACK, steps=(top_up("blue"), SHIFT_BLUE))
OUTGROWN = started(
    plan=TOPPED,
    summary=summary(committed=ALL_GREEN, slots={"blue": BLUE, "green": GREEN}, schema=2),
    at=1_100.0,
)


def topping_up(state: State, now: float = 1_150.0, **seen: Any) -> Any:
    return next_action(state, Live(**seen), now, setting())


def test_a_warm_slot_is_topped_up_before_it_is_gone_back_to() -> None:
    assert topping_up(OUTGROWN) == Look(at="services")
    assert topping_up(OUTGROWN, services=wanted(4, 7)) == Append(drafts=(RAISED,))
    noticed = go_on(OUTGROWN, RAISED)
    assert topping_up(noticed, services=wanted(4, 7)) == WIDER
    filled = go_on(noticed, asked(WIDER))
    seen: dict[str, Any] = {"services": wanted(7, 7)}
    assert topping_up(filled, **seen) == Look(at="health", slot="blue")
    seen["health"] = {"blue": Health(healthy=6, total=7)}
    assert topping_up(filled, **seen) == Wait(seconds=4, why="6 of 7 tasks of blue are healthy")
    seen["health"] = {"blue": Health(healthy=7, total=7)}
    more = Draft("grown", {"slot": "blue", "tasks": 7})
    assert topping_up(filled, **seen) == Append(drafts=(more,))
    whole = go_on(filled, more)
    there = passed("top up blue", "7 of 7 tasks of blue are healthy")
    assert topping_up(whole, **seen) == there
    assert topping_up(go_on(whole, *there.drafts)) == Look(at="weights")


def test_it_is_the_slot_that_is_gone_back_to_whose_tasks_are_counted() -> None:
    plan = with_plan(ROLLBACK, entering="green", steps=(top_up("green"),))
    state = started(plan=plan, summary=summary(slots={"blue": BLUE, "green": GREEN}), at=1_100.0)
    assert topping_up(state, services=wanted(4, 4)) == Look(at="health", slot="green")
    there = passed("top up green", "4 of 4 tasks of green are healthy")
    assert topping_up(state, services=wanted(4, 4), health=targets(0, 4)) == there


def test_tasks_that_do_not_come_keep_nobody_from_going_back() -> None:
    began = open_run(OUTGROWN).step_began_at
    assert topping_up(OUTGROWN, began + TOP_UP_SECONDS) == Look(at="services")
    assert topping_up(OUTGROWN, began + TOP_UP_SECONDS + 0.5) == passed(
        "top up blue", "no more tasks are waited for than 300 s"
    )


def test_who_orders_it_again_waits_for_no_tasks() -> None:
    again = go_on(OUTGROWN, resumed(by_hand=True))
    assert topping_up(again) == Look(at="weights")
    assert topping_up(go_on(OUTGROWN, resumed())) == Look(at="services")


def test_a_slot_that_was_kept_warm_has_the_tasks_of_the_other_one_before_it_gets_its_traffic() -> (
    None
):
    reality = Reality(behaviours={"r1": Behaviour(), "r2": Behaviour()}, faults={})
    r1, r2 = (
        Release(release_id=name, image="app@1", schema_min=0, schema_max=0) for name in ("r1", "r2")
    )
    assert process(reality, "first").session.deploy(r1).exit is Exit.DONE
    assert process(reality, "second").session.deploy(r2, Terms(retire=False)).exit is Exit.DONE
    reality.autoscale("green", 6)
    reality.sleep(Fault("sleep before", 60))  # longer than the simulation's run is watched
    assert [reality.health(slot).healthy for slot in SLOTS] == [2, 6]
    assert process(reality, "back").session.rollback().exit is Exit.DONE
    told = [(e.kind, e.data.get("tasks")) for e in reality.journal.entries if e.run == "back"]
    assert told[:5] == [
        ("started", None),
        ("raised", 6),
        ("noted", None),
        ("grown", 6),
        ("passed", None),
    ]
    assert reality.weights == ALL_BLUE
    assert reality.health("blue").healthy == 6


# A whole deploy, with autoscaling before every call that it makes.


@pytest.mark.parametrize("slot", SLOTS)
def test_whenever_autoscaling_acts_both_slots_are_as_large_and_the_release_goes_live(
    slot: Slot, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(simulation, "SETTING", LONG_BAKE)
    begun = Reality(behaviours={"r1": Behaviour(), "r2": Behaviour()}, faults={})
    r1, r2 = (
        Release(release_id=name, image="app@1", schema_min=0, schema_max=0) for name in ("r1", "r2")
    )
    assert process(begun, "first").session.deploy(r1).exit is Exit.DONE
    whole = copy.deepcopy(begun)
    assert process(whole, "second").session.deploy(r2, Terms(retire=False)).exit is Exit.DONE
    acted = 0
    for call in range(begun.calls, whole.calls):
        reality = copy.deepcopy(begun)
        grow = Fault("sleep before", 0, lambda now: now.autoscale(slot, 6))
        reality.faults = {call: grow}
        ended = process(reality, "second").session.deploy(r2, Terms(retire=False))
        if ended.exit is Exit.REFUSED:  # before it began, while blue was not what it should be
            assert ended.sentence == "2 of the 6 tasks of blue, which serves, are healthy"
            continue
        assert ended.exit is Exit.DONE, (call, ended.sentence)
        wants = {name: reality.slots[name].desired for name in SLOTS}
        passed = [entry for entry in reality.journal.entries if entry.kind == "passed"]
        # A task is seen when it has started, at the next look.
        in_time = passed[-1].at - simulation.START_SECONDS - 2 * LONG_BAKE.poll_seconds
        if wants[slot] == 6 and reality.grown_at[slot] < in_time:
            acted += 1
            assert wants == {"blue": 6, "green": 6}, call
    assert acted > (whole.calls - begun.calls) / 3
