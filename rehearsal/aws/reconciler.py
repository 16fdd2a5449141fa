"""Does in a thread what AWS does by itself: small steps, several times a second."""

import threading
from collections.abc import Callable, Sequence
from types import TracebackType
from typing import Self

from rehearsal.errors import RehearsalError

INTERVAL_SECONDS = 0.2
JOIN_SECONDS = 30.0


class Reconciler:
    """Calls each step in turn; used as a context manager, whose end is the end of the thread.

    A step that raises ends the thread, and `check` raises a RehearsalError in the caller's thread.
    """

    def __init__(
        self, steps: Sequence[Callable[[], None]], *, interval_seconds: float = INTERVAL_SECONDS
    ) -> None:
        self._steps, self._interval_seconds = steps, interval_seconds
        self._stopping = threading.Event()
        self._failure: Exception | None = None
        self._thread = threading.Thread(target=self._run, name="reconciler", daemon=True)

    def check(self) -> None:
        """Raises RehearsalError when a step has failed."""
        if isinstance(self._failure, RehearsalError):
            raise RehearsalError(str(self._failure)) from self._failure
        if self._failure:
            raise RehearsalError(
                f"the emulated AWS failed: {type(self._failure).__name__}: {self._failure}"
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
            while not self._stopping.wait(self._interval_seconds):
                for step in self._steps:
                    step()
        except Exception as error:  # noqa: BLE001 (the caller's thread raises it, see `check`)
            if not self._stopping.is_set():
                self._failure = error
