"""A release migrates the database once, in tasks of their own, and what it did is known."""

import dataclasses
from typing import Any

import pytest
from decisions import (
    DEPLOY,
    R2,
    SETTLE,
    ask,
    back,
    go_on,
    held,
    noted,
    open_run,
    passed,
    reached,
    targets,
    turning,
    with_plan,
)

from cutover.decide.actions import (
    Append,
    Look,
    Migrate,
    Wait,
)
from cutover.decide.journal import Draft
from cutover.decide.live import TaskStatus
from cutover.decide.migrating import migrate, settle
from cutover.decide.model import Step
from cutover.decide.state import State

RUNNING = TaskStatus(stopped=False)
ENDED = TaskStatus(stopped=True, exit_code=0)
FORGOTTEN = TaskStatus(stopped=False, known=False)
ASKED = reached("migrate", noted("migrate", "migrate asked", "yes"))
MIGRATING = go_on(ASKED, noted("migrate", "migrate", "task:1"))
VERIFYING = go_on(
    MIGRATING, noted("migrate", "migrate ended", "0"), noted("migrate", "verify", "task:2")
)


def test_one_task_migrates_and_a_second_one_verifies() -> None:
    assert ask(migrate, reached("migrate")) == Append(
        drafts=(noted("migrate", "migrate asked", "yes"),)
    )
    assert ask(migrate, ASKED) == Migrate(step="migrate", verify_only=False)
    assert ask(migrate, MIGRATING) == Look(at="task", arn="task:1")
    assert ask(migrate, MIGRATING, task=RUNNING) == Wait(
        seconds=4, why="the migrate task is running"
    )
    migrated = Append(
        drafts=(
            noted("migrate", "migrate ended", "0"),
            Draft("migrated", {"step": "migrate", "schema": 2}),
        )
    )
    assert ask(migrate, MIGRATING, task=ENDED) == migrated
    assert ask(migrate, go_on(MIGRATING, *migrated.drafts)) == Migrate(
        step="migrate", verify_only=True
    )
    assert ask(migrate, VERIFYING) == Look(at="task", arn="task:2")
    assert ask(migrate, VERIFYING, task=RUNNING) == Wait(
        seconds=4, why="the verify task is running"
    )
    assert ask(migrate, VERIFYING, task=ENDED) == Append(
        drafts=(
            noted("migrate", "verify ended", "0"),
            Draft("passed", {"step": "migrate", "evidence": "r2 finds the schema that it needs"}),
        )
    )


def test_what_was_migrated_is_known_whatever_becomes_of_the_run() -> None:
    """The migration has ended well, and the process dies, or the verification fails."""
    ended = ask(migrate, MIGRATING, task=ENDED)
    assert isinstance(ended, Append)
    known = go_on(MIGRATING, *ended.drafts)
    assert (MIGRATING.summary.schema, known.summary.schema) == (1, 2)
    turned = go_on(known, turning())
    assert turned.summary.schema == 2


def test_a_schema_never_gets_older() -> None:
    newer = dataclasses.replace(MIGRATING, summary=dataclasses.replace(MIGRATING.summary, schema=3))
    assert ask(migrate, newer, task=ENDED) == Append(
        drafts=(
            noted("migrate", "migrate ended", "0"),
            Draft("migrated", {"step": "migrate", "schema": 3}),
        )
    )


@pytest.mark.parametrize(
    ("state", "task", "reason", "way"),
    [
        (
            MIGRATING,
            TaskStatus(stopped=True, exit_code=1, reason="Essential container exited"),
            "the migrate task of r2 failed with exit code 1: Essential container exited",
            (SETTLE,),
        ),
        (
            MIGRATING,
            TaskStatus(stopped=True),
            "the migrate task of r2 failed with exit code None: no reason given",
            (SETTLE,),
        ),
        (MIGRATING, FORGOTTEN, "ECS knows the migrate task of r2 no more", (SETTLE,)),
        (
            VERIFYING,
            TaskStatus(stopped=True, exit_code=2),
            "the verify task of r2 failed with exit code 2: no reason given",
            (),
        ),
    ],
)
def test_a_failed_migration_goes_no_further(
    state: State, task: TaskStatus, reason: str, way: tuple[Step, ...]
) -> None:
    assert ask(migrate, state, task=task) == Look(at="health", slot="blue")
    assert ask(migrate, state, task=task, health=targets(4, 0)) == back(reason, *way)
    assert ask(migrate, state, task=task, health=targets(0, 0)) == held(
        "late",
        f"{reason}; but blue can't take the traffic back: 0 of its 4 tasks are healthy",
    )


def test_a_task_that_ecs_does_not_list_yet_is_no_forgotten_one() -> None:
    began = open_run(MIGRATING).step_began_at
    wait = Wait(seconds=4, why="the migrate task is running")
    seen: dict[str, Any] = {"task": FORGOTTEN, "health": targets(4, 0)}
    assert ask(migrate, MIGRATING, now=began + 300, **seen) == wait
    assert ask(migrate, MIGRATING, now=began + 300.5, **seen) != wait


SETTLING = go_on(MIGRATING, turning(SETTLE))
OVER = "the migrate task of r2 is over: "


def test_a_migration_that_still_runs_when_the_run_goes_back_is_waited_for() -> None:
    """Whoever goes back to an older release needs to know the schema, and so does who deploys."""
    assert ask(settle, SETTLING) == Look(at="task", arn="task:1")
    why = "task:1 still migrates; `aws ecs stop-task` ends it where it hangs"
    assert ask(settle, SETTLING, task=RUNNING) == Wait(seconds=4, why=why)
    migrated = Draft("migrated", {"step": "settle migrate", "schema": 2})
    assert ask(settle, SETTLING, task=ENDED) == Append(
        drafts=(migrated, *passed("settle migrate", f"{OVER}exit code 0").drafts)
    )


@pytest.mark.parametrize("code", [1, 137, None])
def test_a_migration_that_was_stopped_leaves_the_schema(code: int | None) -> None:
    ended = TaskStatus(stopped=True, exit_code=code)
    over = passed("settle migrate", f"{OVER}exit code {code}")
    assert ask(settle, SETTLING, task=ended) == over


def test_a_migration_of_which_nobody_can_tell_counts_as_one_that_ended_well() -> None:
    began = open_run(SETTLING).step_began_at
    why = "task:1 still migrates; `aws ecs stop-task` ends it where it hangs"
    assert ask(settle, SETTLING, now=began + 300, task=FORGOTTEN) == Wait(seconds=4, why=why)
    gone = ask(settle, SETTLING, now=began + 300.5, task=FORGOTTEN)
    assert isinstance(gone, Append)
    after = go_on(SETTLING, *gone.drafts)
    assert (after.summary.schema, open_run(after).step) == (2, None)
    assert gone.drafts[-1].data["evidence"] == f"{OVER}ECS knows it no more"


def test_a_migration_whose_start_nobody_noted_is_found() -> None:
    """Killed between ECS's answer and the note, and then given up: it may have changed the
    schema."""
    turned = go_on(ASKED, turning(SETTLE))
    assert ask(settle, turned) == Look(at="migration", run=open_run(turned).unique_name)
    found = ask(settle, turned, migration="task:1")
    assert found == Append(drafts=(noted("migrate", "migrate", "task:1"),))
    assert ask(settle, go_on(turned, *found.drafts)) == Look(at="task", arn="task:1")


def test_a_migration_that_ecs_does_not_list_for_five_minutes_was_never_started() -> None:
    turned = go_on(ASKED, turning(SETTLE))
    began = open_run(turned).step_began_at
    why = "ECS may not list yet the migrate task of r2 that was asked for"
    assert ask(settle, turned, now=began + 300, migration="") == Wait(seconds=4, why=why)
    assert ask(settle, turned, now=began + 300.5, migration="") == passed(
        "settle migrate", "no migrate task of r2 was started"
    )


def test_a_schema_does_not_get_older_by_a_migration_that_comes_late() -> None:
    newer = dataclasses.replace(SETTLING, summary=dataclasses.replace(SETTLING.summary, schema=3))
    ended = ask(settle, newer, task=ENDED)
    assert isinstance(ended, Append)
    assert ended.drafts[0].data["schema"] == 3


def test_a_plan_without_a_release_can_t_migrate() -> None:
    state = reached("migrate", plan=with_plan(DEPLOY, release=None))
    with pytest.raises(ValueError, match=r"^a plan to deploy brings no release$"):
        ask(migrate, state)


def test_a_migration_that_an_earlier_program_ended_is_not_asked_for_again() -> None:
    """It wrote the last note together with the schema, and nothing after it."""
    state = go_on(VERIFYING, noted("migrate", "verify ended", "0"))
    passed = {"step": "migrate", "evidence": "r2 was migrated"}
    assert ask(migrate, state) == Append(drafts=(Draft("passed", passed),))


@pytest.mark.parametrize(("live", "after"), [(0, 2), (2, 2), (3, 3)])
def test_a_migration_makes_the_schema_no_older(live: int, after: int) -> None:
    assert R2.schema_after(live) == after
