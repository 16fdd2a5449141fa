"""One person who goes on clicking, and is known by a session cookie."""

import http.client

from rehearsal.routine import Routine
from rehearsal.traffic.client import Client

PAUSE_SECONDS = 0.1


class Visitor(Routine):
    """`visits` were answered; `logged_out` of them no longer knew the session of the one before.
    `refused` were not answered with 200."""

    def __init__(self, client: Client) -> None:
        super().__init__("the visitor", pause_seconds=PAUSE_SECONDS)
        self._client = client
        self._cookie, self._known = "", 0
        self.visits = self.logged_out = self.refused = 0

    def act(self) -> None:
        try:
            answer = self._client.get(
                "/api/visits", {"Cookie": self._cookie} if self._cookie else None
            )
        except (OSError, http.client.HTTPException):
            self.refused += 1
            return
        if answer.status != 200:
            self.refused += 1
            return
        counted = answer.json()["visits"]
        self.visits += 1
        self.logged_out += counted != self._known + 1
        self._cookie, self._known = answer.headers["set-cookie"].partition(";")[0], counted
