"""What the journal adds up to: what outlives a run, and the run that is open."""

import dataclasses
from dataclasses import dataclass, field

from cutover.decide.model import Filled, Outcome, Page
from cutover.decide.run import Run
from infra.outputs import Slot

FIRST_HASH = "0" * 64


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What outlives a run; each `ended` carries it, so that nobody reads older entries.

    `committed` is None in an EMPTY environment. `outcome` and `last_run` are the last run's.
    `committed_at` is when the weights last changed, epoch seconds.
    """

    committed: dict[Slot, int] | None = None
    committed_at: float = 0
    slots: dict[Slot, Filled] = field(default_factory=dict)
    schema: int = 0
    outcome: Outcome | None = None
    last_run: str = ""
    why: str = ""
    """Why that one did not come to its end, and at which step; empty when it did."""
    frozen: str = ""
    frozen_until: float | None = None
    page: Page | None = None
    """What the journal left as `index.html`; None when it has never written one."""
    pages: dict[Slot, Page] = field(default_factory=dict)
    """What that was when a run last ended with all of the traffic in the slot."""

    def with_tasks(self, slot: Slot, tasks: int) -> "Summary":
        """The slot's release, if it has one, can be counted on with so many tasks from now on."""
        filled = self.slots.get(slot)
        if filled is None:
            return self
        slots = {**self.slots, slot: dataclasses.replace(filled, tasks=tasks)}
        return dataclasses.replace(self, slots=slots)


@dataclass(frozen=True, kw_only=True)
class State:
    """What the journal adds up to."""

    summary: Summary = Summary()
    run: Run | None = None
    sequence: int = 0
    """Number of the newest entry, 0 in an empty journal."""
    hash: str = FIRST_HASH

    @property
    def releases(self) -> dict[Slot, str]:
        """The release id of what runs, or ran last, in each slot that was ever filled."""
        return {slot: filled.release.release_id for slot, filled in self.summary.slots.items()}
