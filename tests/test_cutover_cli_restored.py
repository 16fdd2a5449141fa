"""A journal that was restored to a moment before the live release, and the runbook's ways on."""

import pytest

from cutover.decide.fold import fold
from tests.cutover_bench import DEPLOY, Bench, Output


@pytest.fixture
def restored(bench: Bench, capsys: Output) -> Bench:
    """r2 is live in blue, and the journal ends with r1 in green, after r0."""
    before = len(bench.store.entries)
    assert bench.run(*DEPLOY, "r2") == 0
    del bench.store.entries[before:]
    bench.store.state = fold(bench.store.entries)
    capsys.readouterr()
    assert bench.run("verify", "--adopt") == 8
    assert "the weights are blue 100, green 0, and probes don't show it" in capsys.readouterr().err
    return bench


def test_a_new_release_is_sent_forward_since_nothing_else_is_proven(restored: Bench) -> None:
    for arguments in ((*DEPLOY, "r3"), ("abort",), ("rollback",)):
        assert restored.run(*arguments) == 4
        assert restored.world.live == {"blue": 100, "green": 0}
    assert restored.run("resume", "--forward", "--reason", "the journal was restored") == 0
    assert restored.run("verify") == 0
    assert restored.store.read().state.releases["green"] == "r3"
    assert restored.world.live == {"blue": 0, "green": 100}
    assert restored.run(*DEPLOY, "r4") == 0


def test_or_the_release_before_comes_back(restored: Bench) -> None:
    assert restored.run("rollback") == 0
    assert restored.run("verify") == 0
    assert restored.world.live == {"blue": 0, "green": 100}
    assert restored.store.read().state.releases["green"] == "r1"
