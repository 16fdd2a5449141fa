"""A whole environment on this machine, from its stack file to a first release that answers."""

import json
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from infra.outputs import SLOTS, Contract, Slot
from rehearsal import binaries, ports, releases, stores
from rehearsal.balancer import DIFFERENCES, Balancer
from rehearsal.certificates import Authority, Certificate
from rehearsal.client import Client
from rehearsal.control_plane import ControlPlane
from rehearsal.creators import Endpoints, creating
from rehearsal.deployment import Deployment, read_contract
from rehearsal.ecs_task import tell_statuses_ourselves
from rehearsal.errors import RehearsalError
from rehearsal.follower import Follower, balancer_settings
from rehearsal.launcher import Launcher
from rehearsal.one_off import OneOffTasks
from rehearsal.ports import LOOPBACK
from rehearsal.postgres import Postgres
from rehearsal.progress import Progress
from rehearsal.reconciler import Reconciler
from rehearsal.recording import Recording, record
from rehearsal.redis import Redis
from rehearsal.release import first_release
from rehearsal.releases import Release
from rehearsal.report import WeightEvent
from rehearsal.scheduler import Scheduler
from rehearsal.secret_values import resolve
from rehearsal.stack_file import stack_config
from rehearsal.supervisor import Supervisor
from rehearsal.task import Runtime, install_images

POLL_SECONDS = 0.1
# Two processes for each task are enough here: every task shares this machine's cores.
WEB_CONCURRENCY = "2"


@dataclass(kw_only=True)
class Environment:
    """A running environment; every method is for the main thread."""

    stack: str
    contract: Contract
    recording: Recording
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
    versions: dict[str, str]
    slot: Slot = "blue"
    """The slot that the first release was put in."""
    releases: dict[Slot, Release] = field(default_factory=dict)
    """By slot."""
    _plane: ControlPlane
    _redis: Redis
    _balancer: Balancer
    _launcher: Launcher
    _scheduler: Scheduler
    _follower: Follower
    _reconciler: Reconciler

    @property
    def url(self) -> str:
        return f"https://{LOOPBACK}:{self.port}"

    @property
    def differences(self) -> tuple[str, ...]:
        """What this machine does otherwise than the images and AWS, one sentence each."""
        found = [
            *self.postgres.differences,
            *self._redis.differences,
            *sorted(self._launcher.differences),
            *DIFFERENCES,
        ]
        return tuple(dict.fromkeys(found))

    def check(self) -> None:
        """RehearsalError when a server of the machine has died, or what plays AWS has failed."""
        self.supervisor.check()
        self._reconciler.check()

    def wait_until(self, ready: Callable[[], bool], *, what: str, timeout_seconds: float) -> None:
        """Returns when `ready()` is true; RehearsalError at the timeout or when `check` fails."""
        wait_until(ready, self.check, what=what, timeout_seconds=timeout_seconds)

    def pause(self, seconds: float) -> None:
        """Lets time pass; RehearsalError when `check` fails meanwhile."""
        until = time.monotonic() + seconds
        while time.monotonic() < until:
            self.check()
            time.sleep(POLL_SECONDS)

    def build(self, release_id: str) -> Release:
        """Publishes a release of the reference workload as it is in this checkout."""
        release = releases.build(
            releases.WEBAPP,
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

    def weights(self) -> tuple[WeightEvent, ...]:
        """The weights that requests met, each from its moment on."""
        return self._follower.weights()


@contextmanager
def running(
    stack: str,
    *,
    progress: Progress,
    port: int | None = None,
    propagation_seconds: float = 2.0,
    release_id: str = "release-1",
) -> Iterator[Environment]:
    """The environment of a stack file with its first release; nothing of it is left afterwards.

    `port` is the balancer's on 127.0.0.1, a free one without. Raises RehearsalError with one
    sentence when a part of it can't start.
    """
    account_id, region = _account(stack)
    found = binaries.find()
    with ExitStack() as running_parts, _refusals():
        supervisor = running_parts.enter_context(Supervisor())
        if port is None:
            port = ports.reserve()
        else:
            ports.claim(port)
        running_parts.callback(ports.release, port)
        plane = running_parts.enter_context(
            ControlPlane(port=ports.reserve(), account_id=account_id, region=region)
        )
        tell_statuses_ourselves()
        endpoints = Endpoints(postgres_port=ports.reserve(), redis_port=ports.reserve())
        with progress.step(f"Creating what Pulumi.{stack}.yaml asks for"):
            recording = _record(stack, plane, endpoints)
        contract = read_contract(plane.client, stack)
        authority = Authority(supervisor.directory / "ca.pem")
        with progress.step("Starting PostgreSQL and Redis"):
            postgres = stores.start_postgres(
                supervisor,
                recording,
                plane,
                binaries=found,
                authority=authority,
                port=endpoints.postgres_port,
            )
            redis = stores.start_redis(
                supervisor,
                recording,
                binaries=found,
                authority=authority,
                port=endpoints.redis_port,
            )
        host = contract.public_url.partition("://")[2]
        with progress.step("Starting the balancer"):
            directory = supervisor.make_directory("listener")
            balancer = Balancer.start(
                supervisor,
                port=port,
                certificate=_bundle(authority.issue(directory, hosts=[host])),
                settings=balancer_settings(
                    plane, contract.listener, propagation_seconds=propagation_seconds
                ),
            )
        launcher = Launcher(
            runtime=Runtime(
                supervisor=supervisor,
                binaries=found,
                images=install_images(supervisor),
                resolve_secret=lambda value_from: resolve(plane, value_from),
            ),
            overlay=_overlay(authority.file),
        )
        scheduler = Scheduler(plane, launcher, balancer, tell=progress.tell)
        running_parts.callback(scheduler.close)
        one_off = OneOffTasks(plane, launcher, tell=progress.tell)
        running_parts.callback(one_off.close)
        follower = Follower(
            plane,
            balancer,
            listener_arn=contract.listener,
            load_balancer_suffix=contract.load_balancer_suffix,
            groups={contract.slots[slot].target_group: slot for slot in SLOTS},
            addresses=scheduler.addresses,
        )
        reconciler = running_parts.enter_context(
            Reconciler([scheduler.step, one_off.step, follower.step])
        )
        client = Client(port=port, host=host, authority=authority.file)

        def check() -> None:
            supervisor.check()
            reconciler.check()

        def wait(ready: Callable[[], bool], *, what: str, timeout_seconds: float) -> None:
            wait_until(ready, check, what=what, timeout_seconds=timeout_seconds)

        environment = Environment(
            stack=stack,
            contract=contract,
            recording=recording,
            host=host,
            port=port,
            authority=authority.file,
            aws_variables=plane.variables,
            deployment=Deployment(
                clients=plane.client, contract=contract, client=client, wait=wait
            ),
            client=client,
            postgres=postgres,
            supervisor=supervisor,
            versions=binaries.versions(found),
            _plane=plane,
            _redis=redis,
            _balancer=balancer,
            _launcher=launcher,
            _scheduler=scheduler,
            _follower=follower,
            _reconciler=reconciler,
        )
        release = environment.build(release_id)
        environment.slot = first_release(environment.deployment, release, progress)
        environment.releases[environment.slot] = release
        yield environment


def wait_until(
    ready: Callable[[], bool],
    check: Callable[[], None],
    *,
    what: str,
    timeout_seconds: float,
) -> None:
    """Returns when `ready()` is true; RehearsalError at the timeout or from `check`."""
    deadline = time.monotonic() + timeout_seconds
    while not ready():
        check()
        if time.monotonic() >= deadline:
            raise RehearsalError(f"{what} within {timeout_seconds:g} seconds")
        time.sleep(POLL_SECONDS)


@contextmanager
def _refusals() -> Iterator[None]:
    try:
        yield
    except (BotoCoreError, ClientError) as error:
        raise RehearsalError(f"the emulated AWS refused a call: {error}") from error


def _account(stack: str) -> tuple[str, str]:
    """Account and region of the stack file; what is wrong with them the program says better."""
    try:
        chosen = json.loads(stack_config(stack).get("slipway:aws", "{}"))
        return str(chosen["account_id"]), str(chosen["region"])
    except (ValueError, KeyError, TypeError):
        return "123456789012", "eu-west-1"


def _record(stack: str, plane: ControlPlane, endpoints: Endpoints) -> Recording:
    # The SDK is loaded here, after all that can be refused without it.
    from stacks.environment import environment

    return record(environment, stack=stack, outputs=creating(plane, endpoints))


def _overlay(authority: Path) -> dict[str, dict[str, str]]:
    """Where this machine differs from the VPC: who is in front, and who signed the database."""
    return {
        "nginx": {"TRUSTED_PROXIES": f"{LOOPBACK}/32", "WORKER_PROCESSES": "1"},
        "pgbouncer": {"SERVER_CA_FILE": str(authority)},
        "logins": {"SERVER_CA_FILE": str(authority)},
    }


def _bundle(issued: Certificate) -> Path:
    """Certificate and key in one file, as HAProxy wants them."""
    bundle = issued.certificate.with_name("bundle.pem")
    bundle.touch(mode=0o600)
    bundle.write_bytes(issued.certificate.read_bytes() + issued.key.read_bytes())
    return bundle
