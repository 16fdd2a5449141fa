"""What is asked of RDS. That AWS accepts it is the preview's to show."""

import dataclasses
import json
from typing import Any

import pulumi
import pytest
from pulumi.output import Unknown

from infra.postgres import BACKUP_WINDOW, MAINTENANCE_WINDOW, Postgres, PostgresArgs
from infra.settings import PostgresSettings
from rehearsal.recording import Recording, record
from rehearsal.resource import Resource
from rehearsal.synthetic import Outputs, synthetic_outputs
from tests.environments import STACKS, chosen, recorded

ACCOUNT = "210987654321"
SETTINGS = PostgresSettings(
    major_version=17,
    instance_class="db.m7g.large",
    storage_gib=100,
    max_storage_gib=1000,
    multi_az=True,
    read_replica=False,
    backup_days=35,
    port=5433,
    monitoring_seconds=15,
    insights="standard",
    slow_query_ms=500,
    rotation_days=45,
    log_days=365,
)
INSTANCE = "aws:rds/instance:Instance"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
ROLE = "aws:iam/role:Role"
PASSWORD = "random:index/randomPassword:RandomPassword"
PARAMETERS = "aws:rds/parameterGroup:ParameterGroup"
SECRET = "aws:secretsmanager/secret:Secret"
SECRET_VERSION = "aws:secretsmanager/secretVersion:SecretVersion"
PRIMARY_NAME = "prod-postgres-prod-postgres-suffix.hex"


def _recorded(
    generation: int = 1,
    *,
    protect: bool = True,
    preview: bool = False,
    outputs: Outputs | None = None,
    **changes: Any,
) -> Recording:
    def program() -> None:
        postgres = Postgres(
            "prod",
            PostgresArgs(
                settings=dataclasses.replace(SETTINGS, **changes),
                protect=protect,
                generation=generation,
                account_id=ACCOUNT,
                boundary_arn=None,
                recovery_days=30,
                subnet_ids=["subnet-a", "subnet-b"],
                security_group_id="sg-postgres",
                key_arn="key-arn",
                alerts_topic_arn="topic-arn",
            ),
            pulumi.ResourceOptions(protect=protect),
        )
        for output in ("address", "port", "database", "identifier", "instance_arn", "subnet_group"):
            pulumi.export(output, getattr(postgres, output))
        pulumi.export("owner_secret_arn", postgres.owner_secret_arn)

    return record(program, stack="prod", preview=preview, outputs=outputs)


def _primary(recording: Recording) -> Resource:
    return recording.only(INSTANCE, "prod-postgres")


def test_the_database_is_exactly_this():
    assert _primary(_recorded()).inputs == {
        "identifier": PRIMARY_NAME,
        "engine": "postgres",
        "engineVersion": "17",
        "allowMajorVersionUpgrade": True,
        "autoMinorVersionUpgrade": True,
        "applyImmediately": False,
        "instanceClass": "db.m7g.large",
        "dbName": "app",
        "username": "owner",
        "manageMasterUserPassword": True,
        "masterUserSecretKmsKeyId": "key-arn",
        "iamDatabaseAuthenticationEnabled": True,
        "caCertIdentifier": "rds-ca-rsa2048-g1",
        "port": 5433,
        "publiclyAccessible": False,
        "dbSubnetGroupName": "prod-postgres-subnets.name",
        "vpcSecurityGroupIds": ["sg-postgres"],
        "parameterGroupName": "prod-postgres-parameters.name",
        "multiAz": True,
        "allocatedStorage": 100,
        "maxAllocatedStorage": 1000,
        "storageType": "gp3",
        "storageEncrypted": True,
        "kmsKeyId": "key-arn",
        "backupRetentionPeriod": 35,
        "backupWindow": "01:00-02:00",
        "deleteAutomatedBackups": False,
        "copyTagsToSnapshot": True,
        "deletionProtection": True,
        "tags": {"backup": "snapshots"},
        "skipFinalSnapshot": False,
        "finalSnapshotIdentifier": f"{PRIMARY_NAME}-final",
        "maintenanceWindow": "sun:02:30-sun:03:30",
        "enabledCloudwatchLogsExports": ["postgresql", "upgrade"],
        "monitoringInterval": 15,
        "monitoringRoleArn": "arn:aws:iam::123456789012:role/prod-postgres-monitoring",
        "performanceInsightsEnabled": True,
        "performanceInsightsKmsKeyId": "key-arn",
        "performanceInsightsRetentionPeriod": 7,
        "databaseInsightsMode": "standard",
    }


@pytest.mark.parametrize("stack", STACKS)
def test_each_environment_has_the_database_of_its_stack_file(stack: str):
    recording, settings = recorded(stack), chosen(stack).postgres
    primary = recording.only(INSTANCE, f"{stack}-postgres")
    assert primary.inputs == {
        **primary.inputs,
        "engineVersion": str(settings.major_version),
        "instanceClass": settings.instance_class,
        "allocatedStorage": settings.storage_gib,
        "maxAllocatedStorage": settings.max_storage_gib,
        "multiAz": settings.multi_az,
        "backupRetentionPeriod": settings.backup_days,
        "port": settings.port,
        "monitoringInterval": settings.monitoring_seconds,
        "databaseInsightsMode": settings.insights,
        "deletionProtection": chosen(stack).protect,
    }
    assert primary.protect is chosen(stack).protect
    assert primary.ignore_changes == ()
    names = {instance.name for instance in recording.every(INSTANCE)}
    assert (f"{stack}-postgres-replica" in names) is settings.read_replica
    parameters = recording.only(PARAMETERS).inputs["parameters"]
    assert {each["value"] for each in parameters[:2]} == {str(settings.slow_query_ms)}
    for log in ("postgresql", "upgrade"):
        group = recording.only(LOG_GROUP, f"{stack}-postgres-{log}-log")
        assert group.inputs["retentionInDays"] == settings.log_days
    role = recording.only(ROLE, f"{stack}-postgres-monitoring")
    assert json.loads(role.inputs["assumeRolePolicy"])["Statement"][0]["Condition"] == {
        "StringEquals": {"aws:SourceAccount": chosen(stack).aws.account_id}
    }


def test_standby_and_protection_are_dials():
    inputs = _primary(_recorded(protect=False, multi_az=False)).inputs
    assert (inputs["multiAz"], inputs["deletionProtection"]) == (False, False)


def test_a_backup_is_over_before_maintenance_may_begin():
    assert BACKUP_WINDOW.split("-")[1] < MAINTENANCE_WINDOW.split("-")[0].removeprefix("sun:")


def test_the_parameter_group_is_exactly_this_and_sorted():
    group = _recorded().only(PARAMETERS)
    assert group.inputs["family"] == "postgres17"
    assert group.inputs["description"] == "PostgreSQL 17 of the environment prod"
    assert [
        (each["name"], each["value"], each["applyMethod"]) for each in group.inputs["parameters"]
    ] == [
        ("auto_explain.log_min_duration", "500", "immediate"),
        ("log_min_duration_statement", "500", "immediate"),
        ("idle_in_transaction_session_timeout", "300000", "pending-reboot"),
        ("log_lock_waits", "1", "pending-reboot"),
        ("log_statement", "none", "pending-reboot"),
        ("log_temp_files", "10240", "pending-reboot"),
        ("password_encryption", "scram-sha-256", "pending-reboot"),
        ("pg_stat_statements.track_utility", "0", "pending-reboot"),
        ("rds.accepted_password_auth_method", "scram", "pending-reboot"),
        ("rds.force_ssl", "1", "pending-reboot"),
        ("rds.logical_replication", "0", "pending-reboot"),
        ("shared_preload_libraries", "pg_stat_statements,auto_explain", "pending-reboot"),
        ("track_commit_timestamp", "1", "pending-reboot"),
        ("track_io_timing", "1", "pending-reboot"),
    ]


def test_the_database_lives_in_the_data_subnets():
    assert _recorded().only("aws:rds/subnetGroup:SubnetGroup").inputs == {
        "description": "Data subnets of the environment prod",
        "subnetIds": ["subnet-a", "subnet-b"],
    }


def test_a_large_database_is_given_time():
    recording = _recorded(read_replica=True)
    assert [instance.custom_timeouts for instance in recording.every(INSTANCE)] == [
        {"create": "2h", "update": "3h", "delete": "2h"}
    ] * 2


def test_the_stack_file_says_what_a_slow_query_is():
    group = _recorded(slow_query_ms=250).only(PARAMETERS)
    assert [each["value"] for each in group.inputs["parameters"][:2]] == ["250", "250"]


def test_a_new_major_version_is_one_edit_and_its_parameter_group_can_be_replaced():
    recording = _recorded(major_version=18)
    group = recording.only(PARAMETERS)
    assert group.inputs["family"] == "postgres18"
    assert group.protect is False
    assert "name" not in group.inputs
    # The instance keeps the old group until its maintenance window.
    assert group.inputs["skipDestroy"] is True
    assert _primary(recording).inputs["engineVersion"] == "18"
    assert _primary(recording).inputs["applyImmediately"] is False


def test_advanced_insights_keep_what_aws_asks_for():
    inputs = _primary(_recorded(insights="advanced")).inputs
    assert inputs["databaseInsightsMode"] == "advanced"
    assert inputs["performanceInsightsRetentionPeriod"] == 465


def test_logs_end_are_encrypted_and_exist_before_the_database():
    recording = _recorded()
    groups = recording.every(LOG_GROUP)
    assert sorted((group.inputs for group in groups), key=lambda inputs: inputs["name"]) == [
        {
            "name": f"/aws/rds/instance/{PRIMARY_NAME}/{log}",
            "retentionInDays": 365,
            "kmsKeyId": "key-arn",
        }
        for log in ("postgresql", "upgrade")
    ]
    assert {group.urn for group in groups} <= set(_primary(recording).depends_on)


def test_only_rds_of_this_account_may_take_the_monitoring_role():
    recording = _recorded()
    role = recording.only(ROLE)
    assert role.inputs["description"] == "Enhanced monitoring of the database of prod"
    assert json.loads(role.inputs["assumeRolePolicy"])["Statement"] == [
        {
            "Sid": "EnhancedMonitoringOfThisAccount",
            "Effect": "Allow",
            "Principal": {"Service": "monitoring.rds.amazonaws.com"},
            "Action": "sts:AssumeRole",
            "Condition": {"StringEquals": {"aws:SourceAccount": ACCOUNT}},
        }
    ]
    assert recording.only("aws:iam/rolePolicyAttachment:RolePolicyAttachment").inputs == {
        "role": "prod-postgres-monitoring.name",
        "policyArn": "arn:aws:iam::aws:policy/service-role/AmazonRDSEnhancedMonitoringRole",
    }


def test_events_that_need_a_person_are_subscribed_for_this_environment():
    subscriptions = _recorded().every("aws:rds/eventSubscription:EventSubscription")
    assert {each.inputs["sourceType"]: each.inputs.get("sourceIds") for each in subscriptions} == {
        "db-instance": [PRIMARY_NAME],
        "db-parameter-group": ["prod-postgres-parameters.name"],
        "db-security-group": None,
    }
    assert {
        each.inputs["sourceType"]: each.inputs["eventCategories"] for each in subscriptions
    } == {
        "db-instance": [
            "availability",
            "configuration change",
            "deletion",
            "failover",
            "failure",
            "low storage",
            "maintenance",
            "read replica",
            "recovery",
        ],
        "db-parameter-group": ["configuration change"],
        "db-security-group": ["configuration change", "failure"],
    }
    for each in subscriptions:
        assert each.inputs["snsTopic"] == "topic-arn"
        assert each.inputs["enabled"] is True


def test_the_program_never_sees_the_owners_password():
    recording = _recorded()
    assert [resource.type for resource in recording.resources if resource.secrets] == []
    with pytest.raises(LookupError, match="no random:index/randomPassword"):
        recording.every(PASSWORD)
    assert recording.exports == {
        "address": "prod-postgres.address",
        "port": 5433,
        "database": "app",
        "identifier": PRIMARY_NAME,
        "instance_arn": "arn:aws:rds:eu-west-1:123456789012:instance/prod-postgres",
        "subnet_group": "prod-postgres-subnets.name",
        "owner_secret_arn": (
            "arn:aws:secretsmanager:eu-west-1:123456789012:secret:rds!prod-postgres"
        ),
    }


def test_without_a_replica_there_are_twelve_resources():
    assert len(_recorded().resources) == 12


def test_a_replica_adds_itself_its_logs_and_the_owners_secret():
    assert len(_recorded(read_replica=True).resources) == 19


def test_a_replica_is_secured_as_the_primary_is():
    recording = _recorded(read_replica=True)
    primary = _primary(recording).inputs
    replica = recording.only(INSTANCE, "prod-postgres-replica").inputs
    assert {key: value for key, value in replica.items() if primary.get(key) != value} == {
        "identifier": f"{PRIMARY_NAME}-replica",
        "replicateSourceDb": PRIMARY_NAME,
        "multiAz": False,
        "skipFinalSnapshot": True,
        "tags": {"backup": "none"},
    }
    # RDS or the provider refuses these for a replica, or takes them from the primary.
    assert sorted(primary.keys() - replica.keys()) == [
        "allocatedStorage",
        "allowMajorVersionUpgrade",
        "databaseInsightsMode",
        "dbName",
        "dbSubnetGroupName",
        "engine",
        "engineVersion",
        "finalSnapshotIdentifier",
        "kmsKeyId",
        "passwordWo",
        "passwordWoVersion",
        "storageType",
        "username",
    ]
    assert recording.only(
        "aws:rds/eventSubscription:EventSubscription", "prod-db-instance-events"
    ).inputs["sourceIds"] == [PRIMARY_NAME, f"{PRIMARY_NAME}-replica"]
    assert {group.inputs["name"] for group in recording.every(LOG_GROUP)} == {
        f"/aws/rds/instance/{instance}/{log}"
        for instance in (PRIMARY_NAME, f"{PRIMARY_NAME}-replica")
        for log in ("postgresql", "upgrade")
    }


def test_with_a_replica_the_owners_password_is_write_only_and_a_secret():
    recording = _recorded(read_replica=True, generation=3)
    primary = _primary(recording)
    assert "manageMasterUserPassword" not in primary.inputs
    assert "password" not in primary.inputs
    assert primary.inputs["passwordWo"] == "prod-database-owner-g3.result"
    assert primary.inputs["passwordWoVersion"] == 3
    assert primary.secrets == {"passwordWo"}
    password = recording.only(PASSWORD)
    assert (password.inputs["length"], password.inputs["special"]) == (40, False)
    assert password.protect is False
    version = recording.only(SECRET_VERSION)
    assert version.secrets == {"secretString"}
    assert version.protect is False
    assert json.loads(version.inputs["secretString"]) == {
        "engine": "postgres",
        "host": "prod-postgres.address",
        "password": "prod-database-owner-g3.result",
        "port": 5433,
        "ssl": True,
        "username": "owner",
    }
    secret = recording.only(SECRET)
    assert secret.inputs == {
        "description": "Login of the database's owner: migrations and rotation",
        "kmsKeyId": "key-arn",
        "recoveryWindowInDays": 30,
    }
    assert recording.exports["owner_secret_arn"] == (
        "arn:aws:secretsmanager:eu-west-1:123456789012:secret/prod-database-owner"
    )


def test_a_first_preview_survives_what_is_not_known_yet():
    assert len(_recorded(preview=True).resources) == 12


def _before_rds_had_a_secret(type_: str, name: str, inputs: dict[str, Any]) -> dict[str, Any]:
    outputs = synthetic_outputs(type_, name, inputs)
    return {**outputs, "masterUserSecrets": []} if type_ == INSTANCE else outputs


def test_the_preview_that_gives_the_password_back_to_rds_does_not_know_its_secret_yet():
    recording = _recorded(preview=True, outputs=_before_rds_had_a_secret)
    assert isinstance(recording.exports["owner_secret_arn"], Unknown)
    assert recording.exports["address"] == "prod-postgres.address"


def test_an_update_without_the_secret_of_rds_is_no_update():
    with pytest.raises(IndexError, match="list index out of range"):
        _recorded(outputs=_before_rds_had_a_secret)
