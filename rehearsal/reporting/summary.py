"""What the terminal shows at the end of a rehearsal."""

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from rehearsal.reporting.report import Report
from rehearsal.traffic.tally import LoadResult


def print_summary(report: Report, console: Console) -> None:
    """Checks, load, failures and the verdict, in this order: the verdict is read last."""
    checks = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    checks.add_column("check")
    checks.add_column("result")
    checks.add_column("seen", overflow="fold")
    checks.add_column("s", justify="right")
    for check in report.checks:
        result = Text("held", style="green") if check.passed else Text("FAILED", style="bold red")
        checks.add_row(escape(check.name), result, escape(check.detail), f"{check.seconds:.1f}")
    console.print(checks)
    if report.load:
        _print_load(report.load, console)
    for excuse in report.excuses:
        console.print(Text(f"  {excuse.failed:,} were meant to fail: {excuse.reason}"))
    style = "bold green" if report.passed else "bold red"
    word = "PASSED" if report.passed else "FAILED"
    console.print(Text(f"{word}  {report.environment}: {report.verdict}", style=style))


def _print_load(load: LoadResult, console: Console) -> None:
    clients = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    clients.add_column("client")
    for column in ("requests", "failed", "p50 ms", "p99 ms"):
        clients.add_column(column, justify="right")
    for name, kind in load.kinds.items():
        clients.add_row(
            escape(name),
            f"{kind.requests:,}",
            Text(f"{kind.failed:,}", style="bold red" if kind.failed else ""),
            f"{kind.p50_ms:.1f}",
            f"{kind.p99_ms:.1f}",
        )
    clients.add_section()
    clients.add_row(
        "all", f"{load.requests:,}", f"{load.failed:,}", f"{load.p50_ms:.1f}", f"{load.p99_ms:.1f}"
    )
    console.print(clients)
    slots = ", ".join(f"{slot} {count:,}" for slot, count in load.slots.items())
    console.print(
        f"{load.rate_per_second:g} requests/s open loop for {load.seconds:.0f} s; answered by "
        f"{slots or 'nobody'}; longest time without a success {load.largest_gap_ms:.0f} ms",
        highlight=False,
    )
    for reason, count in load.reasons.items():
        console.print(Text(f"  {count:,} failed: {reason}", style="red"))
