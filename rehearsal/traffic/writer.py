"""Writes items through the public address, one after another."""

import http.client
import json

from rehearsal.routine import Routine
from rehearsal.traffic.client import Client

PAUSE_SECONDS = 0.1


class Writer(Routine):
    """What a restore could lose. `written` were answered with 201, `refused` were not."""

    def __init__(self, client: Client) -> None:
        super().__init__("the writer", pause_seconds=PAUSE_SECONDS)
        self._client = client
        self.written = self.refused = 0

    def act(self) -> None:
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
