"""What a rehearsal says while it works: a line for each step, a spinner on a terminal."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.text import Text


class Progress:
    """Any thread may `tell`; steps belong to the main thread and may not nest."""

    def __init__(self, console: Console) -> None:
        self.console = console

    @contextmanager
    def step(self, doing: str) -> Iterator[None]:
        """Shows that something is under way, and afterwards how long it took."""
        started = time.monotonic()
        if self.console.is_terminal:
            with self.console.status(doing):
                yield
        else:
            self.tell(f"{doing} ...")
            yield
        self.tell(f"{doing}: {time.monotonic() - started:.1f} s")

    def tell(self, sentence: str) -> None:
        """One line for the person who watches."""
        self.console.print(Text(sentence), soft_wrap=True)
