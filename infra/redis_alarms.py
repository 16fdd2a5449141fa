"""Alarms of each node of Redis."""

from collections.abc import Iterator

import pulumi

from infra.alarm import Alarm, Metric

_BUSY = "alarms.md#redis-is-busy"
_AWS = "AWS's recommended alarm"
# What ElastiCache allows a node ("maxclients", parameters of Redis OSS); nobody can change it.
_MAX_CONNECTIONS = 65_000


def redis_alarms(group: pulumi.Input[str], nodes: int) -> Iterator[Alarm]:
    """By node, as ElastiCache names them: `<group>-001` and so on, each with one node `0001`."""
    for number in range(1, nodes + 1):
        dimensions = {
            "CacheClusterId": pulumi.Output.concat(group, f"-{number:03}"),
            "CacheNodeId": "0001",
        }
        for name, metric, statistic, says, threshold, periods, runbook, source in (
            (
                "cpu",
                "EngineCPUUtilization",
                "Average",
                "Redis's one thread is busy",
                90,
                5,
                _BUSY,
                _AWS,
            ),
            (
                "memory",
                "DatabaseMemoryUsagePercentage",
                "Average",
                "Redis is nearly full, and drops what was not used for longest",
                90,
                5,
                "alarms.md#redis-is-full",
                "ours: a cache may be nearly full, rate limits that are dropped are none",
            ),
            (
                "connections",
                "CurrConnections",
                "Maximum",
                "Redis soon takes no more connections",
                _MAX_CONNECTIONS * 8 // 10,
                10,
                _BUSY,
                "four fifths of the 65,000 that ElastiCache allows",
            ),
            (
                "lag",
                "ReplicationLag",
                "Maximum",
                "a replica is behind: a failover would lose so many seconds",
                10,
                15,
                _BUSY,
                "AWS's recommended alarm leaves the number open; ours",
            ),
            (
                "logins",
                "AuthenticationFailures",
                "Sum",
                "somebody logs in to Redis with a wrong password",
                0,
                1,
                "alarms.md#wrong-logins-to-redis",
                "ours: every task is given the right one",
            ),
        ):
            yield Alarm(
                name=f"{number}-{name}",
                severity="ticket",
                says=says,
                runbook=runbook,
                source=source,
                metrics={"value": Metric("AWS/ElastiCache", metric, statistic, dimensions)},
                comparison=">",
                threshold=threshold,
                periods=periods,
            )
