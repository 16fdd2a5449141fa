"""One person who goes on clicking as long as a block lasts, and is known by a session cookie."""

import http.client
import threading
from types import TracebackType
from typing import Self

from rehearsal.traffic.client import Client

PAUSE_SECONDS = 0.1


class Visitor:
    """`visits` were answered; `logged_out` of them no longer knew the session of the one before.
    `refused` were not answered with 200."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._click, name="visitor")
        self.visits = self.logged_out = self.refused = 0

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        _type: type[BaseException] | None,
        _value: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._done.set()
        self._thread.join()

    def _click(self) -> None:
        cookie, known = "", 0
        while not self._done.wait(PAUSE_SECONDS):
            try:
                answer = self._client.get("/api/visits", {"Cookie": cookie} if cookie else None)
            except (OSError, http.client.HTTPException):
                self.refused += 1
                continue
            if answer.status != 200:
                self.refused += 1
                continue
            counted = answer.json()["visits"]
            self.visits += 1
            self.logged_out += counted != known + 1
            cookie, known = answer.headers["set-cookie"].partition(";")[0], counted
