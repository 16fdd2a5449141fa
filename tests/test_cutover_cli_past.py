"""Verification and history from the command line: the journal against what is live."""

import json
from pathlib import Path

from cutover.decide.journal import Malformed
from tests.cutover_bench import Bench, Output

ROOT = Path(__file__).parent.parent


def test_verify_reads_probes_and_writes_nothing(bench: Bench, capsys: Output) -> None:
    entries, version = len(bench.store.entries), bench.store.lease.version
    assert bench.run("verify") == 0
    assert capsys.readouterr().out == (
        "AWS is as the journal says, blue 0, green 100: 50 of 50 probes (100.0%) were answered by "
        "r1; 100 % asked\n"
    )
    assert (len(bench.store.entries), bench.store.lease.version) == (entries, version)


def test_verify_finds_foreign_weights_and_adopts_them_when_told(
    bench: Bench, capsys: Output
) -> None:
    bench.world.live = {"blue": 100, "green": 0}
    entries = len(bench.store.entries)
    assert bench.run("verify") == 7
    assert len(bench.store.entries) == entries
    assert bench.run("verify", "--adopt", "--reason", "I did it") == 0
    newest = bench.store.entries[-1]
    assert (newest.kind, newest.data["weights"]) == ("adopted", {"blue": 100, "green": 0})
    assert bench.store.lease.owner is None
    assert bench.world.live == {"blue": 100, "green": 0}


DAMAGE = (
    "; but an older part of the journal is damaged, which stops no command: entry 3 of the journal "
    'was changed after it was written; docs/runbooks/cutover.md, "An older entry is damaged", says '
    "how it is put back\n"
)


def test_verify_says_of_an_older_entry_that_is_damaged_whatever_else_it_finds(
    bench: Bench, capsys: Output
) -> None:
    """No other command reads as far back, and each goes on."""

    def damaged(call: str) -> None:
        if call == "history":
            raise Malformed("entry 3 of the journal was changed after it was written")

    bench.store.fails = damaged
    assert bench.run("verify") == 8
    assert capsys.readouterr() == (
        "",
        "AWS is as the journal says, blue 0, green 100: 50 of 50 probes (100.0%) were answered by "
        f"r1; 100 % asked{DAMAGE}",
    )
    assert "## An older entry is damaged\n" in (ROOT / "docs/runbooks/cutover.md").read_text()
    assert bench.run("status") == 0
    bench.world.live = {"blue": 100, "green": 0}
    assert bench.run("verify") == 7
    assert capsys.readouterr().err.endswith(DAMAGE)


def test_history_shows_the_newest_and_checks_the_chain(bench: Bench, capsys: Output) -> None:
    entries = bench.store.entries
    assert bench.run("history", "-n", "2", "--verify") == 0
    *lines, last = capsys.readouterr().out.splitlines()
    assert len(lines) == 2
    assert lines[-1] == (
        f"{len(entries):>5}  2027-01-15 08:06:08 UTC  d1 ended: the run is done: r1 serves from "
        "green"
    )
    assert last == f"the chain of {len(entries)} entries is whole, up to {entries[-1].hash}"


def test_history_without_an_entry_is_no_line(empty_bench: Bench, capsys: Output) -> None:
    assert empty_bench.run("history", "--json") == 0
    assert capsys.readouterr() == ("", "")


def test_history_as_json_is_an_entry_in_each_line(bench: Bench, capsys: Output) -> None:
    assert bench.run("history", "--json", "-n", "3", "--verify") == 0
    said = capsys.readouterr()
    found = [json.loads(line) for line in said.out.splitlines()]
    assert [entry["hash"] for entry in found] == [e.hash for e in bench.store.entries[-3:]]
    assert set(found[0]) == {
        *("sequence", "run", "token", "at", "kind", "data", "previous", "hash"),
    }
