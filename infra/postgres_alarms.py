"""Alarms of a database instance: load, room, and what wears out slowly."""

from collections.abc import Iterator

import pulumi

from infra.alarm import Alarm, Metric, Severity
from infra.connections import max_connections, memory_bytes
from infra.settings import PostgresSettings

_BUSY = "alarms.md#the-database-is-busy"
_ROOM = "alarms.md#the-database-runs-out-of-room"
_AWS = "AWS's recommended alarm"
_GIB = 2**30


def postgres_alarms(
    identifier: pulumi.Input[str], settings: PostgresSettings, *, replica: bool = False
) -> Iterator[Alarm]:
    """What depends on an instance class that is not known (infra/connections.py) is left out."""

    def alarm(
        name: str,
        metric: str,
        says: str,
        comparison: str,
        threshold: float,
        source: str,
        *,
        periods: int = 5,
        statistic: str = "Average",
        severity: Severity = "ticket",
        runbook: str = _BUSY,
    ) -> Alarm:
        watched = Metric("AWS/RDS", metric, statistic, {"DBInstanceIdentifier": identifier})
        return Alarm(
            name=name,
            severity=severity,
            says=says,
            runbook=runbook,
            source=source,
            metrics={"value": watched},
            comparison="<" if comparison == "<" else ">",
            threshold=threshold,
            periods=periods,
        )

    yield alarm("cpu", "CPUUtilization", "the database's CPU is busy", ">", 90, _AWS)
    connections = max_connections(settings.instance_class)
    if connections:
        yield alarm(
            "connections",
            "DatabaseConnections",
            "the database soon takes no more connections",
            ">",
            connections * 9 // 10,
            "AWS's recommended alarm: nine tenths of what the instance class takes",
            severity="page",
        )
    memory = memory_bytes(settings.instance_class)
    if memory:
        yield alarm(
            "memory",
            "FreeableMemory",
            "the database has little memory left, and will swap",
            "<",
            memory // 10,
            "a tenth of the instance class's; AWS recommends a quarter, which PostgreSQL's own "
            "buffers alone take",
            periods=15,
            runbook=_ROOM,
        )
    yield alarm(
        "storage",
        "FreeStorageSpace",
        "the database's disk is nearly full, and storage autoscaling has not helped",
        "<",
        settings.storage_gib * _GIB // 10,
        "a tenth of `postgres/storage_gib`: RDS enlarges the disk after 5 minutes of that",
        periods=30,
        severity="page",
        runbook=_ROOM,
    )
    for name, metric in (("io", "EBSIOBalance%"), ("throughput", "EBSByteBalance%")):
        yield alarm(
            f"{name}-balance",
            metric,
            "the disk's burst is nearly used up: soon it is as slow as its class",
            "<",
            10,
            _AWS,
            periods=3,
        )
    for name, metric in (("read", "ReadLatency"), ("write", "WriteLatency")):
        yield alarm(
            f"{name}-latency",
            metric,
            f"the disk takes more than 20 ms to {name}",
            ">",
            0.02,
            _AWS,
            statistic="p90",
        )
    if replica:
        yield alarm(
            "lag",
            "ReplicaLag",
            "the replica is more than a minute behind",
            ">",
            60,
            _AWS,
            periods=10,
            statistic="Maximum",
        )
    else:
        yield alarm(
            "transaction-ids",
            "MaximumUsedTransactionIDs",
            "vacuum does not keep up: at two billion transaction ids the database stops",
            ">",
            1_000_000_000,
            _AWS,
            periods=1,
            statistic="Maximum",
            runbook="alarms.md#vacuum-does-not-keep-up",
        )
