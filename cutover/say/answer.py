"""How every command answers: a sentence or an object, an exit code, and never a stack trace."""

import json
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from cutover.decide.journal import Malformed
from cutover.decide.outcome import Exit, Result
from cutover.decide.planning import NothingToDo
from cutover.decide.standing import ends_hold
from cutover.do.contract import NoContract
from cutover.do.store import LeaseLost
from cutover.do.taking import Interrupted
from cutover.do.world import ForeignRule, Refused, Unavailable


class BadInput(Exception):
    """What the caller gave can't be used. One sentence."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """`text` is for a person, ahead of the sentence; `data` are the keys of `--json` beside
    `command`, `stack`, `exit` and `sentence`; `rows`, if there are any, are printed in the object's
    place, an object in each. `exit` is an Exit, or the code of a command that was run for the
    caller. `advice` is what to do, where the sentence names no command."""

    exit: int
    sentence: str
    advice: str = ""
    text: str = ""
    data: Mapping[str, Any] = field(default_factory=dict)
    rows: Sequence[str] | None = None


_ERRORS: Mapping[type[Exception], Exit] = {
    BadInput: Exit.USAGE,
    NoContract: Exit.USAGE,
    LeaseLost: Exit.LOCK_LOST,
    Interrupted: Exit.INTERRUPTED,
    Malformed: Exit.INVARIANT_BROKEN,
    NothingToDo: Exit.REFUSED,
    ForeignRule: Exit.FOREIGN_CHANGE,
    Refused: Exit.REFUSED,
    Unavailable: Exit.UNAVAILABLE,
}


def code_of(error: Exception) -> Exit:
    """The exit code of an error that takes an answer's place."""
    return next(code for kind, code in _ERRORS.items() if isinstance(error, kind))


AGAIN = "give the same command again"


def sentence_of(error: Exception) -> str:
    """What to do about an outage is to ask again, but where the sentence has a command that looks
    first what has become of the one before."""
    sentence = str(error)
    outage = isinstance(error, Unavailable) and "`" not in sentence
    return f"{sentence}; {AGAIN}" if outage else sentence


def of_result(result: Result) -> Answer:
    """The answer of a verb: `run` is the open run or the last one, `weights` the committed ones,
    `releases` what each slot runs or ran last, `ends_hold` what to do about a run that is held."""
    state = result.state
    todo = ends_hold(state)
    data = {
        "run": state.run.id if state.run else state.summary.last_run,
        "weights": state.summary.committed,
        "releases": state.releases,
        "ends_hold": todo,
    }
    said = "`cutover " in result.sentence
    advice = f"what to do: {todo}" if todo and not said else ""
    return Answer(exit=result.exit, sentence=result.sentence, advice=advice, data=data)


def give(command: str, stack: str, answered: Callable[[], Answer], *, as_json: bool) -> int:
    """Prints the answer, or the error that takes its place, and returns the exit code.

    On standard output one JSON object and nothing else, or what a person asked for; on standard
    error the sentence of whatever is not done, and what to do about it.
    """
    try:
        answer = answered()
    except tuple(_ERRORS) as error:
        answer = Answer(exit=code_of(error), sentence=sentence_of(error))
    if as_json and answer.rows is not None:
        for row in answer.rows:
            print(row)
    elif as_json:
        common = {"command": command, "stack": stack, "exit": int(answer.exit)}
        print(json.dumps({**common, "sentence": answer.sentence, **answer.data}, sort_keys=True))
    elif answer.text:
        print(answer.text)
    if answer.sentence and (answer.exit or not as_json):
        print(answer.sentence, file=sys.stderr if answer.exit else sys.stdout)
    if answer.advice:
        print(answer.advice, file=sys.stderr)
    return int(answer.exit)
