"""The way back: to the slot that served before the run, if it still can."""

from cutover.decide.actions import Action, Append, Look
from cutover.decide.holding import hold
from cutover.decide.invariants import better, healthy
from cutover.decide.journal import Draft, HoldCause, Run, State, plain
from cutover.decide.live import Live
from cutover.decide.model import SCALE, Setting, Step, other


def way_back(state: State, run: Run, setting: Setting, *, aborts: bool = False) -> tuple[Step, ...]:
    """The steps that undo what the run has done, fewest first; none when it has done nothing.

    A slot that has served keeps its tasks, for who wants to know what went wrong, unless the run is
    given up for good.
    """
    summary, entering = state.summary, run.plan.entering
    home = other(entering)
    asked = any(f"{step.key}/asked" in run.notes for step in run.plan.steps if step.kind == "fill")
    empty = Step(key=f"empty {entering}", kind="scale_in", slot=entering)
    if summary.committed is None:
        return (empty,) if asked else ()
    back = Step(key=f"shift back to {home}", kind="shift", slot=home, percent=SCALE)
    quiet = Step(
        key=f"quiet {entering}",
        kind="quiet",
        slot=entering,
        seconds=setting.drain_seconds,
        timeout_seconds=setting.drain_seconds + setting.extension_seconds,
    )
    away = summary.committed[home] != SCALE or bool(run.explained)
    served = away or summary.committed_at > run.started_at
    steps = [back] if away else []
    if asked and served and aborts:
        steps += [quiet, empty]
    elif asked and not served:
        steps += [empty]
    return tuple(steps)


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
    steps = way_back(state, run, setting, aborts=aborts)
    data = {"steps": [plain(step) for step in steps], "reason": reason}
    return Draft("turned", data | {"by_hand": by_hand, "aborts": aborts})


def turn_or_hold(
    state: State, run: Run, live: Live, setting: Setting, reason: str, *, cause: HoldCause
) -> Action:
    """Back to where the run came from, if that can serve (S2) and lives with the schema (S7).

    A run that already goes back, or that brings no release, holds instead.
    """
    if run.turned or run.plan.verb != "deploy":
        return hold(cause, reason)
    home = other(run.plan.entering)
    filled = state.summary.slots.get(home)
    if state.summary.committed is None or filled is None:
        return Append(drafts=(turn(state, run, setting, reason),))
    if not filled.release.lives_with(state.summary.schema):
        return hold(
            "schema",
            f"{reason}; but {home} can't take the traffic back: its release "
            f"{filled.release.release_id} lives with schema {filled.release.schema_min} to "
            f"{filled.release.schema_max}, and the live one is {state.summary.schema}",
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
