"""One HTTPS connection to the public name, at an address of its own where the contract has one."""

import hashlib
import http.client
import socket
import ssl
import textwrap
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Self, TypeVar
from urllib.parse import urlsplit

from cutover.do.contract import UnreadableContract
from infra.outputs import Contract, contract_name

Read = TypeVar("Read")

RELEASE_HEADER = "X-Release-Id"
# A page has no more (cutover/do/frontend.py), and a health answer a few hundred bytes.
_MOST_BYTES = 5 * 1024**2
_PIECE_BYTES = 65_536


@dataclass(frozen=True, kw_only=True)
class Way:
    """How the public name is reached: what it is called in TLS and `Host`, and where it listens."""

    host: str
    address: tuple[str, int]
    context: ssl.SSLContext

    @classmethod
    def of(cls, contract: Contract) -> Self:
        """The system's authorities, or the contract's own alone where it names one.

        UnreadableContract when a field of it is no URL, no address or no certificate.
        """
        public = _read(contract, "public_url", _place)
        there = _read(contract, "public_address", lambda text: _place(f"//{text}"))
        return cls(
            host=public[0],
            address=there if contract.public_address else public,
            context=_read(contract, "public_authority", _trusting),
        )


@dataclass(frozen=True, kw_only=True)
class Answer:
    """`release` is None when the answer does not name one; `seconds` are without connecting;
    `sha256` is of the body, or of its beginning when that is longer than a page may be."""

    status: int
    release: str | None
    seconds: float
    sha256: str


class ProbeConnection:
    """Opened by its first request, and kept for the next ones."""

    def __init__(self, way: Way, timeout_seconds: float) -> None:
        self._way, self._timeout = way, timeout_seconds
        self._http = http.client.HTTPSConnection(way.host, context=way.context)

    def get(self, path: str, headers: Mapping[str, str]) -> Answer:
        """OSError or http.client.HTTPException when there is no whole answer in time."""
        deadline = time.monotonic() + self._timeout
        if self._http.sock is None:
            plain = socket.create_connection(self._way.address, self._timeout)
            plain.settimeout(_left(deadline))
            self._http.sock = _secured(plain, self._way)
        begin = time.monotonic()
        self._http.sock.settimeout(_left(deadline))
        self._http.request("GET", path, headers=dict(headers))
        response = self._http.getresponse()
        digest, size = hashlib.sha256(), 0
        while size <= _MOST_BYTES and (piece := response.read(_PIECE_BYTES)):
            digest.update(piece)
            size += len(piece)
            _left(deadline)
        if size > _MOST_BYTES:
            self._http.close()
        seconds = time.monotonic() - begin
        return Answer(
            status=response.status,
            release=response.getheader(RELEASE_HEADER) or None,
            seconds=seconds,
            sha256=digest.hexdigest(),
        )

    def close(self) -> None:
        self._http.close()


def _read(contract: Contract, field: str, read: Callable[[str], Read]) -> Read:
    """What is in a field of the contract."""
    text = getattr(contract, field)
    try:
        return read(text)
    except (ssl.SSLError, ValueError, TypeError) as error:
        raise UnreadableContract(
            f"{contract_name(contract.environment)}: its {field} "
            f"{textwrap.shorten(repr(text), 80)} can't be used ({error}); run "
            f"`pulumi up --stack {contract.environment}` to write it again"
        ) from None


def _place(url: str) -> tuple[str, int]:
    """Host and port, HTTPS's where it names none."""
    parts = urlsplit(url)
    return parts.hostname or "", parts.port or http.client.HTTPS_PORT


def _trusting(authority: str) -> ssl.SSLContext:
    return ssl.create_default_context(cadata=authority or None)


def _secured(plain: socket.socket, way: Way) -> ssl.SSLSocket:
    try:
        return way.context.wrap_socket(plain, server_hostname=way.host)
    except OSError:
        plain.close()
        raise


def _left(deadline: float) -> float:
    """Seconds until then, for a socket; TimeoutError when there are none."""
    left = deadline - time.monotonic()
    if left <= 0:
        raise TimeoutError("the probe's time is over")
    return left
