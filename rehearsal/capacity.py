"""What ten times a stack's traffic needs, for `make capacity`; the settings without an engine."""

import json

from rich.console import Group
from rich.table import Table

from infra import capacity, settings
from infra.capacity_page import summary
from infra.settings import PROJECT, Settings
from rehearsal.errors import RehearsalError
from rehearsal.stack_file import stack_config


def chosen(stack: str) -> Settings:
    """The settings in a stack's file; RehearsalError with every problem of it."""
    raw = {
        key.removeprefix(f"{PROJECT}:"): _value(text) for key, text in stack_config(stack).items()
    }
    found, problems = settings.parse(raw)
    if found is None or problems:
        raise RehearsalError("\n  ".join([f"Pulumi.{stack}.yaml is not usable:", *problems]))
    return found


def table(stack: str) -> Group:
    """What `infra.capacity` says of the stack's file."""
    wanted = chosen(stack)
    shown = Table("", "today", "ten times", "there is", "")
    for column in shown.columns[1:4]:
        column.justify = "right"
    for line in capacity.lines(wanted):
        numbers = (line.today, line.tenfold, line.there_is)
        shown.add_row(line.what, *(f"{number:,}" for number in numbers), line.verdict)
    return Group(f"{stack}, during a cutover:", shown, *summary(wanted))


def _value(text: str) -> object:
    try:
        return json.loads(text)
    except json.JSONDecodeError:
        return text
