"""What a verb shows while it works: a live table on a terminal, a line for each change elsewhere.

All of it on standard error.
"""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, TextIO, get_args

from cutover.decide.journal import Draft, Kind
from cutover.decide.model import Step
from cutover.decide.state import State
from cutover.do.world import Clock
from cutover.say.sentences import announcement, time_of_day

KINDS = frozenset(get_args(Kind))


class Progress(Protocol):
    """Fed by the store with what is in the journal, and by the loop with what it waits for."""

    def wrote(self, state: State, draft: Draft) -> None: ...
    def tell(self, state: State, what: str) -> None: ...
    def notice(self, sentence: str) -> None: ...


class Lines:
    """One line for each change, and one for a step that is waited for more than once."""

    def __init__(self, stream: TextIO, clock: Clock) -> None:
        self._stream, self._clock = stream, clock
        self._step, self._waits = "", 0

    def wrote(self, state: State, draft: Draft) -> None:
        sentence = announcement(draft.kind, draft.data)
        if sentence:
            self._say(sentence)

    def tell(self, state: State, what: str) -> None:
        step = current(state)
        if step is None or what in KINDS:
            return
        # The loop speaks of a step before the journal has what came before it.
        self._waits = self._waits + 1 if step.key == self._step else 1
        self._step = step.key
        if self._waits == 2:
            self._say(f"{step.key}: {what} ...")

    def notice(self, sentence: str) -> None:
        """What there is no run for yet."""
        self._say(sentence)

    def _say(self, sentence: str) -> None:
        print(time_of_day(self._clock.now()), sentence, file=self._stream, flush=True)


def current(state: State) -> Step | None:
    """The step that the open run is at; None when none is open, or all of its steps are done."""
    return state.run.step if state.run else None


@contextmanager
def shown(clock: Clock, *, table: bool = True) -> Iterator[Progress]:
    """Progress for as long as the context lasts; without a `table`, lines even on a terminal."""
    if not (table and sys.stderr.isatty()):
        yield Lines(sys.stderr, clock)
        return
    # Only who sees the table waits for what draws it.
    from cutover.say.live_table import live_table

    with live_table(clock) as drawn:
        yield drawn
