"""Alarms of the balancer: what it answers in place of the tasks, and whom it can't connect."""

from collections.abc import Iterator, Mapping

import pulumi

from infra.alarm import Alarm, Metric
from infra.outputs import SLOTS, Slot
from infra.sli import of_balancer
from infra.slo import BURN_RATES, Slo

_PAGE = "alarms.md"
_OURS = "ours: a few are noise at any volume"
_FEW = 5


def balancer_alarms(
    suffix: pulumi.Input[str],
    target_group_suffixes: Mapping[Slot, pulumi.Input[str]],
    slo: Slo,
) -> Iterator[Alarm]:
    """AWS's list of recommended alarms has none for it; the objectives watch the tasks' answers."""
    availability, _ = slo.objectives
    yield Alarm(
        name="errors",
        severity="page",
        says="the balancer answers with errors of its own, as it does when no task will",
        runbook=f"{_PAGE}#the-balancer-answers-with-errors",
        source=f"the threshold of the fast page of `slo`, and no fewer than {_FEW} in a minute",
        metrics={
            "routed": of_balancer("RequestCount", "Sum", suffix),
            "refused": of_balancer("HTTPCode_ELB_5XX_Count", "Sum", suffix),
        },
        expressions={
            "asked": "FILL(routed,0)+FILL(refused,0)",
            "share": f"IF(FILL(refused,0)>={_FEW},refused/asked,0)",
        },
        comparison=">",
        threshold=availability.threshold(BURN_RATES[0]),
        periods=3,
        datapoints=2,
    )
    yield Alarm(
        name="nothing-healthy",
        severity="page",
        says="no task of either slot passes its health check",
        runbook=f"{_PAGE}#nothing-is-healthy",
        source="the least that can serve; three health checks of 5 s fail first",
        metrics={
            slot: Metric(
                namespace="AWS/ApplicationELB",
                name="HealthyHostCount",
                statistic="Maximum",
                dimensions={"LoadBalancer": suffix, "TargetGroup": target_group_suffixes[slot]},
            )
            for slot in SLOTS
        },
        # A slot without tasks has no data; before the first release neither has, and none is told.
        expressions={"healthy": f"MAX([{','.join(SLOTS)}])"},
        comparison="<",
        threshold=1,
        periods=3,
    )
    for name, metric, says, threshold, source in (
        (
            "connections",
            "TargetConnectionErrorCount",
            "the balancer can't connect to tasks that it holds for healthy",
            _FEW,
            _OURS,
        ),
        (
            "tls",
            "ClientTLSNegotiationErrorCount",
            "CloudFront and the balancer agree on no TLS",
            _FEW,
            _OURS,
        ),
        (
            "rejected",
            "RejectedConnectionCount",
            "the balancer has no connection left for whoever comes",
            1,
            "AWS: it is at its maximum, so one is too many",
        ),
    ):
        yield Alarm(
            name=name,
            severity="ticket",
            says=says,
            runbook=f"{_PAGE}#the-balancer-refuses-connections",
            source=source,
            metrics={"count": of_balancer(metric, "Sum", suffix)},
            comparison=">=",
            threshold=threshold,
            periods=5,
            datapoints=3,
        )
