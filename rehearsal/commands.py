"""`up`, `run` and `soak`: what the command line calls.

A RehearsalError is one sentence for its user.
"""

import time
from pathlib import Path

from rich.console import Console
from rich.text import Text

from rehearsal import soak as soaks
from rehearsal.aws.contract import SOAKED
from rehearsal.checks import CHECKS, perform
from rehearsal.environment import Environment
from rehearsal.faults import FAULTS, Fault
from rehearsal.progress import Progress
from rehearsal.reporting.report import Report, refuse_unwritable, write_json
from rehearsal.reporting.report_html import write_html
from rehearsal.reporting.summary import print_summary
from rehearsal.start_up import running
from rehearsal.under_load import names, play

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
    scenarios: str = "all",
    report_directory: Path = Path(),
    console: Console | None = None,
) -> bool:
    """Checks the environment, plays scenarios under load, reports; true only when all held.

    Writes report.json and report.html into the directory.
    """
    refuse_unwritable(report_directory)
    chosen = names(scenarios)
    console = console or Console(highlight=False)
    progress = Progress(console)
    started_at, started = time.time(), time.monotonic()
    with running(stack, progress=progress, port=port) as environment:
        checks = [perform(environment, name, check, progress) for name, check in CHECKS]
        played = play(environment, progress, chosen, rate=rate)
        report = Report(
            environment=stack,
            started_at=started_at,
            seconds=round(time.monotonic() - started, 1),
            checks=(*checks, *played.checks),
            load=played.load,
            excuses=played.excuses,
            weights=environment.weights(),
            releases={**environment.releases},
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


def soak(
    stack: str,
    *,
    cutovers: int,
    rollbacks: int,
    requests: int,
    rate: int,
    console: Console | None = None,
) -> bool:
    """Cuts over again and again under load, and prints the figures; true when nothing failed."""
    console = console or Console(highlight=False)
    progress = Progress(console)
    with running(stack, progress=progress, pace=SOAKED) as environment:
        soaked = soaks.soak(
            environment,
            progress,
            cutovers=cutovers,
            rollbacks=rollbacks,
            requests=requests,
            rate=rate,
        )
    console.print(Text(soaks.table(soaked)), soft_wrap=True)
    for reason, count in soaked.load.reasons.items():
        console.print(Text(f"{count:,} failed: {reason}", style="red"), soft_wrap=True)
    if soaked.broken:
        console.print(Text(soaked.broken, style="red"), soft_wrap=True)
    return not soaked.broken and soaked.load.failed == 0 and soaked.load.requests >= requests


def _greet(environment: Environment, progress: Progress) -> None:
    """Where everything is, ready to be copied."""
    tell = progress.console.print
    tell()
    tell(Text(f"{environment.stack} is up: {environment.url}/health", style="bold"))
    tell(f"  curl --cacert {environment.authority} {environment.url}/health", soft_wrap=True)
    tell("For cutover, boto3 and the AWS CLI in another terminal, in this folder:")
    tell("  . .venv/bin/activate")
    for name, value in environment.aws_variables.items():
        tell(f"  export {name}={value}", soft_wrap=True)
    tell("And then, for another release and its page, or one whose fault sends it back:")
    deploy = f"python -m cutover deploy --stack {environment.stack} --release"
    others: dict[str, Fault | None] = {"release-2": None, **{fault: fault for fault in FAULTS}}
    for release, fault in others.items():
        image, page = environment.build(release, fault).image, environment.upload_page(release)
        tell(f"  {deploy} {release} --image {image} --frontend {page}", soft_wrap=True)
    tell("Ctrl-C stops it and leaves nothing behind.")
