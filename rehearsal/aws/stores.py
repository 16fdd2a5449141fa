"""The data stores as the program asked for them, in the words of the servers that stand in."""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from rehearsal.aws.control_plane import ControlPlane
from rehearsal.machine import postgres_cluster, redis
from rehearsal.machine.certificates import Authority
from rehearsal.machine.postgres import Postgres
from rehearsal.machine.redis import Redis
from rehearsal.machine.redis_users import User
from rehearsal.machine.supervisor import Supervisor
from rehearsal.recording import Recording
from rehearsal.resource import Resource

# ElastiCache wants a user of this name in a group; Redis has one, and here it stays off.
_BUILT_IN_USER = "default"


@dataclass(frozen=True, kw_only=True)
class Owner:
    """The login of the database's owner."""

    username: str
    password: str = field(repr=False)


def start_postgres(
    supervisor: Supervisor,
    recording: Recording,
    plane: ControlPlane,
    *,
    binaries: Mapping[str, Path],
    authority: Authority,
    port: int,
) -> Postgres:
    """PostgreSQL with the owner, database and parameter group of the primary instance."""
    instance = primary(recording)
    group = recording.only("aws:rds/parameterGroup:ParameterGroup")
    login = owner(instance, plane)
    return postgres_cluster.start(
        supervisor,
        binaries=binaries,
        authority=authority,
        port=port,
        owner=login.username,
        owner_password=login.password,
        database=instance.inputs["dbName"],
        parameters=_parameters(group),
    )


def start_redis(
    supervisor: Supervisor,
    recording: Recording,
    *,
    binaries: Mapping[str, Path],
    authority: Authority,
    port: int,
) -> Redis:
    """Redis with the users and the parameter group of the replication group."""
    return redis.start(
        supervisor,
        binaries=binaries,
        authority=authority,
        port=port,
        users=users(recording),
        parameters=_parameters(recording.only("aws:elasticache/parameterGroup:ParameterGroup")),
    )


def follow(recording: Recording, plane: ControlPlane, *, postgres: Postgres, redis: Redis) -> None:
    """Brings the running servers to the owner's password and the users of a later recording."""
    login = owner(primary(recording), plane)
    postgres.set_password(login.username, login.password)
    redis.set_users(users(recording))


def primary(recording: Recording) -> Resource:
    """The one instance that is no replica."""
    (found,) = (
        instance
        for instance in recording.every("aws:rds/instance:Instance")
        if "replicateSourceDb" not in instance.inputs
    )
    return found


def owner(instance: Resource, plane: ControlPlane) -> Owner:
    """From the secret that RDS manages, or the password that the program wrote."""
    if managed := instance.outputs["masterUserSecrets"]:
        found = plane.client("secretsmanager").get_secret_value(SecretId=managed[0]["secretArn"])
        return Owner(**json.loads(found["SecretString"]))
    return Owner(username=instance.inputs["username"], password=instance.inputs["passwordWo"])


def users(recording: Recording) -> list[User]:
    """The users of the group, but for the one that Redis has anyway."""
    return [
        User(
            name=user.inputs["userName"],
            access_string=user.inputs["accessString"],
            passwords=tuple(user.inputs["authenticationMode"]["passwords"]),
        )
        for user in recording.every("aws:elasticache/user:User")
        if user.inputs["userName"] != _BUILT_IN_USER
    ]


def _parameters(group: Resource) -> dict[str, str]:
    return {entry["name"]: entry["value"] for entry in group.inputs["parameters"]}
