"""Metrics of log lines: each filter against lines as nginx, the app and pgbouncer write them."""

import json
from typing import Any

import pytest

from infra.log_metrics import LOG_METRICS
from tests.environments import STACKS, recorded
from tests.log_pattern import fields, matched
from tests.logged import APP_FIELDS, NGINX_FIELDS

BY_NAME = {one.metric: one for one in LOG_METRICS}
# As pgbouncer 1.24 writes them (src/stats.c, src/objects.c).
STATS = (
    "2026-11-24 10:00:00.000 UTC [1] LOG stats: 12 xacts/s, 30 queries/s, 0 client parses/s, "
    "0 server parses/s, 0 binds/s, in 900 B/s, out 4000 B/s, xact 2100 us, query 800 us, wait 41 us"
)
POOLER_ERROR = (
    "2026-11-24 10:00:00.000 UTC [1] WARNING C-0x55d0: app/app@127.0.0.1:40312 pooler error: "
    "query_wait_timeout"
)


def request(**values: Any) -> str:
    return json.dumps({"status": 200, "seconds": 0.1, "probe": "", **values})


@pytest.mark.parametrize(
    ("metric", "line", "value"),
    [
        ("AppErrors", json.dumps({"level": "ERROR", "message": "x"}), "1"),
        ("AppErrors", json.dumps({"level": "CRITICAL", "message": "x"}), "1"),
        ("AppErrors", json.dumps({"level": "WARNING", "message": "ERROR"}), None),
        ("AppErrors", "Traceback (most recent call last):", None),
        ("FailedRequests", request(status=500), "1"),
        ("FailedRequests", request(status=499), None),
        ("FailedRequests", request(status=503, probe="live"), "1"),
        ("FailedRequests", request(status=503, probe="blue"), None),
        ("FailedRequests", request(status=503, probe="green"), None),
        ("SlowRequests", request(seconds=1.001), "1"),
        ("SlowRequests", request(seconds=1.0), None),
        ("SlowRequests", request(seconds=9, probe="green"), None),
        ("PoolWait", STATS, "41"),
        ("PoolWait", STATS.replace("wait", "other"), None),
        ("PoolWait", POOLER_ERROR, None),
        ("PoolErrors", POOLER_ERROR, "1"),
        ("PoolErrors", STATS, None),
    ],
)
def test_a_line_counts(metric: str, line: str, value: str | None) -> None:
    one = BY_NAME[metric]
    assert matched(one.pattern, line, one.value) == value


def test_a_pattern_names_fields_that_are_written() -> None:
    written = {"nginx": NGINX_FIELDS, "app": APP_FIELDS, "pgbouncer": set[str]()}
    named = {one.metric: fields(one.pattern) for one in LOG_METRICS}
    assert named["FailedRequests"] == {"status", "probe"}
    assert all(named[one.metric] <= written[one.log] for one in LOG_METRICS)


@pytest.mark.parametrize("stack", STACKS)
def test_each_is_counted_in_its_log(stack: str) -> None:
    found = recorded(stack).every("aws:cloudwatch/logMetricFilter:LogMetricFilter")
    assert {one.name: one.inputs for one in found} == {
        f"{stack}-{one.metric}": {
            "logGroupName": f"/slipway/{stack}/{one.log}",
            "pattern": one.pattern,
            "metricTransformation": {
                "name": one.metric,
                "namespace": f"Slipway/{stack}",
                "value": one.value,
                "unit": one.unit,
                "defaultValue": "0",
            },
        }
        for one in LOG_METRICS
    }
