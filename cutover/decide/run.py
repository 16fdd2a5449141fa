"""The open run, as far as the journal tells of it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from cutover.decide.model import Page, Plan, Step, Weights

HoldCause = Literal["foreign", "frozen", "gates", "invariant", "late", "refused", "schema"]


@dataclass(frozen=True, kw_only=True)
class Write:
    """A change of weights under way: from its intent to its commitment. `resumed` once a run has
    gone on with it that was left, or held."""

    step: str
    before: Weights
    after: Weights
    resumed: bool = False
    applied: bool = False


@dataclass(frozen=True, kw_only=True)
class Pointing:
    """A change of `index.html` under way. `before` is the SHA-256 of what was there."""

    step: str
    before: str
    after: Page


@dataclass(frozen=True, kw_only=True)
class Run:
    """An open run. `done` has the finished steps, `notes` the ids that were noted: step/name."""

    id: str
    plan: Plan
    steps: tuple[Step, ...]
    started_at: float
    step_began_at: float
    """When its newest step began, or it was resumed. Deadlines count from here."""
    watched_from: float
    """When traffic last changed or the run was resumed: gates count from here."""
    raised: int = 0
    """To how many tasks autoscaling has brought the larger slot since; 0 while to none."""
    raised_at: float = 0
    smoked_at: float = 0
    """When the release last began to answer as it should: what alarms saw before is no fault."""
    home_latency_seconds: float | None = None
    """The mean response of the slot that is left, at the last gate that knew it: the baseline of
    the bake, when it answers nobody any more."""
    done: frozenset[str] = frozenset()
    before: frozenset[str] = frozenset()
    """Steps that were finished before the run turned."""
    notes: Mapping[str, str] = field(default_factory=dict)
    write: Write | None = None
    explained: tuple[Weights, ...] = ()
    """What the weights may be, beside the committed ones, since a write was cut short."""
    pointing: Pointing | None = None
    pages: frozenset[str] = frozenset()
    """SHA-256 of what `index.html` may be, beside the committed page, since the run first meant to
    change it."""
    by_hand: bool = False
    """A person ordered the way back: it overwrites what somebody else wrote."""
    aborts: bool = False
    """Given up for good: the slot that was to enter is emptied too."""
    turned: str | None = None
    went_back: str = ""
    """Why it first turned, and at which step: what came later happened on the way back."""
    forward: bool = False
    """A person has turned it once more: to all of the traffic, for there is no way back."""
    forward_only: str = ""
    """What the slot to go back to lacks, a sentence; empty when it lacks nothing."""
    paused: str = ""
    """Why it waits on its ladder, gates and all; empty when it doesn't."""
    held: str | None = None
    cause: HoldCause | None = None

    @property
    def tasks(self) -> int:
        """How many tasks each slot is to have: one takes the traffic of the other."""
        return max(self.plan.tasks, self.raised)

    @property
    def unique_name(self) -> str:
        """A name that no other run ever has: a person may give an id again."""
        return f"{self.started_at:.0f}-{self.id}"

    @property
    def step(self) -> Step | None:
        """Where it stands: its first step that is not finished; None when all are."""
        return next((step for step in self.steps if step.key not in self.done), None)

    def done_at(self, weights: Weights) -> frozenset[str]:
        """What is finished once these weights are taken as right, whoever has set them.

        A run on its way up its ladder stands on the rung at or below them, whose gates hold once
        more before the next one; one that somebody has put back to nothing begins it anew.
        """
        if self.turned or self.plan.verb != "deploy":
            return self.done
        share = weights[self.plan.entering]
        rungs = [step for step in self.steps if step.kind in ("shift", "watch")]
        below = [step for step in rungs if step.kind == "watch" and step.percent <= share]
        earlier = self.steps[: self.steps.index([rungs[0], *below][-1])]
        climbed = {step.key for step in earlier if step in rungs}
        return self.done & {step.key for step in earlier} | climbed
