"""What is live, whether it is right, and how it came to be."""

from typing import Annotated

import typer

from cutover.say.commands.options import Adopt, Json, Reason, Stack, give

app = typer.Typer()

Newest = Annotated[int, typer.Option("-n", min=1, help="How many of the newest.", metavar="N")]
Chain = Annotated[
    bool,
    typer.Option("--verify", help="Say how long the chain of hashes is, and its head's hash."),
]
JsonLines = Annotated[
    bool, typer.Option("--json", help="Answer with one JSON object for each entry, a line each.")
]


@app.command()
def status(stack: Stack, as_json: Json = False) -> None:  # noqa: FBT002
    """What is live, which run is open, and more.

    What can't be read is named, the rest is shown, and the code is 5 or 10.
    JSON: active, weights, slots, schema, frontend, run, lease, frozen, forward_only, unread.
    """
    from cutover.say import status as views

    give("status", stack, lambda: views.status(stack), as_json=as_json)


@app.command()
def verify(
    stack: Stack,
    adopt: Adopt = False,  # noqa: FBT002
    reason: Reason = None,
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Compare live AWS with the journal.

    And ask the public path who answers, and check the journal's whole chain of hashes. Writes
    nothing without --adopt.
    JSON: run, weights, releases.
    """
    from cutover.say import verifying

    give(
        "verify",
        stack,
        lambda: verifying.verify(stack, adopt=adopt, reason=reason),
        as_json=as_json,
    )


@app.command()
def history(
    stack: Stack,
    newest: Newest = 50,
    verify: Chain = False,  # noqa: FBT002
    as_json: JsonLines = False,  # noqa: FBT002
) -> None:
    """The newest entries of the journal, oldest first.

    The chain of hashes is checked from the first entry on, whatever is shown; 8 when it is broken.
    JSON: sequence, run, token, at, kind, data, previous, hash.
    """
    from cutover.say import past

    give(
        "history", stack, lambda: past.history(stack, newest=newest, verify=verify), as_json=as_json
    )
