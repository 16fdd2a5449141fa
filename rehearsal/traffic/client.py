"""One request at a time to this rehearsal, over verified TLS; for checks, not for load."""

import http.client
import json
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from rehearsal.machine.ports import LOOPBACK

TIMEOUT_SECONDS = 20.0


@dataclass(frozen=True)
class Answer:
    """Header names in lower case; a repeated header's values are joined by commas."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    def json(self) -> Any:
        """The body's content; ValueError when it is no JSON."""
        return json.loads(self.body)


@dataclass(frozen=True, kw_only=True)
class Client:
    """Speaks to a port of this machine as the public host. A connection of its own each time."""

    port: int
    host: str
    authority: Path | None
    """The only authority that is trusted; None trusts anyone, as a balancer does its targets."""

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> Answer:
        return self.request("GET", path, headers=headers)

    def request(
        self,
        method: str,
        path: str,
        *,
        headers: Mapping[str, str] | None = None,
        body: bytes | None = None,
    ) -> Answer:
        """OSError or http.client.HTTPException when there is no whole answer."""
        connection = http.client.HTTPSConnection(
            LOOPBACK, self.port, timeout=TIMEOUT_SECONDS, context=self._context()
        )
        try:
            connection.request(method, path, body, {"Host": self.host, **(headers or {})})
            response = connection.getresponse()
            return _answer(response)
        finally:
            connection.close()

    def announce(self, method: str, path: str, length: int) -> Answer:
        """The answer to a request that names its body's length before it sends any of it."""
        connection = http.client.HTTPSConnection(
            LOOPBACK, self.port, timeout=TIMEOUT_SECONDS, context=self._context()
        )
        try:
            connection.putrequest(method, path, skip_host=True)
            connection.putheader("Host", self.host)
            connection.putheader("Content-Length", str(length))
            connection.endheaders()
            response = connection.getresponse()
            return _answer(response)
        finally:
            connection.close()

    def _context(self) -> ssl.SSLContext:
        if self.authority is None:
            return ssl._create_unverified_context()  # noqa: S323 (as a balancer with its targets)
        return ssl.create_default_context(cafile=str(self.authority))


def _answer(response: http.client.HTTPResponse) -> Answer:
    headers: dict[str, str] = {}
    for name, value in response.getheaders():
        before = headers.get(name.lower())
        headers[name.lower()] = value if before is None else f"{before}, {value}"
    return Answer(response.status, headers, response.read())
