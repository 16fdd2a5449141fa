"""What several verbs take on the command line, and how each of them answers."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from cutover.decide.model import Despite
    from cutover.say.answer import Answer

Stack = Annotated[
    str, typer.Option("--stack", help="Which environment.", envvar="SLIPWAY_STACK", metavar="STACK")
]
Json = Annotated[bool, typer.Option("--json", help="Answer with one JSON object.")]
Reason = Annotated[str | None, typer.Option(help="Why; the journal keeps it.", metavar="TEXT")]
Adopt = Annotated[
    bool,
    typer.Option(
        "--adopt",
        help="Take weights and index.html that are live as right: `resume` where a run is open, "
        "which then goes on; `verify` where none is.",
    ),
]

DespiteFreeze = Annotated[bool, typer.Option("--despite-freeze", help="Needs a --reason.")]
DespiteAlarms = Annotated[
    bool,
    typer.Option(
        "--despite-alarms",
        help="In spite of those of the environment and of the slot that serves, as a hotfix must; "
        "never of the entering slot's own. Needs a --reason.",
    ),
]


def despite_of(*, freeze: bool, alarms: bool) -> "tuple[Despite, ...]":
    """What the flags say to go on in spite of."""
    chosen: dict[Despite, bool] = {"freeze": freeze, "alarms": alarms}
    return tuple(what for what, is_chosen in chosen.items() if is_chosen)


def give(command: str, stack: str, answered: "Callable[[], Answer]", *, as_json: bool) -> None:
    """Runs the verb, prints its answer, and ends with its exit code."""
    from cutover.say import answer

    raise typer.Exit(answer.give(command, stack, answered, as_json=as_json))
