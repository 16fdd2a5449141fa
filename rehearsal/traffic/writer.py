"""Writes items through the public address, one after another, as long as a block lasts."""

import http.client
import json
import threading
from types import TracebackType
from typing import Self

from rehearsal.traffic.client import Client

PAUSE_SECONDS = 0.1


class Writer:
    """What a restore could lose. `written` were answered with 201, `refused` were not."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._write, name="writer")
        self.written = self.refused = 0

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

    def _write(self) -> None:
        while not self._done.wait(PAUSE_SECONDS):
            body = json.dumps({"name": f"item {self.written}"}).encode()
            try:
                answer = self._client.request(
                    "POST", "/api/items", headers={"Content-Type": "application/json"}, body=body
                )
                created = answer.status == 201
            except (OSError, http.client.HTTPException):
                created = False
            self.written += created
            self.refused += not created
