"""The way forward of a run that goes back, and can't: a person's order, for nobody else may."""

from cutover.decide.journal import Draft, plain
from cutover.decide.model import SCALE
from cutover.decide.run import Run
from cutover.decide.steps import point, shift


def refusal(run: Run) -> str | None:
    """Why the run can't be sent forward, a sentence; None when it can."""
    entering = run.plan.entering
    if run.plan.verb != "deploy" or not run.turned:
        return (
            f"run {run.id} does not go back, and --forward is for one that can't; "
            "`cutover resume` without it goes on"
        )
    if f"smoke {entering}" not in run.done | run.before:
        return (
            f"what {entering} runs was never proven, and gets no traffic; `cutover abort` gives "
            f"run {run.id} up"
        )
    return None


def forward(run: Run, reason: str) -> Draft:
    """The entry that sends the run forward: all of the traffic to the slot that entered, in one
    step and without gates, and its page. S2 and S7 hold as for a rollback."""
    entering, release = run.plan.entering, run.plan.release
    steps = [shift(entering, SCALE)]
    if release and release.page:
        steps += [point(entering, release.page)]
    data = {"steps": [plain(step) for step in steps], "reason": reason}
    return Draft("turned", data | {"by_hand": True, "aborts": False, "forward": True})
