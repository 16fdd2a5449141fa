"""The rotation of a login, which AWS's published function does: that one runs on AWS alone.

The same four steps in the same order, with the same statements, as
SecretsManagerRDSPostgreSQLRotationMultiUser of aws-samples/aws-secrets-manager-rotation-lambdas.
"""

import json
import uuid
from dataclasses import dataclass, field
from typing import Any

from psycopg import sql

from rehearsal.aws.contract import Clients
from rehearsal.machine.postgres import Postgres

_CLONE = "_clone"


@dataclass(frozen=True, kw_only=True)
class Login:
    """Who may log in, and how."""

    username: str
    password: str = field(repr=False)


def current_login(clients: Clients, secret_arn: str) -> Login:
    """The one that a task is given which starts now."""
    value = _value(clients, secret_arn)
    return Login(username=value["username"], password=value["password"])


def rotate(clients: Clients, postgres: Postgres, secret_arn: str) -> None:
    """The role whose turn it is gets a new password, and its login becomes the current one.

    Raises psycopg.OperationalError when the database refuses a login; then the current one stays.
    """
    secrets = clients("secretsmanager")
    current = _value(clients, secret_arn)
    owner = _value(clients, current["masterarn"])
    password = secrets.get_random_password(PasswordLength=32, ExcludePunctuation=True)
    pending = {
        **current,
        "username": _other(current["username"]),
        "password": password["RandomPassword"],
    }
    version = secrets.put_secret_value(
        SecretId=secret_arn,
        ClientRequestToken=str(uuid.uuid4()),
        SecretString=json.dumps(pending),
        VersionStages=["AWSPENDING"],
    )["VersionId"]
    database = current["dbname"]
    postgres.connect(current["username"], current["password"], database).close()
    with postgres.connect(owner["username"], owner["password"], database) as session:
        role, known = sql.Identifier(pending["username"]), sql.Identifier(current["username"])
        new = sql.Literal(pending["password"])
        there = session.execute(
            "SELECT FROM pg_roles WHERE rolname = %s", [pending["username"]]
        ).fetchone()
        if there is None:
            session.execute(sql.SQL("CREATE ROLE {} WITH LOGIN PASSWORD {}").format(role, new))
            session.execute(sql.SQL("GRANT {} TO {}").format(known, role))
        else:
            session.execute(sql.SQL("ALTER ROLE {} WITH PASSWORD {}").format(role, new))
    postgres.connect(pending["username"], pending["password"], database).close()
    stages = secrets.describe_secret(SecretId=secret_arn)["VersionIdsToStages"]
    (replaced,) = (one for one, labels in stages.items() if "AWSCURRENT" in labels)
    secrets.update_secret_version_stage(
        SecretId=secret_arn,
        VersionStage="AWSCURRENT",
        MoveToVersionId=version,
        RemoveFromVersionId=replaced,
    )


def _other(username: str) -> str:
    return username.removesuffix(_CLONE) if username.endswith(_CLONE) else f"{username}{_CLONE}"


def _value(clients: Clients, secret_arn: str) -> dict[str, Any]:
    # Named, because moto takes another for the default once the label has moved.
    found = clients("secretsmanager").get_secret_value(
        SecretId=secret_arn, VersionStage="AWSCURRENT"
    )
    return json.loads(found["SecretString"])
