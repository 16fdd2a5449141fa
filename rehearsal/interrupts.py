"""A signal ends a Pulumi program at once, and no task of it is left."""

import asyncio
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType
from typing import Any

from pulumi.runtime.sync_await import _ensure_event_loop


@contextmanager
def interrupts_kept() -> Iterator[None]:
    """A signal ends the program, whatever the SDK makes of the exception that its handler raises.

    It keeps what is raised inside it for an output that may never be read: a KeyboardInterrupt
    would be lost, and the program would wait for ever or go on to its end.
    """
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    loop = _ensure_event_loop()
    came: list[int] = []
    cancelling: list[asyncio.Handle] = []
    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    # What is ignored stays so, and the system's own way to end a process needs no help.
    before = {n: handler for n in numbers if callable(handler := signal.getsignal(n))}

    def end(number: int, frame: FrameType | None) -> None:
        came.append(number)
        cancelling.append(loop.call_soon_threadsafe(_cancel_all, loop))
        before[signal.Signals(number)](number, frame)

    for number in before:
        signal.signal(number, end)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        for handle in cancelling:
            handle.cancel()
        if came:
            try:
                loop.run_until_complete(_end_all(loop))
            finally:
                signal.raise_signal(came[0])


async def _end_all(loop: asyncio.AbstractEventLoop) -> None:
    """Cancels until no task is left: one that cleans up may wait for the others, and for us."""
    for _ in range(50):
        tasks = _cancel_all(loop)
        if not tasks:
            return
        await asyncio.wait(tasks, timeout=0.1)


def _cancel_all(loop: asyncio.AbstractEventLoop) -> set[asyncio.Task[Any]]:
    tasks = asyncio.all_tasks(loop) - {asyncio.current_task(loop)}
    for task in tasks:
        task.cancel()
    return tasks
