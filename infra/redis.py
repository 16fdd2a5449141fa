"""Redis on ElastiCache: TLS only, encrypted, and reached by named users who can't administer it."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
import pulumi_random as random

from infra.backup_tags import kept_by
from infra.firewall import REDIS_PORT
from infra.redis_users import RedisUsers, RedisUsersArgs
from infra.settings import RedisSettings

# Engine -> version and parameter group family. Each version is the last of its family: an automatic
# minor upgrade beyond it would make this a downgrade, and the provider replaces the group.
ENGINES = {"redis": ("7.1", "redis7"), "valkey": ("8.2", "valkey8")}
# UTC, clear of the database's windows.
SNAPSHOT_WINDOW = "03:30-04:30"
MAINTENANCE_WINDOW = "sun:05:00-sun:06:00"
LOGS = ("engine-log", "slow-log")


@dataclass(frozen=True, kw_only=True)
class RedisArgs:
    settings: RedisSettings
    generation: int
    subnet_ids: Sequence[pulumi.Input[str]]
    security_group_id: pulumi.Input[str]
    key_arn: pulumi.Input[str]


class Redis(pulumi.ComponentResource):
    """A replication group without sharding, its users, parameter and subnet group, and logs.

    With more than one node it fails over by itself, to another zone.
    """

    url: pulumi.Output[str]
    """Secret: rediss://user:password@host:port/0 of the newest generation."""
    replication_group_id: pulumi.Output[str]
    """ElastiCache's name of the group, which is the stem of its metrics' dimension."""

    def __init__(
        self, name: str, args: RedisArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:Redis", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        settings = args.settings
        version, family = ENGINES[settings.engine]
        # Known beforehand: the log groups come first, and the suffix keeps the final snapshot off
        # that of an earlier environment.
        suffix = random.RandomId(f"{name}-redis-suffix", byte_length=4, opts=child)
        identifier = pulumi.Output.format("{0}-redis-{1}", name, suffix.hex)
        subnets = aws.elasticache.SubnetGroup(
            f"{name}-redis-subnets",
            description=f"Data subnets of the environment {name}",
            subnet_ids=args.subnet_ids,
            opts=child,
        )
        parameters = aws.elasticache.ParameterGroup(
            f"{name}-redis-parameters",
            description=f"{settings.engine} {version} of the environment {name}",
            family=family,
            parameters=[
                # A full cache drops what was not used for longest; the default refuses to write
                # once no key with a time to live is left.
                aws.elasticache.ParameterGroupParameterArgs(
                    name="maxmemory-policy", value="allkeys-lru"
                )
            ],
            # Another engine replaces it, and it holds no data.
            opts=pulumi.ResourceOptions(parent=self, protect=False),
        )
        users = RedisUsers(
            name,
            RedisUsersArgs(engine=settings.engine, generation=args.generation),
            opts=child,
        )
        group = aws.elasticache.ReplicationGroup(
            f"{name}-redis",
            replication_group_id=identifier,
            description=f"Cache and rate limits of the environment {name}",
            engine=settings.engine,
            engine_version=version,
            node_type=settings.node_type,
            num_cache_clusters=settings.nodes,
            automatic_failover_enabled=settings.nodes > 1,
            multi_az_enabled=settings.nodes > 1,
            port=REDIS_PORT,
            subnet_group_name=subnets.name,
            security_group_ids=[args.security_group_id],
            parameter_group_name=parameters.name,
            user_group_ids=[users.group_id],
            transit_encryption_enabled=True,
            transit_encryption_mode="required",
            at_rest_encryption_enabled=True,
            kms_key_id=args.key_arn,
            snapshot_retention_limit=settings.snapshot_days,
            snapshot_window=SNAPSHOT_WINDOW,
            final_snapshot_identifier=pulumi.Output.concat(identifier, "-final"),
            maintenance_window=MAINTENANCE_WINDOW,
            auto_minor_version_upgrade=True,
            apply_immediately=False,
            # AWS Backup does not know ElastiCache.
            tags=kept_by("service"),
            log_delivery_configurations=_logs(name, identifier, args, child),
            opts=child,
        )
        self.replication_group_id = group.replication_group_id
        self.url = pulumi.Output.secret(
            pulumi.Output.format(
                "rediss://{0}:{1}@{2}:{3}/0",
                users.user_name,
                users.password,
                group.primary_endpoint_address,
                group.port,
            )
        )
        self.register_outputs({"url": self.url, "replication_group_id": self.replication_group_id})


def _logs(
    name: str, identifier: pulumi.Output[str], args: RedisArgs, child: pulumi.ResourceOptions
) -> list[aws.elasticache.ReplicationGroupLogDeliveryConfigurationArgs]:
    return [
        aws.elasticache.ReplicationGroupLogDeliveryConfigurationArgs(
            destination=aws.cloudwatch.LogGroup(
                f"{name}-redis-{log}",
                # AWS's prefix for delivered logs: any other lengthens a policy of limited length.
                name=pulumi.Output.format("/aws/vendedlogs/elasticache/{0}/{1}", identifier, log),
                retention_in_days=args.settings.log_days,
                kms_key_id=args.key_arn,
                opts=child,
            ).name,
            destination_type="cloudwatch-logs",
            log_format="json",
            log_type=log,
        )
        for log in LOGS
    ]
