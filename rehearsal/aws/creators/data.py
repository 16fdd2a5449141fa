"""The data stores, which are real servers of this rehearsal: what AWS says of where they are."""

import json
import secrets
from collections.abc import Callable
from typing import Any

from rehearsal.aws.control_plane import ControlPlane
from rehearsal.machine.ports import LOOPBACK


def creators(
    postgres_port: int, redis_port: int
) -> dict[str, Callable[[ControlPlane, str, dict[str, Any]], dict[str, Any]]]:
    """Creators that answer with the servers' addresses on loopback."""

    def instance(plane: ControlPlane, name: str, inputs: dict[str, Any]) -> dict[str, Any]:
        managed = inputs.get("manageMasterUserPassword")
        return {
            "address": LOOPBACK,
            "port": postgres_port,
            "endpoint": f"{LOOPBACK}:{postgres_port}",
            "masterUserSecrets": [_owner_secret(plane, name, inputs)] if managed else [],
        }

    def replication_group(_plane: ControlPlane, _name: str, _inputs: Any) -> dict[str, Any]:
        return {
            "primaryEndpointAddress": LOOPBACK,
            "readerEndpointAddress": LOOPBACK,
            "port": redis_port,
        }

    return {
        "aws:rds/instance:Instance": instance,
        "aws:elasticache/replicationGroup:ReplicationGroup": replication_group,
    }


def _owner_secret(plane: ControlPlane, name: str, inputs: dict[str, Any]) -> dict[str, str]:
    """What RDS makes when it manages the owner's password itself."""
    login = {"username": inputs["username"], "password": secrets.token_hex(16)}
    arn = plane.client("secretsmanager").create_secret(
        Name=f"rds!db-{name}", SecretString=json.dumps(login)
    )["ARN"]
    return {"secretArn": arn, "secretStatus": "active"}
