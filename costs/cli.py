"""The command line: a plan in, a table out. 0 done, 1 no estimate, 2 wrong usage."""

import json
import sys
from decimal import Decimal
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from costs.errors import CostError
from costs.estimate import CENT, Estimate, estimate
from costs.plan import read_plan
from costs.prices import read_prices, read_usage

# Columns where nobody looks: in a file or a pipe, one line stays one line.
UNWRAPPED = 10_000

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

PlanFile = Annotated[str, typer.Argument(help="A plan as JSON; - for standard input.")]


@app.command()
def cost(
    plan: PlanFile,
    against: Annotated[
        str | None, typer.Option(help="Another plan: what does this one cost more or less?")
    ] = None,
    as_json: Annotated[  # noqa: FBT002 (a flag of the command line)
        bool, typer.Option("--json", help="Every line, as JSON.")
    ] = False,
) -> None:
    """What the environment of a plan costs a month."""
    now = _estimated(plan)
    before = _estimated(against) if against else None
    if as_json:
        print(json.dumps(_data(now, before), indent=2))
        return
    console = Console(highlight=False)
    if not console.is_terminal:
        console = Console(highlight=False, width=UNWRAPPED)
    console.print(_table(now, before))


def main(arguments: list[str] | None = None) -> int:
    """Exit code of the command; a CostError is its one line on standard error."""
    try:
        app(args=arguments, standalone_mode=True)
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else 1
    except OSError as error:  # a full disk, or nobody left to read
        print(f"the machine refuses: {error}", file=sys.stderr)
        return 1
    except CostError as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _estimated(source: str) -> Estimate:
    try:
        text = sys.stdin.read() if source == "-" else Path(source).read_text()
    except (OSError, UnicodeDecodeError) as error:
        raise CostError(f"the plan {source} can't be read: {error}") from None
    found = read_plan(text, "standard input" if source == "-" else source)
    return estimate(found, read_prices(), read_usage(found.environment))


def _table(now: Estimate, before: Estimate | None) -> Table:
    headings = ["component", "US$ a month"] + (["before", "difference"] if before else [])
    title = f"{now.environment} at the list prices of {now.as_of}, without tax"
    table = Table(*headings, title=title, title_justify="left")
    for column in table.columns[1:]:
        column.justify = "right"
    old = before.by_component() if before else {}
    new = now.by_component()
    for name in sorted({*new, *old}):
        table.add_row(name, *_amounts(new.get(name), old.get(name), compared=bool(before)))
    table.add_section()
    table.add_row("all", *_amounts(now.usd, before.usd if before else None, compared=bool(before)))
    return table


def _amounts(new: Decimal | None, old: Decimal | None, *, compared: bool) -> list[str]:
    new, old = new or Decimal(0), old or Decimal(0)
    return [f"{new:,.2f}"] + ([f"{old:,.2f}", f"{new - old:+,.2f}"] if compared else [])


def _data(now: Estimate, before: Estimate | None) -> dict[str, object]:
    data: dict[str, object] = {
        "environment": now.environment,
        "as_of": now.as_of,
        "usd_a_month": _cents(now.usd),
        "components": {name: _cents(usd) for name, usd in now.by_component().items()},
        "lines": [
            {
                "component": line.component,
                "resource": line.resource,
                "what": line.key,
                "quantity": float(line.quantity),
                "usd_each": float(line.usd_each),
                "usd": _cents(line.usd),
            }
            for line in now.lines
        ],
    }
    if before:
        data["usd_a_month_before"] = _cents(before.usd)
        data["usd_a_month_difference"] = _cents(now.usd - before.usd)
    return data


def _cents(usd: Decimal) -> float:
    return float(usd.quantize(CENT))
