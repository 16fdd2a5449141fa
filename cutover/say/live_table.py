"""The run as a table on a terminal: steps, how far they are, how long they took, what was seen."""

from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.live import Live
from rich.table import Table

from cutover.decide.journal import Draft
from cutover.decide.model import Step
from cutover.decide.state import State
from cutover.do.world import Clock
from cutover.say.progress import KINDS, current
from cutover.say.sentences import announcement, entry_sentence, lasting

_REFRESHES_PER_SECOND = 2


class LiveTable:
    """Drawn again and again by another thread; each attribute is replaced as a whole."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._steps: tuple[Step, ...] = ()
        self._done: frozenset[str] = frozenset()
        self._began: dict[str, float] = {}
        self._took: dict[str, float] = {}
        self._seen: dict[str, str] = {}
        self._title = ""

    def wrote(self, state: State, draft: Draft) -> None:
        """The step's evidence, if the entry is about one; the title, if it is about the run."""
        step = draft.data.get("step")
        sentence = announcement(draft.kind, draft.data)
        if step is None:
            self._title = sentence or self._title
        elif draft.kind in ("converged", "pointed", "passed", "filled", "migrated", "emptied"):
            evidence = entry_sentence(draft.kind, draft.data).removeprefix(f"{step}: ")
            self._seen = {**self._seen, step: evidence}
        self._follow(state)

    def tell(self, state: State, what: str) -> None:
        """What the current step waits for."""
        step = current(state)
        if step and what not in KINDS:
            self._seen = {**self._seen, step.key: what}
        self._follow(state)

    def notice(self, sentence: str) -> None:
        """What there is no run for yet: until one has begun, or goes on."""
        self._title = sentence

    def _follow(self, state: State) -> None:
        now, run = self._clock.monotonic(), state.run
        if run is None:
            # The run has ended: what it did last stays to be read.
            self._done = frozenset(step.key for step in self._steps)
        else:
            self._steps, self._done = run.steps, run.done
        step = current(state)
        if step:
            self._began = {step.key: now} | self._began
        ended = {key: now - self._began.get(key, now) for key in self._done}
        self._took = ended | self._took

    def __rich__(self) -> Table:
        table = Table(title=self._title, title_justify="left", box=None, pad_edge=False)
        table.add_column("step", no_wrap=True)
        table.add_column("state", no_wrap=True)
        table.add_column("time", justify="right", no_wrap=True)
        table.add_column("seen")
        for step in self._steps:
            state, seconds = self._state(step.key)
            time = "" if seconds is None else lasting(seconds)
            table.add_row(step.key, state, time, self._seen.get(step.key, ""))
        return table

    def _state(self, key: str) -> tuple[str, float | None]:
        if key in self._done:
            return "done", self._took.get(key)
        if key in self._began:
            return "now", self._clock.monotonic() - self._began[key]
        return "", None


@contextmanager
def live_table(clock: Clock) -> Iterator[LiveTable]:
    """On standard error, and left there at the end."""
    table = LiveTable(clock)
    console = Console(stderr=True, highlight=False, markup=False)
    with Live(table, console=console, refresh_per_second=_REFRESHES_PER_SECOND):
        yield table
