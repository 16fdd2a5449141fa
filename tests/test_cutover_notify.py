"""People are told of each change of state; nothing waits for that, and nothing fails by it."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from decisions import reached
from moto import mock_aws
from moto.core import DEFAULT_ACCOUNT_ID
from moto.sns import sns_backends

from cutover.decide.journal import Draft
from cutover.decide.outcome import Exit, Result
from cutover.decide.state import State, Summary
from cutover.do.channel import SEND_SECONDS, Channel
from cutover.do.clients import Clients
from cutover.do.notify import Notifier, channels, subject
from cutover.do.world import Refused, Unavailable
from infra.outputs import Contract
from tests.environments import recorded

EMPTY = State()
PATIENCE = 30.0
"""Longer than anything here takes, also on a busy machine; nobody waits for it when all is well."""
SECRET = "T000/B000/xoxb-secret"


def told(channel: Channel, *texts: str) -> list[str]:
    for text in texts:
        channel.offer(text)
    channel.close(PATIENCE)
    return channel.failures


class Stuck:
    """Sends nothing until it is let go."""

    def __init__(self) -> None:
        self.begun, self.let_go, self.sent = threading.Event(), threading.Event(), list[str]()

    def __call__(self, text: str) -> None:
        self.begun.set()
        assert self.let_go.wait(PATIENCE)
        self.sent.append(text)


@pytest.fixture
def stuck() -> Iterator[Stuck]:
    send = Stuck()
    yield send
    send.let_go.set()


def failing(error: Exception) -> Callable[[str], None]:
    def send(_text: str) -> None:
        raise error

    return send


def test_messages_arrive_in_order_before_close_returns() -> None:
    sent: list[str] = []
    assert told(Channel("it", sent.append), "one", "two", "three") == []
    assert sent == ["one", "two", "three"]


def test_a_channel_that_was_never_used_closes_at_once(stuck: Stuck) -> None:
    channel = Channel("it", stuck)
    channel.close(PATIENCE)
    assert channel.failures == []
    assert not stuck.begun.is_set()


def test_offering_does_not_wait_and_a_full_queue_drops(stuck: Stuck) -> None:
    channel = Channel("it", stuck, seconds=PATIENCE)
    channel.offer("first")
    assert stuck.begun.wait(PATIENCE)  # taken out of the queue, and not sent
    for number in range(32):
        channel.offer(str(number))
    assert channel.failures == []
    channel.offer("too many")
    assert channel.failures == ["it is too slow, and was not told everything"]
    stuck.let_go.set()
    channel.close(PATIENCE)
    assert stuck.sent == ["first", *map(str, range(32))]


def test_close_does_not_wait_for_ever(stuck: Stuck) -> None:
    channel = Channel("it", stuck, seconds=PATIENCE)
    channel.offer("first")
    channel.close(0.01)
    assert channel.failures == ["it was not told everything before the program ended"]


def test_a_message_that_gets_stuck_does_not_stop_the_next(stuck: Stuck) -> None:
    arrived = threading.Event()

    def send(text: str) -> None:
        if text == "stuck":
            stuck(text)
        else:
            arrived.set()

    channel = Channel("it", send, seconds=0.01)
    channel.offer("stuck")
    channel.offer("next")
    assert arrived.wait(PATIENCE)
    channel.close(PATIENCE)
    assert stuck.sent == []
    assert channel.failures[0] == "it gave no answer in 0.01 seconds"


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (Unavailable("AWS can't take it now"), "it was not told: AWS can't take it now"),
        (Refused("AWS denies sns:Publish"), "it was not told: AWS denies sns:Publish"),
        (ValueError(f"unknown url {SECRET}"), "it was not told: ValueError"),
    ],
    ids=["unavailable", "refused", "any"],
)
def test_failures_are_sentences_and_the_next_message_is_sent(
    error: Exception, failure: str
) -> None:
    assert told(Channel("it", failing(error)), "one", "two") == [failure, failure]


def test_no_thread_keeps_the_program_alive(stuck: Stuck) -> None:
    before = set(threading.enumerate())
    Channel("it", stuck, seconds=PATIENCE).offer("one")
    assert stuck.begun.wait(PATIENCE)
    started = set(threading.enumerate()) - before
    assert len(started) == 2
    assert all(thread.daemon for thread in started)


# The notifier.


def test_every_channel_is_told_what_has_changed_since_it_was_told_last() -> None:
    one: list[str] = []
    two: list[str] = []
    notifier = Notifier("prod", EMPTY, [Channel("a", one.append), Channel("b", two.append)])
    for frozen in ("", "fair", "fair", "exam", ""):
        notifier.tell(State(summary=Summary(frozen=frozen)))
    notifier.close(PATIENCE)
    assert one == [
        "prod: frozen, no step forward: fair",
        "prod: frozen, no step forward: exam",
        "prod: no longer frozen",
    ]
    assert two == one
    assert notifier.failures == ()


def test_what_was_before_the_command_is_no_news() -> None:
    sent: list[str] = []
    frozen = State(summary=Summary(frozen="fair"))
    notifier = Notifier("prod", frozen, [Channel("it", sent.append)])
    notifier.tell(frozen)
    notifier.close(PATIENCE)
    assert sent == []


def test_a_run_that_is_left_open_is_told_of() -> None:
    sent: list[str] = []
    notifier = Notifier("prod", EMPTY, [Channel("it", sent.append)])
    for code in Exit:
        notifier.left(Result(exit=code, sentence=f"the end is {code.name}", state=EMPTY))
    notifier.close(PATIENCE)
    assert sent == ["prod: the end is LOCK_LOST", "prod: the end is INTERRUPTED"]


@pytest.mark.parametrize(
    ("state", "sent"),
    [
        (reached("bake"), ["prod: the credentials have expired"]),
        # Whoever has read the journal knows.
        (reached("bake", Draft("held", {"cause": "gates", "reason": "slow"})), []),
        (EMPTY, []),
    ],
)
def test_a_hold_that_could_not_be_written_is_told_of(state: State, sent: list[str]) -> None:
    """The webhook needs no credentials of AWS."""
    found: list[str] = []
    notifier = Notifier("prod", state, [Channel("it", found.append)])
    notifier.left(Result(exit=Exit.HELD, sentence="the credentials have expired", state=state))
    notifier.close(PATIENCE)
    assert found == sent


def froze(notifier: Notifier, *reasons: str) -> None:
    for reason in reasons:
        notifier.tell(State(summary=Summary(frozen=reason)))


def test_a_dead_channel_keeps_none_of_the_others_waiting(stuck: Stuck) -> None:
    sent: list[str] = []
    dead, alive = Channel("dead", stuck, seconds=PATIENCE), Channel("alive", sent.append)
    notifier = Notifier("prod", EMPTY, [dead, alive])
    froze(notifier, "one")
    alive.close(PATIENCE)
    assert sent == ["prod: frozen, no step forward: one"]
    notifier.close(0.01)
    assert notifier.failures == ("dead was not told everything before the program ended",)


def test_each_failure_is_reported_once() -> None:
    broken = Channel("it", failing(Refused("no")))
    notifier = Notifier("prod", EMPTY, [broken])
    froze(notifier, "one", "two")
    notifier.close(PATIENCE)
    assert broken.failures == ["it was not told: no"] * 2
    assert notifier.failures == ("it was not told: no",)


# The alert topic.


@pytest.fixture(scope="module")
def clients() -> Iterator[Clients]:
    with mock_aws():
        yield Clients("eu-central-1")


def contract(topic: str) -> Contract:
    parameter = recorded("prod").only("aws:ssm/parameter:Parameter", "prod-contract")
    fields = json.loads(parameter.inputs["value"])
    return Contract.of({**fields, "alerts_topic": topic})


def test_the_topic_gets_the_message_under_a_short_subject(clients: Clients) -> None:
    arn = clients.call("sns", "create_topic", Name="alerts")["TopicArn"]
    (channel,) = channels(clients, contract(arn), {})
    long = "prod: held: " + "the error ratio of green is too high\n" * 10
    assert told(channel, "prod: green has 5 % of the traffic", long) == []
    topic = sns_backends[DEFAULT_ACCOUNT_ID]["eu-central-1"].topics[arn]
    assert [(message, line) for _, message, line, *_ in topic.sent_notifications] == [
        ("prod: green has 5 % of the traffic", "prod: green has 5 % of the traffic"),
        (long, subject(long)),
    ]


def test_a_topic_that_is_gone_is_a_sentence(clients: Clients) -> None:
    arn = f"arn:aws:sns:eu-central-1:{DEFAULT_ACCOUNT_ID}:gone"
    (topic,) = channels(clients, contract(arn), {"CUTOVER_WEBHOOK_URL": ""})
    assert told(topic, "one") == [
        "the alert topic was not told: AWS refuses sns:Publish (NotFound: Endpoint does not exist)"
    ]


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("one", "one"),
        ("one\n two\tthree", "one two three"),
        ("größer → 5 %", "gr??er ? 5 %"),
        ("a\x00b\x7f", "a?b?"),
        ("x" * 99, "x" * 99),
        ("x" * 100, "x" * 99),
    ],
)
def test_a_subject_is_one_short_line_of_ascii(text: str, line: str) -> None:
    assert subject(text) == line


# The webhook.


@dataclass
class Hook:
    """A server that keeps what was posted, and answers with `status`."""

    port: int = 0
    status: int = 200
    posted: list[tuple[str, str, Any]] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/{SECRET}"


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hook]:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    kept = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            kept.posted.append((self.path, self.headers["Content-Type"], json.loads(body)))
            self.send_response(kept.status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_arguments: Any) -> None:
            pass

    server = HTTPServer(("127.0.0.1", 0), Handler)
    kept.port = server.server_port
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield kept
    server.shutdown()
    thread.join()
    server.server_close()


def webhook(url: str) -> Channel:
    nobody: Any = None
    _topic, found = channels(nobody, nobody, {"CUTOVER_WEBHOOK_URL": url})
    return found


def test_the_webhook_gets_what_slack_takes(hook: Hook) -> None:
    assert told(webhook(hook.url), "held: p99 > 2 s & <!channel>") == []
    assert hook.posted == [
        (
            f"/{SECRET}",
            "application/json",
            {"text": "held: p99 &gt; 2 s &amp; &lt;!channel&gt;"},
        )
    ]


@pytest.mark.parametrize("status", [404, 500])
def test_a_webhook_that_refuses_is_named_without_its_address(hook: Hook, status: int) -> None:
    hook.status = status
    assert told(webhook(hook.url), "one") == [f"the webhook was not told: it answered {status}"]
    assert len(hook.posted) == 1


@pytest.mark.parametrize(
    ("url", "failure"),
    [
        (
            f"ftp://example.com/{SECRET}",
            "CUTOVER_WEBHOOK_URL is no address that begins with https://",
        ),
        (SECRET, "CUTOVER_WEBHOOK_URL is no address that begins with https://"),
        (f"http://127.0.0.1:{SECRET}", "InvalidURL"),
        (f"http://[{SECRET}", "ValueError"),
        (f"http://127.0.0.1:1/{SECRET} {SECRET}", "InvalidURL"),
    ],
    ids=["scheme", "no scheme", "port", "host", "space"],
)
def test_a_webhook_address_that_is_none_stays_secret(
    monkeypatch: pytest.MonkeyPatch, url: str, failure: str
) -> None:
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    failures = told(webhook(url), "one")
    assert failures == [f"the webhook was not told: {failure}"]
    assert not any(part in failures[0] for part in SECRET.split("/"))


def test_a_webhook_that_nobody_serves(hook: Hook, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(_address: Any, timeout: float, *_more: Any, **_named: Any) -> None:
        assert timeout == 5
        raise ConnectionRefusedError(hook.url)

    monkeypatch.setattr("socket.create_connection", refuse)
    assert told(webhook(hook.url), "one") == [
        "the webhook was not told: no connection (ConnectionRefusedError)"
    ]


def test_each_message_has_five_seconds() -> None:
    assert SEND_SECONDS == 5
    nobody: Any = None
    for channel in channels(nobody, nobody, {"CUTOVER_WEBHOOK_URL": "https://example.com"}):
        assert channel._seconds == 5
