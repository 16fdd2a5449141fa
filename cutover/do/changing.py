"""One change to a slot or to the database, and the note that finds it again."""

from cutover.decide.actions import Change, Fill, Migrate, Register, Roll, ScaleIn
from cutover.decide.journal import Draft
from cutover.decide.run import Run
from cutover.do.world import World


def changed(world: World, change: Change, run: Run, *, not_after: float) -> Draft:
    """The entry for the journal, once AWS has taken the change."""
    name, value = "asked", "yes"
    match change:
        case Register():
            name, value = "task_definition", world.register(run.plan.brought)
        case Migrate():
            name = "verify" if change.verify_only else "migrate"
            value = world.start_migration(
                run.plan.brought, run.unique_name, verify_only=change.verify_only
            )
        case Fill():
            value = world.fill(
                change.slot, change.task_definition, change.tasks, not_after=not_after
            )
        case ScaleIn():
            world.scale_in(change.slot, floor=change.floor, not_after=not_after)
        case Roll():
            name, value = "deployment", world.roll(change.slot, not_after=not_after)
    return Draft("noted", {"step": change.step, "name": name, "value": value})
