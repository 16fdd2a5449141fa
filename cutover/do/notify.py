"""Tells people what happens, without ever keeping a run waiting or making it fail."""

import json
import os
import time
import urllib.error
import urllib.request
from collections.abc import Mapping, Sequence

from cutover.decide.news import news
from cutover.decide.outcome import Exit, Result
from cutover.decide.state import State
from cutover.do.channel import SEND_SECONDS, Channel
from cutover.do.clients import Clients
from cutover.do.world import Refused, Unavailable
from infra.outputs import Contract

WEBHOOK_VARIABLE = "CUTOVER_WEBHOOK_URL"
# SNS: "less than 100 characters" (API reference of Publish).
_SUBJECT_CHARACTERS = 99


class Notifier:
    """One message on every channel for each change of a run's state.

    Never blocks and never raises; `failures` are for the end, once each.
    """

    def __init__(self, environment: str, state: State, channels: Sequence[Channel]) -> None:
        """`state` is the journal's before the command has written anything."""
        self._environment, self._state, self._channels = environment, state, channels

    def tell(self, state: State) -> None:
        """Says what has changed since it was last called."""
        for sentence in news(self._environment, self._state, state):
            self._say(sentence)
        self._state = state

    def left(self, result: Result) -> None:
        """Says that a run was left open, which no state of the journal tells; nor of a hold that
        could not be written."""
        run = result.state.run
        unwritten = result.exit == Exit.HELD and run is not None and not run.held
        if unwritten or result.exit in (Exit.INTERRUPTED, Exit.LOCK_LOST):
            self._say(f"{self._environment}: {result.sentence}")

    def close(self, seconds: float) -> None:
        """Waits until all is sent, on all channels, but no longer than this."""
        ends = time.monotonic() + seconds
        for channel in self._channels:
            channel.close(max(0.0, ends - time.monotonic()))

    @property
    def failures(self) -> tuple[str, ...]:
        found = (failure for channel in self._channels for failure in channel.failures)
        return tuple(dict.fromkeys(found))

    def _say(self, text: str) -> None:
        for channel in self._channels:
            channel.offer(text)


def channels(
    clients: Clients, contract: Contract, environment: Mapping[str, str] = os.environ
) -> tuple[Channel, ...]:
    """The contract's alert topic, and the webhook in CUTOVER_WEBHOOK_URL if there is one."""
    url = environment.get(WEBHOOK_VARIABLE, "")
    topic = Channel("the alert topic", lambda text: _publish(clients, contract, text))
    hook = Channel("the webhook", lambda text: _post(url, text))
    return (topic, hook) if url else (topic,)


def _publish(clients: Clients, contract: Contract, text: str) -> None:
    clients.call(
        "sns",
        "publish",
        TopicArn=contract.alerts_topic,
        Subject=subject(text),
        Message=text,
    )


def subject(text: str) -> str:
    """One line of printable ASCII, as long as SNS takes it."""
    line = " ".join(text.split())
    ascii_ = "".join(letter if " " <= letter <= "~" else "?" for letter in line)
    return ascii_[:_SUBJECT_CHARACTERS]


def _post(url: str, text: str) -> None:
    if not url.startswith(("https://", "http://")):
        raise Refused(f"{WEBHOOK_VARIABLE} is no address that begins with https://")
    # Slack's own control characters: a reason must not be able to call everybody.
    safe = text.replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    request = urllib.request.Request(  # noqa: S310 (the scheme was just looked at)
        url,
        data=json.dumps({"text": safe}).encode(),
        headers={"Content-Type": "application/json", "User-Agent": "slipway-cutover"},
    )
    try:
        with urllib.request.urlopen(request, timeout=SEND_SECONDS):  # noqa: S310
            pass
    except urllib.error.HTTPError as error:
        raise Refused(f"it answered {error.code}") from None
    except urllib.error.URLError as error:
        raise Unavailable(f"no connection ({type(error.reason).__name__})") from None
