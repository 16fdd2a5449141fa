"""Rules over every resource of every environment, as the real stack files describe them."""

import json
import re
from typing import Any

import pytest
import yaml

from infra.settings import BackupSettings, Settings
from rehearsal.monitor import STACK_TYPE
from rehearsal.recording import Recording, record
from rehearsal.stack_file import ROOT, stack_config, stack_names
from stacks.environment import environment
from tests.environments import STACKS, chosen, previewed, recorded, recorded_again

# What every environment has, whatever its dials say. A change here is a change to what people pay
# for and rely on: say so in the CHANGELOG.
ALWAYS = 331
STATEFUL = {
    "aws:dynamodb/table:Table",
    "aws:elasticache/replicationGroup:ReplicationGroup",
    "aws:kms/key:Key",
    "aws:lb/loadBalancer:LoadBalancer",
    "aws:lb/targetGroup:TargetGroup",
    "aws:rds/instance:Instance",
    "aws:s3/bucket:Bucket",
    "aws:secretsmanager/secret:Secret",
}


def test_the_environments_are_these_three() -> None:
    assert stack_names() == sorted(STACKS) == ["prod", "staging", "testing"]


def by_the_backups_dials(backup: BackupSettings) -> int:
    regions = 2 if backup.copy_region else 1
    return (
        (0 if backup.lock == "none" else regions)
        # Role with policy, plan, selections and alarms for two kinds of resource.
        + (7 if backup.restore_tests else 0)
        # Three components; key with alias, vault with policy, the database's replication, and the
        # frontend's copy of ten parts.
        + (18 if regions == 2 else 0)
    )


def by_the_dials(settings: Settings) -> int:
    """How many resources the settings of an environment add to what is always there."""
    zones, nat = len(settings.network.zones), settings.network.nat
    gateways = {"none": 0, "one": 1, "per_zone": zones}[nat]
    return (
        zones * 3 * 3  # subnet, route table and association in each of three tiers
        + zones * (1 if nat == "none" else 2)  # the public way out, and the private one
        + gateways * 5  # with its address, and its alarms with their component
        + len(settings.network.endpoints)
        + 2 * len(settings.alerts.emails)  # of both topics
        + 2 * len(settings.service.floors)  # of each slot
        + (2 if settings.tracing else 0)  # the collector's log, and leave to write traces
        + 2 * min(settings.secrets.generation, 2)  # a Redis user and its password
        + (2 if settings.redis.engine == "redis" else 0)  # its mandatory default user, likewise
        + by_the_backups_dials(settings.backup)
        + 5 * settings.redis.nodes  # alarms of each
        # The replica and its two log groups, the owner's secret with its value and password; nine
        # alarms and their component.
        + (17 if settings.postgres.read_replica else 0)
    )


@pytest.mark.parametrize("stack", STACKS)
def test_counts(stack: str) -> None:
    assert len(recorded(stack).resources) == ALWAYS + by_the_dials(chosen(stack))


@pytest.mark.parametrize("stack", STACKS)
def test_every_resource_belongs_to_a_component(stack: str) -> None:
    for resource in recorded(stack).resources:
        if resource.custom and resource.name != "aws":
            assert resource.parent is not None, resource.urn
            assert resource.parent.type.startswith("slipway:infra:"), resource.urn


@pytest.mark.parametrize("stack", STACKS)
def test_every_aws_resource_uses_the_one_provider(stack: str) -> None:
    found = [r for r in recorded(stack).resources if r.type.startswith("aws:")]
    assert len(found) > 100
    assert {r.provider for r in found} == {"aws"}


@pytest.mark.parametrize("stack", STACKS)
def test_every_lookup_asks_the_one_provider(stack: str) -> None:
    """Without a parent it would ask another one, in whatever account the credentials are for."""
    assert recorded(stack).invokes
    assert {invoke.provider for invoke in recorded(stack).invokes} == {"aws"}


@pytest.mark.parametrize("stack", STACKS)
def test_the_provider_refuses_other_accounts_and_tags_everything(stack: str) -> None:
    provider = recorded(stack).only("pulumi:providers:aws")
    assert provider.name == "aws"
    aws = chosen(stack).aws
    # Defaults of the SDK: it asks AWS who it is before it asks for anything.
    assert {key: value for key, value in provider.inputs.items() if key.startswith("skip")} == {
        "skipCredentialsValidation": "false",
        "skipRegionValidation": "true",
    }
    assert provider.inputs["region"] == aws.region
    assert provider.inputs["allowedAccountIds"] == f'["{aws.account_id}"]'
    assert provider.inputs["defaultTags"] == (
        f'{{"tags": {{"environment": "{stack}", "managed-by": "pulumi", "project": "slipway"}}}}'
    )


@pytest.mark.parametrize("stack", STACKS)
def test_names_carry_the_environment(stack: str) -> None:
    for resource in recorded(stack).resources:
        if resource.name != "aws":
            assert re.fullmatch(rf"{stack}(-\S+)?", resource.name), resource.urn


@pytest.mark.parametrize("stack", STACKS)
def test_what_holds_state_is_protected_where_the_settings_say(stack: str) -> None:
    protect = chosen(stack).protect
    for type_ in STATEFUL:
        assert {r.protect for r in recorded(stack).every(type_)} == {protect}, type_
    assert True not in {r.protect for r in recorded(stack).resources} - {protect}


def test_prod_is_protected() -> None:
    """A rule, not a dial: whoever takes it off should see this red."""
    assert chosen("prod").protect is True


def test_what_is_not_protected_can_be_destroyed_with_what_it_holds() -> None:
    for stack, emptied in (("prod", False), ("staging", True), ("testing", True)):
        buckets = recorded(stack).every("aws:s3/bucket:Bucket")
        vaults = recorded(stack).every("aws:backup/vault:Vault")
        held = {f"{stack}-frontend", f"{stack}-logs", f"{stack}-vault"}
        if chosen(stack).backup.copy_region:
            held |= {f"{stack}-copy-vault", f"{stack}-frontend-copy"}
        assert {b.name: b.inputs["forceDestroy"] for b in [*buckets, *vaults]} == dict.fromkeys(
            held, emptied
        )
        for type_, guard in (
            ("aws:rds/instance:Instance", "deletionProtection"),
            ("aws:lb/loadBalancer:LoadBalancer", "enableDeletionProtection"),
            ("aws:dynamodb/table:Table", "deletionProtectionEnabled"),
        ):
            assert recorded(stack).only(type_).inputs[guard] is not emptied, type_


@pytest.mark.parametrize("stack", STACKS)
def test_whatever_is_ignored_has_another_owner(stack: str) -> None:
    ignored = {r.name: r.ignore_changes for r in recorded(stack).resources if r.ignore_changes}
    assert ignored == {
        f"{stack}-traffic": ("actions",),
        f"{stack}-database-login-value": ("secretString", "versionStages"),
        **{f"{stack}-{slot}": ignored[f"{stack}-{slot}"] for slot in ("blue", "green")},
    }
    for type_, names in (
        ("aws:ecs/service:Service", ("taskDefinition", "desiredCount")),
        ("aws:appautoscaling/target:Target", ("minCapacity", "suspendedState")),
    ):
        assert {r.ignore_changes for r in recorded(stack).every(type_)} == {names}


def texts(value: Any) -> list[str]:
    match value:
        case dict():
            return [text for item in value.values() for text in texts(item)]
        case list():
            return [text for item in value for text in texts(item)]
        case str():
            return [value]
    return []


@pytest.mark.parametrize("stack", STACKS)
def test_no_secret_is_in_clear_in_any_input_or_export(stack: str) -> None:
    passwords = [
        *(
            r.outputs["result"]
            for r in recorded(stack).every("random:index/randomPassword:RandomPassword")
        ),
        *(r.outputs["hex"] for r in recorded(stack).every("random:index/randomBytes:RandomBytes")),
    ]
    assert len(passwords) >= 6
    hidden = 0
    for resource in recorded(stack).resources:
        for key, value in resource.inputs.items():
            if any(password in text for text in texts(value) for password in passwords):
                assert key in resource.secrets, f"{resource.urn} {key}"
                hidden += 1
    assert hidden >= 6
    exported = texts(recorded(stack).exports)
    assert len(exported) > 30
    assert not [text for text in exported for password in passwords if password in text]


@pytest.mark.parametrize("stack", STACKS)
def test_every_password_is_long_and_every_key_turns_and_waits_to_be_deleted(stack: str) -> None:
    passwords = recorded(stack).every("random:index/randomPassword:RandomPassword")
    lengths = {password.inputs["length"] for password in passwords}
    # Nothing that a URL or a shell would read.
    assert {password.inputs["special"] for password in passwords} == {False}
    # The rotated login's, what is ours, and where there is a replica, the owner's.
    assert {32, 64} <= lengths <= {32, 40, 64}
    for key in recorded(stack).every("aws:kms/key:Key"):
        assert key.inputs["deletionWindowInDays"] == 30, key.name
        signs = key.inputs.get("keyUsage") == "SIGN_VERIFY"
        assert key.inputs["enableKeyRotation"] is not signs, key.name
        assert json.loads(key.inputs["policy"])["Statement"][0] == {
            "Sid": "AccountDecidesThroughIam",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{chosen(stack).aws.account_id}:root"},
            "Action": "kms:*",
            "Resource": "*",
        }, key.name


@pytest.mark.parametrize("stack", STACKS)
def test_a_role_is_taken_by_one_service_or_by_cutover(stack: str) -> None:
    roles = recorded(stack).every("aws:iam/role:Role")
    assert len(roles) >= 9
    for role in roles:
        (trust,) = json.loads(role.inputs["assumeRolePolicy"])["Statement"]
        assert (trust["Effect"], trust["Action"]) == ("Allow", "sts:AssumeRole"), role.name
        (kind,) = trust["Principal"]
        assert kind == ("AWS" if role.name == f"{stack}-weights" else "Service"), role.name


@pytest.mark.parametrize("stack", STACKS)
def test_a_first_preview_survives_what_is_not_known_yet(stack: str) -> None:
    assert [r.urn for r in previewed(stack).resources] == [r.urn for r in recorded(stack).resources]


@pytest.mark.parametrize("stack", STACKS)
def test_a_second_preview_is_empty(stack: str) -> None:
    again = recorded_again(stack)
    assert [(r.urn, r.inputs) for r in again.resources] == [
        (r.urn, r.inputs) for r in recorded(stack).resources
    ]
    assert again.exports == recorded(stack).exports


def test_each_part_gets_the_dial_that_is_meant_for_it() -> None:
    """Wires can only be told apart where no two dials say the same."""
    good = yaml.safe_load((ROOT / "tests" / "good_settings.yaml").read_text())
    wired = record(
        environment,
        stack="prod",
        config={f"slipway:{key}": json.dumps(value) for key, value in good.items()},
    )
    retention = {
        log.name: log.inputs["retentionInDays"]
        for log in wired.every("aws:cloudwatch/logGroup:LogGroup")
    }
    assert retention == {
        "prod-app": 120,
        "prod-collector": 120,
        "prod-database-login-rotation-log": 180,
        "prod-waf-log": 90,
        "prod-flow": 60,
        "prod-migrate": 120,
        "prod-nginx": 120,
        "prod-pgbouncer": 120,
        "prod-postgres-postgresql-log": 180,
        "prod-postgres-upgrade-log": 180,
        "prod-redis-engine-log": 150,
        "prod-redis-slow-log": 150,
        "prod-watcher-log": 120,
    }
    kept = {
        lifecycle.name: json.dumps(lifecycle.inputs["rules"])
        for lifecycle in wired.every(
            "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
        )
    }
    assert sorted(kept) == [
        "prod-frontend-copy-lifecycle",
        "prod-frontend-lifecycle",
        "prod-logs-lifecycle",
    ]
    assert '"noncurrentDays": 400' in kept["prod-frontend-copy-lifecycle"]
    assert '"noncurrentDays": 400' in kept["prod-frontend-lifecycle"]
    assert '"days": 90' in kept["prod-logs-lifecycle"]


def prod(*, read_replica: bool) -> Recording:
    config = stack_config("prod")
    postgres = {**json.loads(config["slipway:postgres"]), "read_replica": read_replica}
    return record(
        environment, stack="prod", config={**config, "slipway:postgres": json.dumps(postgres)}
    )


def test_what_a_replica_adds_has_a_parent_a_provider_and_its_protection() -> None:
    """A dial that no environment has turned is held to the rules for all of them."""
    before = {r.urn for r in prod(read_replica=False).resources}
    added = [r for r in prod(read_replica=True).resources if r.urn not in before]
    alarms = [r for r in added if "slipway:infra:Alarms" in r.urn]
    assert {r.name.removeprefix("prod-postgres-replica") for r in alarms} == {
        *("", "-connections", "-cpu", "-io-balance", "-lag", "-memory", "-read-latency"),
        *("-storage", "-throughput-balance", "-write-latency"),
    }
    assert {(r.provider, r.protect) for r in alarms if r.custom} == {("aws", False)}
    added = [r for r in added if r not in alarms]
    postgres, owner_secret = "slipway:infra:Postgres", "slipway:infra:OwnerSecret"
    password = f"prod-database-owner-g{chosen('prod').secrets.generation}"
    assert {
        r.name: (r.type.rpartition(":")[2], r.parent and r.parent.type, r.provider, r.protect)
        for r in added
    } == {
        "prod": ("OwnerSecret", postgres, None, True),
        "prod-database-owner": ("Secret", owner_secret, "aws", True),
        "prod-database-owner-value": ("SecretVersion", owner_secret, "aws", False),
        password: ("RandomPassword", postgres, None, False),
        "prod-postgres-replica": ("Instance", postgres, "aws", True),
        "prod-postgres-replica-postgresql-log": ("LogGroup", postgres, "aws", True),
        "prod-postgres-replica-upgrade-log": ("LogGroup", postgres, "aws", True),
    }
    assert len(added) == 7


PLACES = {
    *("securityGroups", "securityGroupIds", "vpcSecurityGroupIds"),
    *("subnets", "subnetIds", "vpcSubnetIds", "subnetGroupName", "dbSubnetGroupName"),
}


def places(inputs: dict[str, Any]) -> dict[str, Any]:
    """What says where in the network a resource stands and who may reach it."""
    found = {key: value for key, value in inputs.items() if key in PLACES}
    for value in inputs.values():
        if isinstance(value, dict):
            found |= places(value)
    return found


@pytest.mark.parametrize("stack", STACKS)
def test_each_part_stands_where_its_own_paths_lead(stack: str) -> None:
    zones = [zone[-1] for zone in chosen(stack).network.zones]
    private = [f"{stack}-private-{zone}-id" for zone in zones]
    data = [f"{stack}-data-{zone}-id" for zone in zones]
    groups = {key: [f"{stack}-{key}-id"] for key in ("balancer", "tasks", "postgres", "redis")}
    endpoints = {"securityGroupIds": [f"{stack}-endpoints-id"], "subnetIds": private}
    slot = {"securityGroups": groups["tasks"], "subnets": private}
    replica = {"vpcSecurityGroupIds": groups["postgres"]}
    assert {
        (r.type.rpartition(":")[2], r.name): found
        for r in recorded(stack).resources
        if (found := places(r.inputs))
    } == {
        ("LoadBalancer", f"{stack}-alb"): {
            "securityGroups": groups["balancer"],
            "subnets": private,
        },
        ("Service", f"{stack}-blue"): slot,
        ("Service", f"{stack}-green"): slot,
        ("SubnetGroup", f"{stack}-postgres-subnets"): {"subnetIds": data},
        ("Instance", f"{stack}-postgres"): {
            "vpcSecurityGroupIds": groups["postgres"],
            "dbSubnetGroupName": f"{stack}-postgres-subnets.name",
        },
        **(
            {("Instance", f"{stack}-postgres-replica"): replica}
            if chosen(stack).postgres.read_replica
            else {}
        ),
        ("SubnetGroup", f"{stack}-redis-subnets"): {"subnetIds": data},
        ("ReplicationGroup", f"{stack}-redis"): {
            "securityGroupIds": groups["redis"],
            "subnetGroupName": f"{stack}-redis-subnets.name",
        },
        ("CloudFormationStack", f"{stack}-database-login-rotation"): {
            "vpcSecurityGroupIds": f"{stack}-rotation-id",
            "vpcSubnetIds": ",".join(private),
        },
        **{
            ("VpcEndpoint", f"{stack}-{service.replace('.', '-')}"): endpoints
            for service in chosen(stack).network.endpoints
        },
        **(
            {
                ("RestoreTestingSelection", f"{stack}-restore-tests-rds"): {
                    "dbSubnetGroupName": f"{stack}-postgres-subnets.name",
                    "vpcSecurityGroupIds": json.dumps(groups["postgres"]),
                }
            }
            if chosen(stack).backup.restore_tests
            else {}
        ),
    }


def named(value: Any, names: set[str]) -> list[Any]:
    """Every value in plain data that stands at a key with one of the names."""
    match value:
        case dict():
            here = [item for key, item in value.items() if key in names]
            return here + [found for item in value.values() for found in named(item, names)]
        case list():
            return [found for item in value for found in named(item, names)]
    return []


@pytest.mark.parametrize("stack", STACKS)
def test_the_edge_is_guarded_and_each_end_of_tls_has_its_own_certificate(stack: str) -> None:
    def arn(type_: str, name: str) -> str:
        return recorded(stack).only(type_, name).outputs["arn"]

    distribution = recorded(stack).only("aws:cloudfront/distribution:Distribution").inputs
    listener = recorded(stack).only("aws:lb/listener:Listener").inputs
    certificate = "aws:acm/certificate:Certificate"
    assert {
        "web ACL": distribution["webAclId"],
        "edge": distribution["viewerCertificate"]["acmCertificateArn"],
        "balancer": listener["certificateArn"],
        "origin": recorded(stack)
        .only("aws:cloudfront/vpcOrigin:VpcOrigin")
        .inputs["vpcOriginEndpointConfig"]["arn"],
    } == {
        "web ACL": arn("aws:wafv2/webAcl:WebAcl", f"{stack}-edge"),
        "edge": arn(certificate, f"{stack}-edge-certificate"),
        "balancer": arn(certificate, f"{stack}-regional-certificate"),
        "origin": arn("aws:lb/loadBalancer:LoadBalancer", f"{stack}-alb"),
    }


@pytest.mark.parametrize("stack", STACKS)
def test_one_key_encrypts_everything_and_one_topic_a_region_hears_every_alarm(stack: str) -> None:
    resources = recorded(stack).resources
    keys = {"kmsKeyArn", "kmsKeyId", "masterSecretKmsKeyArn"}
    keys |= {"masterUserSecretKmsKeyId", "performanceInsightsKmsKeyId"}
    encrypted = [key for r in resources for key in named(r.inputs, keys)]
    assert len(encrypted) >= 20
    key = recorded(stack).only("aws:kms/key:Key", f"{stack}-key").outputs["arn"]
    elsewhere = [
        key
        for r in resources
        if r.inputs.get("region") == (chosen(stack).backup.copy_region or "")
        for key in named(r.inputs, keys)
    ]
    assert {*encrypted} - {*elsewhere} == {key}
    copies = [r for r in resources if r.name == f"{stack}-copy-key"]
    assert {*elsewhere} == {copy.outputs["arn"] for copy in copies}
    for region, part, least in ((None, "", 40), ("us-east-1", "-edge", 5)):
        heard = [
            topic
            for r in resources
            if r.inputs.get("region") == region
            for topic in named(r.inputs, {"alarmActions", "snsTopic"})
        ]
        assert len(heard) >= least
        topic = recorded(stack).only("aws:sns/topic:Topic", f"{stack}{part}-alerts").outputs["arn"]
        assert all(found in (topic, [topic]) for found in heard)


def test_all_three_have_the_same_parts() -> None:
    # RDS can't manage the password of a replica's primary; not everybody wants a second region; and
    # each gateway has its alarms.
    by_dial = {"OwnerSecret", "SecondRegion", "FrontendCopy"}
    parts = {
        stack: [
            r.type
            for r in recorded(stack).resources
            if r.type.startswith("slipway:")
            and r.type.rpartition(":")[2] not in by_dial
            and r.name != f"{stack}-copy"
            and not r.name.startswith(f"{stack}-nat-")
        ]
        for stack in STACKS
    }
    assert parts["prod"] == parts["staging"] == parts["testing"]
    assert STACK_TYPE not in parts["prod"]
    assert len(parts["prod"]) == 68
