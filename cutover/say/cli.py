"""The command line: parses, and leaves the rest to the module of each verb.

What a verb needs is imported by it alone: `--help` and a rollback must not wait for the rest.
"""

import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer
from typer.exceptions import TyperException

if TYPE_CHECKING:
    from cutover.say.answer import Answer

HELP = """Moves production traffic between the blue and the green slot.

Exit codes: 0 done, after AWS was read again; 2 wrong input; 3 rolled back; 4 held, for a person to
look at; 5 refused, and something must be changed first; 6 the lease is somebody else's; 7 somebody
else has set the weights; 8 an invariant is broken, or the journal is; 9 interrupted; 10 AWS does
not answer, and the command may be given again; 1 a defect of this program.

With --json, standard output has one object and nothing else: command, stack, exit, sentence, and
what --help of the verb names. Progress and errors go to standard error. Credentials, region and
AWS_ENDPOINT_URL are read as the AWS CLI reads them; messages go to the environment's alert topic
and to CUTOVER_WEBHOOK_URL.
"""

app = typer.Typer(
    help=HELP,
    add_completion=False,
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

# Everything behind these verbs' options is a command of somebody else's.
_COMMAND = {"ignore_unknown_options": True, "allow_interspersed_args": False}

Stack = Annotated[
    str, typer.Option("--stack", help="Which environment.", envvar="SLIPWAY_STACK", metavar="STACK")
]
Json = Annotated[bool, typer.Option("--json", help="Answer with one JSON object.")]
Reason = Annotated[str | None, typer.Option(help="Why; the journal keeps it.", metavar="TEXT")]
Image = Annotated[str, typer.Option(help="REPOSITORY@sha256:DIGEST.", metavar="IMAGE")]
ReleaseId = Annotated[
    str,
    typer.Option(
        "--release", help="Its id: letters, digits, dots, underscores, hyphens.", metavar="ID"
    ),
]
SchemaMin = Annotated[
    int | None,
    typer.Option(min=0, help="The schema version that its migrations bring about.", metavar="N"),
]
SchemaMax = Annotated[
    int | None,
    typer.Option(min=0, help="The newest schema version that it lives with.", metavar="N"),
]
DespiteFreeze = Annotated[bool, typer.Option("--despite-freeze", help="Needs a --reason.")]
NoRetire = Annotated[
    bool, typer.Option("--no-retire", help="Leave the old slot running, until `retire`.")
]
Adopt = Annotated[bool, typer.Option("--adopt", help="Take the weights that are live as right.")]
RunId = Annotated[
    str | None,
    typer.Option(
        help="Go on with this run, or say how it ended; a new one otherwise.", metavar="ID"
    ),
]
Newest = Annotated[int, typer.Option("-n", min=1, help="How many of the newest.")]
Chain = Annotated[bool, typer.Option("--verify", help="Say that the whole hash chain is right.")]
Cause = Annotated[
    str, typer.Option("--reason", help="Why; who is stopped reads it.", metavar="TEXT")
]
Until = Annotated[
    str | None, typer.Option(help="When it ends by itself, ISO 8601.", metavar="TIME")
]
Purpose = Annotated[
    str | None, typer.Option(help="What others read who want the lease.", metavar="TEXT")
]
Command = Annotated[list[str], typer.Argument(help="The command, after --.", metavar="COMMAND...")]


@app.command()
def plan(
    stack: Stack,
    image: Image,
    release: ReleaseId,
    schema_min: SchemaMin = None,
    schema_max: SchemaMax = None,
    despite_freeze: DespiteFreeze = False,  # noqa: FBT002 (a flag of the command line)
    no_retire: NoRetire = False,  # noqa: FBT002
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """What `deploy` would do, cost and risk.

    Says as well what stands against it; touches nothing.

    JSON: release, entering, tasks, steps, least_seconds, most_seconds, rollback_seconds,
    least_task_hours, most_task_hours, way_back_until, refusals.
    """
    from cutover.say import foresight

    _give(
        "plan",
        stack,
        lambda: foresight.plan(
            stack,
            image=image,
            release=release,
            schema_min=schema_min,
            schema_max=schema_max,
            despite_freeze=despite_freeze,
            retire=not no_retire,
        ),
        as_json=as_json,
    )


@app.command()
def deploy(
    stack: Stack,
    image: Image,
    release: ReleaseId,
    schema_min: SchemaMin = None,
    schema_max: SchemaMax = None,
    run_id: RunId = None,
    reason: Reason = None,
    despite_freeze: DespiteFreeze = False,  # noqa: FBT002
    no_retire: NoRetire = False,  # noqa: FBT002
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Bring a release to all of the traffic.

    Migrate, fill, smoke, ladder, bake, retire; and back if a gate fails.

    Without --schema-min and --schema-max a release lives with the live schema, whatever that is.
    JSON: run, weights, releases.
    """
    from cutover.say import verbs

    _give(
        "deploy",
        stack,
        lambda: verbs.deploy(
            stack,
            image=image,
            release=release,
            schema_min=schema_min,
            schema_max=schema_max,
            run=run_id,
            reason=reason,
            despite_freeze=despite_freeze,
            retire=not no_retire,
        ),
        as_json=as_json,
    )


@app.command()
def status(stack: Stack, as_json: Json = False) -> None:  # noqa: FBT002
    """What is live, which run is open, and more.

    JSON: active, weights, slots, schema, run, lease, frozen, forward_only.
    """
    from cutover.say import status as views

    _give("status", stack, lambda: views.status(stack), as_json=as_json)


@app.command()
def resume(
    stack: Stack,
    adopt: Adopt = False,  # noqa: FBT002
    reason: Reason = None,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Go on with the open run.

    From where it stands. JSON: run, weights, releases.
    """
    from cutover.say import verbs

    _give("resume", stack, lambda: verbs.resume(stack, adopt=adopt, reason=reason), as_json=as_json)


@app.command()
def rollback(stack: Stack, reason: Reason = None, as_json: Json = False) -> None:  # noqa: FBT002
    """All traffic to the release that was before.

    From wherever a run stands.
    Asks nobody, heeds no freeze and no gate, needs no CloudWatch. JSON: run, weights, releases.
    """
    from cutover.say import verbs

    _give("rollback", stack, lambda: verbs.rollback(stack, reason=reason), as_json=as_json)


@app.command()
def abort(stack: Stack, reason: Reason = None, as_json: Json = False) -> None:  # noqa: FBT002
    """Give the open run up.

    Traffic where it was, the other slot empty. JSON: run, weights, releases.
    """
    from cutover.say import verbs

    _give("abort", stack, lambda: verbs.abort(stack, reason=reason), as_json=as_json)


@app.command()
def retire(stack: Stack, reason: Reason = None, as_json: Json = False) -> None:  # noqa: FBT002
    """Empty the slot without traffic.

    Once it has been quiet. JSON: run, weights, releases.
    """
    from cutover.say import verbs

    _give("retire", stack, lambda: verbs.retire(stack, reason=reason), as_json=as_json)


@app.command()
def refresh(stack: Stack, reason: Reason = None, as_json: Json = False) -> None:  # noqa: FBT002
    """Replace the active slot's tasks in place.

    So they read their secrets again. JSON: run, weights, releases.
    """
    from cutover.say import verbs

    _give("refresh", stack, lambda: verbs.refresh(stack, reason=reason), as_json=as_json)


@app.command()
def history(
    stack: Stack,
    newest: Newest = 50,
    verify: Chain = False,  # noqa: FBT002
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """The journal, oldest first.

    With --json an object in each line, as the journal holds it.
    """
    from cutover.say import past

    _give(
        "history", stack, lambda: past.history(stack, newest=newest, verify=verify), as_json=as_json
    )


@app.command()
def freeze(
    stack: Stack,
    reason: Cause,
    until: Until = None,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """No step forward until `unfreeze`.

    The way back stays open. JSON: run, weights, releases.
    """
    from cutover.say import verbs

    _give("freeze", stack, lambda: verbs.freeze(stack, until=until, reason=reason), as_json=as_json)


@app.command()
def unfreeze(stack: Stack, reason: Reason = None, as_json: Json = False) -> None:  # noqa: FBT002
    """Steps forward are possible again.

    JSON: run, weights, releases.
    """
    from cutover.say import verbs

    _give("unfreeze", stack, lambda: verbs.unfreeze(stack, reason=reason), as_json=as_json)


@app.command()
def verify(
    stack: Stack,
    adopt: Adopt = False,  # noqa: FBT002
    reason: Reason = None,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Compare live AWS with the journal.

    And ask the public path who answers. Writes nothing without --adopt.
    JSON: run, weights, releases.
    """
    from cutover.say import status as views

    _give("verify", stack, lambda: views.verify(stack, adopt=adopt, reason=reason), as_json=as_json)


@app.command(context_settings=_COMMAND)
def shell(stack: Stack, command: Command, as_json: Json = False) -> None:  # noqa: FBT002
    """Run a command beside what is live.

    In a task of its own, from what the active slot runs; exits with the command's code.
    JSON: task, logs, task_exit_code.
    """
    from cutover.say import shell as shells

    _give("shell", stack, lambda: shells.shell(stack, command), as_json=as_json)


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

    _give("guard", stack, lambda: guarding.guard(stack, command, purpose=purpose), as_json=False)


def main() -> int:
    """Runs the verb that the arguments name and returns the exit code."""
    try:
        return app(prog_name="python -m cutover", standalone_mode=False) or 0
    except TyperException as error:
        print(error.format_message(), file=sys.stderr)
        return 2


def _give(command: str, stack: str, answered: "Callable[[], Answer]", *, as_json: bool) -> None:
    from cutover.say.answer import give

    raise typer.Exit(give(command, stack, answered, as_json=as_json))
