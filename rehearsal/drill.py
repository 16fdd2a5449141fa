"""`drill`: the running database and cache, restored under load by the drills' own code."""

import datetime
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console

from drills.decide.report import Report
from drills.do.errors import DrillError
from drills.do.restore import Found, restore
from drills.do.restore_cache import restore_cache
from drills.do.signing import verify, write_signed
from drills.do.system_clock import SystemClock
from infra.drill_outputs import DrillContract, drills_name
from rehearsal.aws.contract import Clients
from rehearsal.environment import Environment
from rehearsal.errors import RehearsalError
from rehearsal.machine import binaries
from rehearsal.progress import Progress
from rehearsal.reporting.report import refuse_unwritable
from rehearsal.restores import NAME, MachineCache, MachineDatabase
from rehearsal.start_up import running
from rehearsal.traffic.mixes import EVERY_KIND
from rehearsal.traffic.writer import Writer

# For requests to have written something that a restore could lose.
WARM_UP_SECONDS = 5.0


def drill(
    stack: str, *, rate: int, report_directory: Path = Path(), console: Console | None = None
) -> bool:
    """True when every check held; RehearsalError when a drill could not come to an end."""
    refuse_unwritable(report_directory)
    console = console or Console(highlight=False)
    progress = Progress(console)
    with running(stack, progress=progress) as environment:
        contract = _contract(environment)
        with progress.step(f"Sending {rate} requests/s, and writing"):
            load = environment.start_load(EVERY_KIND, rate_per_second=rate)
        with Writer(environment.client) as writer:
            environment.watch.pause(WARM_UP_SECONDS)
            reports = [
                _report(environment, progress, name, act, contract)
                for name, act in (("restore", _database), ("redis", _cache))
            ]
        writer.check()
        answered = load.finish(environment.slots)
        console.print(
            f"{answered.requests:,} requests, {answered.failed} failed; "
            f"{writer.written:,} items written, {writer.refused} refused"
        )
        for report in reports:
            file = write_signed(
                _Calls(environment.clients), contract.signing_key, report, report_directory
            )
            verify(_Calls(environment.clients), contract.signing_key, file)
            for check in report.checks:
                held = "held  " if check.held else "BROKEN"
                console.print(f"{held}  {report.drill}, {check.name}: {check.saw}", markup=False)
            console.print(f"{file}, signed", markup=False)
    # Nobody may notice a drill; and without a write it has shown nothing.
    unnoticed = answered.failed == writer.refused == 0 and writer.written > 0
    return unnoticed and all(report.passed for report in reports)


class _Calls:
    """What signs on AWS signs here on the emulated KMS."""

    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def call(self, service: str, operation: str, /, **given: Any) -> Any:
        return getattr(self._clients(service), operation)(**given)


def _contract(environment: Environment) -> DrillContract:
    found = environment.clients("ssm").get_parameter(Name=drills_name(environment.stack))
    return DrillContract.from_json(found["Parameter"]["Value"])


def _database(environment: Environment, contract: DrillContract, progress: Progress) -> Found:
    clock = SystemClock()
    place = MachineDatabase(
        environment.supervisor,
        environment.postgres,
        binaries.find(["pg_basebackup"]),
        clock,
    )
    return restore(
        place,
        rto_minutes=contract.rto_minutes,
        rpo_minutes=contract.rpo_minutes,
        clock=clock,
        tell=progress.tell,
    )


def _cache(environment: Environment, contract: DrillContract, progress: Progress) -> Found:
    return restore_cache(
        MachineCache(environment.supervisor, environment.redis),
        drill_id="rehearsal",
        rto_minutes=contract.rto_minutes,
        clock=SystemClock(),
        tell=progress.tell,
    )


def _report(
    environment: Environment,
    progress: Progress,
    name: str,
    act: Callable[[Environment, DrillContract, Progress], Found],
    contract: DrillContract,
) -> Report:
    started_at = time.time()
    try:
        with progress.step(f"Drill: {name}"):
            found = act(environment, contract, progress)
    except DrillError as error:
        raise RehearsalError(str(error)) from error
    moment = datetime.datetime.fromtimestamp(started_at, datetime.UTC)
    return Report(
        drill=name,
        environment=environment.stack,
        place=NAME,
        drill_id=moment.strftime("%Y%m%d-%H%M%S"),
        started_at=started_at,
        ended_at=time.time(),
        restored_to=found.restored_to,
        figures=found.figures,
        checks=found.checks,
    )
