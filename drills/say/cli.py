"""The command line: parses, prints what was found, and turns every error into one sentence."""

import signal
import sys
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Annotated

import typer
from typer.exceptions import TyperException

if TYPE_CHECKING:
    from drills.say.perform import Drill

HELP = """Restores what an environment stores into a scratch place, and holds it against its source.

Exit codes: 0 every check held; 1 a check did not; 2 wrong input, and nothing was changed; 3 the
drill broke off, and what it had created was taken away, or is by the next one.

Credentials, region and AWS_ENDPOINT_URL are read as the AWS CLI reads them. `restore` and `redis`
have to run where the environment's database and cache can be reached; PGSSLROOTCERT names the
certificates of AWS's databases.
"""

app = typer.Typer(
    help=HELP,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Stack = Annotated[
    str, typer.Option("--stack", help="Which environment.", envvar="SLIPWAY_STACK", metavar="STACK")
]
Confirm = Annotated[
    str | None, typer.Option(help="Its name again, where it is protected.", metavar="STACK")
]
Directory = Annotated[
    Path, typer.Option("--report-dir", file_okay=False, help="Folder for the signed report.")
]
TakeOver = Annotated[
    bool, typer.Option("--take-over", help="Remove what a drill of the last hours has left.")
]
ReportFile = Annotated[Path, typer.Argument(help="The report's .json, beside its other two files.")]


@app.command()
def restore(
    stack: Stack,
    confirm: Confirm = None,
    directory: Directory = Path(),
    take_over: TakeOver = False,  # noqa: FBT002 (a flag of the command line)
) -> None:
    """Restore the database to the newest second there is, beside the live one, and compare."""
    from drills.do.rds import RdsDatabase
    from drills.do.restore import restore as drill
    from drills.do.system_clock import SystemClock

    clock = SystemClock()
    _give(
        "restore",
        stack,
        confirm,
        directory,
        lambda aws, contract, drill_id: drill(
            RdsDatabase(aws, contract, drill_id, clock, take_over=take_over),
            rto_minutes=contract.rto_minutes,
            rpo_minutes=contract.rpo_minutes,
            clock=clock,
            tell=_tell,
        ),
    )


@app.command()
def redis(
    stack: Stack,
    confirm: Confirm = None,
    directory: Directory = Path(),
    take_over: TakeOver = False,  # noqa: FBT002 (a flag of the command line)
) -> None:
    """Restore the cache from a new snapshot, beside the live one, and compare."""
    from drills.do.elasticache import ElastiCache
    from drills.do.restore_cache import restore_cache
    from drills.do.system_clock import SystemClock

    clock = SystemClock()
    _give(
        "redis",
        stack,
        confirm,
        directory,
        lambda aws, contract, drill_id: restore_cache(
            ElastiCache(aws, contract, drill_id, clock, take_over=take_over),
            drill_id=drill_id,
            rto_minutes=contract.rto_minutes,
            clock=clock,
            tell=_tell,
        ),
    )


@app.command()
def assets(stack: Stack, confirm: Confirm = None, directory: Directory = Path()) -> None:
    """Compare the frontend's copy in the second region with the frontend. Creates nothing."""
    from drills.do.assets import restore_assets
    from drills.do.system_clock import SystemClock

    clock = SystemClock()
    _give(
        "assets",
        stack,
        confirm,
        directory,
        lambda aws, contract, _drill_id: restore_assets(aws, contract, clock=clock, tell=_tell),
    )


@app.command()
def verify(stack: Stack, report: ReportFile) -> None:
    """Say whether a report is as the environment's key has signed it."""
    from drills.do.aws import Aws
    from drills.do.contract import read_contract
    from drills.do.signing import verify as check

    aws = Aws()
    check(aws, read_contract(aws, stack).signing_key, report)
    print(f"{report.name} is as it was signed.")


def main() -> int:
    """Runs the drill that the arguments name and returns the exit code."""
    from drills.do.errors import BadInput, DrillError

    # What stands between the restore and its end must run, whoever ends us.
    for number in (signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, _interrupt)
    try:
        return app(prog_name="python -m drills", standalone_mode=False) or 0
    except TyperException as error:
        print(error.format_message(), file=sys.stderr)
        return 2
    except BadInput as error:
        print(error, file=sys.stderr)
        return 2
    except OSError as error:  # a full disk, or nobody left to read
        print(f"the machine refuses: {error}", file=sys.stderr)
        return 3
    except DrillError as error:
        print(error, file=sys.stderr)
        return 3
    except KeyboardInterrupt:
        print("interrupted; what was created has been taken away", file=sys.stderr)
        return 3


def _give(drill: str, stack: str, confirm: str | None, directory: Path, act: "Drill") -> None:
    from drills.do.system_clock import SystemClock
    from drills.say.perform import perform

    report, file = perform(
        drill, stack, confirm=confirm, directory=directory, clock=SystemClock(), act=act
    )
    for check in report.checks:
        print(f"{'held  ' if check.held else 'BROKEN'}  {check.name}: {check.saw}")
    print(f"{'Passed' if report.passed else 'FAILED'}; signed report: {file}")
    raise typer.Exit(0 if report.passed else 1)


def _tell(sentence: str) -> None:
    print(sentence, file=sys.stderr)


def _interrupt(_number: int, _frame: FrameType | None) -> None:
    raise KeyboardInterrupt
