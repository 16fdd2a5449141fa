"""Who wants what of an environment, and why; and the entries of the journal that say so."""

from collections.abc import Sequence
from dataclasses import dataclass

from cutover.decide.journal import Draft, plain
from cutover.decide.model import Despite, Plan, Weights
from infra.outputs import Owner


@dataclass(frozen=True, kw_only=True)
class Order:
    """`run` names a new run, if one begins."""

    run: str
    reason: str
    by: str
    host: str
    pid: int

    def owner(self, purpose: str) -> Owner:
        """Who has the lease while the order is carried out."""
        return Owner(run=self.run, purpose=purpose, host=self.host, pid=self.pid, by=self.by)

    def signed(self, draft: Draft) -> Draft:
        """The entry with who ordered it, and why: a program may decide the same by itself."""
        return Draft(draft.kind, {**draft.data, "reason": self.reason, "by": self.by})

    def started(self, plan: Plan) -> Draft:
        return Draft("started", {"plan": plain(plan), "reason": self.reason, "by": self.by})

    def resumed(self, *, by_hand: bool = False, despite: Sequence[Despite] = ()) -> Draft:
        data = {"reason": self.reason, "by": self.by, "by_hand": by_hand}
        return Draft("resumed", data | ({"despite": list(despite)} if despite else {}))

    def adopted(self, weights: Weights) -> Draft:
        return Draft("adopted", {"weights": dict(weights), "by": self.by})

    def frozen(self, until: float | None) -> Draft:
        """`until` is epoch seconds, None when only `unfreeze` ends it."""
        return Draft("frozen", {"reason": self.reason, "by": self.by, "until": until})

    def unfrozen(self) -> Draft:
        return Draft("unfrozen", {"reason": self.reason, "by": self.by})
