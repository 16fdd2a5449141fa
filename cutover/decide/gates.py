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
from cutover.decide.model import SCALE, other
from cutover.decide.setting import Alarms
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
    home_latency_seconds: float | None,
    now: float,
    limits: Limits = DEFAULT_LIMITS,
) -> Judgement:
    """The verdict on the entering slot at `percent` of the traffic; `now` is epoch seconds.

    Fail: an alarm of the entering slot's own; errors that certainly break the SLO and that the
    other slot doesn't share; a mean latency beyond the limit. Hold: another alarm; anything
    missing, stale or too little, a probe's problem, and errors that may break the SLO, or do so in
    both slots. Pass: nothing of that.
    What users were answered is judged apart from what probes were, which would dilute it. At 100 %
    the other slot has no traffic to compare with: of it there is `home_latency_seconds`, as the
    last gate found it, and of errors the SLO alone counts.
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
        *_metrics(entering, samples or {}, percent, home_latency_seconds, now, limits),
        *_errors(entering, samples or {}, smokes, percent, limits),
    ]
    for verdict in ("fail", "hold"):
        reasons = tuple(reason for kind, reason in findings if kind == verdict)
        if reasons:
            return Judgement(verdict=verdict, reasons=reasons)
    return Judgement(verdict="pass")


def _metrics(
    slot: Slot,
    samples: Mapping[Slot, Sample],
    percent: int,
    home_latency_seconds: float | None,
    now: float,
    limits: Limits,
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
    allowed, baseline = limits.latency_seconds, home_latency_seconds
    if percent < SCALE:
        home = samples.get(other(slot))
        baseline = home.latency_seconds if home else None
    if baseline is not None:
        relative = baseline * limits.latency_factor + limits.latency_margin_seconds
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
    counted, home = _counted(slot, samples, smokes), other(slot)
    answered = sum(requests for requests, _ in counted.values())
    if answered < limits.min_requests:
        yield "hold", f"{slot} has answered {answered} requests; {limits.min_requests} needed"
        return
    at_home = _counted(home, samples, smokes).values() if percent < SCALE else ()
    for askers, (requests, errors) in counted.items():
        chance = at_least(errors, requests, limits.tolerated_error_ratio)
        if chance >= limits.doubtful:
            continue
        seen = (
            f"{errors:,} of {requests:,} answers of {slot} to {askers} were errors "
            f"({errors / requests:.2%}); {limits.tolerated_error_ratio:.2%} allowed"
        )
        shared = [part for part in at_home if _shared((requests, errors), part, limits)]
        if chance >= limits.certain:
            yield "hold", f"{seen}, and so few may be chance"
        elif shared:
            yield "hold", f"{seen}, and {home} is no better: {shared[0][1]:,} of {shared[0][0]:,}"
        else:
            yield "fail", seen


def _counted(
    slot: Slot, samples: Mapping[Slot, Sample], smokes: Mapping[Slot, Smoke]
) -> dict[str, tuple[int, int]]:
    """Requests and errors of a slot by who asked.

    The probes of this look came after the samples were read, which know of those before: nothing
    is counted twice. An error of the balancer for an empty slot is no request of the slot, but was
    one.
    """
    counted, probed = dict[str, tuple[int, int]](), list[tuple[int, int]]()
    if sample := samples.get(slot):
        errors = max(0, sample.errors - sample.probe_errors)
        counted["users"] = max(errors, sample.requests - sample.probes), errors
        probed.append((sample.probes, sample.probe_errors))
    if smoke := smokes.get(slot):
        probed.append((smoke.requests, smoke.errors))
    counted["probes"] = sum(sent for sent, _ in probed), sum(failed for _, failed in probed)
    return counted


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
