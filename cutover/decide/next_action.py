"""The next action of a run: a pure function of journal, live environment, time and setting.

Whatever it needs to know and nobody has looked at yet, it asks for; whatever it decides is written
to the journal before it is done. So a run can be killed anywhere and goes on from what is there.
"""

import dataclasses
from collections.abc import Callable

from cutover.decide import (
    capacity,
    emptying,
    filling,
    going_back,
    migrating,
    pausing,
    pointer,
    pointing,
    shifting,
    watching,
)
from cutover.decide.actions import Action, Append, Look
from cutover.decide.holding import foreign, hold
from cutover.decide.invariants import healthy
from cutover.decide.journal import Draft, plain
from cutover.decide.live import Live
from cutover.decide.model import Outcome, Step, StepKind, active, other
from cutover.decide.run import Run
from cutover.decide.setting import Setting
from cutover.decide.state import State

Handler = Callable[[State, Run, Step, Live, float, Setting], Action]

# Beyond a step's own time: whoever goes back, or ends, must look first where it may.
ANSWER_SECONDS = 60.0

_HANDLERS: dict[StepKind, Handler] = {
    "migrate": migrating.migrate,
    "settle": migrating.settle,
    "quiet": emptying.quiet,
    "fill": filling.fill,
    "top_up": capacity.top_up,
    "smoke": filling.smoke,
    "shift": shifting.shift,
    "point": pointing.point_to,
    "watch": watching.watch,
    "scale_in": emptying.scale_in,
    "roll": filling.roll,
}


def next_action(state: State, live: Live, now: float, setting: Setting) -> Action:
    """What to do next; `now` is epoch seconds. The state must have an open run that is not held."""
    run = state.run
    if run is None or run.held:
        raise ValueError("there is no run that could go on")
    action = _next_action(state, run, live, now, setting)
    limit = _most_seconds(run, setting) + ANSWER_SECONDS
    if isinstance(action, Look) and live.unanswered and now - run.step_began_at > limit:
        return hold("late", f"AWS has given no answer for too long: {live.unanswered}")
    return action


def _most_seconds(run: Run, setting: Setting) -> float:
    """How long the run may stay at where it is, whatever that is."""
    if run.paused:
        return setting.pause_seconds
    return run.step.timeout_seconds if run.step else 0


def _next_action(state: State, run: Run, live: Live, now: float, setting: Setting) -> Action:
    step = run.step
    if step is None:
        return _end(state, run, live)
    late = now - run.step_began_at > step.timeout_seconds
    if late and not run.paused and step.kind != "top_up":
        lacks = f" ({live.waited_for})" if live.waited_for else ""
        reason = f"{step.key} took more than {step.timeout_seconds:g} s{lacks}"
        if step.kind == "point":
            reason = pointing.late(step)
        return going_back.turn_or_hold(state, run, live, setting, reason, cause="late")
    watched = step.kind == "watch" or run.paused
    changed = going_back.way_back_changed(state, run, live, now) if watched else None
    handler = pausing.pause if run.paused else _HANDLERS[step.kind]
    return changed or handler(state, run, step, live, now, setting)


def _end(state: State, run: Run, live: Live) -> Action:
    """S10: a run is over when AWS, read again, says what the journal says, and somebody serves."""
    committed = state.summary.committed
    if live.weights is None:
        return Look(at="weights")
    if committed is None:
        # The first release did not make it: the environment is as empty as before.
        return _ended(state, run)
    if live.weights != committed:
        return foreign(state, live.weights)
    if run.pages and not run.by_hand:
        if live.index is None:
            return Look(at="index")
        if not pointer.explained(state, live.index):
            return pointing.foreign(state, live.index)
    serving = active(committed)
    proven = live.split is not None
    if not proven and serving not in live.health:
        return Look(at="health", slot=serving)
    filled = state.summary.slots.get(serving)
    if filled is None:
        return hold("invariant", f"the journal doesn't know what runs in {serving}, which serves")
    if not proven and not healthy(live.health[serving], filled.tasks):
        seen = live.health[serving].healthy
        return hold(
            "invariant", f"{serving} serves, and {seen} of its {filled.tasks} tasks are healthy"
        )
    return _ended(state, run)


def _ended(state: State, run: Run) -> Append:
    outcome: Outcome = "done"
    if (run.turned and not run.forward) or run.plan.verb == "rollback":
        outcome = "aborted" if run.aborts else "rolled_back"
    slots, entering = dict(state.summary.slots), run.plan.entering
    if run.plan.verb == "rollback" or (run.plan.verb, outcome) == ("deploy", "done"):
        # Came through, or was chosen by a person; what a person went away from is no way back.
        slots[entering] = dataclasses.replace(slots[entering], trusted=True)
    if run.plan.verb == "rollback" or run.forward:
        left = other(entering)
        if left in slots:
            slots[left] = dataclasses.replace(slots[left], trusted=False)
    unproven = going_back.may_have_filled(run) and f"fill {entering}" not in run.before
    if run.turned and unproven and entering in slots:
        # Its tasks may be another release's by now: who goes back to it fills it again.
        slots[entering] = dataclasses.replace(slots[entering], tasks=0)
    brings = run.plan.release.release_id if run.plan.release else run.plan.verb
    summary = dataclasses.replace(
        state.summary,
        slots=slots,
        outcome=outcome,
        last_run=run.id,
        why=f"{brings} {run.went_back}" if run.went_back and outcome != "done" else "",
    )
    data = {"outcome": outcome, "summary": plain(pointer.settled(summary))}
    return Append(drafts=(Draft("ended", data),), last=True)
