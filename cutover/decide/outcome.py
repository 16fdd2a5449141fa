"""How a command ended, as a program that started it can tell."""

from dataclasses import dataclass
from enum import IntEnum

from cutover.decide.model import active
from cutover.decide.run import HoldCause
from cutover.decide.state import State


class Exit(IntEnum):
    """Exit codes. DONE only after AWS was read again; 1 is left to a defect of the program.

    REFUSED needs somebody to change something first; UNAVAILABLE may be tried again as it is.
    Neither has changed anything. UNWRITTEN would be DONE, had the answer gone anywhere.
    """

    DONE = 0
    USAGE = 2
    ROLLED_BACK = 3
    HELD = 4
    REFUSED = 5
    LOCK_LOST = 6
    FOREIGN_CHANGE = 7
    INVARIANT_BROKEN = 8
    INTERRUPTED = 9
    UNAVAILABLE = 10
    UNWRITTEN = 11


_HELD: dict[HoldCause, Exit] = {
    "foreign": Exit.FOREIGN_CHANGE,
    "invariant": Exit.INVARIANT_BROKEN,
}


@dataclass(frozen=True, kw_only=True)
class Result:
    """An exit code, one sentence for a person, and the state of the journal at the end."""

    exit: Exit
    sentence: str
    state: State


def exit_of(cause: HoldCause | None) -> Exit:
    """The code of a run that was held for this cause."""
    return _HELD.get(cause, Exit.HELD) if cause else Exit.HELD


def refused(state: State, sentence: str) -> Result:
    """Nothing was changed, and somebody must change something first."""
    return Result(exit=Exit.REFUSED, sentence=sentence, state=state)


def result(state: State, purpose: str) -> Result:
    """What the journal says of the last run, for a command of this purpose."""
    summary, run = state.summary, state.run
    if run is not None:
        sentence = run.held or f"run {run.id} is open"
        return Result(exit=exit_of(run.cause), sentence=sentence, state=state)
    sentence = "the first release did not go live; the environment is empty, as it was"
    if summary.committed is not None:
        serving = active(summary.committed)
        sentence = f"{summary.slots[serving].release.release_id} serves from {serving}"
    # A rollback where nobody served before has not brought anybody back.
    ordered = [("aborted", "abort"), *([("rolled_back", "rollback")] if summary.committed else [])]
    if summary.outcome == "done" or (summary.outcome, purpose) in ordered:
        return Result(exit=Exit.DONE, sentence=sentence, state=state)
    because = f"{summary.why}; {sentence}" if summary.why else sentence
    return Result(exit=Exit.ROLLED_BACK, sentence=because, state=state)
