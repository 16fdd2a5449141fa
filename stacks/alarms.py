"""Every part's own alarms, and which topic each of them tells: that of the region it is in."""

from collections.abc import Iterable

import pulumi

from infra.alarm import Alarm
from infra.alarms import Alarms, AlarmsArgs
from infra.alerts import Alerts
from infra.balancer import Balancer
from infra.balancer_alarms import balancer_alarms
from infra.cdn import Cdn
from infra.certificates import Certificates
from infra.database_login import DatabaseLogin
from infra.edge_alarms import distribution_alarms, firewall_alarms, viewer_function_alarms
from infra.edge_alerts import REGION, EdgeAlerts
from infra.log_metrics import LogMetrics
from infra.network import Network
from infra.outputs import SLOTS, Slot
from infra.part_alarms import (
    certificate_alarms,
    log_alarms,
    nat_alarms,
    rotation_alarms,
    table_alarms,
    topic_alarms,
)
from infra.postgres import Postgres
from infra.postgres_alarms import postgres_alarms
from infra.redis import Redis
from infra.redis_alarms import redis_alarms
from infra.service import Service
from infra.service_alarms import service_alarms
from infra.settings import Settings
from infra.slo import Slo
from infra.state import CutoverState
from infra.waf import Waf


def part_alarms(
    name: str,
    chosen: Settings,
    opts: pulumi.ResourceOptions,
    *,
    slo: Slo,
    network: Network,
    postgres: Postgres,
    login: DatabaseLogin,
    redis: Redis,
    certificates: Certificates,
    balancer: Balancer,
    waf: Waf,
    cdn: Cdn,
    log_metrics: LogMetrics,
    service: Service,
    state: CutoverState,
    alerts: Alerts,
    edge_alerts: EdgeAlerts,
) -> None:
    """Beside them: the gates' and the budgets', and those of the watcher and of backups, which
    come with their components."""

    def here(part: str, alarms: Iterable[Alarm]) -> None:
        args = AlarmsArgs(alarms=[*alarms], topic_arn=alerts.topic_arn)
        Alarms(f"{name}-{part}", args, opts)

    def at_the_edge(part: str, alarms: Iterable[Alarm]) -> None:
        args = AlarmsArgs(alarms=[*alarms], topic_arn=edge_alerts.topic_arn, region=REGION)
        Alarms(f"{name}-{part}", args, opts)

    for zone, gateway in network.nat_gateway_ids.items():
        here(f"nat-{zone}", nat_alarms(gateway))
    here("postgres", postgres_alarms(postgres.identifier, chosen.postgres))
    if postgres.replica_identifier is not None:
        replica = postgres_alarms(postgres.replica_identifier, chosen.postgres, replica=True)
        here("postgres-replica", replica)
    here("database-login-rotation", rotation_alarms(login.rotation_function))
    here("redis", redis_alarms(redis.replication_group_id, chosen.redis.nodes))
    suffixes: dict[Slot, pulumi.Output[str]] = {
        slot: balancer.target_groups[slot].arn_suffix for slot in SLOTS
    }
    here("balancer", balancer_alarms(balancer.arn_suffix, suffixes, slo))
    here("regional-certificate", certificate_alarms(certificates.regional_arn))
    for slot in SLOTS:
        here(
            slot,
            service_alarms(
                service.cluster_name, service.service_names[slot], chosen.service.max_tasks
            ),
        )
    here("logs", log_alarms(log_metrics.namespace))
    here("cutover", table_alarms(state.table_name))
    here("alerts", topic_alarms(alerts.topic_name))
    at_the_edge("cdn", distribution_alarms(cdn.distribution_id))
    at_the_edge("spa-fallback", viewer_function_alarms(cdn.fallback_function))
    at_the_edge("waf", firewall_alarms(waf.metric_name, chosen.cdn.waf_requests_per_5_minutes))
    at_the_edge("edge-certificate", certificate_alarms(certificates.edge_arn))
    at_the_edge("edge-alerts", topic_alarms(edge_alerts.topic_name))
