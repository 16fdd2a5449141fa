"""From a stack file to a first release that answers: everything is started here, in order."""

import dataclasses
import json
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from botocore.exceptions import BotoCoreError, ClientError

from bootstrap.statements import Place
from cutover.decide.outcome import Exit
from infra.outputs import SLOTS
from rehearsal.alb.balancer import Balancer
from rehearsal.aws import edge, stores
from rehearsal.aws.alarms import Alarms
from rehearsal.aws.contract import REHEARSED, Pace, localize
from rehearsal.aws.control_plane import ACCESS_KEY, ControlPlane
from rehearsal.aws.creators import Endpoints, creating
from rehearsal.aws.ecs_task import list_what_should_run, tell_statuses_ourselves
from rehearsal.aws.follower import METRICS_SECONDS, Follower, balancer_settings
from rehearsal.aws.functions import start_function
from rehearsal.aws.generations import Generations
from rehearsal.aws.launcher import Launcher
from rehearsal.aws.one_off import OneOffTasks
from rehearsal.aws.reconciler import Reconciler
from rehearsal.aws.scaling import pull_into_range
from rehearsal.aws.scheduler import Scheduler
from rehearsal.aws.secret_values import not_ours, resolve
from rehearsal.aws.secret_versions import date_versions
from rehearsal.environment import Environment
from rehearsal.errors import RehearsalError
from rehearsal.machine import binaries, ports
from rehearsal.machine.certificates import Authority, Certificate
from rehearsal.machine.container import Runtime
from rehearsal.machine.images import install_images
from rehearsal.machine.ports import LOOPBACK
from rehearsal.machine.supervisor import Supervisor
from rehearsal.progress import Progress
from rehearsal.recording import Recording, record
from rehearsal.rights import rights_of
from rehearsal.stack_file import stack_config
from rehearsal.synthetic import Outputs
from rehearsal.tool import Tool
from rehearsal.traffic.client import Client
from rehearsal.watch import Watch

FIRST_RELEASE = "release-1"


@contextmanager
def running(
    stack: str,
    *,
    progress: Progress,
    port: int | None = None,
    pace: Pace = REHEARSED,
) -> Iterator[Environment]:
    """The environment of a stack file, with a first release that cutover has put in.

    Nothing of it is left afterwards. `port` is the balancer's on 127.0.0.1, a free one without.
    Raises RehearsalError with one sentence when a part of it can't start.
    """
    account_id, region = _account(stack)
    found = binaries.find()
    with ExitStack() as running_parts, _refusals():
        supervisor = running_parts.enter_context(Supervisor())
        port, aws_port, postgres_port, redis_port = (
            running_parts.enter_context(ports.held(wanted)) for wanted in (port, None, None, None)
        )
        plane = running_parts.enter_context(
            ControlPlane(port=aws_port, account_id=account_id, region=region)
        )
        tell_statuses_ourselves()
        list_what_should_run(plane)
        pull_into_range(plane)
        date_versions(plane)
        endpoints = Endpoints(postgres_port=postgres_port, redis_port=redis_port)
        with progress.step(f"Creating what Pulumi.{stack}.yaml asks for"):
            create = creating(plane, endpoints)
            recording = _record(stack, create)
        foreign = not_ours(recording)
        authority = Authority(supervisor.directory / "ca.pem")
        contract = localize(plane, stack, port=port, authority=authority.file, pace=pace)
        with progress.step("Starting PostgreSQL and Redis"):
            postgres = stores.start_postgres(
                supervisor,
                recording,
                plane,
                binaries=found,
                authority=authority,
                port=postgres_port,
            )
            redis = stores.start_redis(
                supervisor,
                recording,
                binaries=found,
                authority=authority,
                port=redis_port,
            )
        host = contract.public_url.partition("://")[2]
        with progress.step("Starting the balancer"):
            directory = supervisor.make_directory("listener")
            balancer = Balancer.start(
                supervisor,
                port=port,
                certificate=_bundle(authority.issue(directory, hosts=[host])),
                settings=dataclasses.replace(
                    balancer_settings(plane, contract.listener),
                    pages=edge.pages(recording, plane, contract.frontend_bucket),
                ),
            )
        launcher = Launcher(
            runtime=Runtime(
                supervisor=supervisor,
                binaries=found,
                images=install_images(supervisor),
                resolve_secret=lambda value_from: resolve(plane, value_from, empty=foreign),
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
        alarms = Alarms(plane, period_seconds=METRICS_SECONDS)
        reconciler = running_parts.enter_context(
            Reconciler([scheduler.step, one_off.step, follower.step, alarms.step])
        )
        start_function(supervisor, recording, plane)
        client = Client(port=port, host=host, authority=authority.file)
        watch = Watch((supervisor.check, reconciler.check))
        environment = Environment(
            stack=stack,
            contract=contract,
            host=host,
            port=port,
            authority=authority.file,
            aws_variables=plane.variables,
            clients=plane.client,
            tool=Tool(
                supervisor=supervisor,
                watch=watch,
                stack=stack,
                variables=plane.variables,
                calls=plane.calls,
            ),
            client=client,
            postgres=postgres,
            redis=redis,
            generations=Generations(
                stack,
                recording,
                create=create,
                follow=lambda later: stores.follow(later, plane, postgres=postgres, redis=redis),
            ),
            supervisor=supervisor,
            watch=watch,
            versions=binaries.versions(found),
            rights=rights_of(
                recording,
                contract,
                Place(environment=stack, account_id=account_id, region=region),
                ACCESS_KEY,
            ),
            sessions=plane.sessions,
            _foreign_secrets=foreign,
            _balancer=balancer,
            _launcher=launcher,
            _scheduler=scheduler,
            _follower=follower,
            _published=plane.published,
        )
        with progress.step(f"Deploying {FIRST_RELEASE} with cutover"):
            _deploy_first(environment)
        yield environment


def _deploy_first(environment: Environment) -> None:
    page = environment.upload_page(FIRST_RELEASE)
    ended = environment.deploy_first(FIRST_RELEASE, "--frontend", page)
    if ended.exit != Exit.DONE:
        raise RehearsalError(f"cutover did not deploy {FIRST_RELEASE}: {ended.sentence}")


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


def _record(stack: str, create: Outputs) -> Recording:
    # The SDK is loaded here, after all that can be refused without it.
    from stacks.environment import environment

    return record(environment, stack=stack, outputs=create)


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
