"""Other programs: beside what is live, and under the lease."""

from typing import Annotated

import typer

from cutover.say.commands.options import Json, Stack, give

app = typer.Typer()

# Everything behind these verbs' options is a command of somebody else's.
_COMMAND = {"ignore_unknown_options": True, "allow_interspersed_args": False}

Purpose = Annotated[
    str | None, typer.Option(help="What others read who want the lease.", metavar="TEXT")
]
Command = Annotated[list[str], typer.Argument(help="The command, after --.", metavar="COMMAND...")]


@app.command(context_settings=_COMMAND)
def shell(stack: Stack, command: Command, as_json: Json = False) -> None:  # noqa: FBT002
    """Run a command beside what is live.

    In a task of its own, from what the active slot runs; exits with the command's code.
    JSON: task, logs, task_exit_code.
    """
    from cutover.say import shell as shells

    give("shell", stack, lambda: shells.shell(stack, command), as_json=as_json)


@app.command(context_settings=_COMMAND)
def guard(
    stack: Stack,
    command: Command,
    purpose: Purpose = None,
) -> None:
    """Run a command that must not meet a cutover.

    `pulumi up` above all: it has the lease meanwhile, and no weight has moved afterwards.
    Exits with the command's own code, unless somebody has moved weights (7), or AWS can't tell.
    """
    from cutover.say import guarding

    give("guard", stack, lambda: guarding.guard(stack, command, purpose=purpose), as_json=False)
