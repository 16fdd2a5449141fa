"""May the entering slot keep its traffic? Alarms, errors and latency, against the other slot now.

Missing data never passes. A failure that is certain wins over what is not known.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Literal

from cutover.decide import alarms
from cutover.decide.alarms import Finding
from cutover.decide.limits import DEFAULT_LIMITS, Limits
from cutover.decide.live import Sample, Smoke
from cutover.decide.model import SCALE, Alarms, other
from cutover.decide.statistics import at_least
from infra.outputs import Slot

Verdict = Literal["pass", "fail", "hold"]


@dataclass(frozen=True, kw_only=True)
class Judgement:
    """`reasons` are sentences for the verdict; a pass has none."""

    verdict: Verdict
    reasons: tuple[str, ...] = ()


def judge(
    entering: Slot,
    *,
    states: Mapping[str, str] | None,
    expected: Alarms,
    despite_alarms: bool,
    booting: bool,
    samples: Mapping[Slot, Sample] | None,
    smokes: Mapping[Slot, Smoke],
    percent: int,
    now: float,
    limits: Limits = DEFAULT_LIMITS,
) -> Judgement:
    """The verdict on the entering slot at `percent` of the traffic; `now` is epoch seconds.

    Fail: an alarm of the entering slot's own; errors that certainly break the SLO and that the
    other slot doesn't share; a mean latency beyond the limit. Hold: another alarm; anything
    missing, stale or too little, a probe's problem, and errors that may break the SLO, or do so in
    both slots. Pass: nothing of that.
    At 100 % the other slot has no traffic to compare with, and the SLO alone counts.
    """
    smoke = smokes.get(entering)
    findings: list[Finding] = [
        *alarms.found(
            entering,
            states=states,
            alarms=expected,
            percent=percent,
            despite=despite_alarms,
            booting=booting,
        ),
        *(("hold", problem) for problem in (smoke.problems if smoke else ())),
        *_metrics(entering, samples or {}, percent, now, limits),
        *_errors(entering, samples or {}, smokes, percent, limits),
    ]
    for verdict in ("fail", "hold"):
        reasons = tuple(reason for kind, reason in findings if kind == verdict)
        if reasons:
            return Judgement(verdict=verdict, reasons=reasons)
    return Judgement(verdict="pass")


def _metrics(
    slot: Slot, samples: Mapping[Slot, Sample], percent: int, now: float, limits: Limits
) -> Iterator[Finding]:
    """Fresh, and no slower than the limit. Latency is the balancer's alone: a probe's own has the
    network between here and there in it."""
    sample = samples.get(slot)
    if sample is None or sample.newest is None:
        yield "hold", f"CloudWatch has no data of {slot} since the change"
        return
    if now - sample.newest > limits.stale_seconds:
        yield (
            "hold",
            f"the newest data of {slot} is {now - sample.newest:.0f} s old; "
            f"{limits.stale_seconds:.0f} s allowed",
        )
    if sample.latency_seconds is None:
        yield "hold", f"CloudWatch has no latency of {slot} since the change"
        return
    allowed = limits.latency_seconds
    baseline = samples.get(other(slot)) if percent < SCALE else None
    if baseline and baseline.latency_seconds is not None:
        relative = baseline.latency_seconds * limits.latency_factor + limits.latency_margin_seconds
        allowed = max(allowed, relative)
    if sample.latency_seconds > allowed:
        yield (
            "fail" if sample.requests >= limits.min_requests else "hold",
            f"{slot} took {sample.latency_seconds:.3f} s on average over {sample.requests:,} "
            f"requests; {allowed:.3f} s allowed",
        )


def _errors(
    slot: Slot,
    samples: Mapping[Slot, Sample],
    smokes: Mapping[Slot, Smoke],
    percent: int,
    limits: Limits,
) -> Iterator[Finding]:
    requests, errors = _counted(slot, samples, smokes)
    if requests < limits.min_requests:
        yield "hold", f"{slot} has answered {requests} requests; {limits.min_requests} needed"
        return
    chance = at_least(errors, requests, limits.tolerated_error_ratio)
    if chance >= limits.doubtful:
        return
    seen = (
        f"{errors:,} of {requests:,} answers of {slot} were errors ({errors / requests:.2%}); "
        f"{limits.tolerated_error_ratio:.2%} allowed"
    )
    if chance >= limits.certain:
        yield "hold", f"{seen}, and so few may be chance"
        return
    home = other(slot)
    at_home = _counted(home, samples, smokes)
    if percent < SCALE and _shared((requests, errors), at_home, limits):
        yield "hold", f"{seen}, and {home} is no better: {at_home[1]:,} of {at_home[0]:,}"
    else:
        yield "fail", seen


def _counted(
    slot: Slot, samples: Mapping[Slot, Sample], smokes: Mapping[Slot, Smoke]
) -> tuple[int, int]:
    """Requests and errors of a slot: the larger of what CloudWatch and the probes counted.

    The balancer counts the probes too, but late: the sum would count some twice, and the larger
    never does. An error of the balancer for an empty slot is no request of the slot, but was one.
    """
    counts = [count for count in (samples.get(slot), smokes.get(slot)) if count]
    errors = max((count.errors for count in counts), default=0)
    return max([errors, *(count.requests for count in counts)]), errors


def _shared(entering: tuple[int, int], home: tuple[int, int], limits: Limits) -> bool:
    """Whether the other slot has the same trouble: it breaks the SLO too, and the entering slot's
    part of all errors is no larger than its part of all requests (the conditional test for two
    Poisson rates, Przyborowski and Wilenski 1940; cautious for a binomial)."""
    (requests, errors), (home_requests, home_errors) = entering, home
    return (
        at_least(home_errors, home_requests, limits.tolerated_error_ratio) < limits.doubtful
        and at_least(errors, errors + home_errors, requests / (requests + home_requests))
        >= limits.doubtful
    )
