"""What goes on by itself in a thread of its own, as long as a block lasts."""

import threading
from abc import ABC, abstractmethod
from types import TracebackType
from typing import Self

from rehearsal.errors import RehearsalError

JOIN_SECONDS = 30.0


class Routine(ABC):
    """Calls `act` again and again; used as a context manager, whose end is the end of the thread.

    An act that raises is the last one, and `check` raises a RehearsalError in the caller's thread.
    """

    def __init__(self, subject: str, *, pause_seconds: float) -> None:
        """`subject` is who acts, for the sentence that says so when it fails."""
        self._subject, self._pause_seconds = subject, pause_seconds
        self._stopping = threading.Event()
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name=subject, daemon=True)

    @abstractmethod
    def act(self) -> None:
        """One round."""

    def check(self) -> None:
        """Raises RehearsalError when a round has failed."""
        if isinstance(self._failure, RehearsalError):
            raise RehearsalError(str(self._failure)) from self._failure
        if self._failure:
            raise RehearsalError(
                f"{self._subject} failed: {type(self._failure).__name__}: {self._failure}"
            ) from self._failure

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _value: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._stopping.set()
        self._thread.join(JOIN_SECONDS)

    def _run(self) -> None:
        try:
            while not self._stopping.wait(self._pause_seconds):
                self.act()
        except Exception as error:  # noqa: BLE001 (the caller's thread raises it, see `check`)
            if not self._stopping.is_set():
                self._failure = error
