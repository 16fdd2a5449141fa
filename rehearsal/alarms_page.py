"""The page about alarms: every alarm of an environment, its numbers and where they are from."""

import re
from collections.abc import Iterator
from typing import Any

from infra.edge_alerts import REGION
from rehearsal.recording import Recording, Resource

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
COMPOSITE = "aws:cloudwatch/compositeAlarm:CompositeAlarm"
_SIGNS = {
    "GreaterThanThreshold": ">",
    "GreaterThanOrEqualToThreshold": ">=",
    "LessThanThreshold": "<",
    "LessThanOrEqualToThreshold": "<=",
}
_INTRODUCTION = """\
# Alarms

Every alarm of {environment}, as its stack file stands; the others have the same with their own
numbers. Written by `make alarms`; a test fails when it is stale. A mail ends with the link that is
under the alarm's name here. Every type of resource has its alarms, or a reason why it needs none
(`tests/test_alarms.py`).

{telling} of one metric or an expression tell a topic, and {composite} composite ones; {windows} are
windows of these. Those with (edge) are in us-east-1, and tell the topic there.
"""
_UNITS = ((86_400, "day"), (3600, "hour"), (60, "minute"))


def markdown(recording: Recording, environment: str) -> str:
    """The whole page, with the numbers of one environment; KeyError for an alarm without source."""
    return "\n".join([*_page(recording, environment), ""])


def _page(recording: Recording, environment: str) -> Iterator[str]:
    alarms = recording.every(ALARM)
    composite = recording.every(COMPOSITE)
    telling = [alarm for alarm in alarms if "alarmActions" in alarm.inputs]
    yield from (
        _INTRODUCTION.format(
            environment=environment,
            telling=len(telling),
            composite=len(composite),
            windows=len(alarms) - len(telling),
        ),
        "| Alarm | Severity | Fires when | From |",
        "|---|---|---|---|",
    )
    names = {alarm.outputs["arn"]: _name(alarm, environment) for alarm in alarms}
    for alarm in sorted([*telling, *composite], key=lambda one: one.name):
        yield _row(recording, alarm, environment, names)
    yield from ("", "## Windows of the composite ones", "")
    yield from ("| Alarm | Fires when | From |", "|---|---|---|")
    for alarm in sorted(set(names) - {one.outputs["arn"] for one in telling}):
        (window,) = (one for one in alarms if one.outputs["arn"] == alarm)
        yield f"| {names[alarm]} | {_condition(window)} | {_source(recording, window)} |"


def _row(recording: Recording, alarm: Resource, environment: str, names: dict[str, str]) -> str:
    severity, _, said = alarm.inputs["alarmDescription"].partition(", ")
    link = said.rpartition("docs/runbooks/")[2]
    if alarm.type == COMPOSITE:
        parts = re.findall(r'"([^"]+)"', alarm.inputs["alarmRule"])
        condition = " and ".join(names[part] for part in parts)
        source = "both windows"
    else:
        condition, source = _condition(alarm), _source(recording, alarm)
    edge = " (edge)" if alarm.inputs.get("region") == REGION else ""
    name = f"[{_name(alarm, environment)}](runbooks/{link}){edge}"
    return f"| {name} | {severity} | {condition} | {source} |"


def _name(alarm: Resource, environment: str) -> str:
    return alarm.name.removeprefix(f"{environment}-")


def _source(recording: Recording, alarm: Resource) -> str:
    assert alarm.parent is not None, alarm.urn  # noqa: S101 (only a component makes alarms)
    sources = recording.component_outputs[alarm.parent.urn]["sources"]
    return sources[alarm.name.removeprefix(f"{alarm.parent.name}-")]


def _condition(alarm: Resource) -> str:
    inputs = alarm.inputs
    queries: list[dict[str, Any]] = inputs.get("metricQueries", [])
    if queries:
        metrics = [
            f"{query['id']} {_metric(query['metric'], query['metric']['stat'])}"
            for query in queries
            if "metric" in query
        ]
        expressions = [f"{q['id']}={q['expression']}" for q in queries if "expression" in q]
        watched = f"`{'`, `'.join(expressions)}` of {', '.join(metrics)}"
        period = queries[0]["metric"]["period"]
    else:
        statistic = inputs.get("statistic") or inputs["extendedStatistic"]
        watched, period = _metric(inputs, statistic), inputs["period"]
    silence = ", or is silent" if inputs["treatMissingData"] == "breaching" else ""
    return (
        f"{watched} {_SIGNS[inputs['comparisonOperator']]} {inputs['threshold']:,}{silence}, "
        f"{inputs['datapointsToAlarm']} of {inputs['evaluationPeriods']} times {_length(period)}"
    )


def _metric(metric: dict[str, Any], statistic: str) -> str:
    return f"`{metric['metricName']}` ({statistic})"


def _length(seconds: int) -> str:
    count, unit = next((seconds // unit, name) for unit, name in _UNITS if seconds % unit == 0)
    return f"{count} {unit}{'' if count == 1 else 's'}"
