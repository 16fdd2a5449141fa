"""The page is written by compare-and-swap, and by the role that may write nothing else."""

import hashlib
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from cutover.decide.live import Index
from cutover.decide.model import Page
from cutover.do.fence import Fence
from cutover.do.frontend import MOST_BYTES, Frontend
from cutover.do.system_clock import SystemClock
from cutover.do.world import Refused, Unavailable
from tests.cutover_aws import Emulated, emulated

ACCOUNT_ID = "100000000047"
LONG_FROM_NOW = 4_000_000_000.0
PAGE = b"<!doctype html><script src=/assets/r2.js></script>"
R2 = Page(key="releases/r2/index.html", sha256=hashlib.sha256(PAGE).hexdigest())


@pytest.fixture(scope="module")
def aws() -> Iterator[Emulated]:
    with emulated(ACCOUNT_ID) as found:
        yield found


@pytest.fixture
def put(aws: Emulated) -> Callable[[str, bytes], str]:
    """Uploads as CI does; the ETag."""

    def upload(key: str, content: bytes) -> str:
        bucket = aws.contract.frontend_bucket
        return aws.plane.client("s3").put_object(Bucket=bucket, Key=key, Body=content)["ETag"]

    return upload


@pytest.fixture
def frontend(aws: Emulated) -> Iterator[Frontend]:
    fence = Fence(aws.clients, aws.contract.weights_role, run="run-1", clock=SystemClock())
    yield Frontend(aws.clients, aws.contract, fence)
    s3, bucket = aws.plane.client("s3"), aws.contract.frontend_bucket
    for version in s3.list_object_versions(Bucket=bucket).get("Versions", []):
        s3.delete_object(Bucket=bucket, Key=version["Key"], VersionId=version["VersionId"])


def test_a_release_s_page_is_known_by_its_content(frontend: Frontend, put: Any) -> None:
    put(R2.key, PAGE)
    assert frontend.page(R2.key) == R2


def test_a_page_that_nobody_has_uploaded_is_refused(frontend: Frontend, aws: Emulated) -> None:
    with pytest.raises(Refused) as refused:
        frontend.page(R2.key)
    assert str(refused.value) == (
        f"there is no releases/r2/index.html in the bucket {aws.contract.frontend_bucket}; upload "
        "the release's assets and its page first"
    )


def test_a_page_has_a_bound(frontend: Frontend, put: Any) -> None:
    put(R2.key, b"x" * MOST_BYTES)
    assert frontend.page(R2.key).key == R2.key
    put(R2.key, b"x" * (MOST_BYTES + 1))
    with pytest.raises(Refused, match=r"has 5,242,881 bytes, and a page may have 5,242,880; give"):
        frontend.page(R2.key)


def test_the_first_page_is_written_where_there_is_none(
    frontend: Frontend, put: Any, aws: Emulated
) -> None:
    put(R2.key, PAGE)
    assert frontend.index() == Index()
    before = aws.clients.calls
    frontend.point(R2, etag="", not_after=LONG_FROM_NOW)
    assert aws.clients.calls - before == 3
    assert frontend.index().sha256 == R2.sha256
    written = aws.plane.client("s3").get_object(
        Bucket=aws.contract.frontend_bucket, Key="index.html"
    )
    assert written["Body"].read() == PAGE
    assert written["CacheControl"] == "no-cache"
    assert written["ContentType"] == "text/html; charset=utf-8"


def test_a_page_replaces_what_was_looked_at_and_nothing_else(frontend: Frontend, put: Any) -> None:
    put(R2.key, PAGE)
    put("index.html", b"one")
    one = frontend.index()
    put("index.html", b"two")
    two = frontend.index()
    for etag in (one.etag, ""):
        with pytest.raises(Unavailable, match=r"^somebody else writes index\.html in this moment$"):
            frontend.point(R2, etag=etag, not_after=LONG_FROM_NOW)
        assert frontend.index() == two
    frontend.point(R2, etag=two.etag, not_after=LONG_FROM_NOW)
    assert frontend.index().sha256 == R2.sha256


def test_what_was_replaced_can_be_brought_back(frontend: Frontend, put: Any) -> None:
    put("index.html", b"somebody's")
    old = frontend.index()
    put(R2.key, PAGE)
    frontend.point(R2, etag=old.etag, not_after=LONG_FROM_NOW)
    kept = Page(key="index.html", sha256=old.sha256, version=old.version)
    frontend.point(kept, etag=frontend.index().etag, not_after=LONG_FROM_NOW)
    assert frontend.index().sha256 == old.sha256


def test_a_page_that_has_changed_since_is_not_written(frontend: Frontend, put: Any) -> None:
    with pytest.raises(Refused, match=r"^releases/r2/index\.html is gone from the bucket "):
        frontend.point(R2, etag="", not_after=LONG_FROM_NOW)
    put(R2.key, b"another")
    with pytest.raises(Refused, match=rf"has been changed in .*, with SHA-256 {R2.sha256}$"):
        frontend.point(R2, etag="", not_after=LONG_FROM_NOW)
    assert frontend.index() == Index()


def test_the_write_is_fenced(
    frontend: Frontend, put: Any, aws: Emulated, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[dict[str, Any]] = []
    call = aws.clients.call

    def noted(service: str, operation: str, /, **arguments: Any) -> Any:
        if operation == "assume_role":
            asked.append(arguments)
        return call(service, operation, **arguments)

    monkeypatch.setattr(aws.clients, "call", noted)
    put(R2.key, PAGE)
    frontend.point(R2, etag="", not_after=2_000_000_000.5)
    (assumed,) = asked
    allowed, denied = json.loads(assumed["Policy"])["Statement"]
    assert allowed == {
        "Effect": "Allow",
        "Action": ["s3:PutObject", "s3:GetObject"],
        "Resource": f"arn:aws:s3:::{aws.contract.frontend_bucket}/index.html",
    }
    assert denied["Condition"] == {"DateGreaterThan": {"aws:CurrentTime": "2033-05-18T03:33:20Z"}}
