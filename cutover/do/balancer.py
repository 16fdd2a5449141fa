"""The balancer: who gets how much of the traffic, and whom it finds healthy."""

from collections.abc import Mapping
from typing import Any

from cutover.decide.live import Health
from cutover.decide.model import SCALE, Weights
from cutover.do.clients import Clients
from cutover.do.fence import Fence
from cutover.do.world import ForeignRule, Refused
from infra.outputs import SLOTS, Contract, Slot

# Written out, since what is left out of a ModifyRule is for AWS to choose.
_NO_STICKINESS = {"Enabled": False, "DurationSeconds": 3600}
_SET_RIGHT = "`cutover rollback` writes it anew, or restore it by hand"


class Balancer:
    """The traffic rule and the target groups of one environment."""

    def __init__(self, clients: Clients, contract: Contract, fence: Fence) -> None:
        self._clients, self._contract, self._fence = clients, contract, fence

    def weights(self) -> Weights:
        """The traffic rule's, live, as shares of SCALE. One call."""
        rules = self._clients.call(
            "elbv2", "describe_rules", RuleArns=[self._contract.traffic_rule]
        )["Rules"]
        return self._parsed(rules)

    def set_weights(self, weights: Weights, *, not_after: float) -> Weights:
        """Both weights in one ModifyRule; what AWS answered. Two calls, the first for a role that
        may do nothing else, and nothing at all after `not_after`: Unavailable then."""
        rule = self._contract.traffic_rule
        fenced = self._fence.until(not_after, ["elasticloadbalancing:ModifyRule"], rule)
        groups = [
            {"TargetGroupArn": self._contract.slots[slot].target_group, "Weight": weights[slot]}
            for slot in SLOTS
        ]
        forward = {"TargetGroups": groups, "TargetGroupStickinessConfig": _NO_STICKINESS}
        answer = fenced.call(
            "elbv2",
            "modify_rule",
            RuleArn=rule,
            Actions=[{"Type": "forward", "ForwardConfig": forward}],
        )
        return self._parsed(answer["Rules"])

    def health(self, slot: Slot) -> Health:
        """The slot's targets; those that drain don't count. One call."""
        targets = self._clients.call(
            "elbv2",
            "describe_target_health",
            TargetGroupArn=self._contract.slots[slot].target_group,
        )["TargetHealthDescriptions"]
        states = [target["TargetHealth"]["State"] for target in targets]
        staying = [state for state in states if not state.endswith("draining")]
        return Health(healthy=staying.count("healthy"), total=len(staying))

    def _parsed(self, rules: list[Mapping[str, Any]]) -> Weights:
        """S1, S3, S11; ForeignRule with what the rule is instead."""
        if len(rules) != 1:
            raise Refused(
                f"AWS describes {len(rules)} traffic rules by the ARN {self._contract.traffic_rule}"
                "; run `pulumi up` if the rule was replaced"
            )
        match rules[0]["Actions"]:
            case [{"Type": "forward", "ForwardConfig": forward}]:
                pass
            case actions:
                types = ", ".join(action["Type"] for action in actions) or "nothing"
                raise ForeignRule(
                    f"the traffic rule does {types}, and must do one forward to both slots; "
                    f"{_SET_RIGHT}"
                )
        found = [
            (group["TargetGroupArn"], int(group.get("Weight", 1)))
            for group in forward["TargetGroups"]
        ]
        slots: dict[str, Slot] = {self._contract.slots[slot].target_group: slot for slot in SLOTS}
        if sorted(arn for arn, _ in found) != sorted(slots):
            names = ", ".join(arn.split("/")[1] for arn, _ in found) or "no target group"
            raise ForeignRule(
                f"the traffic rule forwards to {names}, and must name the target groups of blue "
                f"and green, each once; {_SET_RIGHT}"
            )
        if forward.get("TargetGroupStickinessConfig", {}).get("Enabled"):
            raise ForeignRule(
                "the traffic rule has stickiness, which overrides weights and keeps users on the "
                f"slot that they leave; {_SET_RIGHT}"
            )
        return shares({slots[arn]: weight for arn, weight in found})


def shares(relative: Mapping[Slot, int]) -> Weights:
    """Relative weights as shares of SCALE; a slot with any weight has at least 1.

    ForeignRule when both are 0: nobody would be answered.
    """
    total = sum(relative.values())
    if total == 0:
        raise ForeignRule(
            "the traffic rule gives blue and green a weight of 0 each, so that everybody gets a "
            f"503; {_SET_RIGHT}"
        )
    first, second = SLOTS
    share = (2 * SCALE * relative[first] + total) // (2 * total)  # half a percent counts up
    least, most = int(relative[first] > 0), SCALE - int(relative[second] > 0)
    share = min(max(share, least), most)
    return {first: share, second: SCALE - share}
