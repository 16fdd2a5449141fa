"""A whole environment on this machine, running: what can be asked of it."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from cutover.decide.model import active
from infra.outputs import SLOTS, Contract, Slot
from rehearsal import faults, releases
from rehearsal.alb.balancer import DIFFERENCES, Balancer
from rehearsal.aws import edge
from rehearsal.aws.calls import Session
from rehearsal.aws.contract import Clients
from rehearsal.aws.follower import Follower
from rehearsal.aws.generations import Generations
from rehearsal.aws.launcher import Launcher
from rehearsal.aws.scheduler import Scheduler
from rehearsal.errors import RehearsalError
from rehearsal.faults import Fault
from rehearsal.machine.ports import LOOPBACK
from rehearsal.machine.postgres import Postgres
from rehearsal.machine.redis import Redis
from rehearsal.machine.supervisor import Supervisor
from rehearsal.releases import Release
from rehearsal.reporting.report import WeightEvent
from rehearsal.rights import Rights
from rehearsal.tool import Command, Ended, Tool
from rehearsal.traffic.client import Client
from rehearsal.traffic.load import MAX_REQUESTS, Kind, Load, LoadPlan
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
    clients: Clients
    tool: Tool
    client: Client
    postgres: Postgres
    redis: Redis
    generations: Generations
    supervisor: Supervisor
    watch: Watch
    versions: dict[str, str]
    rights: Rights
    """What the roles of a cutover may do."""
    sessions: Callable[[], Mapping[str, Session]]
    """By access key, in whose names cutover has signed."""
    slot: Slot = "blue"
    """The slot that has all of the traffic, or most of it."""
    releases: dict[Slot, str] = field(default_factory=dict)
    """Ids of what runs, or ran last, in each slot that was ever filled."""
    slots: dict[str, Slot] = field(default_factory=dict)
    """Where each release ran, by its id."""
    _foreign_secrets: frozenset[str]
    _balancer: Balancer
    _launcher: Launcher
    _scheduler: Scheduler
    _follower: Follower
    _published: Callable[[str], tuple[str, ...]]

    @property
    def url(self) -> str:
        return f"https://{LOOPBACK}:{self.port}"

    @property
    def differences(self) -> tuple[str, ...]:
        """What this machine does otherwise than the images and AWS, one sentence each."""
        found = [
            *self.postgres.differences,
            *self.redis.differences,
            *(
                f"The secret {arn} is not made by the stack: the variable it fills is empty here."
                for arn in sorted(self._foreign_secrets)
            ),
            *sorted(self._launcher.differences),
            *DIFFERENCES,
            *edge.DIFFERENCES,
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

    def upload_page(self, release_id: str) -> str:
        """Uploads a release's frontend as CI does; the key of its page."""
        s3, bucket = self.clients("s3"), self.contract.frontend_bucket
        asset, page = f"assets/{release_id}.js", f"releases/{release_id}/index.html"
        script = f'document.title = "{release_id}"'
        s3.put_object(Bucket=bucket, Key=asset, Body=script.encode())
        content = f'<!doctype html><title></title><script src="/{asset}"></script>'
        s3.put_object(Bucket=bucket, Key=page, Body=content.encode())
        return page

    def page(self) -> str:
        """The release whose page the public address answers with, and whose asset is there."""
        page = self.client.get("/").body.decode()
        release_id = page.partition("/assets/")[2].partition(".js")[0]
        asset = self.client.get(f"/assets/{release_id}.js")
        if asset.status != 200 or release_id not in asset.body.decode():
            raise RehearsalError(f"the page names /assets/{release_id}.js: {asset.status}")
        return release_id

    def start_deploy(self, release_id: str, *options: str, fault: Fault | None = None) -> Command:
        """Publishes a release and has cutover begin to deploy it."""
        image = self.build(release_id, fault).image
        return self.tool.start("deploy", "--release", release_id, "--image", image, *options)

    def deploy(self, release_id: str, *options: str, fault: Fault | None = None) -> Ended:
        """Publishes a release and has cutover deploy it, to the end of that."""
        return self.note(self.start_deploy(release_id, *options, fault=fault).wait())

    def deploy_first(self, release_id: str, *options: str) -> Ended:
        """The same for a new environment, where a late answer spoils no figure: cutover is told
        again then, as the same run, for a bounded time."""
        image = self.build(release_id).image
        chosen = ("--release", release_id, "--run-id", release_id, "--image", image, *options)
        return self.note(self.tool.insist("deploy", *chosen))

    def note(self, ended: Ended) -> Ended:
        """Remembers what the command says of which release runs where; returns it."""
        self.releases |= ended.releases
        self.slots |= {release: slot for slot, release in ended.releases.items()}
        if ended.weights:
            self.slot = active(ended.weights)
        return ended

    def start_load(self, kinds: tuple[Kind, ...], *, rate_per_second: int) -> Load:
        """Begins requests that go on until `finish`; returns when the first have been sent."""
        plan = LoadPlan(
            url=self.url,
            host=self.host,
            ca=str(self.authority),
            kinds=kinds,
            rate_per_second=rate_per_second,
            seconds=MAX_REQUESTS / rate_per_second,
        )
        return Load.start(self.supervisor, plan)

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

    def told(self) -> tuple[str, ...]:
        """What people were told through the alerts topic so far, in order."""
        return self._published(self.contract.alerts_topic)

    def weights(self) -> tuple[WeightEvent, ...]:
        """The weights that requests met, each from its moment on."""
        return self._follower.weights()
