"""SIGINT, SIGTERM and SIGHUP ask; what is under way is finished first."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

# The last one comes when a terminal is closed, or the connection to it is lost.
NUMBERS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


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
    """Signals are noted instead of ending the program; how they were handled before comes back.

    Within another one of these both have the same: a signal must not be lost between two attempts.
    Under nohup a closed terminal is no signal.
    """
    noted = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
    if isinstance(noted, Interrupts):
        yield noted
        return
    interrupts = Interrupts()
    ignored = signal.getsignal(signal.SIGHUP) is signal.SIG_IGN
    numbers = [number for number in NUMBERS if number != signal.SIGHUP or not ignored]
    before = {number: signal.signal(number, interrupts.note) for number in numbers}
    try:
        yield interrupts
    finally:
        for number, handler in before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
