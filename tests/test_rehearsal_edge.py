"""Pages come from the bucket, as the program's distribution says; the API does not."""

import http.client
import re
import ssl
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest

from rehearsal.alb.balancer import Balancer, BalancerSettings
from rehearsal.alb.routing import FixedResponse, Routing
from rehearsal.aws import edge
from rehearsal.aws.control_plane import ControlPlane
from rehearsal.machine import ports
from rehearsal.machine.supervisor import Supervisor
from tests.environments import recorded
from tests.stub_upstream import HOST, make_certificate

BUCKET = "testing-frontend"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[int, Path, ControlPlane]]:
    """Port and certificate of a balancer behind which nobody is, and S3 with a page."""
    certificate = make_certificate(tmp_path_factory.mktemp("tls"))
    with ExitStack() as stack:
        supervisor = stack.enter_context(Supervisor())
        plane = stack.enter_context(
            ControlPlane(port=ports.reserve(), account_id="100000000048", region="eu-west-1")
        )
        s3 = plane.client("s3")
        place: Any = {"LocationConstraint": "eu-west-1"}
        s3.create_bucket(Bucket=BUCKET, CreateBucketConfiguration=place)
        for key in ("index.html", "assets/r1.js"):
            s3.put_object(Bucket=BUCKET, Key=key, Body=f"content of {key}".encode())
        port = ports.reserve()
        Balancer.start(
            supervisor,
            port=port,
            certificate=certificate,
            settings=BalancerSettings(
                groups=(),
                routing=Routing(rules=(), default=FixedResponse(404, "the balancer's")),
                pages=edge.pages(recorded("testing"), plane, BUCKET),
            ),
        )
        yield port, certificate, plane


@pytest.mark.parametrize(
    ("method", "path", "status", "content"),
    [
        ("GET", "/", 200, "content of index.html"),
        ("GET", "/some/where?now=1", 200, "content of index.html"),
        ("GET", "/assets/r1.js", 200, "content of assets/r1.js"),
        ("GET", "/assets/r2.js", 404, "NoSuchKey"),
        ("GET", "/.well-known/security", 404, "NoSuchKey"),
        ("POST", "/", 403, "Forbidden"),
        ("GET", "/api/items", 404, "the balancer's"),
        ("POST", "/api/items", 404, "the balancer's"),
        ("GET", "/health", 404, "the balancer's"),
    ],
)
def test_each_path_goes_where_the_edge_sends_it(
    served: tuple[int, Path, ControlPlane], method: str, path: str, status: int, content: str
) -> None:
    port, certificate, _ = served
    tls = ssl.create_default_context(cafile=certificate)
    connection = http.client.HTTPSConnection("127.0.0.1", port, context=tls, timeout=20)
    connection.request(method, path, headers={"Host": HOST})
    response = connection.getresponse()
    body = response.read().decode()
    connection.close()
    assert (response.status, content in body) == (status, True), body


def test_what_the_edge_asks_is_no_call_of_cutover_s(
    served: tuple[int, Path, ControlPlane],
) -> None:
    assert served[2].calls() == ()


def test_the_api_s_paths_are_the_distribution_s() -> None:
    plane = ControlPlane(port=1, account_id="100000000048", region="eu-west-1")
    pages = edge.pages(recorded("testing"), plane, BUCKET)
    assert pages.api_paths == ("/api/*", "/health")
    matching = [
        path
        for path in ("/api/x", "/api/", "/health", "/health/x", "/apix", "/", "/healthz")
        if re.search(pages.api_expression, path)
    ]
    assert matching == ["/api/x", "/api/", "/health"]
