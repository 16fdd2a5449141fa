"""The command line: parses, prints, and turns every bad input into one sentence and an exit code.

0 done and every check held, 1 refused or failed, 2 wrong usage, 130 after Ctrl-C.
"""

import gc
import json
import sys
import time
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from typer.exceptions import TyperException

from rehearsal.errors import RehearsalError

if TYPE_CHECKING:
    from rich.console import Console

# Columns where nobody looks: in a file or a pipe, one line stays one line.
UNWRAPPED = 10_000

app = typer.Typer(
    help="A whole environment on this machine, from the stack's own settings file.",
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Stack = Annotated[
    str,
    typer.Argument(help="Which Pulumi.STACK.yaml to read.", envvar="SLIPWAY_STACK"),
]
Port = Annotated[
    int | None,
    typer.Option(min=1, max=65535, help="Loopback port of the public URL; a free one otherwise."),
]


@app.command()
def plan(
    stack: Stack = "staging",
    as_json: Annotated[  # noqa: FBT002 (a flag of the command line)
        bool, typer.Option("--json", help="Every input of every resource, as JSON.")
    ] = False,
) -> None:
    """What `pulumi up` would create: resources by component, their settings, every export.

    And what the guardrails say of it: without --json 1 when a control fails or a waiver is no good.
    """
    started = time.monotonic()
    gc.disable()  # a short life that only allocates: collecting would double it (measured)
    # Imported where they are used: the SDK alone takes longer than --help may.
    from rich.text import Text

    from rehearsal import guardrails, plan_tree
    from rehearsal import plan as plans
    from rehearsal.recording import record
    from stacks.environment import environment

    recording = record(environment, stack=stack)
    verdict = guardrails.judged(recording, stack, _today())
    said = list(guardrails.lines(verdict, stack))
    if as_json:
        data = plans.data(recording, stack) | {"guardrails": said}
        print(json.dumps(data, indent=2, sort_keys=True, default=str))
        return  # whoever reads the data decides what the findings are worth
    console = _console()
    console.print(plan_tree.tree(recording, stack))
    console.print(plans.closing_line(recording, time.monotonic() - started), style="bold")
    for line in said:
        console.print(Text(line, style="" if verdict.passes else "red"), soft_wrap=True)
    raise typer.Exit(0 if verdict.passes else 1)


@app.command()
def compliance() -> None:
    """Write docs/compliance.md: every control, and where each environment stands with it."""
    gc.disable()
    from infra.guardrails.matrix import markdown
    from rehearsal import guardrails
    from rehearsal.recording import record
    from rehearsal.stack_file import ROOT, stack_names
    from stacks.environment import environment

    verdicts = {
        stack: guardrails.judged(record(environment, stack=stack), stack, _today())
        for stack in stack_names()
    }
    (ROOT / "docs" / "compliance.md").write_text(markdown(verdicts))
    for stack, verdict in verdicts.items():
        for line in guardrails.lines(verdict, stack):
            print(f"{stack}: {line}")
    raise typer.Exit(0 if all(verdict.passes for verdict in verdicts.values()) else 1)


@app.command()
def capacity(stack: Stack = "staging") -> None:
    """Print what ten times a stack's traffic needs, and write docs/capacity.md for all stacks."""
    from infra.capacity_page import markdown
    from rehearsal import capacity
    from rehearsal.stack_file import ROOT, stack_names

    _console().print(capacity.table(stack))
    page = markdown({name: capacity.chosen(name) for name in stack_names()})
    (ROOT / "docs" / "capacity.md").write_text(page)


@app.command()
def alarms(stack: Stack = "prod") -> None:
    """Write docs/alarms.md: every alarm of a stack, its numbers and where they are from."""
    gc.disable()
    from rehearsal.alarms_page import markdown
    from rehearsal.recording import record
    from rehearsal.stack_file import ROOT
    from stacks.environment import environment

    page = markdown(record(environment, stack=stack), stack)
    (ROOT / "docs" / "alarms.md").write_text(page)


@app.command()
def rights() -> None:
    """Write docs/rights.md: what each role of bootstrap may do."""
    gc.disable()
    from bootstrap.account import account
    from bootstrap.settings import PROJECT
    from rehearsal.recording import record
    from rehearsal.rights_page import markdown
    from rehearsal.stack_file import ROOT, stack_config

    config = stack_config("account", ROOT / "bootstrap")
    recording = record(account, stack="account", project=PROJECT, config=config)
    (ROOT / "docs" / "rights.md").write_text(markdown(recording))


@app.command()
def up(stack: Stack = "staging", port: Port = None) -> None:
    """Create and start the environment on this machine, and keep it up until Ctrl-C."""
    from rehearsal import commands

    commands.up(stack, port=port)


@app.command()
def run(
    stack: Stack = "staging",
    port: Port = None,
    rate: Annotated[
        int, typer.Option(min=1, max=2000, help="Requests per second during the scenarios.")
    ] = 120,
    scenarios: Annotated[
        str, typer.Option(help="all, none, or names with commas between them.", metavar="NAMES")
    ] = "all",
    report_dir: Annotated[
        Path,
        typer.Option(exists=True, file_okay=False, help="Folder for report.json and report.html."),
    ] = Path(),
) -> None:
    """Start the environment, check it, play releases good and bad under load, write a report."""
    from rehearsal import commands

    held = commands.run(
        stack, port=port, rate=rate, scenarios=scenarios, report_directory=report_dir
    )
    raise typer.Exit(0 if held else 1)


@app.command()
def soak(
    stack: Stack = "staging",
    cutovers: Annotated[
        int, typer.Option(min=1, max=1000, help="At least so many deploys in a row.")
    ] = 20,
    rollbacks: Annotated[
        int, typer.Option(min=0, max=1000, help="So many of them are rolled back.")
    ] = 5,
    requests: Annotated[
        int, typer.Option(min=1, max=2_500_000, help="At least so many requests meanwhile.")
    ] = 1_000_000,
    rate: Annotated[int, typer.Option(min=1, max=2000, help="Requests per second.")] = 300,
) -> None:
    """Cut over again and again under load, and print the figures: no request may fail."""
    from rehearsal import commands

    if rollbacks > cutovers:
        raise typer.BadParameter("must be at most the number of cutovers", param_hint="--rollbacks")
    held = commands.soak(
        stack, cutovers=cutovers, rollbacks=rollbacks, requests=requests, rate=rate
    )
    raise typer.Exit(0 if held else 1)


@app.command()
def drill(
    stack: Stack = "staging",
    rate: Annotated[int, typer.Option(min=1, max=2000, help="Requests per second meanwhile.")] = 60,
    report_dir: Annotated[
        Path,
        typer.Option(exists=True, file_okay=False, help="Folder for the signed reports."),
    ] = Path(),
) -> None:
    """Restore database and cache of the environment under load, beside them, and compare."""
    from rehearsal import drill as drills

    held = drills.drill(stack, rate=rate, report_directory=report_dir)
    raise typer.Exit(0 if held else 1)


def _console() -> "Console":
    from rich.console import Console

    console = Console(highlight=False)
    return console if console.is_terminal else Console(highlight=False, width=UNWRAPPED)


def _today() -> date:
    """The day by which waivers are judged."""
    return datetime.now(UTC).date()


def main() -> int:
    """Runs the command that the arguments name and returns the exit code."""
    try:
        return app(prog_name="python -m rehearsal", standalone_mode=False) or 0
    except TyperException as error:
        print(error.format_message(), file=sys.stderr)
        return 2
    except OSError as error:  # a full disk, or nobody left to read
        print(f"the machine refuses: {error}", file=sys.stderr)
        return 1
    except _refusals() as error:
        print(error, file=sys.stderr)
        return 1


def _refusals() -> tuple[type[Exception], ...]:
    # Only a program that was loaded can refuse its settings, and loading the SDK takes long.
    pulumi = sys.modules.get("pulumi")
    return (RehearsalError, pulumi.RunError) if pulumi else (RehearsalError,)
