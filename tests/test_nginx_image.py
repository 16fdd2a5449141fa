"""images/nginx by its own entrypoint: a real nginx on loopback in front of a stub of the app."""

import contextlib
import http.client
import itertools
import json
import os
import re
import signal
import socket
import ssl
import stat
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from infra.headers import API
from rehearsal.machine import ports
from rehearsal.machine.supervisor import Supervisor
from tests.image_process import Running, accepts, refusal, running
from tests.logged import NGINX_FIELDS

pytestmark = pytest.mark.services
TOKEN = "0123456789abcdef" * 4
MIB = 1024 * 1024
BURST = 5
ADDRESSES = (f"203.0.113.{n}" for n in itertools.count(1))  # a client of its own for each test


@dataclass
class App:
    """The stub: what it was asked, and how it answers /health."""

    port: int = 0
    health: str = "200"
    requests: list[tuple[str, str, dict[str, str], int]] = field(default_factory=list)
    arrived: threading.Semaphore = field(default_factory=lambda: threading.Semaphore(0))
    release: threading.Event = field(default_factory=threading.Event)


@pytest.fixture(scope="module")
def supervisor() -> Iterator[Supervisor]:
    with Supervisor() as supervisor:
        yield supervisor
        supervisor.check()


@pytest.fixture(scope="module")
def app() -> Iterator[App]:
    app = App(port=ports.reserve())

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def log_message(self, format: str, *args: Any) -> None:
            pass

        def answer(self, status: int, body: bytes = b"", **headers: str) -> None:
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name.replace("_", "-"), value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def do_GET(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            app.requests.append((self.command, self.path, dict(self.headers), len(body)))
            path = app.health if self.path == "/health" else self.path.partition("?")[0].lstrip("/")
            if path == "hold":
                app.arrived.release()
                app.release.wait(20)
                path = "200"
            if path == "drop":
                self.close_connection = True
            elif path == "talkative":
                self.answer(
                    200,
                    b'{"a": "' + b"x" * 5000 + b'"}',
                    Content_Type="application/json",
                    Cache_Control="private",
                    X_Powered_By="Flask",
                    X_Runtime="1",
                    X_Frame_Options="SAMEORIGIN",
                    Content_Security_Policy="default-src *",
                    X_Request_ID="the-app's",
                    X_Release_Id="the-app's",
                )
            elif path == "429":
                self.answer(429, b"the app's own", Retry_After="17")
            else:
                self.answer(int(path), b"the app's own")

        do_POST = do_GET

    server = ThreadingHTTPServer(("127.0.0.1", app.port), Handler)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield app
    app.release.set()
    server.shutdown()
    server.server_close()


def environment(port: int, app_port: int, **more: str) -> dict[str, str]:
    return {
        "NGINX_PORT": str(port),
        "APP_PORT": str(app_port),
        "TRUSTED_PROXIES": "127.0.0.1/32 10.20.0.0/16",
        "MAX_BODY_MIB": "1",
        "RATE_LIMIT_PER_SECOND": "1",
        "RATE_LIMIT_BURST": str(BURST),
        "SECURITY_HEADERS": API.nginx_lines(),
        "PROBE_HEADER": "X-Slipway-Probe",
        "PROBE_TOKEN": TOKEN,
        "RELEASE_ID": "r-20261124.1",
        "WORKER_PROCESSES": "1",
        "CONNECTIONS_PER_ADDRESS": "3",
        "APP_TIMEOUT_SECONDS": "1",
        **more,
    }


def healthy(port: int) -> bool:
    """More than an open port, which `nginx -t` has for a moment too."""
    context = ssl._create_unverified_context()
    connection = http.client.HTTPSConnection("127.0.0.1", port, timeout=5, context=context)
    with contextlib.closing(connection):
        connection.request("GET", "/healthz")
        return connection.getresponse().status == 200


@pytest.fixture(scope="module")
def nginx(supervisor: Supervisor, app: App) -> Iterator[Running]:
    port = ports.reserve()
    with running(supervisor, "nginx", port, environment(port, app.port), healthy) as nginx:
        yield nginx


@pytest.fixture(autouse=True)
def fresh(app: App) -> None:
    app.health = "200"
    app.requests.clear()
    app.arrived = threading.Semaphore(0)
    app.release = threading.Event()


@dataclass
class Answer:
    status: int
    headers: list[tuple[str, str]]
    body: bytes

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def json(self) -> Any:
        assert self.all("Content-Type") == ["application/json"]
        return json.loads(self.body)


def ask(
    nginx: Running,
    path: str,
    *,
    method: str = "GET",
    body: Any = None,
    source: str = "127.0.0.1",
    client: str | None = None,
    **headers: str,
) -> Answer:
    context = ssl._create_unverified_context()  # as the balancer: it validates no target
    connection = http.client.HTTPSConnection(
        "127.0.0.1", nginx.port, timeout=20, context=context, source_address=(source, 0)
    )
    sent = {"X-Forwarded-For": client or next(ADDRESSES)}
    sent |= {name.replace("_", "-"): value for name, value in headers.items()}
    try:
        connection.request(method, path, body=body, headers=sent)
        answer = connection.getresponse()
        return Answer(answer.status, answer.getheaders(), answer.read())
    finally:
        connection.close()


def assert_policy(answer: Answer) -> None:
    """Every header of the policy, once, with the policy's value."""
    assert {name: answer.all(name) for name in API.headers()} == {
        name: [value] for name, value in API.headers().items()
    }
    assert answer.all("Server") == ["nginx"]
    assert len(answer.all("X-Request-ID")) == 1
    assert answer.all("X-Release-Id") == ["r-20261124.1"]


def access_log(nginx: Running) -> list[dict[str, Any]]:
    """Every line on stdout; nginx's own messages on stderr begin otherwise."""
    return [json.loads(line) for line in nginx.lines() if line.startswith("{")]


def logged(nginx: Running, answer: Answer) -> dict[str, Any]:
    """The one line for an answer."""
    (request_id,) = answer.all("X-Request-ID")

    def found() -> list[dict[str, Any]]:
        return [line for line in access_log(nginx) if line["request_id"] == request_id]

    nginx.wait_until(found, "the log lacks a line")
    (only,) = found()
    return only


# What passes through


def test_the_app_is_told_one_client_and_no_tale(nginx: Running, app: App) -> None:
    answer = ask(
        nginx,
        "/200?a=b%20c",
        client="1.2.3.4, 198.51.100.7, 10.20.3.4",  # spoofed, seen by CloudFront, its interface
        Host="app.example.com:8443",
        Forwarded="for=6.6.6.6",
        X_Real_IP="6.6.6.6",
        X_Forwarded_Proto="http",
        X_Forwarded_Host="evil.example.com",
        X_Forwarded_Prefix="/evil",
        Connection="close",
    )
    assert (answer.status, answer.body) == (200, b"the app's own")
    ((method, path, headers, _),) = app.requests
    assert (method, path) == ("GET", "/200?a=b%20c")
    assert headers.pop("X-Request-ID") == answer.all("X-Request-ID")[0]
    assert headers == {
        "Host": "app.example.com:8443",
        "X-Forwarded-For": "198.51.100.7",
        "X-Forwarded-Host": "app.example.com:8443",
        "X-Forwarded-Proto": "https",
        "Accept-Encoding": "identity",
    }


def test_the_app_is_given_the_balancers_trace_and_no_clients(nginx: Running, app: App) -> None:
    began, random = "67891233", "abcdef012345678912345678"
    for trace in (f"Root=1-{began}-{random}", f"Self=1-0-0;Root=1-{began}-{random};Sampled=1"):
        ask(nginx, "/200", X_Amzn_Trace_Id=trace, traceparent="00-spoofed", tracestate="a=b")
    ask(nginx, "/200", traceparent=f"00-{'1' * 32}-{'2' * 16}-01")
    *traced, untraced = [headers for _, _, headers, _ in app.requests]
    for headers in traced:
        version, trace, span, flags = headers["traceparent"].split("-")
        assert (version, trace, flags) == ("00", began + random, "00")
        assert re.fullmatch("[0-9a-f]{16}", span)
        assert "tracestate" not in headers
    assert "traceparent" not in untraced


def test_who_is_no_proxy_of_ours_speaks_for_itself_only(nginx: Running, app: App) -> None:
    ask(nginx, "/200", source="127.0.0.2", client="198.51.100.7")
    assert [headers["X-Forwarded-For"] for _, _, headers, _ in app.requests] == ["127.0.0.2"]


def test_a_request_id_is_kept_and_a_bad_one_replaced(nginx: Running, app: App) -> None:
    assert ask(nginx, "/200", X_Request_ID="abc-123_4.5").all("X-Request-ID") == ["abc-123_4.5"]
    (made,) = ask(nginx, "/200", X_Request_ID='a" onload="b').all("X-Request-ID")
    assert len(made) == 32
    assert made.isalnum()
    assert [headers["X-Request-ID"] for _, _, headers, _ in app.requests] == ["abc-123_4.5", made]


def test_an_answer_wears_the_policy_and_not_the_apps_own(nginx: Running) -> None:
    answer = ask(nginx, "/talkative", Accept_Encoding="gzip", Via="2.0 CloudFront")
    assert answer.status == 200
    assert_policy(answer)
    assert answer.all("Content-Encoding") == ["gzip"]
    assert answer.all("Vary") == ["Accept-Encoding"]
    assert answer.all("Cache-Control") == ["private"]
    assert answer.all("X-Powered-By") + answer.all("X-Runtime") == []
    assert answer.all("X-Request-ID") != ["the-app's"]


@pytest.mark.parametrize("status", [404, 429, 500, 502, 503, 504])
def test_the_apps_own_errors_pass_untouched(nginx: Running, status: int) -> None:
    answer = ask(nginx, f"/{status}")
    assert (answer.status, answer.body) == (status, b"the app's own")
    assert_policy(answer)
    assert answer.all("Retry-After") == (["17"] if status == 429 else [])
    assert answer.all("Cache-Control") == ["no-store"]


def test_it_speaks_http2_and_today_s_tls(nginx: Running) -> None:
    for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
        context = ssl._create_unverified_context()
        context.minimum_version = context.maximum_version = version
        context.set_alpn_protocols(["h2"])
        with (
            socket.create_connection(("127.0.0.1", nginx.port)) as plain,
            context.wrap_socket(plain) as tls,
        ):
            assert tls.selected_alpn_protocol() == "h2"
            assert tls.version() == version.name.replace("_", ".")


# What nginx answers itself


def test_a_body_over_the_limit_is_413_and_one_at_the_limit_passes(nginx: Running, app: App) -> None:
    assert ask(nginx, "/200", method="POST", body=b"x" * MIB).status == 200
    assert [length for *_, length in app.requests] == [MIB]
    declared = ask(nginx, "/200", method="POST", Content_Length=str(MIB + 1))
    chunked = ask(nginx, "/200", method="POST", body=iter([b"x" * MIB, b"x"]))
    for answer in (declared, chunked):
        assert answer.status == 413
        assert_policy(answer)
        assert answer.json() == {
            "error": "body larger than 1 MiB",
            "status": 413,
            "request_id": answer.all("X-Request-ID")[0],
        }
    assert len(app.requests) == 1


def test_a_client_over_the_rate_gets_429_and_nobody_else(nginx: Running, app: App) -> None:
    client = next(ADDRESSES)
    answers = [ask(nginx, "/200", client=client) for _ in range(BURST + 15)]
    assert [answer.status for answer in answers[: BURST + 1]] == [200] * (BURST + 1)
    refused = [answer for answer in answers if answer.status != 200]
    assert len(app.requests) == len(answers) - len(refused)
    assert refused
    for answer in refused:
        assert answer.json()["error"] == "too many requests"
        assert (answer.status, answer.all("Retry-After")) == (429, ["1"])
        assert_policy(answer)
    # A spoofed address further left buys no second allowance, another client is not touched,
    # and the health endpoints count for nobody.
    assert 429 in [ask(nginx, "/200", client=f"9.9.9.9, {client}").status for _ in range(3)]
    assert ask(nginx, "/200").status == 200
    for path in ("/healthz", "/readyz", "/health"):
        assert [ask(nginx, path, client=client).status for _ in range(BURST + 5)] == [200] * 10


def test_a_probe_is_exempt_and_its_token_goes_no_further(nginx: Running, app: App) -> None:
    client = next(ADDRESSES)
    for route in ("blue", "green", "live"):
        probe = {"X-Slipway-Probe": f"{route}:{TOKEN}"}
        answers = [ask(nginx, "/200", client=client, **probe) for _ in range(BURST + 5)]
        assert [answer.status for answer in answers] == [200] * 10
        assert logged(nginx, answers[-1])["probe"] == route
    wrong = [TOKEN, f"red:{TOKEN}", f"live:{TOKEN[1:]}", "live:", f"blue:{TOKEN[:-1]}0"]
    for header in wrong:
        client = next(ADDRESSES)
        answers = [
            ask(nginx, "/200", client=client, X_Slipway_Probe=header) for _ in range(BURST + 10)
        ]
        assert 429 in [answer.status for answer in answers]
        assert logged(nginx, answers[0])["probe"] == ""
    assert len(app.requests) >= 30
    assert [headers for *_, headers, _ in app.requests if "X-Slipway-Probe" in headers] == []


def test_a_client_with_too_many_requests_at_once_gets_429(nginx: Running, app: App) -> None:
    client = next(ADDRESSES)
    answers: list[Answer] = []
    held = [
        threading.Thread(target=lambda: answers.append(ask(nginx, "/hold", client=client)))
        for _ in range(3)
    ]
    for thread in held:
        thread.start()
    for _ in held:
        assert app.arrived.acquire(timeout=20)
    refused = ask(nginx, "/200", client=client)
    probe = ask(nginx, "/200", client=client, X_Slipway_Probe=f"blue:{TOKEN}")
    app.release.set()
    for thread in held:
        thread.join(20)
    assert (refused.status, probe.status) == (429, 200)
    assert [answer.status for answer in answers] == [200] * 3


def test_an_app_that_hangs_up_is_502_and_one_that_hangs_is_504(nginx: Running) -> None:
    for path, status, error in (
        ("/drop", 502, "the application is not reachable"),
        ("/hold", 504, "the application did not answer in time"),
    ):
        answer = ask(nginx, path)
        assert answer.status == status
        assert_policy(answer)
        assert answer.json() == {
            "error": error,
            "status": status,
            "request_id": answer.all("X-Request-ID")[0],
        }


def test_what_is_no_request_gets_the_policy_too(nginx: Running) -> None:
    big = ask(nginx, "/200", Cookie="x" * 9000)
    assert (big.status, big.json()["error"]) == (400, "bad request")
    assert_policy(big)
    assert ask(nginx, "/200", method="TRACE").status == 405
    plain = http.client.HTTPConnection("127.0.0.1", nginx.port, timeout=20)
    plain.request("GET", "/200")
    answer = plain.getresponse()
    assert (answer.status, json.loads(answer.read())["error"]) == (400, "bad request")
    plain.close()


# Health


def test_ready_means_that_the_process_answers_whatever_it_says(nginx: Running, app: App) -> None:
    for said in ("200", "503", "500", "502", "504", "404", "429", "302"):
        app.health = said
        ready, health = ask(nginx, "/readyz"), ask(nginx, "/health")
        assert (said, ready.status) == (said, 200)
        assert (said, health.status, health.body) == (said, int(said), b"the app's own")
        assert_policy(ready)
        assert_policy(health)
    assert {(method, path) for method, path, *_ in app.requests} == {("GET", "/health")}
    assert len(app.requests) == 16
    assert ask(nginx, "/healthz").json() == {"status": "ok"}
    assert len(app.requests) == 16


def test_a_hanging_app_is_not_ready(supervisor: Supervisor, app: App) -> None:
    app.health = "hold"
    port = ports.reserve()
    patient = environment(port, app.port, APP_TIMEOUT_SECONDS="55")
    with running(supervisor, "nginx", port, patient, healthy) as nginx:
        answer = ask(nginx, "/readyz")  # the app would answer after 20 s
        assert answer.status == 504
        assert answer.json() == {"status": "the application did not answer in time"}
        assert_policy(answer)
        assert ask(nginx, "/healthz").status == 200


def test_an_app_that_hangs_up_is_not_ready(nginx: Running, app: App) -> None:
    app.health = "drop"
    answer = ask(nginx, "/readyz")
    assert (answer.status, answer.json()) == (502, {"status": "the application is not reachable"})
    assert_policy(answer)


def test_without_an_app_nginx_is_up_and_nothing_else_is(supervisor: Supervisor) -> None:
    port = ports.reserve()
    with running(supervisor, "nginx", port, environment(port, ports.reserve()), healthy) as nginx:
        statuses = {
            path: ask(nginx, path).status for path in ("/healthz", "/readyz", "/health", "/")
        }
        assert statuses == {"/healthz": 200, "/readyz": 502, "/health": 502, "/": 502}
        assert nginx.end(signal.SIGQUIT) == 0


# The log


def test_a_line_of_the_log_says_all_and_keeps_the_query_to_itself(nginx: Running) -> None:
    client = next(ADDRESSES)
    answer = ask(
        nginx,
        "/404?token=hunter2",
        client=f"{client}, 10.20.3.4",
        Host="app.example.com",
        User_Agent='agent "x"\\',
        Referer="https://app.example.com/?token=hunter2",
        Cookie="session=hunter2",
        X_Amzn_Trace_Id="Root=1-67891233-abcdef012345678912345678",
        traceparent="00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        X_Amz_Cf_Id="cf-id==",
    )
    line = logged(nginx, answer)
    assert set(line) == NGINX_FIELDS
    numbers = {
        key: type(line.pop(key))
        for key in (
            "timestamp",
            "request_bytes",
            "bytes",
            "seconds",
            "app_connect_seconds",
            "app_header_seconds",
            "app_seconds",
        )
    }
    assert numbers == dict.fromkeys(numbers, float) | {"request_bytes": int, "bytes": int}
    assert line.pop("time").startswith("20")
    assert line == {
        "release": "r-20261124.1",
        "request_id": answer.all("X-Request-ID")[0],
        "trace": "Root=1-67891233-abcdef012345678912345678",
        "traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
        "cloudfront_id": "cf-id==",
        "client": client,
        "peer": "127.0.0.1",
        "probe": "",
        "host": "app.example.com",
        "method": "GET",
        "path": "/404",
        "protocol": "HTTP/1.1",
        "tls": "TLSv1.3",
        "status": 404,
        "app_status": 404,
        "agent": 'agent "x"\\',
    }
    assert "hunter2" not in nginx.process.output()


def test_what_nginx_answers_itself_is_logged_without_an_app(nginx: Running) -> None:
    answer = ask(nginx, "/200", method="POST", Content_Length=str(2 * MIB))
    line = logged(nginx, answer)
    assert (line["status"], line["path"]) == (413, "/200")
    assert (line["app_status"], line["app_seconds"], line["app_header_seconds"]) == (None,) * 3


def test_health_endpoints_are_not_logged(nginx: Running, app: App) -> None:
    for app.health in ("200", "503"):
        for path in ("/healthz", "/readyz", "/health"):
            ask(nginx, path)
    logged(nginx, ask(nginx, "/200"))  # all that came before is written
    paths = {line["path"] for line in access_log(nginx)}
    assert "/200" in paths
    assert paths.isdisjoint({"/healthz", "/readyz", "/health"})


# The process


def test_a_request_in_flight_outlives_sigquit(supervisor: Supervisor, app: App) -> None:
    port = ports.reserve()
    patient = environment(port, app.port, APP_TIMEOUT_SECONDS="30")
    with running(supervisor, "nginx", port, patient, healthy) as nginx:
        answers: list[Answer] = []
        held = threading.Thread(target=lambda: answers.append(ask(nginx, "/hold")))
        held.start()
        assert app.arrived.acquire(timeout=20)
        nginx.process.expected_to_stop = True
        nginx.process.signal(signal.SIGQUIT)
        nginx.wait_until(lambda: not accepts(port), "nginx still takes connections")
        assert nginx.process.alive
        app.release.set()
        held.join(20)
        assert [(answer.status, answer.body) for answer in answers] == [(200, b"the app's own")]
        assert nginx.process.exited.wait(20)
        assert nginx.process.exit_code == 0


def test_it_writes_below_its_directory_alone(nginx: Running) -> None:
    ask(nginx, "/200", method="POST", body=b"x" * MIB)  # larger than the buffer in memory
    assert {path.name for path in nginx.directory.iterdir()} == {
        *("nginx.conf", "nginx.pid", "tls.crt", "tls.key"),
        *("body", "proxy", "fastcgi", "uwsgi", "scgi"),
    }
    for secret in ("nginx.conf", "tls.key"):
        assert stat.S_IMODE((nginx.directory / secret).stat().st_mode) == 0o600
    master = nginx.process.pid
    children = Path(f"/proc/{master}/task/{master}/children").read_text().split()
    assert len(children) == 1
    for pid in (master, *children):
        process = Path(f"/proc/{pid}")
        assert process.joinpath("comm").read_text() == "nginx\n"  # no shell is left as PID 1
        assert TOKEN.encode() not in process.joinpath("environ").read_bytes()
        opened = {os.readlink(fd) for fd in process.joinpath("fd").iterdir()}
        files = {path for path in opened if path.startswith("/") and path != "/dev/null"}
        assert files == {str(nginx.process.log)}


def test_an_older_nginx_says_what_differs(nginx: Running) -> None:
    differences = [line for line in nginx.lines() if line.startswith("slipway-nginx: ")]
    prefix = "slipway-nginx: differs from the image: "
    assert all(line.startswith(prefix) for line in differences)
    conf = (nginx.directory / "nginx.conf").read_text()
    assert ("http2 on;" in conf) != any("no 'http2 on'" in line for line in differences)
    assert ("X25519MLKEM768" in conf) != any("no X25519MLKEM768" in line for line in differences)
    assert ("keepalive_min_timeout 2s;" in conf) != any(
        "no 'keepalive_min_timeout'" in line for line in differences
    )


def rendered(directory: Path, about: str) -> tuple[str, str]:
    """The configuration and what was said, for an nginx that describes itself as `about`."""
    (directory / "bin").mkdir()
    shim = directory / "bin" / "nginx"
    shim.write_text(
        "#!/bin/sh\n"
        '[ -z "${PROBE_TOKEN-}" ] || [ "$1" = -V ] || echo "the token is in my environment" >&2\n'
        f"case $1 in -V) printf '%s\\n' '{about}' >&2 ;; -t) ;; *) exec cat \"$4\" ;; esac\n"
    )
    shim.chmod(0o755)
    images = Path(__file__).parents[1] / "images" / "nginx"
    done = subprocess.run(
        ["sh", "-s"],
        stdin=(images / "entrypoint.sh").open(),
        env={
            "PATH": f"{shim.parent}:{os.environ['PATH']}",
            "RUN_DIR": str(directory / "run"),
            "TEMPLATE_DIR": str(images),
            **environment(8443, 8000),
        },
        capture_output=True,
        text=True,
        timeout=20,
        check=True,
    )
    return done.stdout, done.stderr


def test_the_images_nginx_gets_every_line(tmp_path: Path) -> None:
    about = "nginx version: nginx/1.30.4\nbuilt with OpenSSL 3.5.4 30 Sep 2025"
    conf, said = rendered(tmp_path, about)
    assert said == ""
    lines = {line.strip() for line in conf.splitlines()}
    assert "${" not in conf
    assert {
        "listen 0.0.0.0:8443 ssl;",
        "http2 on;",
        "keepalive_min_timeout 2s;",
        "ssl_ecdh_curve X25519MLKEM768:X25519:prime256v1:secp384r1;",
        "keepalive_timeout 75s;",
        "worker_shutdown_timeout 100s;",
        "worker_processes 1;",
        "proxy_next_upstream off;",
        "proxy_read_timeout 1s;  # below the balancer's 60 s, or its 504 comes first",
        "client_max_body_size 1m;",
        "set_real_ip_from 127.0.0.1/32;",
        "set_real_ip_from 10.20.0.0/16;",
        "proxy_hide_header Strict-Transport-Security;",
        *API.nginx_lines().splitlines(),
    } <= lines


def test_the_library_that_runs_decides_and_not_the_one_it_was_built_with(tmp_path: Path) -> None:
    about = (
        "nginx version: nginx/1.22.1\n"
        "built with OpenSSL 3.5.1 1 Jul 2025 (running with OpenSSL 3.0.19 27 Jan 2026)"
    )
    conf, said = rendered(tmp_path, about)
    assert "listen 0.0.0.0:8443 ssl http2;" in conf
    assert "http2 on" not in conf
    assert "keepalive_min_timeout" not in conf
    assert "ssl_ecdh_curve X25519:prime256v1:secp384r1;" in conf
    assert said.splitlines() == [
        "slipway-nginx: differs from the image: nginx 1.22.1 has no 'http2 on' (1.25.1); "
        "HTTP/2 is switched on at 'listen'.",
        "slipway-nginx: differs from the image: nginx 1.22.1 has no 'keepalive_min_timeout' "
        "(1.27.4); a stop closes idle connections at once.",
        "slipway-nginx: differs from the image: OpenSSL 3.0.19 has no X25519MLKEM768 (3.5); "
        "key exchange is not post-quantum.",
    ]


# Bad input


def test_all_that_is_missing_is_named_at_once(supervisor: Supervisor) -> None:
    assert refusal(supervisor, "nginx", {"NGINX_PORT": "8443", "PROBE_TOKEN": ""}) == [
        "slipway-nginx: can't start without APP_PORT, TRUSTED_PROXIES, MAX_BODY_MIB, "
        "RATE_LIMIT_PER_SECOND, RATE_LIMIT_BURST, SECURITY_HEADERS, PROBE_HEADER, PROBE_TOKEN; "
        "set them in the task definition."
    ]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("APP_PORT", "80a", "APP_PORT is '80a'; it must be a whole number above 0."),
        ("MAX_BODY_MIB", "0", "MAX_BODY_MIB is '0'; it must be a whole number above 0."),
        ("RATE_LIMIT_BURST", "-1", "RATE_LIMIT_BURST is '-1'; it must be a whole number above 0."),
        ("RELEASE_ID", 'a"b', "RELEASE_ID is 'a\"b'; use letters, digits, '.', '_' and '-'."),
        ("PROBE_HEADER", "X_P", "PROBE_HEADER is 'X_P'; use letters, digits and '-'."),
        (
            "PROBE_TOKEN",
            "secret",
            "PROBE_TOKEN (6 characters, not shown) must be 64 digits of 0-9 and a-f.",
        ),
        (
            "PROBE_TOKEN",
            "G" * 64,
            "PROBE_TOKEN (64 characters, not shown) must be 64 digits of 0-9 and a-f.",
        ),
        (
            "TRUSTED_PROXIES",
            "10.0.0.0/8;",
            "LISTEN_ADDRESS is '127.0.0.1' and TRUSTED_PROXIES '10.0.0.0/8;'; they must be an "
            "IPv4 address and addresses or networks parted by spaces.",
        ),
        (
            "SECURITY_HEADERS",
            'add_header A "b" always;\nreturn 200;',
            'SECURITY_HEADERS must hold lines like: add_header Name "value" always;',
        ),
        (
            "RUN_DIR",
            "/proc/nginx",
            "can't write to RUN_DIR '/proc/nginx'; mount a writable /tmp, or point RUN_DIR at one.",
        ),
    ],
)
def test_a_value_that_cannot_be_used_is_refused(
    supervisor: Supervisor, name: str, value: str, said: str
) -> None:
    environ = environment(ports.reserve(), ports.reserve()) | {name: value}
    assert refusal(supervisor, "nginx", environ)[-1] == f"slipway-nginx: {said}"


def test_a_port_in_use_is_said(supervisor: Supervisor) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", ports.reserve()))
        taken.listen()
        said = refusal(supervisor, "nginx", environment(taken.getsockname()[1], ports.reserve()))
    assert [line for line in said if "(98: Address" in line]
