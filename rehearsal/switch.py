"""A first simple switch: fills the idle slot, proves it, and moves all of the traffic at once."""

import time
from collections.abc import Callable

from infra.outputs import Slot
from rehearsal.aws.deployment import Deployment, active, other
from rehearsal.releases import Release

SPLIT_SECONDS = 60.0

Counts = Callable[[], dict[Slot, int]]
"""Requests that each slot has been sent since the start."""


def fill_idle(deployment: Deployment, release: Release) -> Slot:
    """The idle slot runs and answers as the release, with as many tasks as the active one."""
    leaving = active(deployment.weights())
    tasks = deployment.desired()[leaving]
    entering = other(leaving)
    deployment.fill(entering, release, tasks)
    deployment.prove(entering, release, tasks)
    return entering


def move(
    deployment: Deployment,
    entering: Slot,
    counts: Counts,
    *,
    quiet_seconds: float,
    clock: Callable[[], float] = time.monotonic,
) -> None:
    """All of the traffic goes to the slot, and the data plane shows it.

    Returns when the leaving slot has been sent nothing for `quiet_seconds` while the other one has:
    longer than a request may take to arrive whole. The leaving slot stays up.
    """
    leaving = other(entering)
    deployment.set_weights({entering: 100, leaving: 0})
    before = counts()
    last, changed_at = before[leaving], clock()

    def split() -> bool:
        nonlocal last, changed_at
        now = counts()
        if now[leaving] != last:
            last, changed_at = now[leaving], clock()
        return clock() - changed_at >= quiet_seconds and now[entering] > before[entering]

    deployment.wait(
        split,
        what=f"the {leaving} slot is still sent requests",
        timeout_seconds=SPLIT_SECONDS,
    )
