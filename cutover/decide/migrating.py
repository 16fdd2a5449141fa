"""The step that migrates the database, before anything runs the release."""

from cutover.decide.actions import Action, Append, Look, Migrate, Wait
from cutover.decide.going_back import turn_or_hold
from cutover.decide.holding import stopped
from cutover.decide.journal import Draft
from cutover.decide.live import Live
from cutover.decide.model import Step
from cutover.decide.run import Run
from cutover.decide.setting import Setting
from cutover.decide.state import State

_MIGRATIONS = (("migrate", False), ("verify", True))


def migrate(state: State, run: Run, step: Step, live: Live, now: float, setting: Setting) -> Action:
    """One task migrates, and the schema is what the release says; a second one verifies."""
    release = run.plan.brought
    for name, verify_only in _MIGRATIONS:
        if f"{step.key}/{name} ended" in run.notes:
            continue
        arn = run.notes.get(f"{step.key}/{name}")
        if arn is None:
            frozen = stopped(state, run, now, setting)
            return frozen or Migrate(step=step.key, verify_only=verify_only)
        if live.task is None:
            return Look(at="task", arn=arn)
        if not live.task.stopped:
            return Wait(seconds=setting.poll_seconds, why=f"the {name} task is running")
        if live.task.exit_code != 0:
            ended = f"exit code {live.task.exit_code}: {live.task.reason or 'no reason given'}"
            reason = f"the {name} task of {release.release_id} failed with {ended}"
            return turn_or_hold(state, run, live, setting, reason, cause="late")
        ended = Draft("noted", {"step": step.key, "name": f"{name} ended", "value": "0"})
        if verify_only:
            evidence = f"{release.release_id} finds the schema that it needs"
            after = Draft("passed", {"step": step.key, "evidence": evidence})
        else:  # whatever becomes of the run: the database has it
            schema = release.schema_after(state.summary.schema)
            after = Draft("migrated", {"step": step.key, "schema": schema})
        return Append(drafts=(ended, after))
    # The journal of an earlier program: it ended the step otherwise.
    evidence = f"{release.release_id} was migrated"
    return Append(drafts=(Draft("passed", {"step": step.key, "evidence": evidence}),))
