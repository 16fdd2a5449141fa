"""The single-page fallback sends paths of the router to index.html and leaves files alone.

It runs in QuickJS here and in njs at the edge; the file keeps to what both run, ECMAScript 5.1.
"""

from pathlib import Path

import pulumi
import pytest
import quickjs

from infra.edge_behaviors import page_behaviors
from rehearsal.recording import record

CODE = (Path(__file__).parent.parent / "infra" / "spa_fallback.js").read_text()


def test_the_function_is_published_from_the_file():
    def program() -> None:
        page_behaviors("prod", "/assets/*", pulumi.ResourceOptions())

    recording = record(program, stack="prod")
    assert recording.only("aws:cloudfront/function:Function").inputs == {
        "comment": "index.html for every path that is no file",
        "runtime": "cloudfront-js-2.0",
        "code": CODE,
        "publish": True,
    }


@pytest.mark.parametrize(
    ("uri", "asked_for"),
    [
        ("/", "/index.html"),
        ("/index.html", "/index.html"),
        ("/deep/link", "/index.html"),
        ("/deep/link/", "/index.html"),
        ("/v1.2/notes", "/index.html"),
        ("/assets/app-3f2a1b.js", "/assets/app-3f2a1b.js"),
        ("/file.txt", "/file.txt"),
        ("/favicon.ico", "/favicon.ico"),
        ("/deep/missing.js", "/deep/missing.js"),
        ("/.well-known/apple-app-site-association", "/.well-known/apple-app-site-association"),
        ("/well-known/page", "/index.html"),
        # Below /api/ and for /health the function is not asked; without the slash it is a page.
        ("/api", "/index.html"),
        ("/healthz", "/index.html"),
    ],
)
def test_a_path_of_the_router_gets_the_app_and_a_file_gets_itself(uri, asked_for):
    request = {"method": "GET", "uri": uri, "querystring": {"q": {"value": "1"}}, "headers": {}}
    handler = quickjs.Function("handler", CODE)
    answer = handler({"version": "1.0", "request": request})
    assert answer == {**request, "uri": asked_for}
