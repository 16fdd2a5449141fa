"""The first deploy of an EMPTY environment: fills and proves the weighted slot, with no ladder."""

from infra.outputs import Slot
from rehearsal.aws.deployment import Deployment, active
from rehearsal.errors import RehearsalError
from rehearsal.progress import Progress
from rehearsal.releases import Release


def first_release(deployment: Deployment, release: Release, progress: Progress) -> Slot:
    """Migrates, fills and proves; returns the slot that serves. RehearsalError unless EMPTY."""
    desired = deployment.desired()
    if any(desired.values()):
        raise RehearsalError(
            f"the slots are to have {desired} tasks, so this is not the first deploy; "
            "start the rehearsal again"
        )
    slot, tasks = active(deployment.weights()), deployment.contract.policy.min_tasks
    with progress.step("Migrating the database"):
        deployment.migrate(release)
    with progress.step(f"Starting {tasks} tasks of {release.release_id} in the {slot} slot"):
        deployment.fill(slot, release, tasks)
        deployment.prove(slot, release, tasks)
    return slot
