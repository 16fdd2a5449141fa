"""A whole environment on this machine, running: what can be asked of it."""

from dataclasses import dataclass, field
from pathlib import Path

from infra.outputs import SLOTS, Contract, Slot
from rehearsal import faults, releases
from rehearsal.alb.balancer import DIFFERENCES, Balancer
from rehearsal.aws.deployment import Deployment
from rehearsal.aws.follower import Follower
from rehearsal.aws.launcher import Launcher
from rehearsal.aws.scheduler import Scheduler
from rehearsal.faults import Fault
from rehearsal.machine.ports import LOOPBACK
from rehearsal.machine.postgres import Postgres
from rehearsal.machine.redis import Redis
from rehearsal.machine.supervisor import Supervisor
from rehearsal.releases import Release
from rehearsal.reporting.report import WeightEvent
from rehearsal.traffic.client import Client
from rehearsal.watch import Watch

# Two processes for each task are enough here: every task shares this machine's cores.
WEB_CONCURRENCY = "2"


@dataclass(kw_only=True)
class Environment:
    """A running environment; every method is for the main thread."""

    stack: str
    contract: Contract
    host: str
    """The public name."""
    port: int
    """Where the balancer listens on this machine."""
    authority: Path
    """PEM file of the authority that signed every certificate of this rehearsal."""
    aws_variables: dict[str, str]
    deployment: Deployment
    client: Client
    postgres: Postgres
    supervisor: Supervisor
    watch: Watch
    versions: dict[str, str]
    slot: Slot = "blue"
    """The slot that the first release was put in."""
    releases: dict[Slot, Release] = field(default_factory=dict)
    """By slot."""
    _foreign_secrets: frozenset[str]
    _redis: Redis
    _balancer: Balancer
    _launcher: Launcher
    _scheduler: Scheduler
    _follower: Follower

    @property
    def url(self) -> str:
        return f"https://{LOOPBACK}:{self.port}"

    @property
    def differences(self) -> tuple[str, ...]:
        """What this machine does otherwise than the images and AWS, one sentence each."""
        found = [
            *self.postgres.differences,
            *self._redis.differences,
            *(
                f"The secret {arn} is not made by the stack: the variable it fills is empty here."
                for arn in sorted(self._foreign_secrets)
            ),
            *sorted(self._launcher.differences),
            *DIFFERENCES,
        ]
        return tuple(dict.fromkeys(found))

    def build(self, release_id: str, fault: Fault | None = None) -> Release:
        """Publishes a release of the reference workload as it is in this checkout, or faulty."""
        directory = releases.WEBAPP
        if fault:
            # One copy for each release: the tasks of an earlier one still run from theirs.
            copy = self.supervisor.make_directory(f"{release_id}.{fault}")
            directory = faults.install(fault, copy)
        release = releases.build(
            directory,
            release_id=release_id,
            environment={
                "WEB_CONCURRENCY": WEB_CONCURRENCY,
                "SSL_CERT_FILE": str(self.authority),
                "PGSSLROOTCERT": str(self.authority),
            },
        )
        self._launcher.publish(release)
        return release

    def requests(self) -> dict[Slot, int]:
        """Requests that the balancer has sent to each slot since it started."""
        groups = self._balancer.observe().groups
        return {slot: groups[self.contract.slots[slot].target_group].requests for slot in SLOTS}

    def tasks(self, slot: Slot) -> list[tuple[str, int]]:
        """Address in the VPC and port on this machine of the slot's tasks in the balancer."""
        observed = self._balancer.observe().groups[self.contract.slots[slot].target_group]
        addresses = self._scheduler.addresses()
        return sorted(
            (addresses[(target.host, target.port)], target.port)
            for target in observed.targets
            if target.state == "healthy"
        )

    def kill_tasks(self, slot: Slot) -> int:
        """SIGKILL to every running task of the slot; ECS replaces them. Returns how many."""
        return self._scheduler.lose(self.contract.slots[slot].service)

    def weights(self) -> tuple[WeightEvent, ...]:
        """The weights that requests met, each from its moment on."""
        return self._follower.weights()
