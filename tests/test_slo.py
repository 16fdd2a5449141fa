"""The objectives, the alarms on their budgets and the dashboard: numbers, wires, and outages.

That CloudWatch evaluates its metric math as `rehearsal/aws/metric_math.py` does is AWS's to show.
"""

import json
import re
from typing import Any

import pytest
import yaml

from infra.burn_alarms import RUNBOOK
from infra.slo import BURN_RATES, Objective, Slo
from rehearsal.aws.metric_math import Number, evaluated
from rehearsal.recording import Recording, record
from rehearsal.stack_file import ROOT
from stacks.environment import environment
from tests.environments import STACKS, chosen, recorded

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
COMPOSITE = "aws:cloudwatch/compositeAlarm:CompositeAlarm"
DASHBOARD = "aws:cloudwatch/dashboard:Dashboard"
SLO = Slo(availability_percent=99.9, latency_ms=200, latency_percent=95)
AVAILABILITY, LATENCY = SLO.objectives
KINDS = [f"{one}-{rate.name}" for one in ("availability", "latency") for rate in BURN_RATES]


def test_the_burn_rates_are_those_of_the_workbook() -> None:
    assert [
        (rate.severity, rate.long_seconds, rate.short_seconds, rate.times, rate.spent_percent)
        for rate in BURN_RATES
    ] == [
        ("page", 3600, 300, 14.4, 2),
        ("page", 21_600, 1800, 6, 5),
        ("ticket", 86_400, 7200, 3, 10),
        ("ticket", 259_200, 21_600, 1, 10),
    ]


def test_a_budget_is_what_the_objective_leaves() -> None:
    assert (AVAILABILITY.budget, LATENCY.budget) == (0.001, 0.05)
    assert [AVAILABILITY.threshold(rate) for rate in BURN_RATES] == [0.0144, 0.006, 0.003, 0.001]
    assert [LATENCY.threshold(rate) for rate in BURN_RATES] == [0.72, 0.3, 0.15, 0.05]


def test_every_objective_that_is_allowed_can_burn_as_fast_as_is_told_of() -> None:
    widest = Slo(availability_percent=99, latency_ms=200, latency_percent=95)
    assert max(one.threshold(BURN_RATES[0]) for one in widest.objectives) < 1


def test_one_bad_request_alone_burns_nothing() -> None:
    assert [AVAILABILITY.least_requests(rate) for rate in BURN_RATES] == [100, 167, 334, 1000]
    assert [LATENCY.least_requests(rate) for rate in BURN_RATES] == [100, 100, 100, 100]
    for rate in BURN_RATES:
        assert 1 / AVAILABILITY.least_requests(rate) <= AVAILABILITY.threshold(rate)


def test_the_page_about_it_has_the_same_numbers() -> None:
    def length(seconds: int) -> str:
        return next(
            f"{seconds // unit} {name}{'' if seconds == unit else 's'}"
            for unit, name in ((86_400, "day"), (3600, "hour"), (60, "minute"))
            if seconds % unit == 0
        )

    page = (ROOT / "docs" / "slo.md").read_text()
    assert re.findall(
        r"^\| (\S+) \| (page|ticket) \| (.+?) \| (.+?) \| (\S+) \| (.+?) \|$", page, re.M
    ) == [
        (
            rate.name,
            rate.severity,
            length(rate.long_seconds),
            length(rate.short_seconds),
            f"{rate.times:g}",
            f"{rate.spent_percent:g} %",
        )
        for rate in BURN_RATES
    ]


@pytest.mark.parametrize("stack", STACKS)
def test_only_both_windows_together_tell(stack: str) -> None:
    topic = recorded(stack).only("aws:sns/topic:Topic", f"{stack}-alerts").outputs["arn"]
    for kind in KINDS:
        alarm = recorded(stack).only(COMPOSITE, f"{stack}-{kind}")
        parts = [recorded(stack).only(ALARM, f"{stack}-{kind}-{end}") for end in ("long", "short")]
        assert alarm.inputs == {
            "alarmName": f"{stack}-{kind}",
            "alarmDescription": alarm.inputs["alarmDescription"],
            "alarmRule": " AND ".join(f'ALARM("{part.outputs["arn"]}")' for part in parts),
            "alarmActions": [topic],
            "okActions": [topic],
        }
        assert not [part for part in parts if {"alarmActions", "okActions"} & part.inputs.keys()]
    assert len(recorded(stack).every(COMPOSITE)) == len(KINDS) == 8


def test_what_a_page_says() -> None:
    def said(kind: str) -> str:
        return recorded("prod").only(COMPOSITE, f"prod-{kind}").inputs["alarmDescription"]

    assert said("availability-fast") == (
        "page, platform: requests answered with 5xx burn the error budget 14.4 times too fast, "
        f"2 % of it in 1 hour. docs/runbooks/{RUNBOOK}"
    )
    assert said("latency-three-days") == (
        f"ticket, platform: requests answered after {chosen('prod').slo.latency_ms} ms burn the "
        f"error budget 1 times too fast, 10 % of it in 3 days. docs/runbooks/{RUNBOOK}"
    )


@pytest.fixture(scope="module")
def wired() -> Recording:
    """With dials that no stack file has."""
    good = yaml.safe_load((ROOT / "tests" / "good_settings.yaml").read_text())
    config = {f"slipway:{key}": json.dumps(value) for key, value in good.items()}
    return record(environment, stack="prod", config=config)


def window(recording: Recording, name: str) -> dict[str, Any]:
    return recording.only(ALARM, f"prod-{name}").inputs


def test_a_window_is_one_period_of_its_length_and_three_days_are_three(wired: Recording) -> None:
    lengths = {
        f"{rate.name}-{end}": (
            window(wired, f"availability-{rate.name}-{end}")["evaluationPeriods"],
            window(wired, f"availability-{rate.name}-{end}")["datapointsToAlarm"],
            window(wired, f"availability-{rate.name}-{end}")["metricQueries"][0]["metric"][
                "period"
            ],
            window(wired, f"availability-{rate.name}-{end}")["threshold"],
        )
        for rate in BURN_RATES
        for end in ("long", "short")
    }
    assert lengths == {
        "fast-long": (1, 1, 3600, 0.072),
        "fast-short": (1, 1, 300, 0.072),
        "slow-long": (1, 1, 21_600, 0.03),
        "slow-short": (1, 1, 1800, 0.03),
        "day-long": (1, 1, 86_400, 0.015),
        "day-short": (1, 1, 7200, 0.015),
        "three-days-long": (3, 3, 86_400, 0.005),
        "three-days-short": (1, 1, 21_600, 0.005),
    }


def test_what_a_window_asks_cloudwatch(wired: Recording) -> None:
    balancer = wired.only("aws:lb/loadBalancer:LoadBalancer").outputs["arnSuffix"]

    def series(id_: str, name: str, stat: str) -> dict[str, Any]:
        metric = {
            "namespace": "AWS/ApplicationELB",
            "metricName": name,
            "dimensions": {"LoadBalancer": balancer},
            "stat": stat,
            "period": 300,
        }
        return {"id": id_, "metric": metric, "returnData": False}

    def expression(id_: str, text: str) -> dict[str, Any]:
        return {"id": id_, "expression": text, "label": id_, "returnData": id_ == "burning"}

    alarm = window(wired, "availability-fast-short")
    assert alarm["metricQueries"] == [
        series("routed", "RequestCount", "Sum"),
        series("failed", "HTTPCode_Target_5XX_Count", "Sum"),
        series("refused", "HTTPCode_ELB_5XX_Count", "Sum"),
        expression("asked", "FILL(routed,0)+FILL(refused,0)"),
        expression("share", "(FILL(failed,0)+FILL(refused,0))/asked"),
        expression("burning", "IF(asked>=100,share,0)"),
    ]
    assert (alarm["comparisonOperator"], alarm["treatMissingData"]) == (
        "GreaterThanThreshold",
        "notBreaching",
    )
    assert window(wired, "latency-fast-short")["metricQueries"] == [
        series("answered", "TargetResponseTime", "SampleCount"),
        series("quick", "TargetResponseTime", "PR(:0.25)"),
        expression("asked", "FILL(answered,0)"),
        expression("share", "1-FILL(quick,100)/100"),
        expression("burning", "IF(asked>=100,share,0)"),
    ]


def burns(objective: Objective, rate: str, **metrics: Number) -> bool:
    """Whether a window of prod's would be in alarm, with so much of each metric in it."""
    alarm = recorded("prod").only(ALARM, f"prod-{objective.name}-{rate}-short").inputs
    queries = alarm["metricQueries"]
    assert {query["id"] for query in queries if "metric" in query} == metrics.keys()
    expressions = {q["id"]: q["expression"] for q in queries if "expression" in q}
    value = evaluated(expressions, metrics)
    return value is not None and value > alarm["threshold"]


@pytest.mark.parametrize(
    ("routed", "failed", "refused", "expected"),
    [
        (None, None, None, False),  # nobody asks
        (10_000, None, None, False),
        (10_000, 144, None, False),  # exactly the threshold
        (10_000, 145, None, True),
        (10_000, 100, 45, True),
        (None, None, 500, True),  # no task is left: nothing is routed
        (50, 49, None, False),  # too few to say
        (99, 99, None, False),
        (100, 2, None, True),
        (100, 1, None, False),
    ],
)
def test_when_the_fast_page_burns(
    routed: Number, failed: Number, refused: Number, *, expected: bool
) -> None:
    assert chosen("prod").slo.availability_percent == 99.9
    burning = burns(AVAILABILITY, "fast", routed=routed, failed=failed, refused=refused)
    assert burning is expected


@pytest.mark.parametrize(
    ("answered", "quick", "expected"),
    [(None, None, False), (500, 100, False), (500, 28, False), (500, 27, True), (99, 0, False)],
)
def test_when_slow_answers_burn(answered: Number, quick: Number, *, expected: bool) -> None:
    assert chosen("prod").slo.latency_percent == 95
    assert burns(LATENCY, "fast", answered=answered, quick=quick) is expected


@pytest.mark.parametrize("stack", STACKS)
def test_the_dashboard_shows_budgets_rates_alarms_and_slots(stack: str) -> None:
    dashboard = recorded(stack).only(DASHBOARD)
    assert dashboard.inputs["dashboardName"] == f"{stack}-slo"
    body = json.loads(dashboard.inputs["dashboardBody"])
    assert (body["start"], body["periodOverride"]) == ("-P30D", "inherit")
    widgets = body["widgets"]
    assert [widget["properties"]["title"] for widget in widgets] == [
        "What is left of the budget, in percent: availability",
        "How many times too fast it burns, by the hour: availability",
        "What is left of the budget, in percent: latency",
        "How many times too fast it burns, by the hour: latency",
        "Alarms on the error budgets",
        "How long the tasks take, in seconds",
        "Requests by slot",
        "Errors of the tasks by slot",
    ]
    places = {(widget["x"], widget["y"]) for widget in widgets}
    assert len(places) == len(widgets)
    assert {(widget["width"], widget["height"]) for widget in widgets} == {(12, 6)}
    composite = {alarm.outputs["arn"] for alarm in recorded(stack).every(COMPOSITE)}
    assert {*widgets[4]["properties"]["alarms"]} == composite
    regions = {w["properties"]["region"] for w in widgets if w["type"] == "metric"}
    assert regions == {chosen(stack).aws.region}


def test_what_is_left_of_a_budget_is_what_the_bad_requests_leave() -> None:
    body = json.loads(recorded("prod").only(DASHBOARD).inputs["dashboardBody"])
    left = body["widgets"][0]["properties"]["metrics"]
    assert [row[-1]["id"] for row in left] == [
        "routed",
        "failed",
        "refused",
        "asked",
        "share",
        "left",
    ]
    assert [row[-1].get("visible", True) for row in left] == [False] * 5 + [True]
    expressions = {
        row[0]["id"]: row[0]["expression"].replace("RUNNING_SUM", "") for row in left[3:]
    }
    # A quarter of what 40,000 requests allow.
    assert evaluated(expressions, {"routed": 39_998, "failed": 8, "refused": 2}) == 75
    rates = body["widgets"][1]["properties"]
    expressions = {row[0]["id"]: row[0]["expression"] for row in rates["metrics"][3:]}
    assert evaluated(expressions, {"routed": 1000, "failed": 3, "refused": None}) == 3
    assert [line["value"] for line in rates["annotations"]["horizontal"]] == [14.4, 6, 3, 1]
