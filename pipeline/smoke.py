"""A release looked at from outside, as a browser would: after a deploy, before all is well."""

import http.client
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

TIMEOUT_SECONDS = 10.0
# A lost packet between a runner and the edge is no reason to roll back; three in a row are.
TRIES, PAUSE_SECONDS = 3, 5.0
# The workload contract: what /health says (examples/webapp/README.md).
_HEALTH_KEYS = {"status", "database", "version", "timestamp"}


@dataclass(frozen=True, kw_only=True)
class Answer:
    """Header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


Get = Callable[[str], Answer]
"""The answer to one GET of a URL, redirects not followed; OSError or HTTPException without one."""


def problems(url: str, release: str, get: Get, sleep: Callable[[float], None]) -> list[str]:
    """A sentence for each promise that is still broken at the last try; empty when all is well."""
    found: list[str] = []
    for number in range(TRIES):
        if number:
            sleep(PAUSE_SECONDS)
        found = [*_health(url, release, get), *_redirect(url, get)]
        if not found:
            break
    return found


def get(url: str) -> Answer:
    """Over the network, certificate verified."""
    parts = urlsplit(url)
    host = parts.hostname or ""
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    connection = kind(host, parts.port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("GET", parts.path or "/", headers={"User-Agent": "slipway-smoke"})
        answer = connection.getresponse()
        headers = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(status=answer.status, headers=headers, body=answer.read())
    finally:
        connection.close()


def _health(url: str, release: str, get: Get) -> Iterator[str]:
    address = f"{url}/health"
    try:
        answer = get(address)
    except (OSError, http.client.HTTPException) as error:
        yield f"{address} does not answer: {str(error) or type(error).__name__}"
        return
    if answer.status != 200:
        yield f"{address} answered {answer.status}, not 200"
        return
    try:
        body = json.loads(answer.body)
        missing = _HEALTH_KEYS - set(body)
    except (ValueError, TypeError):
        yield f"{address} answered no JSON object"
        return
    if missing:
        yield f"{address} does not say {', '.join(sorted(missing))}"
    serving = answer.headers.get("x-release-id", "nobody")
    if serving != release:
        yield f"{address} was answered by {serving}, not by {release}"
    if "strict-transport-security" not in answer.headers:
        yield f"{address} came without Strict-Transport-Security"


def _redirect(url: str, get: Get) -> Iterator[str]:
    address = url.replace("https://", "http://", 1) + "/health"
    try:
        answer = get(address)
    except (OSError, http.client.HTTPException) as error:
        yield f"{address} does not answer: {str(error) or type(error).__name__}"
        return
    location = answer.headers.get("location", "")
    if answer.status not in (301, 302, 307, 308) or not location.startswith("https://"):
        yield f"{address} answered {answer.status} and does not send people to https"
