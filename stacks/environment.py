"""One environment, top to bottom: what it is made of and how the parts are wired."""

import pulumi

from infra import settings
from infra.alerts import Alerts, AlertsArgs
from infra.backups import Backups, BackupsArgs
from infra.balancer import Balancer, BalancerArgs
from infra.budget import Budget, BudgetArgs
from infra.burn_alarms import BurnAlarms, BurnAlarmsArgs
from infra.cdn import Cdn, CdnArgs
from infra.certificates import Certificates, CertificatesArgs
from infra.contract import ContractParameter, ContractParameterArgs
from infra.database_login import DatabaseLogin, DatabaseLoginArgs
from infra.drills import Drills, DrillsArgs
from infra.edge_alerts import REGION as EDGE_REGION
from infra.edge_alerts import EdgeAlerts, EdgeAlertsArgs
from infra.encryption import Encryption, EncryptionArgs
from infra.endpoints import Endpoints, EndpointsArgs
from infra.firewall import Firewall, FirewallArgs
from infra.flow_logs import FlowLogs, FlowLogsArgs
from infra.frontend import Frontend, FrontendArgs
from infra.gates import Gates, GatesArgs
from infra.health_check import HealthCheck, HealthCheckArgs
from infra.log_bucket import LogBucket, LogBucketArgs
from infra.log_metrics import LogMetrics, LogMetricsArgs
from infra.network import Network, NetworkArgs
from infra.outputs import SLOTS
from infra.paging import ALERTS, EDGE_ALERTS, Paging, PagingArgs
from infra.postgres import Postgres, PostgresArgs
from infra.provider import aws_provider
from infra.redis import Redis, RedisArgs
from infra.saved_queries import SavedQueries, SavedQueriesArgs
from infra.scaling import Scaling, ScalingArgs
from infra.secrets import Secrets, SecretsArgs
from infra.service import Service, ServiceArgs
from infra.slo import Slo
from infra.slo_dashboard import SloDashboard, SloDashboardArgs
from infra.state import CutoverState, CutoverStateArgs
from infra.task_secrets import TaskSecrets
from infra.tasks import Tasks, TasksArgs
from infra.waf import Waf, WafArgs
from infra.watcher import Watcher, WatcherArgs
from infra.watcher_access import Watched
from stacks.alarms import part_alarms
from stacks.contract import contract_fields


def environment() -> None:
    """Registers every resource of the stack's environment and exports the contract with cutover."""
    name, chosen = settings.load()
    account_id, region = chosen.aws.account_id, chosen.aws.region
    provider = aws_provider(name, chosen.aws)
    plain = pulumi.ResourceOptions(provider=provider)
    stateful = pulumi.ResourceOptions(provider=provider, protect=chosen.protect)

    encryption = Encryption(name, EncryptionArgs(account_id=account_id, region=region), stateful)
    alerts = Alerts(
        name,
        AlertsArgs(settings=chosen.alerts, account_id=account_id, key_arn=encryption.key_arn),
        plain,
    )
    edge_alerts = EdgeAlerts(
        name, EdgeAlertsArgs(settings=chosen.alerts, account_id=account_id), stateful
    )
    Budget(name, BudgetArgs(settings=chosen.budget, alerts_topic_arn=alerts.topic_arn), plain)
    logs = LogBucket(
        name,
        LogBucketArgs(account_id=account_id, protect=chosen.protect, log_days=chosen.cdn.log_days),
        stateful,
    )

    network = Network(name, NetworkArgs(settings=chosen.network, region=region), plain)
    FlowLogs(
        name,
        FlowLogsArgs(
            boundary_arn=chosen.boundary_arn,
            retention_days=chosen.network.flow_log_days,
            vpc_id=network.vpc_id,
            key_arn=encryption.key_arn,
        ),
        plain,
    )
    firewall = Firewall(
        name,
        FirewallArgs(postgres_port=chosen.postgres.port, vpc_id=network.vpc_id),
        plain,
    )
    Endpoints(
        name,
        EndpointsArgs(
            services=chosen.network.endpoints,
            region=region,
            vpc_id=network.vpc_id,
            subnet_ids=network.private_subnet_ids,
            security_group_id=firewall.groups["endpoints"],
        ),
        plain,
    )

    postgres = Postgres(
        name,
        PostgresArgs(
            settings=chosen.postgres,
            protect=chosen.protect,
            generation=chosen.secrets.generation,
            account_id=account_id,
            boundary_arn=chosen.boundary_arn,
            recovery_days=chosen.secrets.recovery_days,
            subnet_ids=network.data_subnet_ids,
            security_group_id=firewall.groups["postgres"],
            key_arn=encryption.key_arn,
            alerts_topic_arn=alerts.topic_arn,
        ),
        stateful,
    )
    login = DatabaseLogin(
        name,
        DatabaseLoginArgs(
            rotation_days=chosen.postgres.rotation_days,
            log_days=chosen.postgres.log_days,
            recovery_days=chosen.secrets.recovery_days,
            region=region,
            address=postgres.address,
            port=postgres.port,
            database=postgres.database,
            owner_secret_arn=postgres.owner_secret_arn,
            subnet_ids=network.private_subnet_ids,
            security_group_id=firewall.groups["rotation"],
            key_arn=encryption.key_arn,
        ),
        stateful,
    )
    redis = Redis(
        name,
        RedisArgs(
            settings=chosen.redis,
            generation=chosen.secrets.generation,
            subnet_ids=network.data_subnet_ids,
            security_group_id=firewall.groups["redis"],
            key_arn=encryption.key_arn,
        ),
        stateful,
    )
    secrets = Secrets(
        name,
        SecretsArgs(
            settings=chosen.secrets,
            key_arn=encryption.key_arn,
            redis_url=redis.url,
        ),
        stateful,
    )

    certificates = Certificates(name, CertificatesArgs(domain=chosen.domain), plain)
    balancer = Balancer(
        name,
        BalancerArgs(
            drain_seconds=chosen.cutover.drain_seconds,
            protect=chosen.protect,
            vpc_id=network.vpc_id,
            subnet_ids=network.private_subnet_ids,
            security_group_id=firewall.groups["balancer"],
            certificate_arn=certificates.regional_arn,
            log_bucket=logs.bucket,
            probe_token=secrets.probe_token,
        ),
        stateful,
    )
    slo = Slo(
        availability_percent=chosen.slo.availability_percent,
        latency_ms=chosen.slo.latency_ms,
        latency_percent=chosen.slo.latency_percent,
    )
    gates = Gates(
        name,
        GatesArgs(
            slo=slo,
            balancer_suffix=balancer.arn_suffix,
            target_group_suffixes={slot: balancer.target_groups[slot].arn_suffix for slot in SLOTS},
            alerts_topic_arn=alerts.topic_arn,
        ),
        plain,
    )
    burn_alarms = BurnAlarms(
        name,
        BurnAlarmsArgs(slo=slo, balancer_suffix=balancer.arn_suffix, topic_arn=alerts.topic_arn),
        plain,
    )
    SloDashboard(
        name,
        SloDashboardArgs(
            slo=slo,
            region=region,
            balancer_suffix=balancer.arn_suffix,
            target_group_suffixes={slot: balancer.target_groups[slot].arn_suffix for slot in SLOTS},
            alarm_arns=burn_alarms.arns,
        ),
        plain,
    )
    waf = Waf(
        name,
        WafArgs(settings=chosen.cdn, account_id=account_id, probe_token=secrets.probe_token),
        plain,
    )
    frontend = Frontend(
        name,
        FrontendArgs(
            asset_days=chosen.cdn.asset_days, protect=chosen.protect, log_bucket=logs.bucket
        ),
        stateful,
    )
    cdn = Cdn(
        name,
        CdnArgs(
            settings=chosen.cdn,
            domain=chosen.domain,
            certificate_arn=certificates.edge_arn,
            web_acl_arn=waf.web_acl_arn,
            balancer_arn=balancer.arn,
            balancer_dns_name=balancer.dns_name,
            internet_gateway=network.internet_gateway,
            frontend_bucket=frontend.bucket,
            frontend_arn=frontend.arn,
            frontend_domain_name=frontend.domain_name,
            log_bucket_arn=logs.arn,
        ),
        plain,
    )

    tasks = Tasks(
        name,
        TasksArgs(
            environment=name,
            settings=chosen,
            db_host=postgres.address,
            db_port=postgres.port,
            db_name=postgres.database,
            secrets=TaskSecrets(
                secret_key=secrets.secret_key_arn,
                redis_url=secrets.redis_url_arn,
                probe_token=secrets.probe_token_arn,
                login=login.secret_arn,
                owner=postgres.owner_secret_arn,
                sentry_dsn=secrets.sentry_dsn_arn,
            ),
            key_arn=encryption.key_arn,
        ),
        plain,
    )
    log_metrics = LogMetrics(name, LogMetricsArgs(log_groups=tasks.log_groups), plain)
    SavedQueries(
        name,
        SavedQueriesArgs(
            log_groups={
                **tasks.log_groups,
                "postgresql": postgres.log_group,
                "firewall": waf.log_group,
            }
        ),
        plain,
    )
    service = Service(
        name,
        ServiceArgs(
            settings=chosen.service,
            blueprint_arn=tasks.blueprint_arn,
            subnet_ids=network.private_subnet_ids,
            security_group_id=firewall.groups["tasks"],
            target_group_arns={slot: balancer.target_groups[slot].arn for slot in SLOTS},
            routed_by=[balancer.traffic_rule],
        ),
        plain,
    )
    Scaling(
        name,
        ScalingArgs(
            settings=chosen.service,
            scalable_targets=service.scalable_targets,
            balancer_suffix=balancer.arn_suffix,
            target_group_suffixes={slot: balancer.target_groups[slot].arn_suffix for slot in SLOTS},
        ),
        plain,
    )
    state = CutoverState(
        name,
        CutoverStateArgs(
            account_id=account_id,
            boundary_arn=chosen.boundary_arn,
            region=region,
            protect=chosen.protect,
            key_arn=encryption.key_arn,
            traffic_rule_arn=balancer.traffic_rule.arn,
            service_arns=service.service_arns,
            slot_role_arns=tasks.slot_role_arns,
            frontend_arn=frontend.arn,
        ),
        stateful,
    )
    Watcher(
        name,
        WatcherArgs(
            account_id=account_id,
            boundary_arn=chosen.boundary_arn,
            region=region,
            repeat_minutes=chosen.alerts.repeat_minutes,
            log_days=chosen.service.log_days,
            watched=Watched(
                table_name=state.table_name,
                table_arn=state.table_arn,
                alerts_topic_arn=alerts.topic_arn,
                edge_alerts_topic_arn=edge_alerts.topic_arn,
                key_arn=encryption.key_arn,
                cluster_arn=service.cluster_arn,
                secret_arns=[login.secret_arn, secrets.redis_url_arn, secrets.secret_key_arn],
            ),
        ),
        plain,
    )

    backups = Backups(
        name,
        BackupsArgs(
            settings=chosen.backup,
            account_id=account_id,
            boundary_arn=chosen.boundary_arn,
            region=region,
            protect=chosen.protect,
            key_arn=encryption.key_arn,
            database_arn=postgres.instance_arn,
            database_days=chosen.postgres.backup_days,
            database_subnet_group=postgres.subnet_group,
            database_security_group_id=firewall.groups["postgres"],
            table_arn=state.table_arn,
            frontend_bucket=frontend.bucket,
            frontend_arn=frontend.arn,
            asset_days=chosen.cdn.asset_days,
            alerts_topic_arn=alerts.topic_arn,
        ),
        stateful,
    )

    Drills(
        name,
        DrillsArgs(
            account_id=account_id,
            facts={
                "region": region,
                "protected": chosen.protect,
                "rto_minutes": chosen.backup.rto_minutes,
                "rpo_minutes": chosen.backup.rpo_minutes,
                "database_instance": postgres.identifier,
                "database": postgres.database,
                "owner_secret": postgres.owner_secret_arn,
                "replication_group": redis.replication_group_id,
                "redis_url_secret": secrets.redis_url_arn,
                "frontend_bucket": frontend.bucket,
                "frontend_copy": backups.frontend_copy,
                "copy_region": chosen.backup.copy_region or "",
            },
        ),
        stateful,
    )

    HealthCheck(
        name,
        HealthCheckArgs(domain_name=chosen.domain.name, topic_arn=edge_alerts.topic_arn),
        plain,
    )
    for part, elsewhere, told, other in (
        (name, None, alerts.topic_arn, EDGE_ALERTS),
        (f"{name}-edge", EDGE_REGION, edge_alerts.topic_arn, ALERTS),
    ):
        Paging(
            part,
            PagingArgs(
                environment=name,
                account_id=account_id,
                boundary_arn=chosen.boundary_arn,
                region=region,
                elsewhere=elsewhere,
                topic_arn=told,
                other=other,
            ),
            plain,
        )
    part_alarms(
        name,
        chosen,
        plain,
        slo=slo,
        network=network,
        postgres=postgres,
        login=login,
        redis=redis,
        certificates=certificates,
        balancer=balancer,
        waf=waf,
        cdn=cdn,
        log_metrics=log_metrics,
        service=service,
        state=state,
        alerts=alerts,
        edge_alerts=edge_alerts,
    )

    contract = contract_fields(
        name,
        chosen,
        network=network,
        firewall=firewall,
        secrets=secrets,
        balancer=balancer,
        gates=gates,
        alerts=alerts,
        frontend=frontend,
        cdn=cdn,
        tasks=tasks,
        service=service,
        state=state,
        slo=slo,
        burn_alarms=burn_alarms,
    )
    ContractParameter(name, ContractParameterArgs(fields=contract), plain)
    for field, value in contract.items():
        pulumi.export(field, value)
