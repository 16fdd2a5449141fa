"""What reaches a collector of a request, and what must not."""

from __future__ import annotations

import gzip
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from typing import Any

import pytest
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import ExportTraceServiceRequest
from webapp_services import APP_FOLDER, App, clean_environment

pytestmark = pytest.mark.services

TRACE = "67891233abcdef012345678912345678"
PARENT = "00f067aa0ba902b7"


@pytest.fixture
def collector() -> Iterator[tuple[str, list[tuple[str, bytes]]]]:
    """The endpoint of a server that keeps what it is sent: path and body."""
    sent: list[tuple[str, bytes]] = []

    class Keeper(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            zipped = self.headers["Content-Encoding"] == "gzip"
            sent.append((self.path, gzip.decompress(body) if zipped else body))
            self.send_response(200)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, format: str, *args: object) -> None:
            """Says nothing on standard error."""

    server = HTTPServer(("127.0.0.1", 0), Keeper)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}", sent
    server.shutdown()
    server.server_close()


def told(attributes: Any) -> dict[str, Any]:
    values = {one.key: one.value for one in attributes}
    return {key: one.string_value or one.int_value for key, one in values.items()}


def test_a_request_is_a_span_of_the_balancers_trace(
    start_app: Callable[..., App], collector: tuple[str, list[tuple[str, bytes]]]
) -> None:
    endpoint, sent = collector
    app = start_app(
        DATABASE_URL="postgresql://app@127.0.0.1:1/app",
        OTEL_EXPORTER_OTLP_ENDPOINT=endpoint,
        OTEL_SERVICE_NAME="app",
        OTEL_TRACES_SAMPLER="traceidratio",
        OTEL_TRACES_SAMPLER_ARG="1.0",
    )
    answer = app.get(
        "/health?email=ada@example.com",
        traceparent=f"00-{TRACE}-{PARENT}-00",
        X_Request_ID="a-request-of-ours",
        X_Forwarded_For="192.0.2.77",
        Cookie="session=qwxyz",
        User_Agent="Ada's browser",
    )
    assert answer.status == 503
    # The last spans get out too.
    assert app.stop() == 0
    assert {path for path, _ in sent} == {"/v1/traces"}
    batches = [ExportTraceServiceRequest.FromString(body) for _, body in sent]
    spans = {
        span.trace_id.hex(): (told(resource.resource.attributes), span)
        for batch in batches
        for resource in batch.resource_spans
        for scope in resource.scope_spans
        for span in scope.spans
    }
    about, span = spans[TRACE]
    assert span.parent_span_id.hex() == PARENT
    assert (span.name, span.kind) == ("GET /health", span.SPAN_KIND_SERVER)
    assert span.status.code == span.status.STATUS_CODE_ERROR
    assert told(span.attributes) == {
        "http.request.method": "GET",
        "http.route": "/health",
        "url.path": "/health",
        "request_id": "a-request-of-ours",
        "http.response.status_code": 503,
    }
    assert about["service.name"] == "app"
    assert about["service.version"] == "2026-11-24-a1b2c3"
    assert about["deployment.environment.name"] == "testing"
    everything = b"".join(body for _, body in sent).decode(errors="replace")
    assert [word for word in ("192.0.2", "ada@", "qwxyz", "Ada's") if word in everything] == []


def test_without_a_collector_nothing_is_exported(environment: dict[str, str]) -> None:
    script = "import sys, webapp; webapp.create_app(); print(*sys.modules)"
    loaded = subprocess.run(
        [sys.executable, "-c", script],
        cwd=APP_FOLDER,
        env=clean_environment() | environment | {"OTEL_EXPORTER_OTLP_ENDPOINT": ""},
        capture_output=True,
        text=True,
        check=True,
    ).stdout.split()
    assert "webapp.traces" in loaded
    # Of the rest redis loads some, for its own metrics.
    assert not [name for name in loaded if name.startswith("opentelemetry.exporter")]
