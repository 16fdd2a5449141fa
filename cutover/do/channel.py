"""One way to people, which never keeps a run waiting and never makes it fail."""

import queue
import threading
from collections.abc import Callable

from cutover.do.world import Refused, Unavailable

SEND_SECONDS = 5.0
# A run has some ten messages; more than this wait only where nothing gets through.
_MOST_WAITING = 32

Send = Callable[[str], None]


class Channel:
    """Messages in order, each given `seconds`, from a thread of its own.

    What goes wrong is a sentence in `failures`.
    """

    def __init__(self, name: str, send: Send, *, seconds: float = SEND_SECONDS) -> None:
        self._name, self._send, self._seconds = name, send, seconds
        self._waiting: queue.SimpleQueue[str | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self.failures: list[str] = []

    def offer(self, text: str) -> None:
        """Puts a message into the queue, or drops it when the queue is full."""
        if self._waiting.qsize() >= _MOST_WAITING:
            self.failures.append(f"{self._name} is too slow, and was not told everything")
            return
        self._waiting.put(text)
        if self._thread.ident is None:
            self._thread.start()

    def close(self, seconds: float) -> None:
        """Waits until all is sent, but no longer; what is then left is never sent."""
        if self._thread.ident is None:
            return
        self._waiting.put(None)
        self._thread.join(seconds)
        if self._thread.is_alive():
            self.failures.append(f"{self._name} was not told everything before the program ended")

    def _work(self) -> None:
        while (text := self._waiting.get()) is not None:
            # No time-out of a library covers all of a call: names, connection, each read.
            attempt = threading.Thread(target=self._attempt, args=(text,), daemon=True)
            attempt.start()
            attempt.join(self._seconds)
            if attempt.is_alive():
                self.failures.append(f"{self._name} gave no answer in {self._seconds:g} seconds")

    def _attempt(self, text: str) -> None:
        try:
            self._send(text)
        except (Unavailable, Refused) as error:
            self.failures.append(f"{self._name} was not told: {error}")
        except Exception as error:  # noqa: BLE001 (a run never fails for what it could not tell)
            # Not the error's own words: they may hold the webhook's address, which is a secret.
            self.failures.append(f"{self._name} was not told: {type(error).__name__}")
