"""PostgreSQL on RDS: encrypted, private, backed up, watched, with no password in the program."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_aws as aws
import pulumi_random as random

from infra.backup_tags import kept_by
from infra.owner_secret import OwnerSecret, OwnerSecretArgs
from infra.postgres_monitoring import LOGS, log_group_name, log_groups, monitoring_role, subscribe
from infra.postgres_parameters import parameters
from infra.settings import PostgresSettings

DATABASE = "app"
# Neither `postgres` nor `admin` (Security Hub RDS.25).
OWNER = "owner"
# UTC, the quiet hours of Europe; a backup must be over before maintenance may begin.
BACKUP_WINDOW = "01:00-02:00"
MAINTENANCE_WINDOW = "sun:02:30-sun:03:30"
# What Performance Insights keeps for nothing, and what Database Insights Advanced asks for.
INSIGHTS_DAYS = {"standard": 7, "advanced": 465}
# Multi-AZ and a replica of a large database take longer than the provider's 40 to 80 minutes.
PATIENCE = pulumi.CustomTimeouts(create="2h", update="3h", delete="2h")


@dataclass(frozen=True, kw_only=True)
class PostgresArgs:
    settings: PostgresSettings
    protect: bool
    # Of the owner's password, where RDS does not manage it.
    generation: int
    account_id: str
    boundary_arn: str | None
    recovery_days: int
    subnet_ids: Sequence[pulumi.Input[str]]
    security_group_id: pulumi.Input[str]
    key_arn: pulumi.Input[str]
    alerts_topic_arn: pulumi.Input[str]


class Postgres(pulumi.ComponentResource):
    """The database instance with its parameter and subnet group, logs, insights and events.

    RDS manages the owner's password. With `read_replica` it can't: then there is one replica, and a
    write-only password with a secret of ours.
    """

    address: pulumi.Output[str]
    """DNS name of the primary; it survives a failover."""
    port: pulumi.Output[int]
    """TCP port of the primary."""
    database: str
    """Name of the database that exists from the start."""
    identifier: pulumi.Output[str]
    """RDS's name of the primary, which is the dimension of its metrics."""
    replica_identifier: pulumi.Output[str] | None
    """The same of the replica, where there is one."""
    instance_arn: pulumi.Output[str]
    """ARN of the primary."""
    subnet_group: pulumi.Output[str]
    """Where a restored database has to be."""
    log_group: pulumi.Output[str]
    """Name of the group of the primary's log, with its slow statements and their plans."""
    owner_secret_arn: pulumi.Output[str]
    """Secret with at least `username` and `password` of the owner of every object."""

    def __init__(
        self, name: str, args: PostgresArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:Postgres", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        # For what holds no data and must be replaceable where the database is protected.
        spare = pulumi.ResourceOptions(parent=self, protect=False)
        settings = args.settings
        # RDS's name must be known before the instance is: its log groups come first, for their
        # retention. The suffix keeps the final snapshot off that of an earlier environment.
        suffix = random.RandomId(f"{name}-postgres-suffix", byte_length=4, opts=child)
        identifier = pulumi.Output.format("{0}-postgres-{1}", name, suffix.hex)
        subnets = aws.rds.SubnetGroup(
            f"{name}-postgres-subnets",
            description=f"Data subnets of the environment {name}",
            subnet_ids=args.subnet_ids,
            opts=child,
        )
        group = aws.rds.ParameterGroup(
            f"{name}-postgres-parameters",
            description=f"PostgreSQL {settings.major_version} of the environment {name}",
            family=f"postgres{settings.major_version}",
            parameters=parameters(settings),
            # A new major version waits for the maintenance window and uses the old group until
            # then: deleting it would fail the update that asked for the upgrade.
            skip_destroy=True,
            opts=spare,
        )
        monitoring = monitoring_role(name, args.account_id, args.boundary_arn, child)
        alike = _alike(args, group, monitoring)
        password, login = _owner_login(name, args, spare)
        primary = aws.rds.Instance(
            f"{name}-postgres",
            identifier=identifier,
            engine="postgres",
            # The major alone: minors come by themselves, in the maintenance window.
            engine_version=str(settings.major_version),
            # The stack file names the major; whoever raises it there means the upgrade.
            allow_major_version_upgrade=True,
            db_name=DATABASE,
            db_subnet_group_name=subnets.name,
            multi_az=settings.multi_az,
            # The start; the provider keeps off what storage autoscaling has added.
            allocated_storage=settings.storage_gib,
            storage_type="gp3",
            kms_key_id=args.key_arn,
            database_insights_mode=settings.insights,
            skip_final_snapshot=False,
            final_snapshot_identifier=pulumi.Output.concat(identifier, "-final"),
            tags=kept_by("snapshots"),
            **login,
            **alike,
            opts=_logged(f"{name}-postgres", identifier, args, child),
        )
        instances, self.replica_identifier = [primary], None
        if settings.read_replica:
            replica = _replica(name, identifier, primary, args, alike, child)
            instances.append(replica)
            self.replica_identifier = replica.identifier
        subscribe(
            name,
            args.alerts_topic_arn,
            instances=[instance.identifier for instance in instances],
            parameter_group=group.name,
            opts=spare,
        )
        self.address, self.port, self.database = primary.address, primary.port, DATABASE
        self.identifier, self.instance_arn = primary.identifier, primary.arn
        self.subnet_group = subnets.name
        self.log_group = log_group_name(primary.identifier, "postgresql")
        if password is None:
            self.owner_secret_arn = primary.master_user_secrets.apply(_of_rds)
        else:
            self.owner_secret_arn = OwnerSecret(
                name,
                OwnerSecretArgs(
                    username=OWNER,
                    password=password,
                    address=primary.address,
                    port=primary.port,
                    key_arn=args.key_arn,
                    recovery_days=args.recovery_days,
                ),
                opts=child,
            ).secret_arn
        self.register_outputs(
            {"address": self.address, "port": self.port, "owner_secret_arn": self.owner_secret_arn}
        )


def _of_rds(secrets: Sequence[Any]) -> Any:
    """ARN of the secret that RDS keeps."""
    # The preview of an update that hands the password to RDS has the list of before, an empty one
    # (terraform-aws-modules/terraform-aws-rds#588).
    if not secrets and pulumi.runtime.is_dry_run():
        return pulumi.UNKNOWN
    return secrets[0].secret_arn


def _owner_login(
    name: str, args: PostgresArgs, spare: pulumi.ResourceOptions
) -> tuple[pulumi.Output[str] | None, dict[str, Any]]:
    """The password, where it is ours, and the instance's arguments for the owner's login."""
    if not args.settings.read_replica:
        return None, {
            "username": OWNER,
            "manage_master_user_password": True,
            "master_user_secret_kms_key_id": args.key_arn,
        }
    password = random.RandomPassword(
        f"{name}-database-owner-g{args.generation}", length=40, special=False, opts=spare
    ).result
    return password, {
        "username": OWNER,
        "password_wo": password,
        "password_wo_version": args.generation,
    }


def _alike(
    args: PostgresArgs, group: aws.rds.ParameterGroup, monitoring_role_arn: pulumi.Output[str]
) -> dict[str, Any]:
    """The arguments that primary and replica share."""
    settings = args.settings
    return {
        "instance_class": settings.instance_class,
        "parameter_group_name": group.name,
        "vpc_security_group_ids": [args.security_group_id],
        "port": settings.port,
        "publicly_accessible": False,
        "iam_database_authentication_enabled": True,
        "ca_cert_identifier": "rds-ca-rsa2048-g1",
        "storage_encrypted": True,
        "max_allocated_storage": settings.max_storage_gib,
        "backup_retention_period": settings.backup_days,
        "backup_window": BACKUP_WINDOW,
        # Point-in-time recovery outlives the instance, for as long as it was kept anyway.
        "delete_automated_backups": False,
        "copy_tags_to_snapshot": True,
        "deletion_protection": args.protect,
        "maintenance_window": MAINTENANCE_WINDOW,
        "auto_minor_version_upgrade": True,
        "apply_immediately": False,
        "enabled_cloudwatch_logs_exports": list(LOGS),
        "monitoring_interval": settings.monitoring_seconds,
        "monitoring_role_arn": monitoring_role_arn,
        "performance_insights_enabled": True,
        "performance_insights_kms_key_id": args.key_arn,
        "performance_insights_retention_period": INSIGHTS_DAYS[settings.insights],
    }


def _replica(
    name: str,
    primary_identifier: pulumi.Output[str],
    primary: aws.rds.Instance,
    args: PostgresArgs,
    alike: dict[str, Any],
    child: pulumi.ResourceOptions,
) -> aws.rds.Instance:
    # Engine, database, login, subnets, storage and key come from the primary: RDS or the provider
    # refuses them here, as RDS refuses a final snapshot of a replica. It has no standby of its own:
    # the primary's does not depend on it.
    identifier = pulumi.Output.concat(primary_identifier, "-replica")
    return aws.rds.Instance(
        f"{name}-postgres-replica",
        identifier=identifier,
        replicate_source_db=primary.identifier,
        multi_az=False,
        skip_final_snapshot=True,
        # The primary's backups are its own.
        tags=kept_by("none"),
        **alike,
        opts=_logged(f"{name}-postgres-replica", identifier, args, child),
    )


def _logged(
    name: str, identifier: pulumi.Output[str], args: PostgresArgs, child: pulumi.ResourceOptions
) -> pulumi.ResourceOptions:
    """The options of an instance that comes after its log groups."""
    groups = log_groups(
        name, identifier, days=args.settings.log_days, key_arn=args.key_arn, opts=child
    )
    return pulumi.ResourceOptions(parent=child.parent, depends_on=groups, custom_timeouts=PATIENCE)
