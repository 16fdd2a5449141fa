"""What HAProxy is told of its targets: each registered, drained and retired as an ALB does it."""

from collections.abc import Iterable, Sequence

from rehearsal.alb.observation import Stage, Statistics, Target
from rehearsal.alb.runtime_api import RuntimeApi
from rehearsal.alb.target_group import TargetGroup


class Targets:
    """Moments are on the balancer's clock. An OSError means that HAProxy is gone."""

    def __init__(self, api: RuntimeApi) -> None:
        self._api = api
        self._targets: dict[tuple[str, str, int], Target] = {}

    @property
    def known(self) -> Iterable[Target]:
        """Every one that there ever was."""
        return self._targets.values()

    def set(self, group: TargetGroup, targets: Sequence[tuple[str, int]], now: float) -> None:
        """Registers those of the group that are new, and drains those that are not named."""
        wanted = {(group.arn, host, port) for host, port in targets}
        for key in sorted(wanted):
            self._register(key, group)
        for key, target in self._targets.items():
            if key[0] == group.arn and key not in wanted:
                self._deregister(target, now)

    def advance(self, now: float) -> None:
        """Lets requests go to those that have passed their first check; retires what is drained."""
        initial = [target for target in self.known if target.stage is Stage.INITIAL]
        statistics = Statistics(self._api.statistics()) if initial else None
        for target in initial:
            if statistics and statistics.passed_first_check(target):
                self._api.tell(f"set server {target.servers[0]} state ready")
                target.stage = Stage.SERVING
        for target in self.known:
            if target.stage is Stage.DRAINING and target.retire_at <= now:
                self._retire(target)

    def _register(self, key: tuple[str, str, int], group: TargetGroup) -> None:
        known = self._targets.get(key)
        if known and known.stage in (Stage.INITIAL, Stage.SERVING):
            return
        target = known or Target(group=group, host=key[1], port=key[2])
        checked, unchecked = target.servers
        if not known:
            self._api.tell(
                f"add server {checked} {target.address} ssl verify none check check-ssl "
                f"inter {round(group.interval_seconds * 1000)} rise {group.healthy_threshold} "
                f"fall {group.unhealthy_threshold}",
                "New server registered.",
            )
            self._api.tell(
                f"add server {unchecked} {target.address} ssl verify none",
                "New server registered.",
            )
        # HAProxy takes a server for healthy until a check says otherwise, so it starts drained.
        self._api.tell(f"set server {checked} state drain")
        if known:
            self._api.tell(f"set server {checked} health down")
        else:
            self._api.tell(f"enable health {checked}")
        self._api.tell(f"set server {unchecked} state ready")
        target.stage = Stage.INITIAL
        self._targets[key] = target

    def _deregister(self, target: Target, now: float) -> None:
        if target.stage in (Stage.DRAINING, Stage.RETIRED):
            return
        for server in target.servers:
            self._api.tell(f"set server {server} state drain")
        target.stage = Stage.DRAINING
        target.retire_at = now + target.group.deregistration_delay_seconds

    def _retire(self, target: Target) -> None:
        """Ends what it still has under way, as an ALB does, and forgets its health.

        The server itself stays: its counters are part of the group's.
        """
        for server in target.servers:
            self._api.tell(f"shutdown sessions server {server}")
            self._api.tell(f"set server {server} state maint")
        target.stage = Stage.RETIRED
