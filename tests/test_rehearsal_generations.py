"""A later `up` with the next generation makes what is new, and touches nothing else."""

import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from rehearsal.aws import stores
from rehearsal.aws.control_plane import ControlPlane
from rehearsal.aws.creators import Endpoints, creating
from rehearsal.aws.generations import Generations
from rehearsal.machine import ports
from rehearsal.recording import Recording, record
from stacks.environment import environment

ACCOUNT = "420000000000"
SECRETS = ("secret-key", "redis-url", "probe-token", "database-login")


class World:
    """The stack testing on moto, with generation 1."""

    def __init__(self, plane: ControlPlane) -> None:
        self._secrets = plane.client("secretsmanager")
        create = creating(plane, Endpoints(postgres_port=15433, redis_port=16379))
        self.made: list[str] = []
        self.followed: list[Recording] = []

        def noted(type_: str, name: str, inputs: dict[str, Any]) -> dict[str, Any]:
            self.made.append(f"{type_.rsplit(':', 1)[1]} {name}")
            return create(type_, name, inputs)

        self.recording = record(environment, stack="testing", outputs=noted)
        self.generations = Generations(
            "testing", self.recording, create=noted, follow=self.followed.append
        )
        self.made.clear()

    def values(self) -> dict[str, Any]:
        """The current value of each secret, JSON read."""
        type_ = "aws:secretsmanager/secret:Secret"
        found: dict[str, Any] = {}
        for name in SECRETS:
            arn = self.recording.only(type_, f"testing-{name}").outputs["arn"]
            text = self._secrets.get_secret_value(SecretId=arn)["SecretString"]
            found[name] = json.loads(text) if text.startswith("{") else text
        return found


@pytest.fixture(scope="module")
def plane() -> Iterator[ControlPlane]:
    with ControlPlane(port=ports.reserve(), account_id=ACCOUNT, region="eu-west-1") as plane:
        yield plane


def test_two_ups_carry_the_secrets_two_generations_on(plane: ControlPlane) -> None:
    world = World(plane)
    first = world.values()
    world.generations.up()
    second = world.values()
    assert sorted(world.made) == [
        "RandomPassword testing-redis-app-g2",
        "RandomPassword testing-secret-key-g3",
        "SecretVersion testing-redis-url-value",
        "SecretVersion testing-secret-key-value",
        "User testing-redis-g2",
    ]
    assert second["secret-key"]["previous"] == first["secret-key"]["current"]
    assert second["secret-key"]["current"] == first["secret-key"]["next"]
    assert second["secret-key"]["next"] not in first["secret-key"].values()
    names = [urlsplit(of["redis-url"]).username for of in (first, second)]
    assert names == ["app-g1", "app-g2"]
    for kept in ("probe-token", "database-login"):
        assert second[kept] == first[kept]

    world.generations.up()
    third = world.values()
    assert third["secret-key"]["previous"] == second["secret-key"]["current"]
    assert third["secret-key"]["current"] == second["secret-key"]["next"]

    users = [{user.name: user.passwords for user in stores.users(r)} for r in world.followed]
    assert [sorted(of) for of in users] == [["app-g1", "app-g2"], ["app-g2", "app-g3"]]
    assert users[0]["app-g2"] == users[1]["app-g2"]
    assert users[1]["app-g3"] == (urlsplit(third["redis-url"]).password,)
    assert world.followed[1].exports == world.recording.exports
