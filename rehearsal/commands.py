"""`up` and `run`: what the command line calls. A RehearsalError is one sentence for its user."""

import time
from collections.abc import Callable
from pathlib import Path

from rich.console import Console
from rich.text import Text

from rehearsal.checks import CHECKS, perform
from rehearsal.environment import Environment
from rehearsal.errors import RehearsalError
from rehearsal.progress import Progress
from rehearsal.reporting.report import Check, Report, refuse_unwritable, write_json
from rehearsal.reporting.report_html import write_html
from rehearsal.reporting.summary import print_summary
from rehearsal.rollover import Rollover, both_served, nothing_failed, roll_over
from rehearsal.start_up import running

WATCH_SECONDS = 0.2


def up(stack: str, *, port: int | None = None, console: Console | None = None) -> None:
    """Keeps the environment up until Ctrl-C, its proper end; nothing is left afterwards."""
    progress = Progress(console or Console(highlight=False))
    with running(stack, progress=progress, port=port) as environment:
        _greet(environment, progress)
        try:
            while True:
                environment.watch.check()
                time.sleep(WATCH_SECONDS)
        except KeyboardInterrupt:
            progress.tell("Stopping.")


def run(
    stack: str,
    *,
    port: int | None = None,
    rate: int,
    seconds: int,
    report_directory: Path = Path(),
    console: Console | None = None,
) -> bool:
    """Checks the environment, moves traffic under load, reports; true only when everything held.

    Writes report.json and report.html into the directory.
    """
    refuse_unwritable(report_directory)
    console = console or Console(highlight=False)
    progress = Progress(console)
    started_at, started = time.time(), time.monotonic()
    with running(stack, progress=progress, port=port) as environment:
        checks = [perform(environment, name, check, progress) for name, check in CHECKS]
        rollover = _under_load(environment, progress, checks, rate=rate, seconds=seconds)
        report = Report(
            environment=stack,
            started_at=started_at,
            seconds=round(time.monotonic() - started, 1),
            checks=tuple(checks),
            load=rollover and rollover.load,
            weights=environment.weights(),
            releases={slot: r.release_id for slot, r in environment.releases.items()},
            versions=environment.versions,
            differences=environment.differences,
            urls={"API": environment.url, "AWS": environment.aws_variables["AWS_ENDPOINT_URL"]},
        )
    files = [report_directory / f"report.{kind}" for kind in ("json", "html")]
    write_json(report, files[0])
    write_html(report, files[1])
    print_summary(report, console)
    progress.tell(f"Reports: {files[0]} {files[1]}")
    return report.passed


def _under_load(
    environment: Environment, progress: Progress, checks: list[Check], *, rate: int, seconds: int
) -> Rollover | None:
    """Rolls over and adds to the checks what it showed; None when it could not be done."""
    started = time.monotonic()
    try:
        rollover = roll_over(environment, progress, rate=rate, seconds=seconds)
    except RehearsalError as error:
        environment.watch.check()
        checks.append(_failed("switch under load", str(error), started))
        return None
    named: tuple[tuple[str, Callable[[Rollover], str]], ...] = (
        ("switch under load", nothing_failed),
        ("both slots served", both_served),
    )
    for name, check in named:
        checks.append(
            perform(environment, name, lambda _environment, of=check: of(rollover), progress)
        )
    return rollover


def _failed(name: str, detail: str, started: float) -> Check:
    seconds = round(time.monotonic() - started, 1)
    return Check(name=name, passed=False, detail=detail, seconds=seconds)


def _greet(environment: Environment, progress: Progress) -> None:
    """Where everything is, ready to be copied."""
    tell = progress.console.print
    tell()
    tell(Text(f"{environment.stack} is up: {environment.url}/health", style="bold"))
    tell(f"  curl --cacert {environment.authority} {environment.url}/health", soft_wrap=True)
    tell("For boto3 and the AWS CLI in another terminal:")
    for name, value in environment.aws_variables.items():
        tell(f"  export {name}={value}", soft_wrap=True)
    tell("Ctrl-C stops it and leaves nothing behind.")
