"""The app's container: the team's own image, given what the workload contract promises it."""

from collections.abc import Mapping, Sequence

import pulumi

from infra.container import Container, LogTarget
from infra.nginx import APP_PORT
from infra.pgbouncer import PGBOUNCER_PORT
from infra.task_secrets import TaskSecrets

APP_CONTAINER = "app"
# cutover puts the release's image here. There is no such image: the bare blueprint can't start.
PLACEHOLDER_IMAGE = f"slipway/put-a-release-here@sha256:{'0' * 64}"
_USER = "10001:10001"
_STOP_SECONDS = 60


def app_container(
    *,
    environment: str,
    db_name: str,
    secrets: TaskSecrets,
    traced_by: Sequence[Container],
    tracing: Mapping[str, str],
    log: LogTarget,
) -> Container:
    """The app behind nginx, with its database behind pgbouncer.

    `tracing` are the variables by which it finds the containers that take its traces.
    """
    return Container(
        name=APP_CONTAINER,
        image=PLACEHOLDER_IMAGE,
        user=_USER,
        log=log,
        stop_seconds=_STOP_SECONDS,
        depends_on={
            "pgbouncer": "HEALTHY",
            # It is stopped after the app: the last spans get out too.
            **{container.name: "START" for container in traced_by},
        },
        environment={
            **tracing,
            "PORT": str(APP_PORT),
            "DATABASE_URL": f"postgresql://app@127.0.0.1:{PGBOUNCER_PORT}/{db_name}",
            "ENVIRONMENT": environment,
            "RELEASE_ID": "",
        },
        secrets=secrets.of_app,
    )


def migration_container(
    *,
    environment: str,
    db_host: pulumi.Input[str],
    db_port: pulumi.Input[int],
    db_name: str,
    secrets: TaskSecrets,
    log: LogTarget,
) -> Container:
    """`run_migrations.py` of the same image, straight at the database, as its owner."""
    return Container(
        name=APP_CONTAINER,
        image=PLACEHOLDER_IMAGE,
        user=_USER,
        log=log,
        stop_seconds=_STOP_SECONDS,
        command=("python", "run_migrations.py"),
        depends_on={"logins": "SUCCESS"},
        environment={
            "PORT": str(APP_PORT),
            # libpq reads the owner's login from PGUSER and PGPASSWORD.
            "DATABASE_URL": pulumi.Output.format(
                "postgresql://{0}:{1}/{2}?sslmode=require", db_host, db_port, db_name
            ),
            "ENVIRONMENT": environment,
            "RELEASE_ID": "",
        },
        secrets={
            **secrets.of_app,
            "PGUSER": pulumi.Output.concat(secrets.owner, ":username::"),
            "PGPASSWORD": pulumi.Output.concat(secrets.owner, ":password::"),
        },
    )
