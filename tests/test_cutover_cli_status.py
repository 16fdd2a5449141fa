"""What is live, from the command line: what can't be read hides nothing else."""

import json
from pathlib import Path
from typing import Any

import pytest

from cutover.decide.journal import Malformed
from cutover.do.world import Refused, Unavailable
from infra.outputs import Owner
from tests.cutover_bench import Bench, Output, answer
from tests.cutover_fakes import IMAGE, throttled

ROOT = Path(__file__).parent.parent


def test_status_says_what_is_live(bench: Bench, capsys: Output) -> None:
    assert bench.run("status") == 0
    assert capsys.readouterr().out.splitlines() == [
        "testing: green is active",
        "weights: blue 0, green 100; as the journal left them",
        "blue: r0, 2 of 2 tasks running, 2 healthy",
        "green: r1, 2 of 2 tasks running, 2 healthy",
        "run: none is open",
        "lease: free",
        "schema: 0",
    ]


def test_status_of_a_held_run_says_what_to_do(bench: Bench, capsys: Output) -> None:
    bench.before_opening = lambda: bench.world.live.update(blue=30, green=70)
    assert bench.run("retire") == 7
    assert "somebody else has set them" in capsys.readouterr().err
    owner = Owner(run="up", purpose="guard", host="desk", pid=9, by="bob")
    bench.store.append(bench.store.read(), (), owner=owner, run="")
    bench.clock.at += 10
    bench.world.healthy = lambda slot, running: 1 if slot == "blue" else running
    assert bench.run("status") == 0
    assert capsys.readouterr().out.splitlines() == [
        "testing: green is active",
        "weights: blue 30, green 70; the journal left blue 0, green 100",
        "blue: r0, 2 of 2 tasks running, 1 healthy",
        "green: r1, 2 of 2 tasks running, 2 healthy",
        "run: run-1 (retire), at quiet blue",
        "held (foreign): the weights are blue 30, green 70, and the journal left blue 0, green "
        "100: somebody else has set them; `cutover resume --adopt` takes them as they are, "
        "`cutover rollback` gives all of the traffic to r0 in blue",
        "what to do: find out who has changed what the reason names; then `cutover resume --adopt` "
        "takes it as it is, or `cutover rollback` goes back over it",
        "lease: guard of bob (run up, desk), for another 20 s",
        "schema: 0",
        "FORWARD_ONLY: 1 of the 2 tasks of blue are healthy",
    ]


def test_status_as_json_has_the_documented_keys(empty_bench: Bench, capsys: Output) -> None:
    assert empty_bench.run("status", "--json") == 0
    found = answer(capsys)
    slot = {
        "release": None,
        "image": None,
        "task_definition": "none",
        "desired": 0,
        "running": 0,
        "pending": 0,
        "healthy": 0,
    }
    assert found == {
        "command": "status",
        "stack": "testing",
        "exit": 0,
        "sentence": "",
        "active": None,
        "weights": {"live": {"blue": 100, "green": 0}, "journal": None},
        "slots": {"blue": slot, "green": slot},
        "schema": 0,
        "run": None,
        "lease": None,
        "frontend": None,
        "frozen": None,
        "forward_only": "no release was ever live here",
        "unread": [],
    }


def test_status_shows_what_it_can_and_names_what_it_can_t(bench: Bench, capsys: Output) -> None:
    bench.world.fails = throttled("health blue")
    assert bench.run("status") == 10
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        "testing: green is active",
        "weights: blue 0, green 100; as the journal left them",
        "blue: r0, 2 of 2 tasks running, their health is not known",
        "green: r1, 2 of 2 tasks running, 2 healthy",
        "run: none is open",
        "lease: free",
        "schema: 0",
    ]
    assert said.err == (
        "the health of blue could not be read: AWS can't take health blue now; give the same "
        "command again\n"
    )


def test_status_without_anything_to_read_still_answers(bench: Bench, capsys: Output) -> None:
    calls = ("weights", "services", "health blue", "health green")
    bench.world.fails = throttled(*calls, times=4)
    bench.store.fails = throttled("read")
    assert bench.run("status") == 10
    said = capsys.readouterr()
    assert said.out.splitlines() == [
        "testing: which slot is active is not known",
        "weights: not known; what the journal left is not known",
        "blue: release not known, its tasks are not known, their health is not known",
        "green: release not known, its tasks are not known, their health is not known",
        "run: not known",
        "lease: not known",
        "schema: not known",
    ]
    assert said.err.count(" could not be read: AWS can't take ") == 5


def test_status_without_the_traffic_rule_says_what_the_journal_left(
    bench: Bench, capsys: Output
) -> None:
    bench.world.fails = throttled("weights", times=2)
    assert bench.run("status") == 10
    assert capsys.readouterr().out.splitlines()[:2] == [
        "testing: which slot is active is not known",
        "weights: not known; the journal left blue 0, green 100",
    ]
    assert bench.run("status", "--json") == 10
    assert answer(capsys)["active"] is None


def test_status_without_the_traffic_rule_of_an_empty_environment(
    empty_bench: Bench, capsys: Output
) -> None:
    empty_bench.world.fails = throttled("weights")
    assert empty_bench.run("status") == 10
    assert capsys.readouterr().out.splitlines()[:2] == [
        "testing: empty",
        "weights: not known; the journal left none",
    ]


def test_status_without_the_journal_says_what_the_traffic_rule_says(
    bench: Bench, capsys: Output
) -> None:
    bench.store.fails = throttled("read", times=2)
    assert bench.run("status") == 10
    assert capsys.readouterr().out.splitlines() == [
        "testing: green is active",
        "weights: blue 0, green 100; what the journal left is not known",
        "blue: release not known, 2 of 2 tasks running, 2 healthy",
        "green: release not known, 2 of 2 tasks running, 2 healthy",
        "run: not known",
        "lease: not known",
        "schema: not known",
    ]
    assert bench.run("status", "--json") == 10
    assert answer(capsys)["active"] == "green"


@pytest.mark.parametrize(("denied", "throttles", "code"), [(1, 0, 5), (1, 1, 10), (0, 1, 10)])
def test_status_says_whether_to_ask_again(
    bench: Bench, capsys: Output, denied: int, throttles: int, code: int
) -> None:
    throttle = throttled("weights", times=throttles)

    def fail(call: str) -> None:
        throttle(call)
        if denied and call == "services":
            raise Refused("AWS denies ecs:DescribeServices")

    bench.world.fails = fail
    assert bench.run("status", "--json") == code
    found = json.loads(capsys.readouterr().out)
    assert found["exit"] == code
    again = ["give the same command again"] if throttles else []
    assert found["sentence"] == "; ".join([*found["unread"], *again])
    assert len(found["unread"]) == denied + throttles
    assert (found["weights"]["live"] is None) == bool(throttles)
    assert (found["slots"]["green"]["running"] is None) == bool(denied)
    assert found["slots"]["green"]["healthy"] == 2


def shown(bench: Bench, capsys: Output) -> tuple[str, object]:
    """What status says of blue: for a person, and its release and image."""
    assert bench.run("status") == 0
    (line,) = [line for line in capsys.readouterr().out.splitlines() if line.startswith("blue: ")]
    assert bench.run("status", "--json") == 0
    slots: Any = answer(capsys)["slots"]
    return line, (slots["blue"]["release"], slots["blue"]["image"])


NEWER = f"{IMAGE[:-1]}f"


def test_a_slot_that_is_being_filled_has_the_release_that_fills_it(
    bench: Bench, capsys: Output
) -> None:
    bench.world.healthy = lambda slot, running: 1 if slot == "blue" else running
    seen: list[tuple[str, object]] = []

    def look(call: str) -> None:
        if call == "health blue" and bench.world.definitions["blue"] == "release:3" and not seen:
            seen.append(("", None))
            capsys.readouterr()
            seen[0] = shown(bench, capsys)

    bench.world.fails = look
    assert bench.run("deploy", "--image", NEWER, "--release", "r2") == 3
    capsys.readouterr()
    assert seen == [("blue: r2, 2 of 2 tasks running, 1 healthy", ("r2", NEWER))]
    assert bench.store.read().state.releases == {"blue": "r0", "green": "r1"}
    assert shown(bench, capsys) == ("blue: r2, 0 of 0 tasks running, 1 healthy", ("r2", NEWER))


def test_a_slot_with_a_task_definition_of_no_run_has_no_known_release(
    bench: Bench, capsys: Output
) -> None:
    bench.world.definitions["blue"] = "release:99"
    line = "blue: release not known, 2 of 2 tasks running, 2 healthy"
    assert shown(bench, capsys) == (line, (None, None))


@pytest.mark.parametrize(
    ("error", "code"), [(Malformed("entry 3 was changed"), 5), (Unavailable("no answer"), 10)]
)
def test_an_older_journal_that_cant_be_read_hides_a_name_alone(
    bench: Bench, capsys: Output, error: Exception, code: int
) -> None:
    def fail(call: str) -> None:
        if call == "history":
            raise error

    bench.world.definitions["blue"] = "release:99"
    bench.store.fails = fail
    assert bench.run("status") == code
    said = capsys.readouterr()
    assert said.out.splitlines()[2:4] == [
        "blue: release not known, 2 of 2 tasks running, 2 healthy",
        "green: r1, 2 of 2 tasks running, 2 healthy",
    ]
    again = "; give the same command again" if code == 10 else ""
    assert said.err == f"the whole journal could not be read: {error}{again}\n"
