"""A freeze stops what has not begun, and nothing on the way back."""

import dataclasses
from typing import Any

import pytest
from decisions import (
    ALL_BLUE,
    ALL_GREEN,
    EMPTY_GREEN,
    FILL_BLUE,
    GREEN,
    SHIFT_BLUE,
    SMOKE_BLUE,
    Handler,
    ask,
    filled,
    frozen,
    go_on,
    held,
    noted,
    open_run,
    reached,
    services,
    targets,
    turning,
    with_plan,
)

from cutover.decide.actions import (
    Action,
    Append,
    Fill,
    Look,
    Migrate,
    Register,
    ScaleIn,
    Wait,
)
from cutover.decide.emptying import scale_in
from cutover.decide.filling import fill
from cutover.decide.live import TaskStatus
from cutover.decide.migrating import migrate
from cutover.decide.state import State

RUNNING = TaskStatus(stopped=False)
MIGRATING = reached("migrate", noted("migrate", "migrate", "task:1"))
FILL = reached("fill green")
DEFINED = go_on(FILL, noted("fill green", "task_definition", "release:2"))
ASKED = go_on(DEFINED, noted("fill green", "asked", "ecs-svc/2"))
HOME = reached("empty blue", turning(FILL_BLUE, SMOKE_BLUE, SHIFT_BLUE, by_hand=True))
EMPTYING = reached("empty blue")
EMPTY_ASKED = go_on(EMPTYING, noted("empty blue", "asked", "yes"))
FROZEN = held(
    "frozen",
    "stopped by `cutover freeze` until `cutover unfreeze`: fair; `cutover resume` goes on when it "
    "is over",
)
BEGINS: tuple[tuple[Handler, State, dict[str, Any], Action], ...] = (
    (migrate, reached("migrate"), {}, Append(drafts=(noted("migrate", "migrate asked", "yes"),))),
    (
        migrate,
        reached("migrate", noted("migrate", "migrate asked", "yes")),
        {},
        Migrate(step="migrate", verify_only=False),
    ),
    (fill, FILL, {"weights": ALL_BLUE}, Register(step="fill green")),
    (
        fill,
        DEFINED,
        {"weights": ALL_BLUE},
        Fill(step="fill green", slot="green", task_definition="release:2", tasks=4),
    ),
    (
        scale_in,
        EMPTYING,
        {"weights": ALL_GREEN, "health": targets(0, 4), "services": services()},
        ScaleIn(step="empty blue", slot="blue", floor=2),
    ),
)


@pytest.mark.parametrize(
    ("handler", "state", "seen", "action"),
    BEGINS,
    ids=["asked", "migrate", "register", "fill", "empty"],
)
def test_nothing_new_begins_in_a_freeze(
    handler: Handler, state: State, seen: dict[str, Any], action: Action
) -> None:
    assert ask(handler, state, **seen) == action
    stopped = go_on(state, frozen())
    assert ask(handler, stopped, **seen) == FROZEN
    run = open_run(stopped)
    despite = dataclasses.replace(
        stopped, run=dataclasses.replace(run, plan=with_plan(run.plan, despite_freeze=True))
    )
    assert ask(handler, despite, **seen) == action
    assert ask(handler, go_on(state, frozen(until=2_000.0)), **seen) == action


def test_what_has_begun_is_waited_for_in_a_freeze() -> None:
    assert ask(migrate, go_on(MIGRATING, frozen()), task=RUNNING) == Wait(
        seconds=4, why="the migrate task is running"
    )
    seen: dict[str, Any] = {"services": services(), "health": targets(4, 4), "steady": {"green": 3}}
    assert ask(fill, go_on(ASKED, frozen()), weights=ALL_BLUE, **seen) == filled(
        "fill green", GREEN
    )
    emptying = go_on(EMPTY_ASKED, frozen())
    assert ask(scale_in, emptying, weights=ALL_GREEN) == Look(at="services")


def test_a_freeze_stops_nothing_on_the_way_back() -> None:
    assert ask(fill, go_on(HOME, frozen())) == Fill(
        step="fill blue", slot="blue", task_definition="release:1", tasks=4
    )
    given_up = reached("smoke green", turning(EMPTY_GREEN, aborts=True), frozen())
    seen: dict[str, Any] = {"health": targets(4, 4), "services": services()}
    assert ask(scale_in, given_up, weights=ALL_BLUE, **seen) == ScaleIn(
        step="empty green", slot="green", floor=2
    )
