"""How a command line that can't be parsed is answered: as any other bad input."""

import itertools
import os
from collections.abc import Sequence

from typer.exceptions import TyperException

from cutover.say.answer import Answer, BadInput, give


def misused(error: TyperException, words: Sequence[str]) -> int:
    """Says what the parser makes of the words, as an object too where they ask for one with
    `--json`; the exit code of wrong usage. `command` and `stack` are "" where they name none.
    """
    context = getattr(error, "ctx", None)
    command = context.info_name if context and context.parent else ""
    # What follows -- is a command of somebody else's, whose options are none of ours.
    ours = list(itertools.takewhile(lambda word: word != "--", words))
    return give(command, _stack(ours), lambda: _refuse(error), as_json="--json" in ours)


def _refuse(error: TyperException) -> Answer:
    raise BadInput(error.format_message())


def _stack(words: Sequence[str]) -> str:
    for word, following in itertools.pairwise([*words, ""]):
        if word == "--stack":
            return following
        if word.startswith("--stack="):
            return word.removeprefix("--stack=")
    return os.environ.get("SLIPWAY_STACK", "")
