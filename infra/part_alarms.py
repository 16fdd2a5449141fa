"""Alarms of the parts that need one or two: NAT, certificates, functions, topics, the table, …"""

from collections.abc import Iterator

import pulumi

from infra.alarm import Alarm, Metric

_DAY_SECONDS = 86_400
# SNS reports its metrics every five minutes ("Monitoring SNS topics using CloudWatch").
TOPIC_PERIOD_SECONDS = 300


def nat_alarms(gateway: pulumi.Input[str]) -> Iterator[Alarm]:
    """Without it no task pulls an image, and none that is asked to calls anything outside."""
    dimensions = {"NatGatewayId": gateway}
    yield Alarm(
        name="ports",
        severity="ticket",
        says="the NAT gateway has no port left for connections to one destination",
        runbook="alarms.md#the-way-out-is-full",
        source="AWS's recommended alarm",
        metrics={"failed": Metric("AWS/NATGateway", "ErrorPortAllocation", "Sum", dimensions)},
        comparison=">",
        threshold=0,
        periods=15,
    )
    yield Alarm(
        name="drops",
        severity="ticket",
        says="the NAT gateway drops packets",
        runbook="alarms.md#the-way-out-is-full",
        source="AWS's recommended alarm: 0.01 % of all packets",
        metrics={
            "dropped": Metric("AWS/NATGateway", "PacketsDropCount", "Sum", dimensions),
            "outwards": Metric("AWS/NATGateway", "PacketsInFromSource", "Sum", dimensions),
            "inwards": Metric("AWS/NATGateway", "PacketsInFromDestination", "Sum", dimensions),
        },
        expressions={"percent": "100*dropped/(outwards+inwards)"},
        comparison=">",
        threshold=0.01,
        periods=5,
    )


def certificate_alarms(certificate: pulumi.Input[str]) -> Iterator[Alarm]:
    """ACM renews 60 days before a certificate ends, if the record of its proof is still there."""
    yield Alarm(
        name="expires",
        severity="ticket",
        says="a certificate ends in six weeks and was not renewed",
        runbook="alarms.md#a-certificate-is-not-renewed",
        source="AWS's recommended alarm: 44 days",
        metrics={
            "days": Metric(
                "AWS/CertificateManager",
                "DaysToExpiry",
                "Minimum",
                {"CertificateArn": certificate},
            )
        },
        comparison="<=",
        threshold=44,
        period_seconds=_DAY_SECONDS,
        periods=1,
    )


def rotation_alarms(function: pulumi.Input[str]) -> Iterator[Alarm]:
    """Of the function that rotates the app's login; it is called once in weeks."""
    for name, metric, says in (
        ("errors", "Errors", "the app's login to the database was not rotated"),
        ("throttles", "Throttles", "Lambda refused to start the rotation of the app's login"),
    ):
        yield Alarm(
            name=name,
            severity="ticket",
            says=says,
            runbook="alarms.md#a-rotation-fails",
            source="AWS's recommended alarm; one is enough, since the next try is weeks away",
            metrics={"count": Metric("AWS/Lambda", metric, "Sum", {"FunctionName": function})},
            comparison=">",
            threshold=0,
            periods=1,
        )


def topic_alarms(topic: pulumi.Input[str]) -> Iterator[Alarm]:
    """Told through the same topic to those that it does reach."""
    yield Alarm(
        name="undelivered",
        severity="ticket",
        says="a message of the alerts topic did not reach one of its subscribers",
        runbook="alarms.md#nobody-may-be-told",
        source="ours: each message is somebody's page",
        metrics={
            "failed": Metric("AWS/SNS", "NumberOfNotificationsFailed", "Sum", {"TopicName": topic})
        },
        comparison=">",
        threshold=0,
        period_seconds=TOPIC_PERIOD_SECONDS,
        periods=1,
    )


def table_alarms(table: pulumi.Input[str]) -> Iterator[Alarm]:
    """Of lease and journal, which cutover reads and writes a few times a second at most."""
    dimensions = {"TableName": table}
    yield Alarm(
        name="throttles",
        severity="ticket",
        says="DynamoDB throttles the table of cutovers: its limits are set too low by somebody",
        runbook="alarms.md#cutovers-table-is-throttled",
        source="ours: on demand it takes thousands of writes a second",
        metrics={
            "reads": Metric("AWS/DynamoDB", "ReadThrottleEvents", "Sum", dimensions),
            "writes": Metric("AWS/DynamoDB", "WriteThrottleEvents", "Sum", dimensions),
        },
        expressions={"throttled": "FILL(reads,0)+FILL(writes,0)"},
        comparison=">",
        threshold=0,
        periods=5,
        datapoints=3,
    )


def log_alarms(namespace: str) -> Iterator[Alarm]:
    """Of metrics that are counted from log lines (infra/log_metrics.py)."""
    for metric, severity, says, statistic, threshold, source in (
        (
            "PoolErrors",
            "page",
            "clients of pgbouncer are turned away",
            "Sum",
            0,
            "ours: each of them was a request that failed",
        ),
        (
            "PoolWait",
            "ticket",
            "requests wait for a connection to the database",
            "Maximum",
            200_000,
            "ours: a fifth of a second waited in each second, of one task",
        ),
        (
            "AppErrors",
            "ticket",
            "the app logs many errors",
            "Sum",
            10,
            "ours: Sentry has each of them; this is for when nobody looks there",
        ),
    ):
        yield Alarm(
            name=metric,
            severity="page" if severity == "page" else "ticket",
            says=says,
            runbook=(
                "alarms.md#the-app-logs-errors"
                if metric == "AppErrors"
                else "alarms.md#the-pool-is-too-small"
            ),
            source=source,
            metrics={"value": Metric(namespace, metric, statistic)},
            comparison=">",
            threshold=threshold,
            periods=5,
            datapoints=3,
        )


def event_rule_alarms(rule: pulumi.Input[str]) -> Iterator[Alarm]:
    """Of the rule that tells of failed backups."""
    yield Alarm(
        name="untold",
        severity="ticket",
        says="EventBridge could not tell the alerts topic of a backup that failed",
        runbook="alarms.md#nobody-may-be-told",
        source="ours: each event is a backup that failed",
        metrics={"failed": Metric("AWS/Events", "FailedInvocations", "Sum", {"RuleName": rule})},
        comparison=">",
        threshold=0,
        periods=1,
    )
