"""What who watches is told: every entry has a sentence, and a terminal a table of the steps."""

import io
import sys
from collections.abc import Sequence
from typing import Any, get_args

import pytest
from rich.console import Console

from cutover.decide.journal import Draft, Kind, plain
from cutover.decide.model import Filled, Plan, Release, Step
from cutover.decide.state import State
from cutover.do.announced import Announced
from cutover.do.store import LeaseLost
from cutover.do.world import Unavailable
from cutover.say.live_table import LiveTable
from cutover.say.progress import Lines, shown
from cutover.say.sentences import announcement, entry_sentence, lasting, moment
from infra.outputs import Owner
from tests.cutover_fakes import IMAGE, FakeClock, MemoryStore, throttled

RELEASE = Release(release_id="r2", image=IMAGE, schema_min=0, schema_max=0)
STEPS = (
    Step(key="migrate", kind="migrate", slot="green"),
    Step(key="fill green", kind="fill", slot="green"),
)
PLAN = Plan(verb="deploy", entering="green", steps=STEPS, tasks=2, floor=2, release=RELEASE)
FILLED = Filled(release=RELEASE, task_definition="release:2", tasks=2)
OWNER = Owner(run="r", purpose="deploy", host="desk", pid=1, by="ann")
STARTED = Draft("started", {"plan": plain(PLAN), "by": "ann", "reason": "new"})
MIGRATED = Draft("migrated", {"step": "migrate", "schema": 3})
VERIFIED = Draft("passed", {"step": "migrate", "evidence": "r2 finds its schema"})
WHOLE = {"blue": 0, "green": 100}
SAID: dict[Kind, tuple[dict[str, Any], str]] = {
    "started": (dict(STARTED.data), "deploy of r2 to green begins, by ann: new"),
    "resumed": (
        {"reason": "again", "by": "ann", "by_hand": False},
        "the run goes on, by ann: again",
    ),
    "intent": (
        {"step": "shift 100", "before": {"blue": 100, "green": 0}, "after": WHOLE},
        "shift 100: from blue 100, green 0 to blue 0, green 100",
    ),
    "applied": (
        {"step": "shift 100", "weights": WHOLE},
        "shift 100: the weights are blue 0, green 100",
    ),
    "converged": ({"step": "shift 100", "evidence": "seen"}, "shift 100: seen"),
    "committed": (
        {"step": "shift 100", "weights": WHOLE},
        "shift 100: the weights are blue 0, green 100",
    ),
    "pointing": (
        {"step": "point green", "before": "0a", "after": {"key": "r2.html", "sha256": "0b"}},
        "point green: index.html is to be r2.html",
    ),
    "pointed": (
        {"step": "point green", "page": {"key": "r2.html"}, "evidence": "seen"},
        "point green: seen",
    ),
    "kept": (
        {"page": {"key": "index.html"}, "step": "", "by": "ann"},
        "index.html taken as right as it is, by ann",
    ),
    "noted": ({"step": "fill", "name": "asked", "value": "yes"}, "fill: asked yes"),
    "filled": (
        {"step": "fill green", "slot": "green", "filled": plain(FILLED)},
        "fill green: 2 tasks of r2 are healthy",
    ),
    "migrated": (dict(MIGRATED.data), "migrate: the schema is at version 3"),
    "grown": ({"slot": "green", "tasks": 6}, "green has 6 healthy tasks"),
    "raised": ({"tasks": 6}, "each slot is to have 6 tasks, as autoscaling wants of one"),
    "emptied": ({"step": "empty blue", "slot": "blue"}, "empty blue: blue runs nothing"),
    "passed": ({"step": "bake", "evidence": "well"}, "bake: well"),
    "turned": (
        {"steps": [], "reason": "errors", "by_hand": False, "aborts": False},
        "the run goes back: errors",
    ),
    "forward_only": ({"reason": "1 of 2 left"}, "the run is FORWARD_ONLY: 1 of 2 left"),
    "paused": (
        {"reason": "party"},
        "the run waits where it is, and its gates go on: party",
    ),
    "held": ({"cause": "gates", "reason": "who knows"}, "the run is held (gates): who knows"),
    "adopted": ({"weights": WHOLE, "by": "ann"}, "blue 0, green 100 taken as right, by ann"),
    "ended": (
        {
            "outcome": "rolled_back",
            "summary": {"committed": WHOLE, "slots": {"green": plain(FILLED)}},
        },
        "the run went back: r2 serves from green",
    ),
    "frozen": (
        {"reason": "party", "by": "ann", "until": 1_800_000_000},
        "frozen until 2027-01-15 08:00:00 UTC, by ann: party",
    ),
    "unfrozen": ({"reason": "over", "by": "ann"}, "no longer frozen, by ann: over"),
    "observed": ({"what": "something"}, "something"),
}


@pytest.mark.parametrize("kind", get_args(Kind))
def test_every_kind_of_entry_has_its_sentence(kind: Kind) -> None:
    data, sentence = SAID[kind]
    assert entry_sentence(kind, data) == sentence
    told = None if kind in ("intent", "applied", "pointing", "noted") else sentence
    assert announcement(kind, data) == told


@pytest.mark.parametrize(
    ("kind", "data", "sentence"),
    [
        ("frozen", {"reason": "x", "by": "ann", "until": None}, "frozen, by ann: x"),
        ("forward_only", {"reason": ""}, "the run can go back again"),
        ("turned", {"reason": "x", "forward": True}, "the run goes forward after all: x"),
        ("turned", {"reason": "x", "by": "ann"}, "the run goes back, by ann: x"),
        (
            "ended",
            {"outcome": "aborted", "by": "ann", "summary": {"committed": None, "slots": {}}},
            "the run was given up, by ann",
        ),
        (
            "resumed",
            {"reason": "x", "by": "ann", "despite": ["freeze", "alarms"]},
            "the run goes on, despite freeze, despite alarms, by ann: x",
        ),
        (
            "ended",
            {"outcome": "aborted", "summary": {"committed": None, "slots": {}}},
            "the run was given up",
        ),
        (
            "ended",
            {"outcome": "done", "summary": {"committed": {"blue": 50, "green": 50}, "slots": {}}},
            "the run is done",
        ),
        (
            "started",
            {"plan": {"verb": "retire", "release": None}, "by": "ann", "reason": "x"},
            "retire begins, by ann: x",
        ),
    ],
)
def test_what_is_not_there_is_not_said(kind: Kind, data: dict[str, Any], sentence: str) -> None:
    assert entry_sentence(kind, data) == sentence


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (0, "0 s"),
        (59.4, "59 s"),
        (59.6, "1 min"),
        (61, "1 min 1 s"),
        (3600, "1 h"),
        (3661, "1 h 1 min"),
        (90_000, "25 h"),
    ],
)
def test_durations_read_as_people_say_them(seconds: float, said: str) -> None:
    assert lasting(seconds) == said


def test_a_moment_is_in_utc() -> None:
    assert moment(0) == "1970-01-01 00:00:00 UTC"


class Heard:
    """A journal in memory, and what was heard of it."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.inner = MemoryStore(clock=self.clock)
        self.states: list[tuple[int, int]] = []
        self.kinds: list[str] = []
        self.store = Announced(self.inner, self._hear)

    def _hear(self, before: State, after: State, drafts: Sequence[Draft]) -> None:
        self.states.append((before.sequence, after.sequence))
        self.kinds += [draft.kind for draft in drafts]

    def write(self, *drafts: Draft) -> None:
        self.store.append(self.store.read(), drafts, owner=OWNER, run="r")


def test_what_is_in_the_journal_is_told_once_and_a_renewal_is_nothing() -> None:
    heard = Heard()
    heard.write(STARTED, MIGRATED)
    heard.write()
    assert (heard.states, heard.kinds) == ([(0, 2)], ["started", "migrated"])
    assert [entry.kind for entry in heard.store.history()] == ["started", "migrated"]


def test_what_was_not_written_is_not_told() -> None:
    heard = Heard()

    def fail(call: str) -> None:
        if call == "append":
            raise Unavailable("throttled")

    heard.inner.fails = fail
    with pytest.raises(Unavailable, match="throttled"):
        heard.write(STARTED)
    assert heard.store.read().state.sequence == 0
    assert heard.kinds == []


def test_a_write_that_was_tried_twice_is_told_once() -> None:
    heard, failures = Heard(), ["append"]

    def fail(call: str) -> None:
        if call in failures:
            failures.remove(call)
            raise Unavailable("throttled")

    snapshot = heard.store.read()
    heard.inner.fails = fail
    with pytest.raises(Unavailable, match="throttled"):
        heard.store.append(snapshot, (STARTED,), owner=OWNER, run="r")
    heard.store.append(snapshot, (STARTED,), owner=OWNER, run="r")
    heard.store.read()
    assert heard.kinds == ["started"]


def test_a_write_without_an_answer_is_told_when_it_is_found() -> None:
    heard = Heard()
    written = heard.inner.append

    def append(*arguments: Any, **options: Any) -> Any:
        written(*arguments, **options)
        raise Unavailable("no answer")

    heard.inner.append = append  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(Unavailable, match="no answer"):
        heard.write(STARTED)
    assert heard.kinds == []
    heard.store.read()
    heard.store.read()
    assert (heard.states, heard.kinds) == ([(0, 1)], ["started"])


@pytest.mark.parametrize("seen", ["nothing could be read", "it was not there yet"])
def test_a_write_that_the_next_attempt_meets_is_told_when_it_is_found(seen: str) -> None:
    """It was written, or arrived late; the look after it told nothing of it."""
    heard = Heard()
    snapshot, append = heard.store.read(), heard.inner.append

    def unanswered(*arguments: Any, **options: Any) -> Any:
        if seen == "nothing could be read":
            append(*arguments, **options)
        raise Unavailable("no answer")

    heard.inner.append = unanswered  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(Unavailable, match="no answer"):
        heard.store.append(snapshot, (STARTED,), owner=OWNER, run="r")
    if seen == "nothing could be read":
        heard.inner.fails = throttled("read")
        with pytest.raises(Unavailable, match="can't take read"):
            heard.store.read()
    else:
        heard.store.read()
        append(snapshot, (STARTED,), owner=OWNER, run="r")
    heard.inner.append = append  # pyright: ignore[reportAttributeAccessIssue]
    with pytest.raises(LeaseLost, match="changed since it was read"):
        heard.store.append(snapshot, (STARTED,), owner=OWNER, run="r")
    assert heard.kinds == []
    heard.store.read()
    heard.store.read()
    assert (heard.states, heard.kinds) == ([(0, 1)], ["started"])


def test_lines_say_a_long_wait_once() -> None:
    heard, stream = Heard(), io.StringIO()
    lines = Lines(stream, heard.clock)
    heard.write(STARTED)
    state = heard.inner.state
    lines.wrote(state, STARTED)
    for what in ("noted", "the migrate task is running", "still", "still"):
        lines.tell(state, what)
    heard.write(MIGRATED)
    lines.wrote(heard.inner.state, MIGRATED)
    lines.tell(heard.inner.state, "0 of 2")
    assert stream.getvalue().splitlines() == [
        "08:00:00 deploy of r2 to green begins, by ann: new",
        "08:00:00 migrate: still ...",
        "08:00:00 migrate: the schema is at version 3",
    ]


def test_without_a_terminal_there_are_lines() -> None:
    assert not sys.stderr.isatty()
    with shown(FakeClock()) as progress:
        assert isinstance(progress, Lines)


def test_a_terminal_has_a_table_unless_a_command_writes_there_too(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(sys.stderr, "isatty", lambda: True)
    with shown(FakeClock()) as progress:
        assert isinstance(progress, LiveTable)
    with shown(FakeClock(), table=False) as progress:
        assert isinstance(progress, Lines)


def drawn(table: LiveTable) -> list[list[str]]:
    console = Console(width=200, file=io.StringIO(), record=True)
    console.print(table)
    lines = console.export_text().splitlines()
    return [[cell.strip() for cell in line.split("  ") if cell.strip()] for line in lines]


def test_the_table_shows_each_step_how_long_it_takes_and_what_was_seen() -> None:
    heard = Heard()
    table = LiveTable(heard.clock)
    heard.write(STARTED)
    table.wrote(heard.inner.state, STARTED)
    heard.clock.at += 5
    table.tell(heard.inner.state, "the migrate task is running")
    assert drawn(table) == [
        ["deploy of r2 to green begins, by ann: new"],
        ["step", "state", "time", "seen"],
        ["migrate", "now", "5 s", "the migrate task is running"],
        ["fill green"],
    ]
    heard.clock.at += 50
    heard.write(MIGRATED)
    table.wrote(heard.inner.state, MIGRATED)
    assert drawn(table)[2:] == [
        ["migrate", "now", "55 s", "the schema is at version 3"],
        ["fill green"],
    ]
    heard.clock.at += 10
    heard.write(VERIFIED)
    table.wrote(heard.inner.state, VERIFIED)
    heard.clock.at += 7
    table.tell(heard.inner.state, "noted")
    assert drawn(table)[2:] == [
        ["migrate", "done", "1 min 5 s", "r2 finds its schema"],
        ["fill green", "now", "7 s"],
    ]


def test_the_table_keeps_what_was_done_when_the_run_is_over() -> None:
    heard = Heard()
    table = LiveTable(heard.clock)
    heard.write(STARTED)
    table.wrote(heard.inner.state, STARTED)
    summary = plain(heard.inner.state.summary) | {"outcome": "aborted", "last_run": "r"}
    ended = Draft("ended", {"outcome": "aborted", "summary": summary})
    heard.write(ended)
    table.wrote(heard.inner.state, ended)
    shown_now = drawn(table)
    assert shown_now[0] == ["the run was given up"]
    assert [row[0] for row in shown_now[2:]] == ["migrate", "fill green"]
