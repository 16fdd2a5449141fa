"""SIGINT and SIGTERM ask; what is under way is finished first."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

NUMBERS = (signal.SIGINT, signal.SIGTERM)


class Interrupts:
    """`came` is the first signal that arrived, None before: a second one asks for the same."""

    def __init__(self) -> None:
        self.came: int | None = None

    def __bool__(self) -> bool:
        return self.came is not None

    def note(self, number: int, _frame: FrameType | None) -> None:
        """A signal handler."""
        self.came = self.came or number


@contextmanager
def interrupts_noted() -> Iterator[Interrupts]:
    """Signals are noted instead of ending the program; how they were handled before comes back."""
    interrupts = Interrupts()
    before = {number: signal.signal(number, interrupts.note) for number in NUMBERS}
    try:
        yield interrupts
    finally:
        for number, handler in before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
