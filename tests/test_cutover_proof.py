"""What probes on the public path prove about the weights, and how often they are mistaken."""

import math
import random
from functools import cache

import pytest

from cutover.decide.live import Split
from cutover.decide.model import share
from cutover.decide.proof import LEAST_PROBES, MOST_PROBES, OVERLOOKED, probes_needed, shows
from cutover.decide.statistics import at_most
from infra.outputs import Slot

RELEASES: dict[Slot, str] = {"blue": "r1", "green": "r2"}
# The default ladder, a rollback from each of its rungs, and steps that a resumed run may make.
PARTIAL = [(0, 1), (1, 5), (5, 25), (25, 50), (50, 25), (100, 90), (90, 50), (0, 50), (10, 90)]
FULL = [(50, 100), (0, 100), (90, 100), (99, 100), (50, 0), (25, 0), (5, 0), (1, 0), (100, 0)]


def split(r1: int, r2: int, unknown: int = 0, **others: int) -> Split:
    return Split(answers={"r1": r1, "r2": r2, **others}, unknown=unknown)


def shown(seen: Split, percent: int) -> bool:
    """Whether it shows that green, where r2 runs, has so many percent."""
    return shows(seen, releases=RELEASES, weights=share("green", percent))[0]


@pytest.mark.parametrize(
    ("before", "after", "probes"),
    [
        (0, 1, 1584),  # 16 * 99 / 1
        (1, 5, 1008),
        (5, 25, 170),
        (25, 50, 223),
        (50, 100, 50),
        (75, 100, 50),
        (90, 100, 88),  # ln(1e-4) / ln(0.9) = 87.4
        (10, 0, 88),
        (99, 100, 917),
        (0, 100, 50),
        (100, 0, 50),
        (100, 99, 1584),
        (0, 2, 784),
        (0, 25, 50),  # 48, of which no fewer than 50 are sent
        (25, 25, 50),
        (0, 0, 50),
        (49, 50, 2000),
        (41, 50, 1944),
        (42, 50, 2000),
    ],
)
def test_the_number_of_probes(before: int, after: int, probes: int) -> None:
    assert probes_needed(before, after) == probes


def test_evidence_names_the_rarer_release() -> None:
    weights = share("green", 25)
    assert shows(split(1172, 412), releases=RELEASES, weights=weights) == (
        True,
        "412 of 1,584 probes (26.0%) were answered by r2; 25 % asked",
    )
    assert shows(split(412, 1172), releases=RELEASES, weights=share("green", 75)) == (
        True,
        "412 of 1,584 probes (26.0%) were answered by r1; 25 % asked",
    )
    assert shows(split(0, 1584), releases=RELEASES, weights=weights) == (
        False,
        "1,584 of 1,584 probes (100.0%) were answered by r2; 25 % asked",
    )


def test_a_full_shift_is_shown_by_every_answer() -> None:
    weights = share("green", 100)
    assert shows(split(0, 50), releases=RELEASES, weights=weights) == (
        True,
        "50 of 50 probes (100.0%) were answered by r2; 100 % asked",
    )
    alone = Split(answers={"r2": 50}, unknown=0)
    assert shows(alone, releases=RELEASES, weights=weights) == (
        True,
        "50 of 50 probes (100.0%) were answered by r2; 100 % asked",
    )
    assert shows(split(1, 1999), releases=RELEASES, weights=weights) == (
        False,
        "1,999 of 2,000 probes (100.0%) were answered by r2; 100 % asked",
    )
    assert shows(split(0, 1999, 1), releases=RELEASES, weights=weights) == (
        False,
        "1,999 of 2,000 probes (100.0%) were answered by r2; 100 % asked; 1 by no known release",
    )
    assert shown(split(0, 1999, r3=1), 100) is False
    assert shown(split(50, 0), 0) is True
    assert shown(split(49, 1), 0) is False


def test_the_first_release_is_shown_by_itself() -> None:
    weights = share("blue", 100)
    seen = Split(answers={"r1": 50}, unknown=0)
    assert shows(seen, releases={"blue": "r1"}, weights=weights) == (
        True,
        "50 of 50 probes (100.0%) were answered by r1; 100 % asked",
    )
    assert shows(seen, releases={"green": "r1"}, weights=weights) == (
        False,
        "0 of 50 probes (0.0%) were answered by nobody; 100 % asked",
    )


def test_nothing_is_shown_without_a_known_answer() -> None:
    for seen, total in ((split(0, 0), "0"), (split(0, 0, 1500), "1,500"), (split(0, 0, r3=9), "9")):
        for percent in (0, 50, 100):
            weights = share("green", percent)
            assert shows(seen, releases=RELEASES, weights=weights) == (
                False,
                f"none of {total} probes was answered by a known release",
            )
    assert shows(split(9, 0), releases={}, weights=share("blue", 100))[0] is False
    # An answer that names no release is not that of a slot without one.
    nameless = Split(answers={"": 50}, unknown=0)
    assert shows(nameless, releases={"blue": "r1"}, weights=share("green", 100))[0] is False


def test_two_slots_with_one_release_show_nothing() -> None:
    same: dict[Slot, str] = {"blue": "r1", "green": "r1"}
    assert shows(split(50, 0), releases=same, weights=share("green", 100)) == (
        False,
        "both slots run r1: probes can't tell them apart",
    )


def test_a_partial_shift_is_shown_despite_one_stray_in_a_hundred() -> None:
    assert shown(split(50, 49, 1), 50) is True
    assert shown(split(50, 49, r3=1), 50) is True
    assert shown(split(50, 48, 1, r3=1), 50) is False
    assert shown(split(49, 49, 1), 50) is False


@cache
def accepted(percent: int, probes: int) -> range:
    """How many answers of r2 show so many percent: those around the expected number."""
    expected = probes * percent // 100
    assert shown(split(probes - expected, expected), percent)
    first = last = expected
    while first and shown(split(probes - first + 1, first - 1), percent):
        first -= 1
    while last < probes and shown(split(probes - last - 1, last + 1), percent):
        last += 1
    return range(first, last + 1)


def chance(counts: range, percent: int, probes: int) -> float:
    """That Binomial(probes, percent) is one of the counts, in whole numbers."""
    ways = sum(math.comb(probes, k) * percent**k * (100 - percent) ** (probes - k) for k in counts)
    return ways / 100**probes


@pytest.mark.parametrize("percent", [0, 3, 50, 100])
def test_the_counts_that_show_a_split_have_no_gap(percent: int) -> None:
    counts = [k for k in range(61) if shown(split(60 - k, k), percent)]
    assert counts == list(accepted(percent, 60))


def test_the_bounds_of_a_split_are_those_of_four_standard_deviations() -> None:
    assert accepted(50, 100) == range(30, 71)
    assert accepted(25, 170) == range(21, 67)
    assert accepted(1, 1584) == range(3, 35)


def test_a_split_as_rare_as_the_limit_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    rarity = at_most(21, 170, 0.25)
    monkeypatch.setattr("cutover.decide.proof.SURPRISE", rarity)
    assert shown(split(149, 21), 25) is True
    monkeypatch.setattr("cutover.decide.proof.SURPRISE", math.nextafter(rarity, 1))
    assert shown(split(149, 21), 25) is False


@pytest.mark.parametrize(("before", "after"), PARTIAL)
def test_a_split_is_seldom_mistaken(before: int, after: int) -> None:
    probes = probes_needed(before, after)
    counts = accepted(after, probes)
    assert chance(counts, after, probes) >= 1 - 6.4e-5
    assert chance(counts, before, probes) <= 5e-4


@pytest.mark.parametrize(("before", "after"), FULL)
def test_a_full_shift_that_has_not_happened_is_seldom_mistaken(before: int, after: int) -> None:
    probes = probes_needed(before, after)
    counts = accepted(after, probes)
    assert counts == range(after and probes, (after and probes) + 1)
    assert chance(counts, before, probes) <= OVERLOOKED


def test_no_shift_needs_more_probes_than_the_most_or_fewer_than_the_least() -> None:
    needed = {probes_needed(a, b) for a in range(101) for b in range(101)}
    assert (min(needed), max(needed)) == (LEAST_PROBES, MOST_PROBES)
    assert all(type(probes) is int for probes in needed)


@pytest.mark.parametrize(("before", "after"), [(0, 1), (5, 25), (25, 50), (50, 100)])
def test_probes_of_a_balancer_that_follows_late(before: int, after: int) -> None:
    """Four nodes, each of which follows at its own time: none is no proof, and all are one."""
    chances = random.Random(4)
    probes = probes_needed(before, after)
    for late, expected in ((4, False), (0, True)):
        for _ in range(50):
            r2 = sum(
                chances.randrange(100) < (before if chances.randrange(4) < late else after)
                for _ in range(probes)
            )
            assert shown(split(probes - r2, r2), after) is expected
