"""What must not happen by accident, how bad it is, and how it is done on purpose."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Level = Literal["told", "refused", "never"]

_BREAK_GLASS = (
    "do it as the break-glass role and under the lease: "
    "`python -m cutover guard --stack … -- pulumi up`"
)


@dataclass(frozen=True, kw_only=True)
class Rule:
    """`level` told lets the plan pass; refused lets it pass when somebody allows it by name and
    says why; never is for what belongs to somebody else. `harm` and `way` are for people."""

    id: str
    level: Level
    harm: str
    way: str


CUTOVER_OWNS = Rule(
    id="cutover-owns",
    level="never",
    harm="weights, what runs in a slot and how many tasks it has belong to cutover",
    way="put it back into `ignore_changes`; `python -m cutover` moves traffic and fills slots",
)
EDGE = Rule(
    id="edge",
    level="refused",
    harm="every request passes here, and no slot can try the change first",
    way=_BREAK_GLASS,
)
WEIGHTS_ROLE = Rule(
    id="weights-role",
    level="refused",
    harm="it moves traffic, and IAM lets people alone change it: the `up` would end there",
    way=_BREAK_GLASS,
)
DATA = Rule(
    id="data",
    level="refused",
    harm="data is lost, or what would keep it",
    way="take a backup, and see in a drill that it can be restored",
)
DOWNTIME = Rule(
    id="downtime",
    level="refused",
    harm="it restarts at once, whatever is being served",
    way="leave `apply_immediately` off, so that it waits for the maintenance window",
)
RESTARTS_SLOT = Rule(
    id="restarts-slot",
    level="refused",
    harm="it can start, stop or replace tasks of the slot that serves",
    way="choose a quiet hour and watch `python -m cutover status`",
)
NEXT_START = Rule(
    id="next-start",
    level="refused",
    harm="the task definition of a live slot may name it, and its next task would not start",
    way="add the new one first, deploy a release that uses it, and take the old one away later",
)
CUT_OFF = Rule(
    id="cut-off",
    level="refused",
    harm="what serves may lose its way to something that it needs",
    way="add the new way first, and take the old one away in a later change",
)
NO_WAY_BACK = Rule(
    id="no-way-back",
    level="refused",
    harm="cutover works by it: no release and no rollback until the `up` is over, or for good",
    way="see that no cutover is open or near: `python -m cutover status`",
)
PROVIDER = Rule(
    id="provider",
    level="refused",
    harm="whatever follows is asked in another name, or of another account, region or program, and "
    "no plan shows it",
    way="change it alone, in a plan that changes nothing else",
)
WINDOW = Rule(
    id="window",
    level="told",
    harm="a restart, or a failover, in the next maintenance window",
    way="nothing to do; it shows in every preview until then",
)
DRAIN = Rule(
    id="drain",
    level="told",
    harm="how a target group lets go of its targets; no traffic moves",
    way="the deploy role may not write it: the `up` needs the break-glass role",
)
ACCESS = Rule(
    id="access",
    level="told",
    harm="who may do what changes under a slot that serves",
    way="read the difference: a task that starts next lives by it",
)
AT_ONCE = Rule(
    id="at-once",
    level="told",
    harm="users meet it as soon as the `up` is through; no slot can try it first",
    way="watch errors and the CDN's alarms while it spreads",
)

RULES: Mapping[str, Rule] = {
    rule.id: rule
    for rule in (
        *(CUTOVER_OWNS, EDGE, DATA, DOWNTIME, RESTARTS_SLOT, NEXT_START, CUT_OFF, NO_WAY_BACK),
        *(WEIGHTS_ROLE, PROVIDER, WINDOW, DRAIN, ACCESS, AT_ONCE),
    )
}
