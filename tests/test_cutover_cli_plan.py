"""A plan from the command line touches nothing, and says what would stand against it."""

from pathlib import Path

from tests.cutover_bench import Bench, Output, answer
from tests.cutover_fakes import IMAGE

ROOT = Path(__file__).parent.parent


def test_a_plan_touches_nothing_and_says_what_it_would_cost(bench: Bench, capsys: Output) -> None:
    entries, version = len(bench.store.entries), bench.store.lease.version
    assert bench.run("plan", "--image", IMAGE, "--release", "r2") == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "deploy of r2 to blue, 2 tasks:"
    assert lines[5] == "  shift blue 10   0 s to 5 min, up to 10 % of users"
    assert lines[6].startswith("  watch 10        1 min to ")
    assert lines[-3] == (
        "rollback: one change of weights until the end of quiet green, proven within 5 min 41 s "
        "at most"
    )
    assert lines[-1] == "nothing stands against it"
    assert lines[-4].startswith("duration: at least 6 min 10 s, at most ")
    assert lines[-2].startswith("extra: 0.20 to ")
    assert (len(bench.store.entries), bench.store.lease.version) == (entries, version)


def test_a_plan_that_would_be_refused_is_refused_with_every_reason(
    bench: Bench, capsys: Output
) -> None:
    bench.world.alarmed = {"green-errors": "ALARM", "blue-errors": "ALARM"}
    assert bench.run("plan", "--image", IMAGE, "--release", "r1", "--json") == 5
    found = answer(capsys)
    refusals = [
        "alarm green-errors is ALARM; `--despite-alarms` with a reason goes on all the same",
        "release r1 is live already; probes tell releases apart by their id: give this one another",
    ]
    assert found["refusals"] == refusals
    assert found["sentence"] == "; ".join(refusals)
    assert set(found) == {
        *("command", "stack", "exit", "sentence", "release", "frontend", "entering", "tasks"),
        "steps",
        *("despite", "least_seconds", "most_seconds", "rollback_seconds", "least_task_hours"),
        *("most_task_hours", "way_back_until", "refusals"),
    }
