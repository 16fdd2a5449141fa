"""What reaches Sentry when a request fails, and what must not."""

from __future__ import annotations

import gzip
import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer

import pytest
import sentry_sdk
from flask.testing import FlaskClient
from webapp import create_app
from webapp.settings import read_settings
from werkzeug.test import TestResponse

pytestmark = pytest.mark.services


PRIVATE = ("192.0.2.77", "ada@", "DE89", "qwxyz", "xyz", "Ada's", "from a local", "5555")


def send_what_is_private(client: FlaskClient, path: str) -> TestResponse:
    """Far from the code that fails: Sentry receives the lines around that."""
    return client.post(
        f"{path}?email=ada@example.com",
        json={"iban": "DE89"},
        headers={
            "X-Forwarded-For": "192.0.2.77",
            "Cookie": "session=qwxyz",
            "Authorization": "Bearer xyz",
            "User-Agent": "Ada's browser",
        },
    )


@pytest.fixture
def received() -> Iterator[tuple[str, list[bytes]]]:
    """The DSN of a server that keeps what it is sent."""
    bodies: list[bytes] = []

    class Keeper(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            bodies.append(
                gzip.decompress(body) if self.headers["Content-Encoding"] == "gzip" else body
            )
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing on standard error."""

    server = HTTPServer(("127.0.0.1", 0), Keeper)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://key@127.0.0.1:{server.server_port}/1", bodies
    sentry_sdk.init()
    server.shutdown()
    server.server_close()


def test_an_unhandled_error_is_reported_without_personal_data(
    received: tuple[str, list[bytes]],
) -> None:
    dsn, bodies = received
    app = create_app(
        read_settings(
            {
                "DATABASE_URL": "postgresql://app@127.0.0.1:1/app",
                "REDIS_URL": "redis://127.0.0.1:1/0",
                "SECRET_KEY": "5" * 64,
                "SENTRY_DSN": dsn,
                "RELEASE_ID": "2026-11-24-a1b2c3",
                "ENVIRONMENT": "testing",
            }
        )
    )

    @app.post("/boom")
    def boom() -> str:
        password = " ".join(["from", "a", "local", "variable"])
        raise RuntimeError(f"boom {len(password)}")

    answer = send_what_is_private(app.test_client(), "/boom")
    assert answer.status_code == 500
    assert answer.get_json()["error"]["status"] == 500
    assert "boom" not in answer.text
    sentry_sdk.flush(10)

    # The other envelopes are the client's own statistics.
    (envelope,) = [body for body in bodies if json.loads(body.splitlines()[1])["type"] == "event"]
    event = json.loads(envelope.splitlines()[2])
    assert event["release"] == "2026-11-24-a1b2c3"
    assert event["environment"] == "testing"
    assert event["exception"]["values"][0]["value"] == "boom 21"
    assert event["request"] == {"method": "POST", "url": "http://localhost/boom"}
    assert [word for word in PRIVATE if word in b"".join(bodies).decode()] == []
