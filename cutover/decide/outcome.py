"""How a command ended, as a program that started it can tell."""

from dataclasses import dataclass
from enum import IntEnum

from cutover.decide.run import HoldCause
from cutover.decide.state import State


class Exit(IntEnum):
    """Exit codes. DONE only after AWS was read again; 1 is left to a defect of the program.

    REFUSED needs somebody to change something first; UNAVAILABLE may be tried again as it is.
    Neither has changed anything.
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


def held(cause: HoldCause | None) -> Exit:
    """The code of a run that was held for this cause."""
    return _HELD.get(cause, Exit.HELD) if cause else Exit.HELD
