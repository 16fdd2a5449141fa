"""Whatever happens in whatever order: the invariants hold, and an operator can always end it.

CUTOVER_SEED chooses other interleavings than CI's; CUTOVER_EXAMPLES says how many, in both halves
together. The same seed is the same ones as long as the program and the tests that are collected
with this one are: Hypothesis takes the numbers that stand in them into its choice.
"""

import copy
import dataclasses
import functools
import os
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest
from halves import HALVES
from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st
from simulation import Behaviour, Fault, Killed, Reality, process

from cutover.decide.fold import fold
from cutover.decide.holding import explained
from cutover.decide.invariants import healthy
from cutover.decide.model import SCALE, Page, Release, Terms, active
from cutover.decide.outcome import Exit, Result
from cutover.do.store import LeaseLost
from cutover.do.world import ForeignRule, Unavailable
from infra.outputs import SLOTS

pytestmark = pytest.mark.proof

SEED = int(os.environ.get("CUTOVER_SEED", "1"))
EXAMPLES = int(os.environ.get("CUTOVER_EXAMPLES", "10000"))

GOOD, SLOW_TO_FAIL = Behaviour(), Behaviour(error_ratio=0.05)
BEHAVIOURS = (
    GOOD,
    SLOW_TO_FAIL,
    Behaviour(becomes_healthy=False),
    Behaviour(latency_seconds=0.7),
    Behaviour(migration_exit=1),
    Behaviour(verification_exit=1),
)
OLD = Release(release_id="r1", image="app@1", schema_min=0, schema_max=1)
WARM = Release(release_id="r0", image="app@0", schema_min=0, schema_max=1)
NEW = Release(release_id="r2", image="app@2", schema_min=1, schema_max=2)
PAGES = {
    release.release_id: Page(key=f"{release.release_id}.html", sha256=release.release_id)
    for release in (OLD, WARM, NEW)
}
KINDS = ("throttle", "lost", "kill before", "kill after", "sleep before", "sleep after")
THEN = (
    *("resume", "rollback", "abort", "adopt", "forward", "retire", "first", "deploy"),
    *("freeze", "unfreeze"),
)

tried: Counter[str] = Counter()


def paged(reality: Reality, release: Release) -> Release:
    page = PAGES[release.release_id] if release.release_id in reality.paged else None
    return dataclasses.replace(release, page=page)


def attempt(reality: Reality, verb: str, *, skew: float = 0.0) -> Result | None:
    """One command of one process, to its end or its death; None when there was no answer."""
    reality.runs += 1
    old, warm, new = (paged(reality, release) for release in (OLD, WARM, NEW))
    ours = process(reality, f"run{reality.runs}", skew_seconds=skew)
    session = ours.session
    try:
        match verb:
            case "first":
                result = session.deploy(old)
            case "warm":
                result = session.deploy(warm, Terms(retire=False))
            case "deploy":
                result = session.deploy(new)
            case "keep":
                result = session.deploy(new, Terms(retire=False))
            case "adopt":
                result = session.resume(adopt=True)
            case "forward":
                result = session.resume(forward=True)
            case "freeze":
                result = session.freeze(until=None)
            case _:
                result = getattr(session, verb)()
    except (Killed, Unavailable, ForeignRule):
        return None
    except LeaseLost:
        assert verb in ("freeze", "unfreeze")  # somebody was faster with the journal
        return None
    if result.exit is Exit.INVARIANT_BROKEN:
        # Never for somebody's weights, a lost lease or late propagation: tasks have died.
        assert any(reality.killed_at.values()), result.sentence
    if result.exit is Exit.DONE and verb in ("deploy", "keep", "first", "rollback"):
        told_the_truth(reality, verb, read_at=ours.world.read_at)
    return result


def told_the_truth(reality: Reality, verb: str, *, read_at: float) -> None:
    """S10: exit code 0 means that AWS is as it should be, as far as this process's last look."""
    if reality.foreign is not None and reality.foreign_at >= read_at:
        return  # it came after the last look, and the next command will find it, as below
    committed = reality.state.summary.committed
    assert reality.weights == committed, verb
    serving = active(committed)
    assert committed[serving] == SCALE, verb
    filled = reality.state.summary.slots[serving]
    page_is_the_releases(reality)
    if reality.killed_at[serving] >= read_at:
        return
    assert healthy(reality.health(serving), filled.tasks), verb
    if verb in ("deploy", "keep"):
        assert filled.release.release_id == "r2"
    if verb in ("deploy", "keep") and len(reality.state.summary.slots) > 1:
        # The very first release has nothing to be compared with, and no ladder.
        # One that is as slow as the release before it is no worse.
        before = reality.behaviours["r1"].latency_seconds
        as_slow = dataclasses.replace(GOOD, latency_seconds=before)
        assert reality.behaviours["r2"] in (GOOD, as_slow), "a bad release went live"


def page_is_the_releases(reality: Reality) -> None:
    """Unless somebody else wrote another one: then the next command finds it, or kept it."""
    summary = reality.state.summary
    kept = any(entry.kind == "kept" for entry in reality.journal.entries)
    if summary.committed is None or reality.page_foreign or kept:
        return
    page = summary.slots[active(summary.committed)].release.page
    if page:
        assert (reality.page, summary.page) == (page.sha256, page)


def somebody(what: str, argument: Any) -> Any:
    """What somebody else does while a process sleeps."""

    def act(reality: Reality) -> None:
        if what == "foreign":
            weights = {"blue": argument, "green": SCALE - argument}
            if argument > SCALE:  # nobody is sent anywhere
                weights = dict.fromkeys(SLOTS, 0)
            reality.set_weights(weights)
            reality.foreign, reality.foreign_at = weights, reality.time
        elif what == "kill tasks":
            reality.kill_tasks(SLOTS[argument % 2])
        elif what == "autoscale":
            reality.autoscale(SLOTS[argument % 2], 2 + argument % 7)
        elif what == "page":
            reality.write_page(f"somebody's {argument}")
        elif what == "s3":
            reality.s3_down = not reality.s3_down
        elif what == "metrics":
            reality.metrics_down = not reality.metrics_down
        else:
            attempt(reality, what)

    return act


others = st.one_of(
    st.none(),
    st.builds(
        somebody,
        st.sampled_from(
            [
                *("resume", "rollback", "abort", "forward", "deploy", "retire"),
                *("freeze", "unfreeze", "metrics", "s3"),
            ]
        ),
        st.just(0),
    ),
    st.builds(somebody, st.just("kill tasks"), st.integers(0, 1)),
    st.builds(somebody, st.just("autoscale"), st.integers(0, 13)),
)
foreigners = st.builds(
    somebody, st.sampled_from(["foreign", "page"]), st.integers(0, SCALE) | st.just(SCALE + 1)
)
MOST_CALLS, ROLLBACK_CALLS = 141, 16
faults = st.dictionaries(
    st.integers(0, MOST_CALLS - 1),
    st.builds(
        Fault,
        st.sampled_from(KINDS),
        st.sampled_from([0.0, 3.0, 12.0, 31.0, 60.0]),
        others | foreigners,
    ),
    max_size=5,
)


@settings(
    max_examples=-(-EXAMPLES // len(HALVES)),
    deadline=None,
    database=None,
    phases=(Phase.generate, Phase.shrink),
    report_multiple_bugs=False,
    suppress_health_check=list(HealthCheck),
)
@given(
    behaviour=st.sampled_from(BEHAVIOURS),
    faults=faults,
    verb=st.sampled_from(["deploy", "keep", "first", "rollback"]),
    warm=st.booleans(),
    pages=st.sets(st.sampled_from(sorted(PAGES))),
    then=st.lists(
        st.sampled_from(THEN),
        max_size=3,
    ),
    delays=st.tuples(st.sampled_from([0.0, 1.0, 4.0]), st.sampled_from([0.0, 2.0, 15.0])),
    skew=st.sampled_from([-2.0, 0.0, 2.0]),
)
def keeps_the_invariants(
    behaviour: Behaviour,
    faults: dict[int, Fault],
    verb: str,
    warm: bool,  # noqa: FBT001 (hypothesis gives every argument by its name)
    pages: set[str],
    then: list[str],
    delays: tuple[float, float],
    skew: float,
) -> None:
    behaviours = {"r0": GOOD, "r1": behaviour if verb == "first" else GOOD, "r2": behaviour}
    reality = Reality(behaviours=behaviours, faults={}, delays=delays, paged=pages)
    if verb != "first":
        begun = lived_in(delays, frozenset(pages), warm=warm or verb == "rollback")
        frozen = {id(entry): entry for entry in (begun.state, *begun.journal.entries)}
        reality = copy.deepcopy(begun, frozen)
        reality.behaviours = behaviours
    # A rollback makes so few calls that most faults would come after it.
    within = ROLLBACK_CALLS if verb == "rollback" else MOST_CALLS
    reality.faults = {reality.calls + at % within: fault for at, fault in faults.items()}
    result = attempt(reality, verb, skew=skew)
    tried[result.exit.name if result else "killed"] += 1
    for command in then:
        attempt(reality, command)
    ends(reality)


@functools.cache
def lived_in(delays: tuple[float, float], pages: frozenset[str], *, warm: bool) -> Reality:
    """Where a cutover begins that is not the first: nothing has gone wrong yet."""
    reality = Reality(behaviours={"r0": GOOD, "r1": GOOD}, faults={}, delays=delays, paged=pages)
    succeeds(reality, "first")
    if warm:
        succeeds(reality, "warm")
    return reality


def succeeds(reality: Reality, verb: str) -> None:
    result = attempt(reality, verb)
    assert result is not None
    assert result.exit is Exit.DONE, result.sentence


def ends(reality: Reality) -> None:
    """L3: with no more faults, any operator brings it to an end that is what it says."""
    reality.faults, reality.metrics_down, reality.s3_down = {}, False, False
    reality.sleep(Fault("sleep before", 60.0))
    if reality.state.summary.frozen:
        attempt(reality, "unfreeze")
    for command in ("resume", "rollback", "abort", "adopt"):
        if reality.state.run:
            attempt(reality, command)
    state = reality.state
    assert state.run is None, f"still open: {state.run.held}"
    assert reality.journal.lease.owner is None
    assert fold(reality.journal.entries) == state
    # One that slept through its lease starts its migration whatever the journal says since.
    assert state.summary.schema == reality.schema or reality.migrated_late
    committed = state.summary.committed
    if committed is None:
        assert all(reality.slots[slot].desired == 0 for slot in SLOTS)
        assert reality.page_foreign or not reality.page
        return
    page_is_the_releases(reality)
    serving = active(committed)
    # What the journal explains nobody could tell from it, as long as the journal does.
    if reality.foreign is None or explained(state, reality.foreign):
        assert reality.weights == committed
        assert reality.health(serving).healthy >= 1


@pytest.mark.parametrize("half", HALVES)
def test_every_interleaving_keeps_the_invariants(
    half: int, record_property: Callable[[str, object], None]
) -> None:
    """The number is shown at the end: fewer than were asked for would be no proof."""
    tried.clear()
    seed(len(HALVES) * SEED + half)(keeps_the_invariants)()
    record_property(f"interleavings of cutovers, seed {SEED}", dict(tried))
    assert sum(tried.values()) >= EXAMPLES / len(HALVES)
    if EXAMPLES >= 3_000:  # the rarest end is reached a few times in so many
        assert {*tried} >= {"DONE", "ROLLED_BACK", "HELD", "killed", "LOCK_LOST", "FOREIGN_CHANGE"}


@pytest.mark.parametrize("command", ["abort", "rollback"])
def test_wherever_a_deploy_dies_who_gives_it_up_knows_the_schema(command: str) -> None:
    for at in range(MOST_CALLS):
        reality = copy.deepcopy(lived_in((0.0, 0.0), frozenset(), warm=False))
        reality.behaviours = {"r0": GOOD, "r1": GOOD, "r2": GOOD}
        reality.faults = {reality.calls + at: Fault("kill after", 0.0, None)}
        if attempt(reality, "deploy"):
            break
        attempt(reality, command)
        ends(reality)
    assert MOST_CALLS // 2 < at < MOST_CALLS - 1, at


def test_a_migration_that_a_freeze_keeps_from_being_asked_for_again_is_known_all_the_same() -> None:
    for at in range(MOST_CALLS):
        reality = copy.deepcopy(lived_in((0.0, 0.0), frozenset(), warm=False))
        reality.behaviours = {"r0": GOOD, "r1": GOOD, "r2": GOOD}
        reality.faults = {reality.calls + at: Fault("kill after", 0.0, None)}
        if attempt(reality, "deploy"):
            break
        for command in ("freeze", "resume", "abort"):
            attempt(reality, command)
        ends(reality)
    assert MOST_CALLS // 2 < at < MOST_CALLS - 1, at
