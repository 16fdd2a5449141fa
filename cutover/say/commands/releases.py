"""`plan` and `deploy`: a release, before it goes live and on its way."""

from typing import Annotated

import typer

from cutover.say.commands.options import (
    DespiteAlarms,
    DespiteFreeze,
    Json,
    Reason,
    Stack,
    despite_of,
    give,
)

app = typer.Typer()

Image = Annotated[str, typer.Option(help="REPOSITORY@sha256:DIGEST.", metavar="IMAGE")]
ReleaseId = Annotated[
    str,
    typer.Option(
        "--release",
        help="Its id: a letter or a digit, and then dots, underscores and hyphens too.",
        metavar="ID",
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
Frontend = Annotated[
    str | None,
    typer.Option(
        help="Its page in the frontend's bucket, which index.html will be.", metavar="KEY"
    ),
]
Copied = Annotated[
    str | None, typer.Option("--reason", help="As `deploy` takes it; kept nowhere.", metavar="TEXT")
]
NoRetire = Annotated[
    bool, typer.Option("--no-retire", help="Leave the old slot running, until `retire`.")
]
RunId = Annotated[
    str | None,
    typer.Option(
        help="Go on with this run, or say how it ended; a new one otherwise.", metavar="ID"
    ),
]


@app.command()
def plan(
    stack: Stack,
    image: Image,
    release: ReleaseId,
    schema_min: SchemaMin = None,
    schema_max: SchemaMax = None,
    frontend: Frontend = None,
    reason: Copied = None,
    despite_freeze: DespiteFreeze = False,  # noqa: FBT002 (a flag of the command line)
    despite_alarms: DespiteAlarms = False,  # noqa: FBT002
    no_retire: NoRetire = False,  # noqa: FBT002
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """What `deploy` would do, cost and risk.

    Says as well what stands against it; touches nothing.

    JSON: release, frontend, entering, tasks, despite, steps, least_seconds, most_seconds,
    rollback_seconds, least_task_hours, most_task_hours, way_back_until, refusals.
    """
    from cutover.decide.model import Terms
    from cutover.say import foresight
    from cutover.say.wanted import Wanted

    wanted = Wanted(
        release_id=release,
        image=image,
        schema_min=schema_min,
        schema_max=schema_max,
        frontend=frontend,
    )
    despite = despite_of(freeze=despite_freeze, alarms=despite_alarms)
    terms = Terms(despite=despite, retire=not no_retire)
    give(
        "plan",
        stack,
        lambda: foresight.plan(stack, wanted, terms, reason=reason),
        as_json=as_json,
    )


@app.command()
def deploy(
    stack: Stack,
    image: Image,
    release: ReleaseId,
    schema_min: SchemaMin = None,
    schema_max: SchemaMax = None,
    frontend: Frontend = None,
    run_id: RunId = None,
    reason: Reason = None,
    despite_freeze: DespiteFreeze = False,  # noqa: FBT002
    despite_alarms: DespiteAlarms = False,  # noqa: FBT002
    no_retire: NoRetire = False,  # noqa: FBT002
    as_json: Json = False,  # noqa: FBT002
) -> None:
    """Bring a release to all of the traffic.

    Migrate, fill, smoke, ladder, bake, retire; and back if a gate fails.

    Without --schema-min and --schema-max a release lives with the live schema, whatever that is.
    With --frontend its page becomes index.html once it has all of the traffic; without, that stays.
    JSON: run, weights, releases.
    """
    from cutover.decide.model import Terms
    from cutover.say import verbs
    from cutover.say.wanted import Wanted

    wanted = Wanted(
        release_id=release,
        image=image,
        schema_min=schema_min,
        schema_max=schema_max,
        frontend=frontend,
    )
    despite = despite_of(freeze=despite_freeze, alarms=despite_alarms)
    terms = Terms(despite=despite, retire=not no_retire)
    give(
        "deploy",
        stack,
        lambda: verbs.deploy(stack, wanted, terms, run=run_id, reason=reason),
        as_json=as_json,
    )
