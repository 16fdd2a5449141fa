"""What CloudWatch knows: alarms, and both slots' traffic side by side."""

import dataclasses
import datetime
import math
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from cutover.decide.live import Sample
from cutover.do.clients import Clients
from cutover.do.world import Clock, Unavailable
from infra.outputs import SLOTS, Contract, Slot

# DescribeAlarms takes and gives so many at most (CloudWatch API reference).
_ALARMS_PER_CALL = 100
_REQUESTS, _LATENCY = "RequestCount", "TargetResponseTime"
# An ALB reports what it answered in a target's place (HTTPCode_ELB_5XX_Count) for all groups
# together, so on AWS the connections that a group's targets did not take, or did not agree on TLS
# for, stand for it ("CloudWatch metrics for your Application Load Balancer", dimensions). What has
# no data counts 0.
_ERRORS = (
    "HTTPCode_Target_5XX_Count",
    "HTTPCode_ELB_5XX_Count",
    "TargetConnectionErrorCount",
    "TargetTLSNegotiationErrorCount",
)
_STATISTICS = {**dict.fromkeys((_REQUESTS, *_ERRORS), "Sum"), _LATENCY: "Average"}

Points = Mapping[float, float]
"""Values by the epoch second in which their period begins."""


Probed = Callable[[Slot, float, float], tuple[int, int]]
"""How many probes a slot was sent from one moment (epoch seconds) until another, and how many of
them it answered with an error. The balancer counts them as it counts users."""


class Metrics:
    """One environment's alarms, and the metrics of its two target groups."""

    def __init__(
        self, clients: Clients, contract: Contract, *, clock: Clock, probed: Probed
    ) -> None:
        self._clients, self._contract, self._clock = clients, contract, clock
        self._probed = probed

    def alarms(self) -> Mapping[str, str]:
        """Name -> OK, ALARM or INSUFFICIENT_DATA: of the environment's and of both slots'. An alarm
        that AWS does not give is missing. One call for each hundred, and none for none."""
        states: dict[str, str] = {}
        slots = self._contract.slots.values()
        arns = [*self._contract.alarms, *(arn for slot in slots for arn in slot.alarms.values())]
        names = [alarm_name(arn) for arn in arns]
        for start in range(0, len(names), _ALARMS_PER_CALL):
            answer = self._clients.call(
                "cloudwatch",
                "describe_alarms",
                AlarmNames=names[start : start + _ALARMS_PER_CALL],
                AlarmTypes=["MetricAlarm", "CompositeAlarm"],
                MaxRecords=_ALARMS_PER_CALL,
            )
            # An empty list may be left out: CBOR, which botocore speaks here, has no say in it.
            for alarm in [*answer.get("MetricAlarms", ()), *answer.get("CompositeAlarms", ())]:
                states[alarm["AlarmName"]] = alarm["StateValue"]
        return states

    def samples(self, since: float) -> Mapping[Slot, Sample]:
        """Both slots' traffic in the whole periods that begin at or after `since` and have ended.

        One call, or none while there is no such period. A slot's `newest` is the end of its newest
        period in which requests were reported.
        """
        period = self._contract.policy.metric_period_seconds
        start = math.ceil(since / period) * period
        end = math.floor(self._clock.now() / period) * period
        found = self._points(start, end, period) if start < end else {}
        return {slot: self._sample(slot, start, period, found) for slot in SLOTS}

    def _sample(self, slot: Slot, start: int, period: int, found: Mapping[str, Points]) -> Sample:
        seen = sample({name: found.get(_id(slot, name), {}) for name in _STATISTICS}, period)
        if seen.newest is None:
            return seen
        probes, errors = self._probed(slot, start, seen.newest)
        return dataclasses.replace(seen, probes=probes, probe_errors=errors)

    def _points(self, start: int, end: int, period: int) -> Mapping[str, Points]:
        answer = self._clients.call(
            "cloudwatch",
            "get_metric_data",
            MetricDataQueries=[
                self._query(slot, name, period) for slot in SLOTS for name in _STATISTICS
            ],
            StartTime=datetime.datetime.fromtimestamp(start, datetime.UTC),
            EndTime=datetime.datetime.fromtimestamp(end, datetime.UTC),
        )
        results = answer.get("MetricDataResults", ())
        incomplete = [result for result in results if result["StatusCode"] != "Complete"]
        if incomplete or answer.get("NextToken"):
            raise Unavailable("CloudWatch gave a part of the slots' metrics, and not all of them")
        return {
            result["Id"]: {
                at.timestamp(): value
                for at, value in zip(
                    result.get("Timestamps", ()), result.get("Values", ()), strict=True
                )
                if start <= at.timestamp() < end
            }
            for result in results
        }

    def _query(self, slot: Slot, name: str, period: int) -> dict[str, Any]:
        dimensions = {
            "LoadBalancer": self._contract.load_balancer_suffix,
            "TargetGroup": self._contract.slots[slot].target_group_suffix,
        }
        return {
            "Id": _id(slot, name),
            "MetricStat": {
                "Metric": {
                    "Namespace": "AWS/ApplicationELB",
                    "MetricName": name,
                    "Dimensions": [{"Name": k, "Value": v} for k, v in dimensions.items()],
                },
                "Period": period,
                "Stat": _STATISTICS[name],
            },
        }


def sample(points: Mapping[str, Points], period: int) -> Sample:
    """Sums, and the mean latency weighted by each period's requests."""
    requests, latency = points[_REQUESTS], points[_LATENCY]
    weighted = [(latency[at], requests[at]) for at in requests if at in latency and requests[at]]
    answered = sum(count for _, count in weighted)
    return Sample(
        requests=_total(requests.values()),
        errors=sum(_total(points[name].values()) for name in _ERRORS),
        latency_seconds=(
            sum(seconds * count for seconds, count in weighted) / answered if answered else None
        ),
        newest=max(requests) + period if requests else None,
    )


def alarm_name(arn: str) -> str:
    """`arn:aws:cloudwatch:<region>:<account>:alarm:<name>`, and a name may have colons."""
    return arn.split(":", 6)[6]


def _total(values: Iterable[float]) -> int:
    return round(sum(values))


def _id(slot: Slot, name: str) -> str:
    # A query's id begins with a lower-case letter and has no other signs than "_".
    return f"{slot}_{name}"
