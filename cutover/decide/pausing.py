"""A run that a freeze stops on its ladder: some users are on its release, so its gates go on."""

from cutover.decide.actions import Action, Append, Wait
from cutover.decide.holding import frozen_because, hold
from cutover.decide.journal import Draft
from cutover.decide.live import Live
from cutover.decide.model import Step
from cutover.decide.run import Run
from cutover.decide.setting import Setting
from cutover.decide.state import State
from cutover.decide.steps import watch
from cutover.decide.watching import gates


def pause(state: State, run: Run, _step: Step, live: Live, now: float, setting: Setting) -> Action:
    """A certain failure turns the run back, as in the bake; the gates look back as far as there.

    When the freeze is over and the gates pass, the run goes on with the step at hand by itself.
    Held when that takes longer than `setting.pause_seconds`.
    """
    if run.write and live.weights == run.write.after:
        return _go_on("the weights that were asked for before the freeze have come")
    committed, entering = state.summary.committed or {}, run.plan.entering
    step = watch(entering, committed[entering], setting)
    since = max(run.watched_from, now - setting.bake_seconds)
    doubts = gates(state, run, step, live, now, setting, since=since)
    if not isinstance(doubts, list):
        return doubts
    freeze = frozen_because(state, run, now, setting)
    if freeze is None and not doubts:
        return _go_on("the freeze is over")
    if now - run.step_began_at <= setting.pause_seconds:
        why = "; ".join([*([freeze] if freeze else []), *doubts])
        return Wait(seconds=setting.poll_seconds, why=why)
    if freeze:
        return hold("frozen", f"{freeze}; `cutover resume` goes on when it is over")
    return hold("gates", f"the gates at {step.percent} % can't tell: {'; '.join(doubts)}")


def _go_on(reason: str) -> Append:
    data = {"reason": reason, "by": "the run itself", "by_hand": False}
    return Append(drafts=(Draft("resumed", data),))
