"""What the two header policies say, how they are written for nginx, and what no policy may hold."""

import dataclasses
import re

import pytest

from infra.headers import API, PAGES, REMOVED_FROM_PAGES, HeaderPolicy

NAMES = [
    "Strict-Transport-Security",
    "Content-Security-Policy",
    "X-Content-Type-Options",
    "X-Frame-Options",
    "Referrer-Policy",
    "Cross-Origin-Opener-Policy",
    "Cross-Origin-Embedder-Policy",
    "Cross-Origin-Resource-Policy",
    "Permissions-Policy",
    "X-DNS-Prefetch-Control",
    "X-Permitted-Cross-Domain-Policies",
]


@pytest.mark.parametrize("policy", [API, PAGES], ids=["api", "pages"])
def test_both_policies_send_the_same_eleven_headers(policy: HeaderPolicy) -> None:
    headers = policy.headers()
    assert list(headers) == NAMES
    permissions = headers.pop("Permissions-Policy").split(", ")
    assert len(permissions) == 29
    assert [entry for entry in permissions if not entry.endswith("=()")] == ["sync-xhr=(self)"]
    del headers["Content-Security-Policy"]
    assert headers == {
        "Strict-Transport-Security": "max-age=63072000; includeSubDomains",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Referrer-Policy": "no-referrer",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Embedder-Policy": "require-corp",
        "Cross-Origin-Resource-Policy": "same-origin",
        "X-DNS-Prefetch-Control": "off",
        "X-Permitted-Cross-Domain-Policies": "none",
    }


def directives(policy: HeaderPolicy) -> dict[str, str]:
    parts = (part.partition(" ") for part in policy.content_security_policy.split("; "))
    return {name: sources for name, _, sources in parts}


def test_an_answer_of_the_api_may_load_nothing() -> None:
    assert directives(API) == {
        "default-src": "'none'",
        "base-uri": "'none'",
        "form-action": "'none'",
        "frame-ancestors": "'none'",
    }


def test_a_page_runs_its_own_bundle_and_nobody_elses() -> None:
    assert directives(PAGES) == {
        "default-src": "'self'",
        "script-src": "'self'",
        "style-src": "'self'",
        "img-src": "'self' data:",
        "font-src": "'self' data:",
        "connect-src": "'self'",
        "form-action": "'self'",
        "base-uri": "'self'",
        "object-src": "'none'",
        "frame-ancestors": "'none'",
        "upgrade-insecure-requests": "",
    }


def test_the_edge_hides_what_the_bucket_says_about_itself() -> None:
    assert REMOVED_FROM_PAGES == (
        "x-amz-server-side-encryption",
        "x-amz-server-side-encryption-aws-kms-key-id",
        "x-amz-version-id",
    )


def test_nginx_gets_one_line_a_header_for_every_status() -> None:
    lines = API.nginx_lines().split("\n")
    assert lines[0] == (
        'add_header Strict-Transport-Security "max-age=63072000; includeSubDomains" always;'
    )
    parsed = [re.fullmatch(r'add_header ([A-Za-z-]+) "([^"]+)" always;', line) for line in lines]
    assert [match and match.groups() for match in parsed] == list(API.headers().items())


def test_a_policy_cannot_be_changed_once_made() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError, match="frame_option"):
        API.frame_option = "SAMEORIGIN"  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(TypeError, match="does not support item assignment"):
        API.other["X-Frame-Options"] = "SAMEORIGIN"  # pyright: ignore[reportIndexIssue]
    given = {"X-Mine": "a"}
    policy = HeaderPolicy(content_security_policy="default-src 'none'", other=given)
    given["X-Mine"] = 'b"; add_header X-Evil "c'
    assert policy.other["X-Mine"] == "a"


@pytest.mark.parametrize(
    "value",
    [
        'a"; return 200 "b',
        "a\nb",
        "a\r\nX-Evil: b",
        "a\\",
        "$host",
        "a\x7f",
        "caf\u00e9",
        "a\n",
        "",
    ],
)
def test_a_value_that_could_leave_its_quotes_is_refused(value: str) -> None:
    with pytest.raises(ValueError, match=r"^header policy: X-Mine is .*; use printable ASCII"):
        HeaderPolicy(content_security_policy="default-src 'none'", other={"X-Mine": value})


def test_the_typed_fields_are_checked_too() -> None:
    with pytest.raises(ValueError, match=r"^header policy: Content-Security-Policy is 'a\\nb'"):
        HeaderPolicy(content_security_policy="a\nb")
    with pytest.raises(ValueError, match=r"^header policy: X-Frame-Options is 'DENY\"'"):
        HeaderPolicy(content_security_policy="a", frame_option='DENY"')
    with pytest.raises(ValueError, match=r"^header policy: Referrer-Policy is '\$uri'"):
        HeaderPolicy(content_security_policy="a", referrer_policy="$uri")


@pytest.mark.parametrize("name", ["", "X Mine", "X-Mine:", "X-Mine\n", "X_Mine", "-x"])
def test_what_is_no_header_name_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match=r"^header policy: .* is no header name; use letters"):
        HeaderPolicy(content_security_policy="default-src 'none'", other={name: "a"})


@pytest.mark.parametrize(
    "other", [{"x-frame-options": "DENY"}, {"X-Mine": "a", "x-mine": "b"}], ids=["typed", "own"]
)
def test_a_header_given_twice_is_refused(other: dict[str, str]) -> None:
    with pytest.raises(ValueError, match=r"^header policy: x-\S+ is given twice; leave one"):
        HeaderPolicy(content_security_policy="default-src 'none'", other=other)
