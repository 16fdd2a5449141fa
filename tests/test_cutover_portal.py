"""Something that answers in AWS's place, with 200 and a page: a captive portal, or a proxy."""

import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest

from cutover.do.clients import Clients
from cutover.do.fence import Fence
from cutover.do.frontend import Frontend
from cutover.do.partition import Partition
from cutover.do.world import Unavailable
from cutover.say import cli, wiring
from infra.outputs import Contract
from tests.cutover_aws import REGION, StoppedClock
from tests.cutover_bench import Output, answer
from tests.environments import recorded

PAGE = b"<html><body>Please log in</body></html>"


class Portal(BaseHTTPRequestHandler):
    """The same page for whatever is asked."""

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["Content-Length"]))
        self.do_GET()

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.send_header("Content-Length", str(len(PAGE)))
        self.end_headers()
        self.wfile.write(PAGE)

    def log_message(self, format: str, *_args: Any) -> None:
        pass


@pytest.fixture(autouse=True)
def portal(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    server = HTTPServer(("127.0.0.1", 0), Portal)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    monkeypatch.delenv("AWS_PROFILE", raising=False)
    monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{server.server_port}")
    monkeypatch.setenv("AWS_REGION", REGION)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    yield
    server.shutdown()
    thread.join()
    server.server_close()


def not_aws(action: str, key: str) -> str:
    return (
        f"the answer to {action} has no {key}, so it is not AWS's; look for a proxy or a captive "
        "portal between here and AWS, and at AWS_ENDPOINT_URL"
    )


@pytest.mark.parametrize(("verb", "insists_seconds"), [("status", 0), ("rollback", 120)])
def test_a_command_answers_with_a_sentence_and_an_object(
    verb: str, insists_seconds: float, monkeypatch: pytest.MonkeyPatch, capsys: Output
) -> None:
    clock = StoppedClock()
    monkeypatch.setattr(wiring, "SystemClock", lambda: clock)
    monkeypatch.setattr("sys.argv", ["cutover", verb, "--stack", "testing", "--json"])
    assert cli.main() == 10
    assert answer(capsys) == {
        "command": verb,
        "stack": "testing",
        "exit": 10,
        "sentence": f"{not_aws('ssm:GetParameter', 'Parameter')}; give the same command again",
    }
    assert clock.at == pytest.approx(insists_seconds)


def test_a_journal_that_is_a_page_is_not_read() -> None:
    partition = Partition(clients=Clients(REGION), table="journal", scope="testing")
    with pytest.raises(Unavailable) as unavailable:
        list(partition.newest_first())
    assert str(unavailable.value) == not_aws("dynamodb:Query", "Items")
    with pytest.raises(Unavailable) as unavailable:
        partition.update({"Key": {"scope": {"S": "testing"}, "record": {"S": "lease"}}})
    assert str(unavailable.value) == not_aws("dynamodb:UpdateItem", "Attributes")


def test_a_page_that_is_not_the_buckets_is_no_index() -> None:
    clients, contract = Clients(REGION), written()
    fence = Fence(clients, contract.weights_role, run="r1", clock=StoppedClock())
    with pytest.raises(Unavailable) as unavailable:
        Frontend(clients, contract, fence).index()
    assert str(unavailable.value) == not_aws("s3:GetObject", "ETag")


def written() -> Contract:
    """What the program writes for testing."""
    parameter = recorded("testing").only("aws:ssm/parameter:Parameter", "testing-contract")
    return Contract.from_json(parameter.inputs["value"])
