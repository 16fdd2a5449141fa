"""The way back: to the slot that served before the run, if it still can."""

import dataclasses
from typing import Any

from cutover.decide import pointer
from cutover.decide.actions import Action, Append, Look
from cutover.decide.destination import first_serves
from cutover.decide.holding import hold
from cutover.decide.invariants import better, full, healthy
from cutover.decide.journal import Draft, plain
from cutover.decide.live import Live
from cutover.decide.model import SCALE, Step, other
from cutover.decide.run import HoldCause, Run
from cutover.decide.setting import Setting
from cutover.decide.state import State
from cutover.decide.steps import FILL_SECONDS, empty, fill, quiet, settle, shift, smoke


def way_back(
    state: State, run: Run, setting: Setting, *, by_hand: bool, aborts: bool
) -> tuple[Step, ...]:
    """The steps that undo what the run has done, fewest first; none when it has done nothing.

    A slot that has served keeps its tasks, for who wants to know what went wrong, unless the run is
    given up for good. A person's order sets the weights whatever they are. A migration that still
    runs is waited for at the end: until then nobody knows the schema, and another run would migrate
    beside it.
    """
    summary, entering = state.summary, run.plan.entering
    home = other(entering)
    asked = may_have_filled(run)
    settled = (settle(entering),) if _may_migrate(run) else ()
    if summary.committed is None:
        return (empty(entering),) if asked else settled
    if first_serves(state, run):
        # What somebody else has set is set right; the rest of the run is only the page.
        pointed = [step for step in run.plan.steps if step.kind == "point"]
        return (shift(entering, SCALE), *pointed)
    # By the journal; somebody else may have sent it traffic, which a person knows.
    moved = summary.committed[home] != SCALE or bool(run.explained) or by_hand
    served = moved or summary.committed_at > run.started_at
    steps: list[Step] = []
    if f"quiet {home}" in run.done | run.before:
        steps += [fill(home), smoke(home)]  # its tasks may be gone by now
    if moved:
        steps += [shift(home, SCALE)]
    # Users' requests first: a rollback is proven before S3 is asked for anything.
    steps += pointer.way_back(state, run, by_hand=by_hand)
    if asked and not served:
        steps += [empty(entering)]
    if asked and served and aborts:
        steps += [quiet(entering, setting), empty(entering)]
    return (*steps, *settled)


def _may_migrate(run: Run) -> bool:
    """Whether ECS may have been asked for a migration, and nobody has seen it end well."""
    begun = {"migrate/migrate asked", "migrate/migrate"} & run.notes.keys()
    return bool(begun) and "migrate/migrate ended" not in run.notes


def may_have_filled(run: Run) -> bool:
    """Whether ECS may have been asked to fill the entering slot: what comes next is noted only
    when it is done, and a process may die before."""
    return "migrate" in run.done | run.before


def turn(
    state: State,
    run: Run,
    setting: Setting,
    reason: str,
    *,
    by_hand: bool = False,
    aborts: bool = False,
) -> Draft:
    """The entry that turns the run back."""
    steps = way_back(state, run, setting, by_hand=by_hand, aborts=aborts)
    data = {"steps": [plain(step) for step in steps], "reason": reason}
    return Draft("turned", data | {"by_hand": by_hand, "aborts": aborts})


def may_stay(state: State, run: Run) -> bool:
    """Whether traffic may stay where it is, and a held way back be given up: it has moved nothing,
    and what has all of the traffic came through its bake. Where it leads to may never start.

    A rollback also when it has moved all, and lost what it went to: the next one goes to the slot
    that it left. Not when it waits for its page.
    """
    committed = state.summary.committed
    if not (run.held and committed) or run.explained:
        return False
    if run.plan.verb == "rollback":
        arrived = committed[run.plan.entering] == SCALE
        lost = arrived and not (run.step and run.step.kind == "point")
        return committed[run.plan.entering] == 0 or lost
    return "bake" in run.before and committed[run.plan.entering] == SCALE


def given_up(state: State, run: Run) -> Draft:
    """The end of an open run that leaves traffic where it is. A slot that it may have emptied, or
    had begun to fill again, is filled by who goes back to it."""
    slots, entering = dict(state.summary.slots), run.plan.entering
    if "bake" in run.before:
        slots[entering] = dataclasses.replace(slots[entering], trusted=True)
    for step in run.steps:
        touched = step.kind == "fill" or (step.kind == "quiet" and step.key in run.done)
        if touched and step.slot in slots:
            slots[step.slot] = dataclasses.replace(slots[step.slot], tasks=0)
    summary = dataclasses.replace(
        state.summary,
        slots=slots,
        outcome="aborted",
        last_run=run.id,
        why=f"run {run.id} was given up",
    )
    return Draft("ended", {"outcome": "aborted", "summary": plain(summary)})


def refill(run: Run, step: Step, reason: str) -> Action | None:
    """The slot to go back to has lost its tasks: it is filled again first, once in a run."""
    again = fill(step.slot)
    if again.key in {known.key for known in run.steps}:
        return None
    left = [known for known in run.steps if known.key not in run.done]
    steps = [again, smoke(step.slot), *left]
    data: dict[str, Any] = {"steps": [plain(known) for known in steps]}
    data |= {"reason": f"{reason}: filled again first"}
    data |= {"by_hand": run.by_hand, "aborts": run.aborts}
    data |= {"forward": True} if run.forward else {}
    return Append(drafts=(Draft("turned", data),))


def way_back_changed(state: State, run: Run, live: Live, now: float) -> Append | None:
    """S6: the slot to go back to has lost some of what was planned, or has it again: once each.

    What autoscaling has raised is given the time of a filling before it counts as lost.
    """
    home = other(run.plan.entering)
    filled, seen = state.summary.slots.get(home), live.health.get(home)
    if filled is None or seen is None:
        return None
    tasks = run.tasks if now - run.raised_at > FILL_SECONDS else filled.tasks
    if full(seen, tasks) != bool(run.forward_only):
        return None
    lost = f"{seen.healthy} of the {tasks} tasks of {home}, the way back, are healthy"
    reason = "" if run.forward_only else lost
    return Append(drafts=(Draft("forward_only", {"reason": reason}),))


def turn_or_hold(
    state: State, run: Run, live: Live, setting: Setting, reason: str, *, cause: HoldCause
) -> Action:
    """Back to where the run came from, if that can serve (S2) and lives with the schema (S7).

    A run that already goes back, that brings no release, or whose release has baked holds instead.
    """
    home = other(run.plan.entering)
    if run.turned or run.plan.verb != "deploy" or "bake" in run.done:
        return hold(cause, reason)
    filled = state.summary.slots.get(home)
    if first_serves(state, run):
        return hold(cause, reason)
    if state.summary.committed is None or filled is None:
        return Append(drafts=(turn(state, run, setting, reason),))
    if not filled.release.lives_with(state.summary.schema):
        return hold(
            "schema",
            f"{reason}; but {home} can't take the traffic back: its release "
            f"{filled.release.release_id} {filled.release.schema_said(state.summary.schema)}",
        )
    if home not in live.health:
        return Look(at="health", slot=home)
    if not healthy(live.health[home], filled.tasks):
        entering = run.plan.entering
        if entering not in live.health:
            return Look(at="health", slot=entering)
        if not better(live.health[home], live.health[entering]):
            return hold(
                cause,
                f"{reason}; but {home} can't take the traffic back: {live.health[home].healthy} "
                f"of its {filled.tasks} tasks are healthy",
            )
    return Append(drafts=(turn(state, run, setting, reason),))
