"""The connection pool's container: the app's one way to its database, and holder of its login."""

import pulumi

from infra.container import Container, LogTarget
from infra.settings import PgbouncerSettings

PGBOUNCER_PORT = 6432
_USER = "65532:65532"  # by number in the image too


def pgbouncer_container(
    settings: PgbouncerSettings,
    *,
    db_host: pulumi.Input[str],
    db_port: pulumi.Input[int],
    db_name: str,
    login_secret_arn: pulumi.Input[str],
    log: LogTarget,
) -> Container:
    """pgbouncer in transaction mode on the task's loopback, verified TLS to the database."""
    return Container(
        name="pgbouncer",
        image=settings.image,
        user=_USER,
        log=log,
        stop_seconds=30,
        # Its console answers without a database behind it: a failover must not restart a task.
        health_command=(
            "CMD",
            "pg_isready",
            "--quiet",
            "--host=127.0.0.1",
            f"--port={PGBOUNCER_PORT}",
            "--dbname=pgbouncer",
        ),
        environment={
            "LISTEN_PORT": str(PGBOUNCER_PORT),
            "DB_HOST": db_host,
            "DB_PORT": pulumi.Output.format("{0}", db_port),
            "DB_NAME": db_name,
            "POOL_SIZE": str(settings.pool_size),
            "MAX_CLIENT_CONN": "500",
            "RELEASE_ID": "",
        },
        secrets={
            "DB_USER": pulumi.Output.concat(login_secret_arn, ":username::"),
            "DB_PASSWORD": pulumi.Output.concat(login_secret_arn, ":password::"),
        },
    )


def logins_container(
    settings: PgbouncerSettings,
    *,
    db_host: pulumi.Input[str],
    db_port: pulumi.Input[int],
    db_name: str,
    owner_secret_arn: pulumi.Input[str],
    login_secret_arn: pulumi.Input[str],
    log: LogTarget,
) -> Container:
    """A run to completion before each migration: the app's login exists and may use its tables."""
    return Container(
        name="logins",
        image=settings.image,
        user=_USER,
        log=log,
        stop_seconds=30,
        essential=False,
        command=("/usr/local/bin/ensure-logins",),
        environment={
            "DB_HOST": db_host,
            "DB_PORT": pulumi.Output.format("{0}", db_port),
            "DB_NAME": db_name,
        },
        secrets={
            "PGUSER": pulumi.Output.concat(owner_secret_arn, ":username::"),
            "PGPASSWORD": pulumi.Output.concat(owner_secret_arn, ":password::"),
            "DB_USER": pulumi.Output.concat(login_secret_arn, ":username::"),
            "DB_PASSWORD": pulumi.Output.concat(login_secret_arn, ":password::"),
        },
    )
