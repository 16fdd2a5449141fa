"""The two task families: the blueprint that cutover copies, and the one-off migration."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.app import app_container, migration_container
from infra.collector import COLLECTOR, app_environment, collector_container, let_write_traces
from infra.container import Container, LogTarget, canonical_json
from infra.execution_role import ExecutionRole, ExecutionRoleArgs, tasks_trust
from infra.nginx import nginx_container
from infra.pgbouncer import logins_container, pgbouncer_container
from infra.settings import Settings
from infra.task_secrets import TaskSecrets

_LOGS = ("nginx", "app", "pgbouncer", "migrate")


@dataclass(frozen=True, kw_only=True)
class TasksArgs:
    environment: str
    settings: Settings
    db_host: pulumi.Input[str]
    db_port: pulumi.Input[int]
    db_name: str
    secrets: TaskSecrets
    key_arn: pulumi.Input[str]


class Tasks(pulumi.ComponentResource):
    """Task definitions, their roles and log groups. Nothing here runs until a cutover copies it.

    The app's own role may send traces where these are wanted, and nothing else: what the app may do
    in AWS is for its team to add.
    """

    blueprint_arn: pulumi.Output[str]
    """nginx, app and pgbouncer in one Fargate task, the app's image a placeholder."""
    migrate_arn: pulumi.Output[str]
    """`run_migrations.py` as the owner of the database, after the app's login was made sure of."""
    slot_role_arns: tuple[pulumi.Output[str], ...]
    """The roles of the blueprint, which whoever starts a copy of it passes to ECS."""
    log_groups: dict[str, pulumi.Output[str]]
    """Name of the log group of each container; of a migration's two together."""

    def __init__(
        self, name: str, args: TasksArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:Tasks", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        settings, secrets = args.settings, args.secrets
        account_id, region = settings.aws.account_id, settings.aws.region
        groups = {
            log: aws.cloudwatch.LogGroup(
                f"{name}-{log}",
                name=f"/slipway/{name}/{log}",  # people search for it by name at night
                retention_in_days=settings.service.log_days,
                kms_key_id=args.key_arn,
                opts=child,
            )
            for log in (*_LOGS, *([COLLECTOR] if settings.tracing else []))
        }
        self.log_groups = {log: group.name for log, group in groups.items()}
        logs = {
            log: LogTarget(group=group, region=region) for log, group in self.log_groups.items()
        }
        app_role = aws.iam.Role(
            f"{name}-app",
            description="The app itself; what it may do is for its team to add",
            permissions_boundary=settings.boundary_arn,
            assume_role_policy=pulumi.Output.json_dumps(tasks_trust(account_id, region)),
            opts=child,
        )
        traced: list[Container] = []
        tracing: Mapping[str, str] = {}
        if settings.tracing is not None:
            let_write_traces(name, app_role.id, child)
            traced.append(
                collector_container(
                    settings.tracing,
                    environment=args.environment,
                    region=region,
                    log=logs[COLLECTOR],
                )
            )
            tracing = app_environment(settings.tracing)

        def family(purpose: str, role: ExecutionRole, *containers: Container) -> pulumi.Output[str]:
            return aws.ecs.TaskDefinition(
                f"{name}-{purpose}",
                family=f"{name}-{purpose}",  # a new revision of one family, not a new family
                requires_compatibilities=["FARGATE"],
                network_mode="awsvpc",
                cpu=str(settings.service.cpu),
                memory=str(settings.service.memory_mib),
                runtime_platform=aws.ecs.TaskDefinitionRuntimePlatformArgs(
                    cpu_architecture=settings.service.architecture,
                    operating_system_family="LINUX",
                ),
                execution_role_arn=role.arn,
                task_role_arn=app_role.arn,
                container_definitions=canonical_json(containers),
                opts=child,
            ).arn

        def execution_role(
            purpose: str, secret_arns: dict[str, pulumi.Input[str]], *log_names: str
        ) -> ExecutionRole:
            return ExecutionRole(
                f"{name}-{purpose}-execution",
                ExecutionRoleArgs(
                    purpose=f"{purpose} tasks",
                    account_id=account_id,
                    region=region,
                    boundary_arn=settings.boundary_arn,
                    secret_arns=secret_arns,
                    key_arn=args.key_arn,
                    log_group_arns=[groups[log].arn for log in log_names],
                ),
                child,
            )

        slot_role = execution_role(
            "slot",
            secrets.read_by_slots,
            *("nginx", "app", "pgbouncer"),
            *(container.name for container in traced),
        )
        self.slot_role_arns = (app_role.arn, slot_role.arn)
        self.blueprint_arn = family(
            "blueprint",
            slot_role,
            *traced,
            nginx_container(
                settings.nginx,
                trusted_proxies=settings.network.cidr,
                probe_token_arn=secrets.probe_token,
                log=logs["nginx"],
            ),
            pgbouncer_container(
                settings.pgbouncer,
                db_host=args.db_host,
                db_port=args.db_port,
                db_name=args.db_name,
                login_secret_arn=secrets.login,
                log=logs["pgbouncer"],
            ),
            app_container(
                environment=args.environment,
                db_name=args.db_name,
                secrets=secrets,
                traced_by=traced,
                tracing=tracing,
                log=logs["app"],
            ),
        )
        self.migrate_arn = family(
            "migrate",
            execution_role("migrate", secrets.read_by_migrations, "migrate"),
            logins_container(
                settings.pgbouncer,
                db_host=args.db_host,
                db_port=args.db_port,
                db_name=args.db_name,
                owner_secret_arn=secrets.owner,
                login_secret_arn=secrets.login,
                log=logs["migrate"],
            ),
            migration_container(
                environment=args.environment,
                db_host=args.db_host,
                db_port=args.db_port,
                db_name=args.db_name,
                secrets=secrets,
                log=logs["migrate"],
            ),
        )
        self.register_outputs(
            {"blueprint_arn": self.blueprint_arn, "migrate_arn": self.migrate_arn}
        )
