"""What a signal means to a rehearsal: the first one ends it, the second one at once."""

import signal
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from types import FrameType

Handler = Callable[[int, FrameType | None], None]


@contextmanager
def ending_the_block() -> Iterator[None]:
    """SIGTERM and SIGHUP raise SystemExit with 128 and their number, as Ctrl-C raises already."""

    def end(number: int, _frame: FrameType | None) -> None:
        raise SystemExit(128 + number)

    with _handled(end, signal.SIGTERM, signal.SIGHUP):
        yield


@contextmanager
def noted(came: threading.Event) -> Iterator[None]:
    """No signal that would end the process interrupts the block; that one came is written down."""

    def note(_number: int, _frame: FrameType | None) -> None:
        came.set()

    with _handled(note, signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        yield


@contextmanager
def _handled(handler: Handler, *numbers: signal.Signals) -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield  # who alone gets signals
        return
    # `nohup` ignores SIGHUP so that we outlive the terminal.
    heard = [number for number in numbers if signal.getsignal(number) is not signal.SIG_IGN]
    before = {number: signal.signal(number, handler) for number in heard}
    try:
        yield
    finally:
        for number, earlier in before.items():
            signal.signal(number, earlier)
