"""Tells people what happens, without ever keeping a run waiting or making it fail."""

import json
import os
import queue
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence

from cutover.decide.news import news
from cutover.decide.outcome import Exit, Result
from cutover.decide.state import State
from cutover.do.clients import Clients
from cutover.do.world import Refused, Unavailable
from infra.outputs import Contract

WEBHOOK_VARIABLE = "CUTOVER_WEBHOOK_URL"
SEND_SECONDS = 5.0
# A run has some ten messages; more than this wait only where nothing gets through.
_MOST_WAITING = 32
# SNS: "less than 100 characters" (API reference of Publish).
_SUBJECT_CHARACTERS = 99

Send = Callable[[str], None]


class Channel:
    """One way to people: messages in order, each given `seconds`, from a thread of its own.

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
        """Says that a run was left open, which no state of the journal tells."""
        if result.exit in (Exit.INTERRUPTED, Exit.LOCK_LOST):
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
