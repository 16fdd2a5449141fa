"""The slots: what runs in each, how many of it, and who may change that number."""

from collections.abc import Mapping
from typing import Any

from cutover.decide.live import Service
from cutover.decide.model import Release, other
from cutover.do import task_definition
from cutover.do.clients import Clients
from cutover.do.fence import Fence, Fenced
from cutover.do.world import Refused
from infra.outputs import SLOTS, Contract, Slot

# Every attribute by name: AWS's reference leaves open what one that is left out becomes.
_ONLY_MORE = {
    "DynamicScalingInSuspended": True,
    "DynamicScalingOutSuspended": False,
    "ScheduledScalingSuspended": False,
}
_FREE = dict.fromkeys(_ONLY_MORE, False)
_SUSPENDED = dict.fromkeys(_ONLY_MORE, True)


# What changes a slot. RegisterScalableTarget also needs the two of ECS ("Application Auto Scaling
# identity-based policy examples"), and a task's roles are passed on with its definition.
_ACTIONS = (
    *("ecs:UpdateService", "ecs:DescribeServices", "iam:PassRole"),
    "application-autoscaling:RegisterScalableTarget",
)


class Slots:
    """Both services and both scalable targets of one environment.

    What changes one is done by a role, and refused by AWS after `not_after`, epoch seconds:
    Unavailable then.
    """

    def __init__(self, clients: Clients, contract: Contract, fence: Fence) -> None:
        self._clients, self._contract, self._fence = clients, contract, fence

    def services(self) -> Mapping[Slot, Service]:
        """Both slots' services in one call."""
        found = self._clients.call(
            "ecs",
            "describe_services",
            cluster=self._contract.cluster,
            services=[self._contract.slots[slot].service for slot in SLOTS],
        )["services"]
        by_arn = {service["serviceArn"]: service for service in found}
        missing = [slot for slot in SLOTS if self._contract.slots[slot].service not in by_arn]
        if missing:
            raise Refused(
                f"ECS has no service for {' and '.join(missing)} in {self._contract.cluster}; "
                "run `pulumi up` again"
            )
        return {slot: _service(by_arn[self._contract.slots[slot].service]) for slot in SLOTS}

    def register(self, release: Release) -> str:
        """ARN of a copy of the blueprint with the release in it. Two calls."""
        contract = self._contract
        return task_definition.register(
            self._clients, contract.blueprint, release, family=contract.release_family
        )

    def fill(self, slot: Slot, task_definition: str, tasks: int, *, not_after: float) -> str:
        """The slot is to run so many tasks, and at least as many; the other keeps what it has. The
        id of the deployment that sees to it.

        Five calls at most, and no harm in any when it is repeated. The floor comes last: to
        register one lifts the desired count to it (Application Auto Scaling API reference), and
        would start what the service ran before.
        """
        change, found = self._change(not_after), self.services()
        if found[other(slot)].desired:  # one that runs nothing is not to be woken
            change.scale(other(slot), SuspendedState=_ONLY_MORE)
        here = found[slot]
        grown = here.desired if here.task_definition == task_definition else 0
        service = change.update(
            slot,
            taskDefinition=task_definition,
            desiredCount=max(tasks, grown),  # what autoscaling has added meanwhile stays
            # ECS starts no more tasks of a deployment that its circuit breaker has given up, and
            # begins another one only for another definition.
            forceNewDeployment=here.rollout == "FAILED",
        )
        change.scale(slot, MinCapacity=tasks, SuspendedState=_ONLY_MORE)
        return _service(service).deployment

    def scale_in(self, slot: Slot, *, floor: int, not_after: float) -> None:
        """The slot is to run nothing, and the other one scales freely from `floor`. Four calls.

        The slot's own floor goes first, or autoscaling would lift the count to it again.
        """
        change = self._change(not_after)
        change.scale(slot, MinCapacity=0, SuspendedState=_SUSPENDED)
        change.update(slot, desiredCount=0)
        change.scale(other(slot), MinCapacity=floor, SuspendedState=_FREE)

    def roll(self, slot: Slot, *, not_after: float) -> str:
        """Replaces the slot's tasks in place by the same; the new deployment's id. Two calls.

        Repeated, it begins a deployment anew, which is safe and costs only time: ECS knows no
        token for it.
        """
        return _service(self._change(not_after).update(slot, forceNewDeployment=True)).deployment

    def _change(self, not_after: float) -> "_Change":
        return _Change(self._contract, self._fence.until(not_after, _ACTIONS))


class _Change:
    """Changes what is named of a slot, and nothing else, within the fence."""

    def __init__(self, contract: Contract, fenced: Fenced) -> None:
        self._contract, self._fenced = contract, fenced

    def update(self, slot: Slot, **changes: Any) -> Mapping[str, Any]:
        """The service, as ECS answers."""
        answer = self._fenced.call(
            "ecs",
            "update_service",
            cluster=self._contract.cluster,
            service=self._contract.slots[slot].service,
            **changes,
        )
        return answer["service"]

    def scale(self, slot: Slot, **changes: Any) -> None:
        self._fenced.call(
            "application-autoscaling",
            "register_scalable_target",
            ServiceNamespace="ecs",
            ResourceId=self._contract.slots[slot].scalable_target,
            ScalableDimension="ecs:service:DesiredCount",
            **changes,
        )


def _service(found: Mapping[str, Any]) -> Service:
    primary = next((d for d in found["deployments"] if d["status"] == "PRIMARY"), {})
    return Service(
        task_definition=found["taskDefinition"],
        desired=found["desiredCount"],
        running=found["runningCount"],
        pending=found["pendingCount"],
        deployment=primary.get("id", ""),
        # A service that can't say is not done.
        rollout=primary.get("rolloutState", "IN_PROGRESS"),
        reason=primary.get("rolloutStateReason", ""),
    )
