"""The gates' three verdicts: what fails, what holds, and that nothing missing ever passes."""

import dataclasses
import math
import random
from collections.abc import Mapping
from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cutover.decide.gates import Judgement, judge
from cutover.decide.limits import DEFAULT_LIMITS, Limits
from cutover.decide.live import Sample, Smoke
from cutover.decide.setting import Alarms
from cutover.decide.statistics import at_least, at_most
from infra.outputs import Slot

NOW = 1_800_000_000.0
ALARMS = Alarms(slots={"blue": {"errors": "blue-errors"}, "green": {"errors": "green-errors"}})
QUIET = {"blue-errors": "OK", "green-errors": "OK"}
PASS = Judgement(verdict="pass", reasons=())


def sample(
    requests: int,
    errors: int = 0,
    *,
    latency: float | None = 0.1,
    age: float = 60,
    probes: int = 0,
    probe_errors: int = 0,
) -> Sample:
    return Sample(
        requests=requests,
        errors=errors,
        latency_seconds=latency,
        newest=NOW - age,
        probes=probes,
        probe_errors=probe_errors,
    )


def smoke(requests: int, errors: int = 0, *problems: str) -> Smoke:
    return Smoke(problems=problems, requests=requests, errors=errors, latency_seconds=9)


def judged(
    green: Sample | None,
    blue: Sample | None = None,
    *,
    smokes: Mapping[Slot, Smoke] | None = None,
    **changed: Any,
) -> Judgement:
    """The verdict on green, of which a quarter of the traffic is asked by default."""
    samples = {slot: one for slot, one in (("blue", blue), ("green", green)) if one}
    asked = {
        "states": QUIET,
        "expected": ALARMS,
        "despite_alarms": False,
        "booting": False,
        "samples": samples,
        "smokes": smokes or {},
        "percent": 25,
        "home_latency_seconds": None,
        "now": NOW,
    }
    return judge("green", **(asked | changed))


def hold(*reasons: str) -> Judgement:
    return Judgement(verdict="hold", reasons=reasons)


def fail(*reasons: str) -> Judgement:
    return Judgement(verdict="fail", reasons=reasons)


def test_a_clean_release_passes() -> None:
    assert judged(sample(110), sample(330)) == PASS
    assert judged(sample(110)) == PASS
    assert judged(sample(110), percent=100) == PASS


def test_the_limits_are_the_slo_and_documented_numbers() -> None:
    assert dataclasses.asdict(DEFAULT_LIMITS) == {
        "min_requests": 100,
        "tolerated_error_ratio": 0.001,
        "certain": 0.0001,
        "doubtful": 0.05,
        "latency_seconds": 0.2,
        "latency_factor": 1.5,
        "latency_margin_seconds": 0.05,
        "stale_seconds": 240,
    }


# Alarms


def test_an_alarm_of_the_entering_slot_fails_and_any_other_holds() -> None:
    assert judged(sample(110), states={**QUIET, "green-errors": "ALARM"}) == fail(
        "alarm green-errors is ALARM"
    )
    home = {**QUIET, "blue-errors": "ALARM"}
    assert judged(sample(110), states=home) == hold("alarm blue-errors is ALARM")
    assert judged(sample(110), states=home, despite_alarms=True) == PASS
    assert judged(sample(110), states=home, percent=100) == PASS


def test_an_alarm_of_the_boot_holds() -> None:
    own = {**QUIET, "green-errors": "ALARM"}
    assert judged(sample(110), states=own, booting=True) == hold(
        "alarm green-errors is ALARM, maybe still of when green booted"
    )


def test_a_certain_failure_wins_over_what_is_missing() -> None:
    states = {"green-errors": "ALARM"}
    assert judged(None, states=states) == fail("alarm green-errors is ALARM")
    assert judged(sample(110, 6, age=999), states=None) == fail(
        "6 of 110 answers of green to users were errors (5.45%); 0.10% allowed"
    )


# Missing data


@pytest.mark.parametrize("samples", [None, {}, {"blue": sample(900)}])
def test_without_metrics_nothing_passes(samples: dict[Slot, Sample] | None) -> None:
    assert judged(None, samples=samples, smokes={"green": smoke(100)}) == hold(
        "CloudWatch has no data of green since the change"
    )


def test_with_nothing_at_all_every_part_says_what_it_lacks() -> None:
    assert judged(None, samples=None, states=None) == hold(
        "the alarms could not be read",
        "CloudWatch has no data of green since the change",
        "green has answered 0 requests; 100 needed",
    )


def test_metrics_without_a_point_hold() -> None:
    empty = Sample(requests=0, errors=0, latency_seconds=None, newest=None)
    assert judged(empty, smokes={"green": smoke(100)}) == hold(
        "CloudWatch has no data of green since the change"
    )


def test_metrics_without_latency_hold() -> None:
    assert judged(sample(110, latency=None)) == hold(
        "CloudWatch has no latency of green since the change"
    )


def test_stale_metrics_hold() -> None:
    assert judged(sample(110, age=240)) == PASS
    assert judged(sample(110, age=241)) == hold(
        "the newest data of green is 241 s old; 240 s allowed"
    )


def test_too_few_requests_hold_however_many_failed() -> None:
    assert judged(sample(100)) == PASS
    assert judged(sample(99)) == hold("green has answered 99 requests; 100 needed")
    assert judged(sample(99, 99)) == hold("green has answered 99 requests; 100 needed")


@settings(derandomize=True, database=None, max_examples=300, deadline=None)
@given(
    missing=st.sets(
        st.sampled_from(
            ["alarms", "alarm", "state", "samples", "slot", "newest", "latency", "few"]
        ),
        min_size=1,
    ),
    percent=st.sampled_from([1, 50, 100]),
    probes=st.sampled_from([0, 99, 500]),
)
def test_whatever_is_missing_it_never_passes(missing: set[str], percent: int, probes: int) -> None:
    states = {**QUIET}
    if "alarm" in missing:
        del states["blue-errors" if percent < 100 else "green-errors"]
    if "state" in missing:
        states["green-errors"] = "INSUFFICIENT_DATA"
    green = Sample(
        requests=10 if "few" in missing else 500,
        errors=0,
        latency_seconds=None if "latency" in missing else 0.1,
        newest=None if "newest" in missing else NOW,
    )
    samples = {"blue": sample(900)} | ({} if "slot" in missing else {"green": green})
    if missing == {"few"}:
        probes = min(probes, 89)  # more make up for them
    verdict = judged(
        None,
        states=None if "alarms" in missing else states,
        samples=None if "samples" in missing else samples,
        smokes={"green": smoke(probes)} if probes else {},
        percent=percent,
    )
    assert verdict.verdict == "hold"
    assert verdict.reasons
    assert all(verdict.reasons)


# Errors


def test_a_release_that_fails_5_percent_fails_beside_a_clean_one() -> None:
    seen = fail("6 of 110 answers of green to users were errors (5.45%); 0.10% allowed")
    # Beside much traffic, as much, little, and none.
    for baseline in (sample(10_890), sample(110), sample(5), None):
        assert judged(sample(110, 6), baseline) == seen
    assert judged(sample(110, 6), sample(110, 1), percent=50) == seen


def test_errors_between_chance_and_certainty_hold() -> None:
    # P(X >= 1) is 0.10 of 110 requests at 0.1 %, P(X >= 2) 0.0056, 3 0.0002, 4 0.000005.
    assert judged(sample(110, 1), sample(330)) == PASS
    assert judged(sample(110, 2), sample(330)) == hold(
        "2 of 110 answers of green to users were errors (1.82%); 0.10% allowed, and so few may be "
        "chance"
    )
    assert judged(sample(110, 3), sample(330)).verdict == "hold"
    assert judged(sample(110, 4), sample(330)).verdict == "fail"


def test_a_chance_that_equals_a_limit_is_within_it() -> None:
    chance = at_least(2, 110, 0.001)
    assert judged(sample(110, 2), limits=Limits(doubtful=chance)) == PASS
    assert judged(sample(110, 2), limits=Limits(certain=chance)).verdict == "hold"
    above = math.nextafter(chance, 1)
    assert judged(sample(110, 2), limits=Limits(certain=above)).verdict == "fail"
    assert judged(sample(110, 2), limits=Limits(doubtful=above)).verdict == "hold"


def test_trouble_that_both_slots_share_holds() -> None:
    assert judged(sample(300, 90), sample(900, 270)) == hold(
        "90 of 300 answers of green to users were errors (30.00%); 0.10% allowed, and blue is no "
        "better: 270 of 900"
    )


def test_a_slot_that_is_worse_than_a_bad_one_fails() -> None:
    # Of 330 errors 90 are expected in green, which has a quarter of the requests: 14 more is rare.
    assert judged(sample(300, 90), sample(900, 180)).verdict == "fail"
    assert judged(sample(300, 90), sample(900, 235)).verdict == "hold"


def test_one_error_of_many_excuses_nothing() -> None:
    # Chance gives blue one error of 100 at 0.1 % in 9.5 % of cases, two in 0.46 %.
    assert judged(sample(110, 4), sample(100, 1)).verdict == "fail"
    assert judged(sample(110, 4), sample(100, 2)).verdict == "hold"


def test_the_comparison_has_its_own_limits() -> None:
    at_home = at_least(2, 100, 0.001)
    both = Limits(doubtful=math.nextafter(at_home, 1))
    assert judged(sample(110, 4), sample(100, 2), limits=both).verdict == "hold"
    assert judged(sample(110, 4), sample(100, 2), limits=Limits(doubtful=at_home)).verdict == "fail"
    worse = at_least(6, 8, 110 / 210)
    assert worse == pytest.approx(0.1780, abs=1e-4)
    even = Limits(doubtful=worse)
    assert judged(sample(110, 6), sample(100, 2), limits=even).verdict == "hold"
    odd = Limits(doubtful=math.nextafter(worse, 1))
    assert judged(sample(110, 6), sample(100, 2), limits=odd).verdict == "fail"


def test_at_100_percent_the_slo_alone_counts() -> None:
    both = (sample(300, 90), sample(900, 270))
    assert judged(*both, percent=99).verdict == "hold"
    assert judged(*both, percent=100) == fail(
        "90 of 300 answers of green to users were errors (30.00%); 0.10% allowed"
    )


def verdicts(ratio: float, looks: int, chances: random.Random) -> list[str]:
    """What is judged of a slot that fails so many, asked again after every hundred requests."""
    found: list[str] = []
    errors = 0
    for look in range(1, looks + 1):
        errors += sum(chances.random() < ratio for _ in range(100))
        found.append(judged(sample(100 * look, errors), sample(300 * look)).verdict)
    return found


def test_a_release_that_keeps_the_slo_survives_being_asked_a_hundred_times() -> None:
    chances = random.Random(1)
    runs = [verdicts(0.001, 100, chances) for _ in range(100)]
    assert [run for run in runs if "fail" in run] == []
    # Even at the very edge of the SLO a look is in doubt no more than one time in twenty.
    assert 0 < sum(run.count("hold") for run in runs) <= 100 * 100 * 0.05


def test_a_release_that_fails_5_percent_is_found_before_500_requests() -> None:
    chances = random.Random(1)
    runs = [verdicts(0.05, 5, chances) for _ in range(100)]
    assert {run[-1] for run in runs} == {"fail"}
    assert sum(run[0] == "pass" for run in runs) <= 6


# Probes


def test_probes_fill_up_what_users_do_not_send() -> None:
    assert judged(sample(10), smokes={"green": smoke(100)}) == PASS
    assert judged(sample(10), smokes={"blue": smoke(100)}).verdict == "hold"


def test_probes_of_before_are_in_the_metrics_and_those_of_now_are_not_yet() -> None:
    assert judged(sample(60, probes=60), smokes={"green": smoke(39)}) == hold(
        "green has answered 99 requests; 100 needed"
    )
    assert judged(sample(60, probes=60), smokes={"green": smoke(40)}) == PASS


def test_users_are_not_diluted_by_probes() -> None:
    few = fail("5 of 20 answers of green to users were errors (25.00%); 0.10% allowed")
    diluted = sample(1020, 5, probes=1000)
    assert judged(diluted, sample(900)) == few
    assert judged(diluted, sample(900), smokes={"green": smoke(400)}) == few
    assert judged(diluted, percent=100) == few
    # Nobody tells them apart: too rare to be certain.
    assert judged(sample(1020, 5)).verdict == "hold"


def test_errors_of_probes_are_not_the_users() -> None:
    probed = sample(1020, 20, probes=1000, probe_errors=20)
    assert judged(probed) == fail(
        "20 of 1,000 answers of green to probes were errors (2.00%); 0.10% allowed"
    )
    assert judged(sample(1020, 1, probes=1000, probe_errors=1)) == PASS
    both = sample(1020, 25, probes=1000, probe_errors=20)
    assert judged(both).reasons == (
        "5 of 20 answers of green to users were errors (25.00%); 0.10% allowed",
        "20 of 1,000 answers of green to probes were errors (2.00%); 0.10% allowed",
    )


def test_more_probes_than_the_balancer_has_counted_are_no_users() -> None:
    """Some were sent as a period ended."""
    assert judged(sample(100, probes=140)) == PASS
    assert judged(sample(100, 1, probes=140, probe_errors=2)) == hold(
        "2 of 140 answers of green to probes were errors (1.43%); 0.10% allowed, and so few may be "
        "chance"
    )
    # Nor less than none of them, whose errors the balancer has not counted yet.
    assert judged(sample(99, probes=100, probe_errors=1)) == PASS
    assert judged(sample(100, 4, probes=140)) == fail(
        "4 of 4 answers of green to users were errors (100.00%); 0.10% allowed"
    )


def test_probes_of_now_add_to_those_of_before() -> None:
    assert judged(
        sample(100, 2, probes=100, probe_errors=2), smokes={"green": smoke(100, 3)}
    ) == fail("5 of 200 answers of green to probes were errors (2.50%); 0.10% allowed")


def test_too_few_answers_of_either_are_no_verdict() -> None:
    assert judged(sample(20, 20), smokes={"green": smoke(79)}) == hold(
        "green has answered 99 requests; 100 needed"
    )


def test_either_of_the_other_slot_excuses() -> None:
    """A database is away: metrics know it of users, and of probes only what was just seen."""
    users, probes = sample(300, 90), {"green": smoke(100, 100), "blue": smoke(100, 100)}
    assert judged(users, sample(900, 270), smokes=probes) == hold(
        "90 of 300 answers of green to users were errors (30.00%); 0.10% allowed, and blue is no "
        "better: 270 of 900",
        "100 of 100 answers of green to probes were errors (100.00%); 0.10% allowed, and blue is "
        "no better: 100 of 100",
    )
    assert judged(sample(300), sample(900), smokes=probes) == hold(
        "100 of 100 answers of green to probes were errors (100.00%); 0.10% allowed, and blue is "
        "no better: 100 of 100"
    )
    assert judged(sample(300), sample(900, 900), smokes={"green": smoke(100, 100)}) == hold(
        "100 of 100 answers of green to probes were errors (100.00%); 0.10% allowed, and blue is "
        "no better: 900 of 900"
    )
    assert judged(sample(300), sample(900), smokes={"green": smoke(100, 100)}).verdict == "fail"


def test_errors_without_a_request_of_the_slot_count_as_requests() -> None:
    # What the balancer answers for an empty slot is an error, and no request of its target group.
    assert judged(sample(0, 120), sample(900)) == fail(
        "120 of 120 answers of green to users were errors (100.00%); 0.10% allowed"
    )


def test_certain_errors_of_probes_fail_without_metrics() -> None:
    assert judged(None, samples=None, smokes={"green": smoke(100, 50)}) == fail(
        "50 of 100 answers of green to probes were errors (50.00%); 0.10% allowed"
    )


def test_a_problem_that_a_probe_saw_holds() -> None:
    probed: dict[Slot, Smoke] = {"green": smoke(100, 0, "r1 answered for r2", "status 301")}
    assert judged(sample(500), smokes=probed) == hold("r1 answered for r2", "status 301")
    assert judged(sample(500), smokes={"blue": smoke(100, 0, "r1 answered for r2")}) == PASS


# Latency


def test_a_slow_release_fails() -> None:
    assert judged(sample(110, latency=0.2)) == PASS
    assert judged(sample(1100, latency=0.2004)) == fail(
        "green took 0.200 s on average over 1,100 requests; 0.200 s allowed"
    )
    assert judged(sample(110, latency=0.31), sample(330, latency=0.1)) == fail(
        "green took 0.310 s on average over 110 requests; 0.200 s allowed"
    )


def test_beside_a_slow_slot_more_is_allowed() -> None:
    slow = sample(330, latency=0.2)
    assert judged(sample(110, latency=0.35), slow) == PASS
    assert judged(sample(110, latency=0.36), slow) == fail(
        "green took 0.360 s on average over 110 requests; 0.350 s allowed"
    )
    assert judged(sample(110, latency=0.35), slow, percent=99) == PASS
    assert judged(sample(110, latency=0.35), slow, percent=100) == fail(
        "green took 0.350 s on average over 110 requests; 0.200 s allowed"
    )


def test_at_100_percent_the_last_latency_of_the_other_slot_is_the_baseline() -> None:
    slow = fail("green took 0.360 s on average over 110 requests; 0.350 s allowed")
    assert judged(sample(110, latency=0.35), percent=100, home_latency_seconds=0.2) == PASS
    assert judged(sample(110, latency=0.36), percent=100, home_latency_seconds=0.2) == slow
    # What it takes now, for the last of its users, is no baseline.
    last = sample(5, latency=9)
    assert judged(sample(110, latency=0.36), last, percent=100, home_latency_seconds=0.2) == slow
    # A fast slot makes the SLO no stricter.
    assert judged(sample(110, latency=0.2), percent=100, home_latency_seconds=0.01) == PASS


def test_while_the_other_slot_has_traffic_its_latency_now_is_the_baseline() -> None:
    assert judged(
        sample(110, latency=0.21), sample(330, latency=0.1), home_latency_seconds=9
    ) == fail("green took 0.210 s on average over 110 requests; 0.200 s allowed")
    assert judged(sample(110, latency=0.21), home_latency_seconds=9).verdict == "fail"


def test_a_slot_without_latency_allows_no_more() -> None:
    assert judged(sample(110, latency=0.2), sample(0, latency=None)) == PASS
    assert judged(sample(110, latency=0.21), sample(0, latency=None)).verdict == "fail"


def test_a_few_slow_answers_hold() -> None:
    slow = "green took 0.300 s on average over {} requests; 0.200 s allowed"
    probed: dict[Slot, Smoke] = {"green": smoke(100)}
    assert judged(sample(99, latency=0.3), smokes=probed) == hold(slow.format(99))
    assert judged(sample(100, latency=0.3), smokes=probed) == fail(slow.format(100))


# Arithmetic


def exactly(successes: int, trials: int, share: Fraction) -> Fraction:
    ways = math.comb(trials, successes)
    return ways * share**successes * (1 - share) ** (trials - successes)


@pytest.mark.parametrize(("trials", "percent"), [(1, 50), (7, 3), (60, 25), (300, 99)])
def test_probabilities_are_those_of_whole_numbers(trials: int, percent: int) -> None:
    share, below = Fraction(percent, 100), Fraction(0)
    for successes in range(trials + 1):
        assert at_least(successes, trials, float(share)) == pytest.approx(
            float(1 - below), rel=1e-9, abs=1e-12
        )
        below += exactly(successes, trials, share)
        assert at_most(successes, trials, float(share)) == pytest.approx(
            float(below), rel=1e-9, abs=1e-12
        )
    assert below == 1


def test_probabilities_hold_for_a_million_requests() -> None:
    # A Poisson distribution of mean 1,000 is this close to it.
    poisson = math.fsum(
        math.exp(-1000 + k * math.log(1000) - math.lgamma(k + 1)) for k in range(950)
    )
    assert at_most(949, 1_000_000, 0.001) == pytest.approx(poisson, abs=1e-4)
