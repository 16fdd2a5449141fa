"""What is asked of ElastiCache. That AWS accepts it is the preview's to show."""

import dataclasses
import re
from typing import Any

import pulumi
import pytest

from infra.redis import Redis, RedisArgs
from infra.redis_users import ACCESS
from infra.settings import RedisSettings
from rehearsal.recording import Recording, record
from tests.environments import STACKS, chosen, recorded

SETTINGS = RedisSettings(
    engine="redis", node_type="cache.m7g.large", nodes=3, snapshot_days=7, log_days=365
)
GROUP = "aws:elasticache/replicationGroup:ReplicationGroup"
USER = "aws:elasticache/user:User"
USER_GROUP = "aws:elasticache/userGroup:UserGroup"
PARAMETERS = "aws:elasticache/parameterGroup:ParameterGroup"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
PASSWORD = "random:index/randomPassword:RandomPassword"
NAME = "prod-redis-prod-redis-suffix.hex"


def _recorded(generation: int = 1, *, preview: bool = False, **changes: Any) -> Recording:
    def program() -> None:
        redis = Redis(
            "prod",
            RedisArgs(
                settings=dataclasses.replace(SETTINGS, **changes),
                generation=generation,
                subnet_ids=["subnet-a", "subnet-b"],
                security_group_id="sg-redis",
                key_arn="key-arn",
            ),
            pulumi.ResourceOptions(protect=True),
        )
        pulumi.export("url", redis.url)
        pulumi.export("replication_group_id", redis.replication_group_id)

    return record(program, stack="prod", preview=preview)


def _users(recording: Recording) -> dict[str, dict[str, Any]]:
    return {user.inputs["userId"]: user.inputs for user in recording.every(USER)}


def test_the_cache_is_exactly_this():
    inputs = dict(_recorded().only(GROUP).inputs)
    logs = inputs.pop("logDeliveryConfigurations")
    assert inputs == {
        "replicationGroupId": NAME,
        "description": "Cache and rate limits of the environment prod",
        "engine": "redis",
        "engineVersion": "7.1",
        "nodeType": "cache.m7g.large",
        "numCacheClusters": 3,
        "automaticFailoverEnabled": True,
        "multiAzEnabled": True,
        "port": 6379,
        "tags": {"backup": "service"},
        "subnetGroupName": "prod-redis-subnets.name",
        "securityGroupIds": ["sg-redis"],
        "parameterGroupName": "prod-redis-parameters.name",
        "userGroupIds": ["prod-redis"],
        "transitEncryptionEnabled": True,
        "transitEncryptionMode": "required",
        "atRestEncryptionEnabled": True,
        "kmsKeyId": "key-arn",
        "snapshotRetentionLimit": 7,
        "snapshotWindow": "03:30-04:30",
        "finalSnapshotIdentifier": f"{NAME}-final",
        "maintenanceWindow": "sun:05:00-sun:06:00",
        "autoMinorVersionUpgrade": True,
        "applyImmediately": False,
    }
    assert logs == [
        {
            "destination": f"/aws/vendedlogs/elasticache/{NAME}/{log}",
            "destinationType": "cloudwatch-logs",
            "logFormat": "json",
            "logType": log,
        }
        for log in ("engine-log", "slow-log")
    ]


@pytest.mark.parametrize(("nodes", "fails_over"), [(1, False), (2, True), (6, True)])
def test_more_than_one_node_fails_over(nodes: int, fails_over: bool):  # noqa: FBT001 (pytest passes the cases by name)
    inputs = _recorded(nodes=nodes).only(GROUP).inputs
    assert inputs["numCacheClusters"] == nodes
    assert inputs["automaticFailoverEnabled"] is fails_over
    assert inputs["multiAzEnabled"] is fails_over


@pytest.mark.parametrize("stack", STACKS)
def test_each_environment_has_the_cache_of_its_stack_file(stack: str):
    recording, settings = recorded(stack), chosen(stack).redis
    group = recording.only(GROUP)
    assert group.inputs == {
        **group.inputs,
        "engine": settings.engine,
        "nodeType": settings.node_type,
        "numCacheClusters": settings.nodes,
        "snapshotRetentionLimit": settings.snapshot_days,
    }
    assert group.protect is chosen(stack).protect
    logs = [recording.only(LOG_GROUP, f"{stack}-redis-{log}") for log in ("engine-log", "slow-log")]
    assert [log.inputs["retentionInDays"] for log in logs] == [settings.log_days] * 2
    newest = chosen(stack).secrets.generation
    logins = set(_users(recording)) - {f"{stack}-redis-default"}
    assert logins == {
        f"{stack}-{settings.engine}-g{generation}"
        for generation in (newest - 1, newest)
        if generation > 0
    }


def test_the_cache_lives_in_the_data_subnets():
    assert _recorded().only("aws:elasticache/subnetGroup:SubnetGroup").inputs == {
        "description": "Data subnets of the environment prod",
        "subnetIds": ["subnet-a", "subnet-b"],
    }


def test_logs_end_and_are_encrypted():
    groups = _recorded().every(LOG_GROUP)
    assert sorted((group.inputs for group in groups), key=lambda inputs: inputs["name"]) == [
        {
            "name": f"/aws/vendedlogs/elasticache/{NAME}/{log}",
            "retentionInDays": 365,
            "kmsKeyId": "key-arn",
        }
        for log in ("engine-log", "slow-log")
    ]


@pytest.mark.parametrize(
    ("engine", "version", "family"), [("redis", "7.1", "redis7"), ("valkey", "8.2", "valkey8")]
)
def test_the_engine_is_one_line_of_the_stack_file(engine: str, version: str, family: str):
    recording = _recorded(engine=engine)
    group = recording.only(GROUP).inputs
    assert (group["engine"], group["engineVersion"]) == (engine, version)
    assert group["userGroupIds"] == [f"prod-{engine}"]
    # No name of ours: another family replaces the group, and the two live side by side meanwhile.
    assert recording.only(PARAMETERS).inputs == {
        "description": f"{engine} {version} of the environment prod",
        "family": family,
        "parameters": [{"name": "maxmemory-policy", "value": "allkeys-lru"}],
    }
    assert recording.only(USER_GROUP).inputs["engine"] == engine
    assert recording.only(USER_GROUP).inputs["userGroupId"] == f"prod-{engine}"
    assert {user["engine"] for user in _users(recording).values()} == {engine}


def test_what_the_engine_replaces_is_not_protected():
    recording = _recorded()
    replaced = [
        *recording.every(USER),
        *recording.every(PASSWORD),
        recording.only(USER_GROUP),
        recording.only(PARAMETERS),
    ]
    assert [resource.protect for resource in replaced] == [False] * 6


def test_the_app_may_not_administer_and_the_default_user_is_off():
    assert _users(_recorded()) == {
        "prod-redis-g1": {
            "userId": "prod-redis-g1",
            "userName": "app-g1",
            "engine": "redis",
            "accessString": (
                "on ~* -@all +@read +@write +@connection +@transaction +@scripting "
                "-@admin -@dangerous"
            ),
            "authenticationMode": {
                "type": "password",
                "passwords": ["prod-redis-app-g1.result"],
            },
        },
        "prod-redis-default": {
            "userId": "prod-redis-default",
            "userName": "default",
            "engine": "redis",
            "accessString": "off -@all",
            "authenticationMode": {
                "type": "password",
                "passwords": ["prod-redis-default.result"],
            },
        },
    }


def test_valkey_needs_no_default_user():
    recording = _recorded(engine="valkey")
    assert list(_users(recording)) == ["prod-valkey-g1"]
    assert recording.only(USER_GROUP).inputs["userIds"] == ["prod-valkey-g1"]


def test_another_engine_keeps_the_login_that_running_tasks_use():
    redis, valkey = _recorded(generation=2), _recorded(generation=2, engine="valkey")
    logins = [
        {
            (user["userName"], *user["authenticationMode"]["passwords"])
            for user in _users(recording).values()
            if user["userName"] != "default"
        }
        for recording in (redis, valkey)
    ]
    assert logins[0] == logins[1]
    assert _users(redis).keys().isdisjoint(_users(valkey))


def test_raising_the_generation_keeps_the_login_before():
    first, second, third = (_recorded(generation=each) for each in (1, 2, 3))
    assert set(_users(first)) == {"prod-redis-g1", "prod-redis-default"}
    assert set(_users(second)) == {"prod-redis-g1", "prod-redis-g2", "prod-redis-default"}
    assert set(_users(third)) == {"prod-redis-g2", "prod-redis-g3", "prod-redis-default"}
    assert _users(first)["prod-redis-g1"] == _users(second)["prod-redis-g1"]
    assert [first.exports["url"], second.exports["url"]] == [
        f"rediss://app-{g}:prod-redis-app-{g}.result@prod-redis.primaryEndpointAddress:6379/0"
        for g in ("g1", "g2")
    ]
    assert second.only(USER_GROUP).inputs["userIds"] == [
        "prod-redis-g1",
        "prod-redis-g2",
        "prod-redis-default",
    ]


@pytest.mark.parametrize("engine", ["redis", "valkey"])
def test_ids_are_what_elasticache_accepts_with_the_longest_name_and_generation(engine: str):
    recording = _recorded(generation=10_000, engine=engine)
    ids = [*_users(recording), recording.only(USER_GROUP).inputs["userGroupId"]]
    longest_name = 16
    for each in ids:
        assert re.fullmatch(r"[a-z][a-z0-9]*(-[a-z0-9]+)*", each)
        assert len(each) - len("prod") + longest_name <= 40


def test_passwords_are_secret_and_need_no_quoting_in_a_url():
    recording = _recorded(generation=2)
    passwords = recording.every(PASSWORD)
    assert {password.name for password in passwords} == {
        "prod-redis-app-g1",
        "prod-redis-app-g2",
        "prod-redis-default",
    }
    for password in passwords:
        assert (password.inputs["length"], password.inputs["special"]) == (64, False)
    shown = [
        resource.name
        for resource in recording.resources
        for key, value in resource.inputs.items()
        if ".result" in str(value) and key not in resource.secrets
    ]
    assert shown == []
    assert {user.secrets for user in recording.every(USER)} == {frozenset({"authenticationMode"})}
    assert recording.secret_exports == {"url"}


def test_counts():
    assert len(_recorded().resources) == 13
    assert len(_recorded(generation=2).resources) == 15
    assert len(_recorded(engine="valkey").resources) == 11


def test_a_first_preview_survives_what_is_not_known_yet():
    assert len(_recorded(preview=True).resources) == 13


def test_the_access_string_names_keys_before_commands():
    assert ACCESS.split()[:3] == ["on", "~*", "-@all"]
