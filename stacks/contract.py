"""What the environment's parts tell cutover, in the shape of infra.outputs.Contract."""

import dataclasses
from typing import Any

from infra.alerts import Alerts
from infra.app import APP_CONTAINER
from infra.balancer import Balancer
from infra.burn_alarms import BurnAlarms
from infra.cdn import Cdn
from infra.connections import max_connections
from infra.firewall import Firewall
from infra.frontend import Frontend
from infra.gates import Gates
from infra.network import Network
from infra.outputs import CONTRACT_VERSION, METRIC_PERIOD_SECONDS, SLOTS
from infra.secrets import Secrets
from infra.service import Service
from infra.settings import Settings
from infra.slo import Slo
from infra.state import CutoverState
from infra.tasks import Tasks


def contract_fields(
    name: str,
    chosen: Settings,
    *,
    network: Network,
    firewall: Firewall,
    secrets: Secrets,
    balancer: Balancer,
    gates: Gates,
    alerts: Alerts,
    frontend: Frontend,
    cdn: Cdn,
    tasks: Tasks,
    service: Service,
    state: CutoverState,
    slo: Slo,
    burn_alarms: BurnAlarms,
) -> dict[str, Any]:
    """Field -> value, plain or an Output at any depth; the stack exports exactly these."""
    return {
        "version": CONTRACT_VERSION,
        "environment": name,
        "region": chosen.aws.region,
        "account_id": chosen.aws.account_id,
        "public_url": cdn.url,
        # The public name is in public DNS, and its certificate from a public authority.
        "public_address": "",
        "public_authority": "",
        "listener": balancer.listener_arn,
        "load_balancer_suffix": balancer.arn_suffix,
        "traffic_rule": balancer.traffic_rule.arn,
        "slots": {
            slot: {
                "target_group": balancer.target_groups[slot].arn,
                "target_group_suffix": balancer.target_groups[slot].arn_suffix,
                "test_rule": balancer.test_rule_arns[slot],
                "service": service.service_arns[slot],
                "scalable_target": service.scalable_targets[slot],
                "alarms": gates.alarm_arns[slot],
            }
            for slot in SLOTS
        },
        "cluster": service.cluster_arn,
        "release_family": f"{name}-release",
        "blueprint": {"task_definition": tasks.blueprint_arn, "app_container": APP_CONTAINER},
        "migrate": {"task_definition": tasks.migrate_arn, "app_container": APP_CONTAINER},
        "task_subnets": network.private_subnet_ids,
        "task_security_groups": [firewall.groups["tasks"]],
        "probe_token_secret": secrets.probe_token_arn,
        "journal_table": state.table_name,
        "weights_role": state.weights_role_arn,
        "frontend_bucket": frontend.bucket,
        "distribution": cdn.distribution_id,
        # While a budget burns fast nothing is released but what mends it.
        "alarms": [burn_alarms.arns[f"{objective.name}-fast"] for objective in slo.objectives],
        "alerts_topic": alerts.topic_arn,
        "policy": {
            "ladder_percent": chosen.cutover.ladder_percent,
            "step_seconds": chosen.cutover.step_seconds,
            "bake_seconds": chosen.cutover.bake_seconds,
            "warm_seconds": chosen.cutover.warm_seconds,
            "min_tasks": chosen.service.min_tasks,
            "max_tasks": chosen.service.max_tasks,
            "tolerated_error_ratio": slo.objectives[0].budget,
            "latency_seconds": slo.latency_seconds,
            "connections_per_task": chosen.pgbouncer.pool_size,
            "max_connections": max_connections(chosen.postgres.instance_class),
            "metric_period_seconds": METRIC_PERIOD_SECONDS,
            "freeze_windows": [
                dataclasses.asdict(window) for window in chosen.cutover.freeze_windows
            ],
        },
    }
