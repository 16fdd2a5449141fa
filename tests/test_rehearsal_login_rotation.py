"""The login of a real database alternates as AWS's function has it alternate."""

import json
from collections.abc import Iterator
from typing import Any, LiteralString

import psycopg
import pytest

from rehearsal.aws.control_plane import ControlPlane
from rehearsal.aws.login_rotation import Login, current_login, rotate
from rehearsal.aws.secret_versions import date_versions
from rehearsal.machine import binaries, ports, postgres_cluster
from rehearsal.machine.certificates import Authority
from rehearsal.machine.postgres import Postgres
from rehearsal.machine.supervisor import Supervisor

pytestmark = pytest.mark.services

ACCOUNT = "410000000000"
FIRST = Login(username="app", password="the-first")


def as_owner(server: Postgres, *statements: LiteralString) -> None:
    with server.connect("owner", "owner-password", "app") as owner:
        for statement in statements:
            owner.execute(statement)


@pytest.fixture(scope="module")
def server() -> Iterator[Postgres]:
    port = ports.reserve()
    with Supervisor() as supervisor:
        server = postgres_cluster.start(
            supervisor,
            binaries=binaries.find(["postgres", "initdb"]),
            authority=Authority(supervisor.directory / "ca.pem"),
            port=port,
            owner="owner",
            owner_password="owner-password",
            database="app",
            parameters={},
        )
        # As a first migration leaves it (images/pgbouncer/ensure-logins.sql).
        as_owner(server, "CREATE ROLE app LOGIN", "CREATE TABLE items AS SELECT 'tea' AS name")
        as_owner(server, "GRANT SELECT ON items TO app")
        yield server
        supervisor.check()
    ports.release(port)


@pytest.fixture(scope="module")
def plane() -> Iterator[ControlPlane]:
    with ControlPlane(port=ports.reserve(), account_id=ACCOUNT, region="eu-west-1") as plane:
        date_versions(plane)
        yield plane


@pytest.fixture
def secret(server: Postgres, plane: ControlPlane, request: pytest.FixtureRequest) -> str:
    """ARN of a login's secret, in the shape of infra/database_login.py, that never rotated."""
    server.set_password(FIRST.username, FIRST.password)
    as_owner(server, "DROP ROLE IF EXISTS app_clone")
    secrets, name = plane.client("secretsmanager"), request.node.name
    owner = {"username": "owner", "password": "owner-password"}
    owner_arn = secrets.create_secret(Name=f"{name}-owner", SecretString=json.dumps(owner))["ARN"]
    login = {
        "dbname": "app",
        "engine": "postgres",
        "masterarn": owner_arn,
        "username": FIRST.username,
        "password": FIRST.password,
    }
    return secrets.create_secret(Name=name, SecretString=json.dumps(login))["ARN"]


def read(server: Postgres, login: Login) -> list[Any]:
    with server.connect(login.username, login.password, "app") as session:
        return session.execute("SELECT current_user, name FROM items").fetchall()


def test_the_login_before_works_for_one_more_period_and_not_for_two(
    server: Postgres, plane: ControlPlane, secret: str
) -> None:
    assert current_login(plane.client, secret) == FIRST
    rotate(plane.client, server, secret)
    second = current_login(plane.client, secret)
    assert second.username == "app_clone"
    assert read(server, second) == [("app_clone", "tea")]
    assert read(server, FIRST) == [("app", "tea")]

    rotate(plane.client, server, secret)
    third = current_login(plane.client, secret)
    assert third.username == "app"
    assert read(server, third) == [("app", "tea")]
    assert read(server, second) == [("app_clone", "tea")]
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        read(server, FIRST)
    assert len({FIRST.password, second.password, third.password}) == 3

    stages = plane.client("secretsmanager").describe_secret(SecretId=secret)["VersionIdsToStages"]
    labels = [label for of_one in stages.values() for label in of_one]
    assert (labels.count("AWSCURRENT"), labels.count("AWSPREVIOUS")) == (1, 1)


@pytest.mark.parametrize(
    ("mischief", "said"),
    [
        ("CREATE ROLE app_clone NOLOGIN", 'role "app_clone" is not permitted to log in'),
        ("ALTER ROLE app PASSWORD 'changed by hand'", 'authentication failed for user "app"'),
    ],
)
def test_a_login_that_the_database_does_not_take_is_not_made_current(
    server: Postgres, plane: ControlPlane, secret: str, mischief: LiteralString, said: str
) -> None:
    as_owner(server, mischief)
    with pytest.raises(psycopg.OperationalError, match=said):
        rotate(plane.client, server, secret)
    assert current_login(plane.client, secret) == FIRST


def test_the_password_is_in_no_representation() -> None:
    assert repr(FIRST) == "Login(username='app')"


def test_each_version_keeps_the_moment_in_which_it_was_made(
    plane: ControlPlane, secret: str
) -> None:
    secrets = plane.client("secretsmanager")
    stored = plane.backend("secretsmanager").secrets[secret].versions
    (version,) = stored.values()
    version["createdate"] = 1_700_000_000
    secrets.put_secret_value(SecretId=secret, SecretString="{}")
    listed = secrets.list_secret_version_ids(SecretId=secret)["Versions"]
    created = {one["VersionStages"][0]: one["CreatedDate"].timestamp() for one in listed}
    assert sorted(created) == ["AWSCURRENT", "AWSPREVIOUS"]
    assert created["AWSPREVIOUS"] == 1_700_000_000
    assert created["AWSCURRENT"] > 1_700_000_000
