"""How the objectives are measured: what the balancer counts, as CloudWatch's metric math."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from infra.alarm import Metric
from infra.slo import ObjectiveName, Slo


@dataclass(frozen=True, kw_only=True)
class Series:
    """Metrics by id, and two expressions over them: how many requests there were, and the share of
    the bad ones, a ratio of 1, in which `asked` is that number."""

    metrics: Mapping[str, Metric]
    asked: str
    share: str


def series(objective: ObjectiveName, slo: Slo, balancer_suffix: pulumi.Input[str]) -> Series:
    """How one objective is measured at the balancer with this suffix of its ARN."""
    if objective == "availability":
        return _availability(balancer_suffix)
    return _latency(slo, balancer_suffix)


def of_balancer(name: str, statistic: str, suffix: pulumi.Input[str]) -> Metric:
    """A metric of the whole balancer, whichever slot answers."""
    return Metric(
        namespace="AWS/ApplicationELB",
        name=name,
        statistic=statistic,
        dimensions={"LoadBalancer": suffix},
    )


def _availability(suffix: pulumi.Input[str]) -> Series:
    # Without an error there are no data of errors, and FILL makes them zero, also where there has
    # never been one (aws-sdk-js-v3 #6873). RequestCount leaves out whom the balancer found no task
    # for ("CloudWatch metrics for your Application Load Balancer"): without its own errors in the
    # sum, an outage would be no request.
    return Series(
        metrics={
            "routed": of_balancer("RequestCount", "Sum", suffix),
            "failed": of_balancer("HTTPCode_Target_5XX_Count", "Sum", suffix),
            "refused": of_balancer("HTTPCode_ELB_5XX_Count", "Sum", suffix),
        },
        asked="FILL(routed,0)+FILL(refused,0)",
        share="(FILL(failed,0)+FILL(refused,0))/asked",
    )


def _latency(slo: Slo, suffix: pulumi.Input[str]) -> Series:
    # PR(:x) is the percentage of values up to x ("CloudWatch statistics definitions").
    return Series(
        metrics={
            "answered": of_balancer("TargetResponseTime", "SampleCount", suffix),
            "quick": of_balancer("TargetResponseTime", f"PR(:{slo.latency_seconds:g})", suffix),
        },
        asked="FILL(answered,0)",
        share="1-FILL(quick,100)/100",
    )
