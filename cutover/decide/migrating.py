"""The steps that migrate the database, or wait for a migration that was begun to be over."""

from cutover.decide.actions import Action, Append, Look, Migrate, Wait
from cutover.decide.going_back import turn_or_hold
from cutover.decide.holding import stopped
from cutover.decide.journal import Draft
from cutover.decide.live import Live, TaskStatus
from cutover.decide.model import Step
from cutover.decide.run import Run
from cutover.decide.setting import Setting
from cutover.decide.state import State

_MIGRATIONS = (("migrate", False), ("verify", True))
# ECS lists a task within seconds of its start, and forgets it about an hour after its end.
FORGOTTEN_SECONDS = 300.0


def migrate(state: State, run: Run, step: Step, live: Live, now: float, setting: Setting) -> Action:
    """One task migrates, and the schema is what the release says; a second one verifies."""
    release = run.plan.brought
    for name, verify_only in _MIGRATIONS:
        if f"{step.key}/{name} ended" in run.notes:
            continue
        arn = run.notes.get(f"{step.key}/{name}")
        if arn is None:
            frozen = stopped(state, run, now, setting)
            return frozen or _start(run, step, verify_only=verify_only)
        if live.task is None:
            return Look(at="task", arn=arn)
        if _forgotten(run, live.task, now):
            reason = f"ECS knows the {name} task of {release.release_id} no more"
            return turn_or_hold(state, run, live, setting, reason, cause="late")
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


def _start(run: Run, step: Step, *, verify_only: bool) -> Action:
    """The journal knows of a migration before ECS does: who dies in between leaves it to others.

    The note outlives whoever takes the run up, as what a slot was asked for does not: the migration
    may run whatever has been mended since.
    """
    if verify_only or "migrate/migrate asked" in run.notes:
        return Migrate(step=step.key, verify_only=verify_only)
    return Append(drafts=(_noted("migrate asked", "yes"),))


def settle(state: State, run: Run, step: Step, live: Live, now: float, setting: Setting) -> Action:
    """S7: the migration of a run that goes back has ended, and the journal has what came of it.

    Of one that ECS has forgotten nobody can tell: it counts as one that ended well.
    """
    release, arn = run.plan.brought, run.notes.get("migrate/migrate")
    if arn is None:
        return _find(run, step, live, now, setting)
    if live.task is None:
        return Look(at="task", arn=arn)
    seen, forgotten = live.task, _forgotten(run, live.task, now)
    if not (seen.stopped or forgotten):
        why = f"{arn} still migrates; `aws ecs stop-task` ends it where it hangs"
        return Wait(seconds=setting.poll_seconds, why=why)
    how = "ECS knows it no more" if forgotten else f"exit code {seen.exit_code}"
    evidence = f"the migrate task of {release.release_id} is over: {how}"
    passed = Draft("passed", {"step": step.key, "evidence": evidence})
    if not (forgotten or seen.exit_code == 0):
        return Append(drafts=(passed,))
    schema = release.schema_after(state.summary.schema)
    return Append(drafts=(Draft("migrated", {"step": step.key, "schema": schema}), passed))


def _find(run: Run, step: Step, live: Live, now: float, setting: Setting) -> Action:
    """Whoever asked for the task died before its ARN was noted: it may run, or never have begun."""
    if live.migration is None:
        return Look(at="migration", run=run.unique_name)
    if live.migration:
        return Append(drafts=(_noted("migrate", live.migration),))
    name = run.plan.brought.release_id
    if now - run.step_began_at <= FORGOTTEN_SECONDS:
        why = f"ECS may not list yet the migrate task of {name} that was asked for"
        return Wait(seconds=setting.poll_seconds, why=why)
    evidence = f"no migrate task of {name} was started"
    return Append(drafts=(Draft("passed", {"step": step.key, "evidence": evidence}),))


def _noted(name: str, value: str) -> Draft:
    return Draft("noted", {"step": "migrate", "name": name, "value": value})


def _forgotten(run: Run, task: TaskStatus, now: float) -> bool:
    return not task.known and now - run.step_began_at > FORGOTTEN_SECONDS
