"""What a person does with a run, with the slots, and with everybody's runs."""

from typing import Annotated

import typer

from cutover.say.commands.options import (
    Adopt,
    DespiteAlarms,
    DespiteFreeze,
    Json,
    Reason,
    Stack,
    despite_of,
    give,
)

app = typer.Typer()

Cause = Annotated[
    str, typer.Option("--reason", help="Why; who is stopped reads it.", metavar="TEXT")
]
Until = Annotated[
    str | None,
    typer.Option(
        help="When it ends by itself, ISO 8601, UTC unless it says otherwise.", metavar="TIME"
    ),
]
Forward = Annotated[
    bool,
    typer.Option(
        "--forward",
        help="All of the traffic to the slot that entered, at once and without gates, when the run "
        "goes back and can't. Needs a --reason.",
    ),
]


@app.command()
def resume(
    stack: Stack,
    adopt: Adopt = False,  # noqa: FBT002
    forward: Forward = False,  # noqa: FBT002
    reason: Reason = None,
    despite_freeze: DespiteFreeze = False,  # noqa: FBT002
    despite_alarms: DespiteAlarms = False,  # noqa: FBT002
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Go on with the open run.

    From where it stands. JSON: run, weights, releases.
    """
    from cutover.say import verbs

    give(
        "resume",
        stack,
        lambda: verbs.resume(
            stack,
            adopt=adopt,
            forward=forward,
            reason=reason,
            despite=despite_of(freeze=despite_freeze, alarms=despite_alarms),
        ),
        as_json=as_json,
    )


@app.command()
def rollback(stack: Stack, reason: Reason = None, as_json: Json = False) -> None:  # noqa: FBT002
    """All traffic to the release that was before.

    From wherever a run stands.
    Asks nobody, heeds no freeze and no gate, needs no CloudWatch. JSON: run, weights, releases.
    """
    from cutover.say import verbs

    give("rollback", stack, lambda: verbs.rollback(stack, reason=reason), as_json=as_json)


@app.command()
def abort(stack: Stack, reason: Reason = None, as_json: Json = False) -> None:  # noqa: FBT002
    """Give the open run up.

    Traffic where it was, the other slot empty. JSON: run, weights, releases.
    """
    from cutover.say import verbs

    give("abort", stack, lambda: verbs.abort(stack, reason=reason), as_json=as_json)


@app.command()
def retire(stack: Stack, reason: Reason = None, as_json: Json = False) -> None:  # noqa: FBT002
    """Empty the slot without traffic.

    Once it has been quiet. JSON: run, weights, releases.
    """
    from cutover.say import verbs

    give("retire", stack, lambda: verbs.retire(stack, reason=reason), as_json=as_json)


@app.command()
def refresh(stack: Stack, reason: Reason = None, as_json: Json = False) -> None:  # noqa: FBT002
    """Replace the active slot's tasks in place.

    So they read their secrets again. JSON: run, weights, releases.
    """
    from cutover.say import verbs

    give("refresh", stack, lambda: verbs.refresh(stack, reason=reason), as_json=as_json)


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

    give("freeze", stack, lambda: verbs.freeze(stack, until=until, reason=reason), as_json=as_json)


@app.command()
def unfreeze(stack: Stack, reason: Reason = None, as_json: Json = False) -> None:  # noqa: FBT002
    """Steps forward are possible again.

    JSON: run, weights, releases.
    """
    from cutover.say import verbs

    give("unfreeze", stack, lambda: verbs.unfreeze(stack, reason=reason), as_json=as_json)
