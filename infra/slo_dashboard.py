"""What is left of the error budgets, how fast they burn, and what the requests behind them do."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws

from infra.alarm import Metric
from infra.outputs import SLOTS, Slot
from infra.sli import Series, of_balancer, series
from infra.slo import BUDGET_DAYS, BURN_RATES, HOUR_SECONDS, Objective, Slo

# The grid is 24 columns wide ("Dashboard body structure and syntax").
_HALF, _HEIGHT = 12, 6


@dataclass(frozen=True, kw_only=True)
class SloDashboardArgs:
    slo: Slo
    region: str
    balancer_suffix: pulumi.Input[str]
    target_group_suffixes: Mapping[Slot, pulumi.Input[str]]
    alarm_arns: Mapping[str, pulumi.Input[str]]


class SloDashboard(pulumi.ComponentResource):
    """One dashboard, of the last 30 days unless its reader chooses others."""

    def __init__(
        self, name: str, args: SloDashboardArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:SloDashboard", name, None, opts)
        widgets = [
            {"x": place % 2 * _HALF, "y": place // 2 * _HEIGHT, "width": _HALF, "height": _HEIGHT}
            | widget
            for place, widget in enumerate(_widgets(args))
        ]
        aws.cloudwatch.Dashboard(
            f"{name}-slo",
            dashboard_name=f"{name}-slo",  # what people look for; AWS asks for one
            dashboard_body=pulumi.Output.json_dumps(
                {
                    "start": f"-P{BUDGET_DAYS}D",
                    "periodOverride": "inherit",  # an hour, also where 30 days are shown
                    "widgets": widgets,
                },
                sort_keys=True,
            ),
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.register_outputs({})


def _widgets(args: SloDashboardArgs) -> Iterator[dict[str, Any]]:
    for objective in args.slo.objectives:
        measured = series(objective.name, args.slo, args.balancer_suffix)
        yield _budget(objective, measured, args.region)
        yield _burning(objective, measured, args.region)
    yield {
        "type": "alarm",
        "properties": {
            "title": "Alarms on the error budgets",
            "alarms": [args.alarm_arns[kind] for kind in sorted(args.alarm_arns)],
        },
    }
    yield _graph(
        "How long the tasks take, in seconds",
        [
            _shown(of_balancer("TargetResponseTime", statistic, args.balancer_suffix), statistic)
            for statistic in ("p50", "p95", "p99")
        ],
        args.region,
        annotations=[{"label": "objective", "value": args.slo.latency_seconds}],
    )
    for title, metric in (
        ("Requests by slot", "RequestCount"),
        ("Errors of the tasks by slot", "HTTPCode_Target_5XX_Count"),
    ):
        yield _graph(
            title,
            [
                _shown(
                    _of_slot(metric, args.balancer_suffix, args.target_group_suffixes[slot]), slot
                )
                for slot in SLOTS
            ],
            args.region,
        )


def _budget(objective: Objective, measured: Series, region: str) -> dict[str, Any]:
    """Over the time that is shown: the bad requests so far, of those that were allowed so far."""
    allowed = f"{objective.budget:g}*RUNNING_SUM(asked)"
    return _graph(
        f"What is left of the budget, in percent: {objective.name}",
        [
            *_hidden(measured),
            _expression("left", f"100*(1-RUNNING_SUM(share*asked)/({allowed}))", objective.bad),
        ],
        region,
        annotations=[{"label": "spent", "value": 0}],
        period_seconds=HOUR_SECONDS,
    )


def _burning(objective: Objective, measured: Series, region: str) -> dict[str, Any]:
    return _graph(
        f"How many times too fast it burns, by the hour: {objective.name}",
        [*_hidden(measured), _expression("rate", f"share/{objective.budget:g}", objective.bad)],
        region,
        annotations=[
            {"label": f"{rate.name}, a {rate.severity}", "value": rate.times} for rate in BURN_RATES
        ],
        period_seconds=HOUR_SECONDS,
    )


def _graph(
    title: str,
    metrics: list[Any],
    region: str,
    *,
    annotations: list[dict[str, Any]] | None = None,
    period_seconds: int = 300,
) -> dict[str, Any]:
    return {
        "type": "metric",
        "properties": {
            "title": title,
            "view": "timeSeries",
            "region": region,
            "period": period_seconds,
            "metrics": metrics,
            "annotations": {"horizontal": annotations or []},
        },
    }


def _of_slot(
    name: str, balancer_suffix: pulumi.Input[str], group_suffix: pulumi.Input[str]
) -> Metric:
    return Metric(
        namespace="AWS/ApplicationELB",
        name=name,
        statistic="Sum",
        dimensions={"LoadBalancer": balancer_suffix, "TargetGroup": group_suffix},
    )


def _hidden(measured: Series) -> list[Any]:
    """The metrics of an expression, and what it builds on; drawn by none of them."""
    return [
        *(
            [*_row(metric), {"id": id_, "stat": metric.statistic, "visible": False}]
            for id_, metric in measured.metrics.items()
        ),
        [{"id": "asked", "expression": measured.asked, "visible": False}],
        [{"id": "share", "expression": measured.share, "visible": False}],
    ]


def _shown(metric: Metric, label: str) -> list[Any]:
    return [*_row(metric), {"stat": metric.statistic, "label": label}]


def _row(metric: Metric) -> list[Any]:
    pairs = [part for pair in metric.dimensions.items() for part in pair]
    return [metric.namespace, metric.name, *pairs]


def _expression(id_: str, expression: str, label: str) -> list[Any]:
    return [{"id": id_, "expression": expression, "label": label}]
