"""What a plan will cost and risk: arithmetic on its steps alone, before anything is touched."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from cutover.decide.going_back import way_back
from cutover.decide.model import SCALE, Plan, Step, other
from cutover.decide.run import Run
from cutover.decide.setting import Setting
from cutover.decide.state import State


@dataclass(frozen=True, kw_only=True)
class Moment:
    """One step of the plan. `exposed_percent` is the largest share of users that the entering slot
    serves during it; `way_back` tells whether a rollback from there is one change of weights."""

    step: Step
    least_seconds: float
    exposed_percent: int
    way_back: bool


@dataclass(frozen=True, kw_only=True)
class Forecast:
    """A plan in numbers; seconds, and hours of one task.

    `least_seconds` is the time that the program itself lets pass, `most_seconds` the sum of all
    timeouts. `rollback_seconds` is the longest from `cutover rollback` to a proven way back, the
    lease of a dead runner and propagation included; None when there is no release to go back to.
    `least_task_hours` and `most_task_hours` are paid beyond those of the slot that serves; None
    for the most when the plan leaves both slots running. `way_back_until` is the last step during
    which a rollback is one change of weights; None when there is none.
    """

    moments: tuple[Moment, ...]
    least_seconds: float
    most_seconds: float
    rollback_seconds: float | None
    least_task_hours: float
    most_task_hours: float | None
    way_back_until: str | None


def forecast(state: State, plan: Plan, setting: Setting) -> Forecast:
    """The numbers of a plan that `state` was the ground for."""
    home = state.summary.slots.get(other(plan.entering))
    release = plan.release
    back = _seconds_back(state, plan, setting)
    # S7: the release that serves now must live with the schema that this one brings about.
    live = state.summary.schema
    lives = bool(release and home and home.release.lives_with(release.schema_after(live)))
    moments = _moments(plan, setting, way_back=back is not None and lives)
    returnable = [moment.step.key for moment in moments if moment.way_back]
    least, most = _both_running(plan, setting) if state.summary.committed else (0.0, 0.0)
    return Forecast(
        moments=moments,
        least_seconds=sum(moment.least_seconds for moment in moments),
        most_seconds=sum(step.timeout_seconds for step in plan.steps),
        rollback_seconds=back if lives else None,
        least_task_hours=plan.tasks * least / 3600,
        most_task_hours=None if most is None else plan.tasks * most / 3600,
        way_back_until=returnable[-1] if returnable else None,
    )


def _moments(plan: Plan, setting: Setting, *, way_back: bool) -> tuple[Moment, ...]:
    moments, exposed = list[Moment](), 0
    for step, least in zip(plan.steps, _least(plan.steps, setting), strict=True):
        if step.kind == "shift":
            exposed = step.percent
        if step.kind == "scale_in":
            way_back = False
        moments.append(
            Moment(
                step=step,
                least_seconds=least,
                exposed_percent=exposed,
                way_back=way_back,
            )
        )
    return tuple(moments)


def _least(steps: Sequence[Step], setting: Setting) -> Iterator[float]:
    """What the loop itself waits: a look at each of two tasks, or reads in a row of health.

    A slot has been quiet since the weights last changed: the bake counts.
    """
    looks = {"migrate": 2, "fill": setting.healthy_reads - 1, "roll": 1, "scale_in": 1}
    unchanged = math.inf
    for step in steps:
        least = step.seconds + looks.get(step.kind, 0) * setting.poll_seconds
        if step.kind == "quiet":
            least = max(0, step.seconds - unchanged)
        unchanged = 0 if step.kind == "shift" else unchanged + least
        yield least


def _both_running(plan: Plan, setting: Setting) -> tuple[float, float | None]:
    """Seconds in which both slots run tasks, at least and at most: from the fill on, until the
    slot that was left is empty; without a most when the plan does not empty it."""
    kinds = [step.kind for step in plan.steps]
    steps = plan.steps[kinds.index("fill") :] if "fill" in kinds else ()
    least = sum(_least(steps, setting))
    if steps and "scale_in" not in kinds:
        return least, None
    return least, sum(step.timeout_seconds for step in steps)


def _seconds_back(state: State, plan: Plan, setting: Setting) -> float | None:
    """The bound of a rollback at the worst moment, when all of the traffic has moved."""
    if state.summary.committed is None:
        return None
    moved = Run(
        id="",
        plan=plan,
        steps=plan.steps,
        started_at=0,
        step_began_at=0,
        watched_from=0,
        explained=({plan.entering: SCALE, other(plan.entering): 0},),
    )
    steps = way_back(state, moved, setting, by_hand=True, aborts=False)
    shifts = [step.timeout_seconds for step in steps if step.kind == "shift"]
    return setting.takeover_seconds + sum(shifts)
