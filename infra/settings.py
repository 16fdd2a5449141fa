"""An environment's settings, complete and within bounds, or one message with every problem.

The only reader of pulumi.Config and of the stack's name. What costs money or loses data has no
default.
"""

import re
from typing import Annotated, Any, Literal, cast

import pulumi
from pulumi.runtime.config import CONFIG, get_config_env
from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from infra import bounds, problems
from infra.bounds import between, listing
from infra.contradictions import contradictions
from infra.valid_part import ValidPart, as_json

PROJECT = "slipway"
_STRICT = ConfigDict(extra="forbid", strict=True)

# CloudWatch Logs accepts only these (API_PutRetentionPolicy), here up to two years.
RetentionDays = Literal[1, 3, 5, 7, 14, 30, 60, 90, 120, 150, 180, 365, 400, 545, 731]
Endpoint = Literal[
    "ecr.api", "ecr.dkr", "logs", "secretsmanager", "ssm", "kms", "rds", "sts", "monitoring", "xray"
]
RedisEngine = Literal["redis", "valkey"]


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class AwsSettings:
    account_id: bounds.AccountId
    region: bounds.Region


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class DomainSettings:
    name: bounds.DomainName
    zone_id: bounds.HostedZoneId


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class NetworkSettings:
    cidr: bounds.VpcRange
    zones: Annotated[tuple[bounds.Zone, ...], listing(2, 3, "availability zones")]
    nat: Literal["none", "one", "per_zone"]
    endpoints: Annotated[tuple[Endpoint, ...], listing(0, 10, "interface endpoints")]
    flow_log_days: RetentionDays


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class PostgresSettings:
    major_version: Annotated[int, between(15, 18)]
    instance_class: bounds.DatabaseClass
    # gp3 starts at 20 GiB; below 400 GiB it has 3,000 IOPS at no extra cost (RDS user guide).
    storage_gib: Annotated[int, between(20, 65536)]
    max_storage_gib: Annotated[int, between(22, 65536)]
    multi_az: bool
    read_replica: bool
    backup_days: Annotated[int, between(1, 35)]
    port: bounds.PostgresPort
    monitoring_seconds: Literal[1, 5, 10, 15, 30, 60]
    insights: Literal["standard", "advanced"]
    slow_query_ms: Annotated[int, between(1, 60_000)]
    # An old login lives for one whole period, so a period must outlast the time between deploys.
    rotation_days: Annotated[int, between(30, 90)]
    log_days: RetentionDays


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class RedisSettings:
    engine: RedisEngine
    node_type: bounds.CacheNodeType
    nodes: Annotated[int, between(1, 6)]
    snapshot_days: Annotated[int, between(1, 35)]
    log_days: RetentionDays


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class BackupSettings:
    # A continuous backup goes back 35 days at most, and must outlast the day between two of them.
    daily_days: Annotated[int, between(2, 35)]
    weekly_days: Annotated[int, between(7, 1095)]
    monthly_days: Annotated[int, between(30, 3650)]
    lock: Literal["none", "governance", "compliance"]
    restore_tests: bool
    # What a drill is held to: until a restored database answers, and how old it may be then.
    rto_minutes: Annotated[int, between(1, 1440)]
    rpo_minutes: Annotated[int, between(1, 1440)]
    copy_region: bounds.Region | None = None


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class NginxSettings:
    image: bounds.Image
    max_body_mib: Annotated[int, between(1, 100)]
    rate_limit_per_second: Annotated[int, between(1, 10_000)]
    rate_limit_burst: Annotated[int, between(1, 10_000)]


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class PgbouncerSettings:
    image: bounds.Image
    pool_size: Annotated[int, between(1, 200)]


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class Floor:
    """From a moment on, no fewer tasks, until the next one's moment or a cutover."""

    cron: bounds.Cron
    timezone: bounds.TimeZone
    tasks: Annotated[int, between(1, 500)]


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class ServiceSettings:
    architecture: Literal["ARM64", "X86_64"]
    cpu: Literal[256, 512, 1024, 2048, 4096, 8192, 16384]
    memory_mib: Annotated[int, between(512, 122_880)]
    min_tasks: Annotated[int, between(1, 100)]
    max_tasks: Annotated[int, between(1, 500)]
    # What one task answers with room to spare, by a load test of your app.
    requests_per_minute_per_task: Annotated[int, between(1, 1_000_000)]
    log_days: RetentionDays
    floors: Annotated[tuple[Floor, ...], listing(0, 10, "floors")] = ()


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class TracingSettings:
    image: bounds.Image
    # Of requests; X-Ray is paid for by the trace.
    sampled_percent: Annotated[int, between(1, 100)]


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class SecretsSettings:
    # Raising it by one makes new values current and keeps the old ones as previous.
    generation: Annotated[int, between(1, 10_000)]
    # How long a deleted secret can be taken back; its name is taken for as long.
    recovery_days: Annotated[int, between(7, 30)]
    sentry_dsn_secret: bounds.SecretArn | None = None


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class CdnSettings:
    price_class: Literal["PriceClass_100", "PriceClass_200", "PriceClass_All"]
    waf_mode: Literal["count", "block"]
    # WAF counts per client address over five minutes; 10 is the least it accepts.
    waf_requests_per_5_minutes: Annotated[int, between(10, 2_000_000)]
    asset_days: Annotated[int, between(30, 3650)]
    log_days: RetentionDays


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class FreezeWindow:
    start: bounds.UtcMoment
    end: bounds.UtcMoment
    reason: bounds.Reason


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class CutoverSettings:
    ladder_percent: bounds.Ladder
    step_seconds: Annotated[int, between(10, 3600)]
    bake_seconds: Annotated[int, between(60, 86_400)]
    # ALB deregistration delay; a task must be given longer than its slowest request.
    drain_seconds: Annotated[int, between(5, 110)]
    # The old slot keeps its tasks so long after its last request; always longer than it drains.
    # Balancers need up to two minutes to follow new weights (argo-rollouts #4595).
    warm_seconds: Annotated[int, between(120, 3600)]
    # They travel in the contract, which has to fit into one SSM parameter.
    freeze_windows: Annotated[tuple[FreezeWindow, ...], listing(0, 12, "freeze windows")] = ()


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class SloSettings:
    # Below 93.1 a budget can't burn as fast as the fastest alarm asks (infra/slo.py).
    availability_percent: Annotated[float, between(99, 99.99)]
    latency_ms: Annotated[int, between(10, 10_000)]
    latency_percent: Annotated[float, between(95, 99.9)]


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class AlertsSettings:
    emails: Annotated[tuple[bounds.Email, ...], listing(0, 20, "e-mail addresses")]
    # A cutover that waits for somebody is told of again and again.
    repeat_minutes: Annotated[int, between(1, 1440)] = 15


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class BudgetSettings:
    monthly_usd: Annotated[int, between(1, 1_000_000)]


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class Settings:
    """Everything that may differ between environments; the shape of Pulumi.<stack>.yaml."""

    aws: AwsSettings
    domain: DomainSettings
    protect: bool
    network: NetworkSettings
    postgres: PostgresSettings
    redis: RedisSettings
    backup: BackupSettings
    nginx: NginxSettings
    pgbouncer: PgbouncerSettings
    service: ServiceSettings
    secrets: SecretsSettings
    cdn: CdnSettings
    cutover: CutoverSettings
    slo: SloSettings
    alerts: AlertsSettings
    budget: BudgetSettings
    tracing: TracingSettings | None = None
    permissions_boundary: bounds.PolicyName | None = None

    @property
    def boundary_arn(self) -> str | None:
        """Of the managed policy that bounds every role of the environment; None without one."""
        if self.permissions_boundary is None:
            return None
        return f"arn:aws:iam::{self.aws.account_id}:policy/{self.permissions_boundary}"


def load() -> tuple[str, Settings]:
    """The environment's name and settings; one pulumi.RunError with every problem otherwise."""
    environment = pulumi.get_stack()
    settings, found = parse(configured(PROJECT))
    if re.fullmatch(bounds.ENVIRONMENT_NAME, environment) is None:
        found.insert(
            0,
            f"the stack's name: must be {bounds.ENVIRONMENT_NAME_WORDS}, got {environment!r}",
        )
    if settings is None or found:
        heading = f"Pulumi.{environment}.yaml is not usable:"
        raise pulumi.RunError("\n  ".join([heading, *found]))
    return environment, settings


def parse(raw: dict[str, Any]) -> tuple[Settings | None, list[str]]:
    """The settings in `raw` (section -> value, as YAML gives it) and a line for each problem."""
    try:
        settings = TypeAdapter(Settings).validate_json(as_json(raw))
    except ValidationError as error:
        lines = [problems.line(problem, Settings) for problem in error.errors()]
        return None, lines + contradictions(cast(Settings, ValidPart(Settings, raw)))
    return settings, contradictions(settings)


def configured(project: str) -> dict[str, Any]:
    """Every key that the stack's file has for a project, and its value as YAML gives it."""
    # pulumi.Config can't list its keys, and a key that nobody lists is a typo that nobody sees.
    config, prefix = pulumi.Config(project), f"{project}:"
    listed = {**get_config_env(), **CONFIG.get()}
    keys = sorted(key.removeprefix(prefix) for key in listed if key.startswith(prefix))
    return {key: _value(config, key) for key in keys}


def _value(config: pulumi.Config, key: str) -> Any:
    try:
        return config.get_object(key)
    except pulumi.ConfigTypeError:
        return config.get(key)
