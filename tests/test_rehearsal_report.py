"""The report says what happened, once, in three forms; nobody's text becomes markup."""

import dataclasses
import json
import os
import re
import stat
from html.parser import HTMLParser
from pathlib import Path

import pytest
from rich.console import Console

from rehearsal import commands
from rehearsal.blame import Excuse
from rehearsal.errors import RehearsalError
from rehearsal.reporting import report as report_module
from rehearsal.reporting.chart import timeline
from rehearsal.reporting.drawing import nice_ceiling
from rehearsal.reporting.report import (
    Check,
    Report,
    WeightEvent,
    refuse_unwritable,
    write_json,
)
from rehearsal.reporting.report_html import render_html, write_html
from rehearsal.reporting.summary import print_summary
from rehearsal.traffic.tally import LoadResult, Record, tally

STARTED = 1_795_503_500.0
HELD = Check(name="health", passed=True, detail="200 from /health", seconds=0.25)
BROKE = Check(name="rate limit", passed=False, detail="no 429 in 200 requests", seconds=1.5)

MEANT = (Excuse(failed=1, reason="at r1, faulty"), Excuse(failed=2, reason="of killed tasks"))


def load(*, requests: int = 40, failing: int = 0) -> LoadResult:
    """Ten requests a second, blue in the first half and green in the second."""
    records = [
        Record(
            at=n / 10,
            ended_at=n / 10 + 0.005,
            latency_seconds=0.005,
            late_seconds=0.001,
            kind="keep-alive",
            status=502 if n < failing else 200,
            reason="status 502, expected 200" if n < failing else "",
            release="r1" if n < requests // 2 else "r2",
        )
        for n in range(requests)
    ]
    return tally(STARTED + 10, records, plan_rate=10, slots={"r1": "blue", "r2": "green"})


def report(**changes: object) -> Report:
    complete = Report(
        environment="staging",
        started_at=STARTED,
        seconds=141.0,
        checks=(HELD,),
        load=load(),
        weights=(
            WeightEvent(at=STARTED, weights={"blue": 100, "green": 0}),
            WeightEvent(at=STARTED + 12, weights={"blue": 0, "green": 100}),
        ),
        releases={"blue": "r1", "green": "r2"},
        versions={"HAProxy": "2.6.12"},
        differences=("nginx 1.22 has no http2 directive.",),
        urls={"application": "https://127.0.0.1:18443"},
    )
    return dataclasses.replace(complete, **changes)


@pytest.mark.parametrize(
    ("changes", "passed", "verdict"),
    [
        ({}, True, "The one check held, and none of 40 requests failed."),
        ({"checks": (HELD, HELD)}, True, "All 2 checks held, and none of 40 requests failed."),
        ({"checks": ()}, False, "Nothing was checked."),
        (
            {"load": load(failing=3), "excuses": MEANT},
            True,
            "The one check held, and none of 40 requests failed but 3 that were meant to.",
        ),
        ({"load": load(failing=4), "excuses": MEANT}, False, "1 of 40 requests failed."),
        (
            {"checks": (HELD, BROKE)},
            False,
            "1 of 2 checks failed: rate limit.",
        ),
        ({"load": None}, False, "No load was sent."),
        ({"load": load(requests=0)}, False, "No load was sent."),
        ({"load": load(failing=1)}, False, "1 of 40 requests failed."),
        (
            {"checks": (BROKE,), "load": load(failing=3)},
            False,
            "1 of 1 checks failed: rate limit. 3 of 40 requests failed.",
        ),
    ],
)
def test_a_rehearsal_passes_only_if_all_was_checked_and_nothing_failed(
    changes: dict[str, object],
    passed: bool,  # noqa: FBT001 (a table's column)
    verdict: str,
) -> None:
    made = report(**changes)
    assert (made.passed, made.verdict) == (passed, verdict)


def test_the_json_report_has_a_schema_number_and_everything_that_was_put_in(
    tmp_path: Path,
) -> None:
    excuse = Excuse(failed=0, reason="at r2, which has the fault slow")
    write_json(report(load=load(failing=1), excuses=(excuse,)), tmp_path / "report.json")
    content = json.loads((tmp_path / "report.json").read_text())
    proves, cannot = content.pop("proves"), content.pop("cannot_prove")
    assert (len(proves), len(cannot)) == (4, 3)
    made = content.pop("load")
    assert content == {
        "schema": 1,
        "passed": False,
        "verdict": "1 of 40 requests failed.",
        "environment": "staging",
        "started_at": "2026-11-24T06:58:20.000+00:00",
        "seconds": 141.0,
        "checks": [
            {"name": "health", "passed": True, "detail": "200 from /health", "seconds": 0.25}
        ],
        "excuses": [{"failed": 0, "reason": "at r2, which has the fault slow"}],
        "weights": [
            {"at": "2026-11-24T06:58:20.000+00:00", "weights": {"blue": 100, "green": 0}},
            {"at": "2026-11-24T06:58:32.000+00:00", "weights": {"blue": 0, "green": 100}},
        ],
        "releases": {"blue": "r1", "green": "r2"},
        "versions": {"HAProxy": "2.6.12"},
        "differences": ["nginx 1.22 has no http2 directive."],
        "urls": {"application": "https://127.0.0.1:18443"},
    }
    assert made["started_at"] == "2026-11-24T06:58:30.000+00:00"
    assert (made["requests"], made["failed"]) == (40, 1)
    assert made["slots"] == {"blue": 19, "green": 20}
    assert made["timeline"][0] == {
        "second": 0,
        "slots": {"blue": 9},
        "failed": 1,
        "p50_ms": 5.0,
        "p99_ms": 5.0,
    }
    assert made["failures"] == [
        {
            "at": 0.0,
            "ended_at": 0.005,
            "latency_seconds": 0.005,
            "late_seconds": 0.001,
            "kind": "keep-alive",
            "status": 502,
            "reason": "status 502, expected 200",
            "release": "r1",
        }
    ]


class Page(HTMLParser):
    """Elements with their attributes, and the text between them."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str | None]]] = []
        self.words: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, dict(attrs)))

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return re.sub(r"\s+", " ", "".join(self.words))

    def count(self, tag: str) -> int:
        return sum(1 for name, _ in self.elements if name == tag)


def test_no_text_of_a_report_becomes_markup() -> None:
    evil = "<script>alert('1')</script>\"'&"
    records = [
        Record(
            at=0.0,
            ended_at=0.1,
            latency_seconds=0.1,
            late_seconds=0.0,
            kind=evil,
            status=None,
            reason=evil,
            release=evil,
        )
    ]
    page = Page(
        render_html(
            report(
                environment=evil,
                checks=(Check(name=evil, passed=False, detail=evil, seconds=0),),
                load=tally(STARTED, records, plan_rate=1, slots={}),
                weights=(WeightEvent(at=STARTED, weights={evil: 1}),),
                releases={evil: evil},
                versions={evil: evil},
                differences=(evil,),
                urls={evil: evil},
            )
        )
    )
    assert page.count("script") == 0
    # title, heading, verdict, name and detail, description of weights, kind, reason twice,
    # client and release of the failure, difference, and three tables of name and value.
    assert page.text.count(evil) >= 15


def test_the_page_needs_nothing_else_and_says_what_it_shows() -> None:
    html = render_html(report())
    page = Page(html)
    assert not [
        attributes
        for _, attributes in page.elements
        if {"src", "href", "srcset", "data"} & set(attributes)
    ]
    assert "url(" not in html
    assert "@import" not in html
    pictures = [attributes for tag, attributes in page.elements if tag == "svg"]
    assert len(pictures) == 4
    ids = [attributes["id"] for _, attributes in page.elements if "id" in attributes]
    assert len(ids) == len(set(ids))
    for picture in pictures:
        assert picture["role"] == "img"
        assert set((picture["aria-labelledby"] or "").split()) <= set(ids)
    for words in (
        "✓ Passed The one check held, and none of 40 requests failed.",
        "blue answered 20, green answered 20",
        "the weights changed, to blue 0 / green 100.",
        "What a rehearsal proves",
        "What it can't prove",
        "nginx 1.22 has no http2 directive.",
        "https://127.0.0.1:18443",
    ):
        assert words in page.text


@pytest.mark.parametrize(("failing", "bad"), [(3, 0), (4, 1)])
def test_failures_that_were_meant_are_told_and_are_not_bad(failing: int, bad: int) -> None:
    page = Page(render_html(report(load=load(failing=failing), excuses=MEANT)))
    told = f"3 of {failing} were meant to fail: 1 at r1, faulty; 2 of killed tasks."
    assert told in page.text
    marked = [a for tag, a in page.elements if tag == "div" and a.get("class") == "bad"]
    assert len(marked) == bad


def test_a_report_without_load_has_no_pictures_and_says_so() -> None:
    page = Page(render_html(report(load=None, checks=())))
    assert page.count("svg") == 0
    assert "✗ Failed Nothing was checked. No load was sent." in page.text


def test_weights_are_drawn_as_shares_where_they_were_in_force() -> None:
    made = report()
    assert made.load is not None
    weights = timeline(made.load, made.weights).panels[0]
    # Four seconds wide; the switch at second 2 is the middle, 52 + 892 / 2.
    assert [(shape.name, shape.path) for shape in weights.shapes] == [
        ("blue", "M52.0 124.0V14.0H498.0V124.0Z"),
        ("green", "M498.0 124.0V14.0H944.0V124.0Z"),
    ]
    assert [mark.at for mark in timeline(made.load, made.weights).marks] == [498.0]
    shared = timeline(made.load, (WeightEvent(at=STARTED, weights={"blue": 300, "green": 100}),))
    assert [shape.path for shape in shared.panels[0].shapes] == [
        "M52.0 124.0V41.5H944.0V124.0Z",
        "M52.0 41.5V14.0H944.0V41.5Z",
    ]


def test_failures_are_drawn_in_the_second_they_were_due() -> None:
    drawn = timeline(load(failing=2), ()).panels
    assert [panel.title for panel in drawn] == [
        "Answered requests per second, by slot",
        "Latency from the moment a request was due, ms",
        "Failed requests per second",
    ]
    assert [shape.path for shape in drawn[-1].shapes] == ["M52.0 124.0V14.0H275.0V124.0Z"]
    assert timeline(load(), ()).panels[-1].shapes == ()


@pytest.mark.parametrize(
    ("value", "ceiling"), [(0, 1), (0.3, 0.3), (1, 1), (7, 8), (9, 10), (251, 300), (300, 300)]
)
def test_axes_end_at_a_round_number(value: float, ceiling: float) -> None:
    assert nice_ceiling(value) == pytest.approx(ceiling)


def test_the_terminal_shows_checks_load_and_verdict_without_markup() -> None:
    console = Console(width=100, record=True, file=open(os.devnull, "w"))  # noqa: SIM115
    print_summary(
        report(
            checks=(
                HELD,
                Check(name="[red]odd[/]", passed=False, detail="[bold]seen[/]", seconds=0.1),
            ),
            load=load(failing=2),
            excuses=(MEANT[0],),
        ),
        console,
    )
    console.file.close()
    text = console.export_text()
    for words in (
        "health        held     200 from /health",
        "[red]odd[/]   FAILED   [bold]seen[/]",
        "keep-alive         40        2      5.0      5.0",
        "answered by blue 18, green 20",
        "2 failed: status 502, expected 200",
        "1 were meant to fail: at r1, faulty",
        "FAILED  staging: 1 of 2 checks failed: [red]odd[/]. 1 of 40 requests failed.",
    ):
        assert words in text


def test_a_report_is_written_whole_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "report.html"
    write_html(report(), path)
    before = path.read_text()
    assert stat.S_IMODE(path.stat().st_mode) & 0o600 == 0o600

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(report_module.Path, "replace", full)
    with pytest.raises(
        RehearsalError,
        match=r"^can't write .*report\.html: No space left on device; choose another directory",
    ):
        write_html(report(environment="other"), path)
    assert path.read_text() == before
    assert os.listdir(tmp_path) == ["report.html"]


def test_a_directory_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    with pytest.raises(
        RehearsalError, match=r"^can't write .*/nowhere/report\.json: No such file or directory;"
    ):
        write_json(report(), tmp_path / "nowhere" / "report.json")


def test_a_directory_that_can_not_be_written_is_told_before_the_rehearsal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(commands, "running", lambda *_args, **_more: pytest.fail("it began"))
    missing = tmp_path / "nowhere"
    with pytest.raises(
        RehearsalError, match=r"^can't write .*/nowhere: No such file or directory; choose another"
    ):
        commands.run("staging", rate=1, report_directory=missing)
    refuse_unwritable(tmp_path)
    assert list(tmp_path.iterdir()) == []
