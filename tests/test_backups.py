"""What is asked of AWS Backup, RDS and S3 for the day on which data is gone.

Mocks prove what is asked of AWS, not that AWS accepts it.
"""

import dataclasses
import json
from typing import Any

import pulumi
import pytest

from infra.backup_tags import KEEPERS, STATEFUL_TYPES
from infra.backups import Backups, BackupsArgs
from infra.settings import BackupSettings
from rehearsal.recording import Recording, record
from rehearsal.resource import Resource
from tests.environments import STACKS, chosen, recorded

VAULT, LOCK = "aws:backup/vault:Vault", "aws:backup/vaultLockConfiguration:VaultLockConfiguration"
PLAN, SELECTION = "aws:backup/plan:Plan", "aws:backup/selection:Selection"
POLICY, ALARM = "aws:backup/vaultPolicy:VaultPolicy", "aws:cloudwatch/metricAlarm:MetricAlarm"
TEST_PLAN = "aws:backup/restoreTestingPlan:RestoreTestingPlan"
TEST_SELECTION = "aws:backup/restoreTestingSelection:RestoreTestingSelection"
DATABASE_COPY = "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication"
REPLICATION = "aws:s3/bucketReplicationConfig:BucketReplicationConfig"
ROLE, ATTACHMENT = "aws:iam/role:Role", "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
ACCOUNT = "210987654321"
SETTINGS = BackupSettings(
    daily_days=30,
    weekly_days=60,
    monthly_days=300,
    lock="governance",
    restore_tests=True,
    rto_minutes=60,
    rpo_minutes=15,
    copy_region="eu-central-1",
)


def backups(**changed: Any) -> Recording:
    def program() -> None:
        Backups(
            "prod",
            BackupsArgs(
                settings=dataclasses.replace(SETTINGS, **changed),
                account_id=ACCOUNT,
                boundary_arn=None,
                region="eu-west-1",
                protect=True,
                key_arn="key-arn",
                database_arn="database-arn",
                database_days=21,
                database_subnet_group="data-subnets",
                database_security_group_id="sg-postgres",
                table_arn="table-arn",
                frontend_bucket="frontend",
                frontend_arn="frontend-arn",
                asset_days=90,
                alerts_topic_arn="topic-arn",
            ),
            pulumi.ResourceOptions(protect=True),
        )

    return record(program, stack="prod")


@pytest.fixture(scope="module")
def recording() -> Recording:
    return backups()


def types(recording: Recording) -> set[str]:
    return {resource.type for resource in recording.resources}


@pytest.mark.parametrize("stack", STACKS)
def test_every_stateful_resource_says_who_keeps_copies_of_it(stack: str) -> None:
    keepers = {
        r.name.removeprefix(f"{stack}-"): r.inputs["tags"]["backup"]
        for r in recorded(stack).resources
        if r.type in STATEFUL_TYPES
    }
    copy = {"frontend-copy": "none"} if chosen(stack).backup.copy_region else {}
    assert keepers == {
        "cutover": "snapshots",
        "frontend": "continuous",
        "logs": "none",
        "postgres": "snapshots",
        "redis": "service",
        **copy,
    }
    assert {*keepers.values()} == {*KEEPERS}


@pytest.mark.parametrize("stack", STACKS)
def test_a_plan_takes_what_carries_its_tag_in_its_own_environment_alone(stack: str) -> None:
    assert {
        selection.name: (selection.inputs["resources"], selection.inputs["conditions"])
        for selection in recorded(stack).every(SELECTION)
    } == {
        f"{stack}-{keeper}": (
            ["*"],
            [
                {
                    "stringEquals": [
                        {"key": "aws:ResourceTag/backup", "value": keeper},
                        {"key": "aws:ResourceTag/environment", "value": stack},
                        {"key": "aws:ResourceTag/project", "value": "slipway"},
                    ]
                }
            ],
        )
        for keeper in ("snapshots", "continuous")
    }
    provider = recorded(stack).only("pulumi:providers:aws").inputs["defaultTags"]
    tags = json.loads(provider)["tags"]
    assert (tags["environment"], tags["project"]) == (stack, "slipway")
    for keeper in ("snapshots", "continuous"):
        selection = recorded(stack).only(SELECTION, f"{stack}-{keeper}").inputs
        assert selection["planId"] == f"{stack}-{keeper}-id"
        assert (
            selection["iamRoleArn"]
            == (recorded(stack).only(ROLE, f"{stack}-backup").outputs["arn"])
        )


def rule(name: str, schedule: str, days: int, **more: Any) -> dict[str, Any]:
    return {
        "ruleName": name,
        "targetVaultName": "prod-vault.name",
        "schedule": schedule,
        "scheduleExpressionTimezone": "Etc/UTC",
        "startWindow": 60,
        "completionWindow": 600,
        "lifecycle": {"deleteAfter": days},
        **more,
    }


def test_daily_weekly_and_monthly_recovery_points_are_copied_as_long_as_they_live(
    recording: Recording,
) -> None:
    vault = recording.only(VAULT, "prod-copy-vault").outputs["arn"]

    def copied(name: str, schedule: str, days: int) -> dict[str, Any]:
        copy = {"destinationVaultArn": vault, "lifecycle": {"deleteAfter": days}}
        return rule(name, schedule, days, copyActions=[copy])

    assert recording.only(PLAN, "prod-snapshots").inputs["rules"] == [
        copied("daily", "cron(0 5 ? * * *)", 30),
        copied("weekly", "cron(0 8 ? * SUN *)", 60),
        copied("monthly", "cron(0 11 1 * ? *)", 300),
    ]


def test_the_bucket_goes_back_to_any_second_and_the_database_is_left_to_rds(
    recording: Recording,
) -> None:
    assert recording.only(PLAN, "prod-continuous").inputs["rules"] == [
        rule("continuous", "cron(0 5 ? * * *)", 30, enableContinuousBackup=True)
    ]
    assert all(
        "enableContinuousBackup" not in one
        for one in recording.only(PLAN, "prod-snapshots").inputs["rules"]
    )
    assert recorded("prod").only("aws:rds/instance:Instance").inputs["backupRetentionPeriod"] == (
        chosen("prod").postgres.backup_days
    )


@pytest.mark.parametrize("stack", STACKS)
def test_each_environment_keeps_copies_as_long_as_its_stack_file_says(stack: str) -> None:
    settings = chosen(stack).backup
    kept = {"daily": settings.daily_days, "weekly": settings.weekly_days}
    kept |= {"monthly": settings.monthly_days, "continuous": settings.daily_days}
    plans = recorded(stack).every(PLAN)
    assert {
        one["ruleName"]: one["lifecycle"] for plan in plans for one in plan.inputs["rules"]
    } == {name: {"deleteAfter": days} for name, days in kept.items()}


def test_both_vaults_are_encrypted_and_nobody_deletes_from_them(recording: Recording) -> None:
    copy_key = recording.only("aws:kms/key:Key")
    assert {v.name: v.inputs for v in recording.every(VAULT)} == {
        "prod-vault": {"region": "eu-west-1", "kmsKeyArn": "key-arn", "forceDestroy": False},
        "prod-copy-vault": {
            "region": "eu-central-1",
            "kmsKeyArn": copy_key.outputs["arn"],
            "forceDestroy": False,
        },
    }
    assert {v.protect for v in [*recording.every(VAULT), copy_key]} == {True}
    policies = recording.every(POLICY)
    assert {(p.inputs["backupVaultName"], p.inputs["region"]) for p in policies} == {
        ("prod-vault.name", "eu-west-1"),
        ("prod-copy-vault.name", "eu-central-1"),
    }
    expires = "role/aws-service-role/backup.amazonaws.com/AWSServiceRoleForBackup"
    for policy in policies:
        assert json.loads(policy.inputs["policy"])["Statement"] == [
            {
                "Sid": "NobodyDeletes",
                "Effect": "Deny",
                "Principal": "*",
                "Action": [
                    "backup:DeleteBackupVault",
                    "backup:DeleteRecoveryPoint",
                    "backup:DisassociateRecoveryPoint",
                    "backup:UpdateRecoveryPointLifecycle",
                ],
                "Resource": "*",
                "Condition": {
                    "ArnNotEquals": {"aws:PrincipalArn": f"arn:aws:iam::{ACCOUNT}:{expires}"}
                },
            }
        ]


@pytest.mark.parametrize(
    ("lock", "extra"), [("governance", {}), ("compliance", {"changeableForDays": 3})]
)
def test_only_who_asks_for_it_is_locked_in_for_ever(lock: str, extra: dict[str, int]) -> None:
    spans = {"minRetentionDays": 30, "maxRetentionDays": 300, **extra}
    assert {one.name: one.inputs for one in backups(lock=lock).every(LOCK)} == {
        "prod-vault-lock": {"region": "eu-west-1", "backupVaultName": "prod-vault.name", **spans},
        "prod-copy-vault-lock": {
            "region": "eu-central-1",
            "backupVaultName": "prod-copy-vault.name",
            **spans,
        },
    }


def test_no_environment_is_locked_in_for_ever() -> None:
    """A rule, not a dial: whoever decides on it should see this red."""
    for stack in STACKS:
        locks = [r for r in recorded(stack).resources if r.type == LOCK]
        assert all("changeableForDays" not in lock.inputs for lock in locks)
        assert bool(locks) is (chosen(stack).backup.lock != "none")


@pytest.mark.parametrize(("type_", "many"), [(LOCK, 2), (DATABASE_COPY, 1)])
def test_what_a_vault_or_a_database_has_one_of_goes_before_its_replacement_comes(
    recording: Recording, type_: str, many: int
) -> None:
    """Days are ForceNew in both (terraform-provider-aws, vault_lock_configuration.go and
    instance_automated_backups_replication.go), and what is deleted is named by its owner alone."""
    found = recording.every(type_)
    assert [one.delete_before_replace for one in found] == [True] * many


def test_the_databases_log_goes_to_the_second_region(recording: Recording) -> None:
    assert recording.only(DATABASE_COPY).inputs == {
        "region": "eu-central-1",
        "sourceDbInstanceArn": "database-arn",
        "kmsKeyId": recording.only("aws:kms/key:Key").outputs["arn"],
        "retentionPeriod": 21,
    }
    wired = recorded("prod").only(DATABASE_COPY).inputs
    database = recorded("prod").only("aws:rds/instance:Instance")
    assert wired["sourceDbInstanceArn"] == database.outputs["arn"]
    assert wired["retentionPeriod"] == chosen("prod").postgres.backup_days


def test_every_version_of_the_frontend_is_copied_and_no_deletion(recording: Recording) -> None:
    copy = recording.only("aws:s3/bucket:Bucket")
    replication = recording.only(REPLICATION)
    assert replication.inputs == {
        "bucket": "frontend",
        "role": recording.only(ROLE, "prod-frontend-copy").outputs["arn"],
        "rules": [
            {
                "id": "everything",
                "status": "Enabled",
                "priority": 1,
                "filter": {"prefix": ""},
                "deleteMarkerReplication": {"status": "Disabled"},
                "destination": {"bucket": copy.outputs["arn"], "storageClass": "STANDARD_IA"},
            }
        ],
    }
    waits_for = {urn.rsplit("::", 1)[1] for urn in replication.depends_on}
    assert {"prod-frontend-copy-versioning", "prod-frontend-copy"} <= waits_for
    policy = recording.only("aws:iam/rolePolicy:RolePolicy", "prod-frontend-copy")
    assert [
        (one["Action"], one["Resource"]) for one in json.loads(policy.inputs["policy"])["Statement"]
    ] == [
        (["s3:GetReplicationConfiguration", "s3:ListBucket"], "frontend-arn"),
        (
            [
                "s3:GetObjectVersionAcl",
                "s3:GetObjectVersionForReplication",
                "s3:GetObjectVersionTagging",
            ],
            "frontend-arn/*",
        ),
        (["s3:ReplicateObject", "s3:ReplicateTags"], f"{copy.outputs['arn']}/*"),
    ]


def test_the_frontends_copy_is_as_private_as_the_frontend(recording: Recording) -> None:
    parts = [
        r
        for r in recording.resources
        if r.parent and r.parent.type == "slipway:infra:FrontendCopy" and r.type != REPLICATION
    ]
    regional = [r for r in parts if not r.type.startswith("aws:iam/")]
    assert len(parts) == 9
    assert [r.inputs["region"] for r in regional] == ["eu-central-1"] * 7
    in_use = {r.type.rpartition(":")[2]: r.inputs for r in regional}
    assert in_use["BucketPublicAccessBlock"] == {
        "region": "eu-central-1",
        "bucket": "prod-frontend-copy.bucket",
        "blockPublicAcls": True,
        "blockPublicPolicy": True,
        "ignorePublicAcls": True,
        "restrictPublicBuckets": True,
    }
    assert in_use["BucketOwnershipControls"]["rule"] == {"objectOwnership": "BucketOwnerEnforced"}
    assert in_use["BucketVersioning"]["versioningConfiguration"] == {"status": "Enabled"}
    assert in_use["BucketServerSideEncryptionConfiguration"]["rules"] == [
        {
            "applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"},
            "blockedEncryptionTypes": ["SSE-C"],
        }
    ]
    assert in_use["BucketLifecycleConfiguration"]["rules"] == [
        {
            "id": "expire-replaced",
            "status": "Enabled",
            "filter": {},
            "noncurrentVersionExpiration": {"noncurrentDays": 90},
            "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
        }
    ]
    arn = recording.only("aws:s3/bucket:Bucket").outputs["arn"]
    assert json.loads(in_use["BucketPolicy"]["policy"])["Statement"] == [
        {
            "Sid": "DenyPlainHttp",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [arn, f"{arn}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    ]


def test_a_failed_backup_copy_or_restore_of_this_vault_is_told(recording: Recording) -> None:
    vault = recording.only(VAULT, "prod-vault").outputs["arn"]
    ends = ["ABORTED", "EXPIRED", "FAILED", "PARTIAL"]
    event = recording.only("aws:cloudwatch/eventRule:EventRule").inputs
    assert json.loads(event["eventPattern"]) == {
        "source": ["aws.backup"],
        "detail-type": [
            "Backup Job State Change",
            "Copy Job State Change",
            "Restore Job State Change",
        ],
        "detail": {
            "$or": [
                {"backupVaultArn": [vault], "state": ends},
                {"sourceBackupVaultArn": [vault], "state": ends},
                {"backupVaultArn": [vault], "status": ends},
            ]
        },
    }
    assert recording.only("aws:cloudwatch/eventTarget:EventTarget").inputs == {
        "rule": "prod-backup-failed.name",
        "arn": "topic-arn",
    }


def alarm(resource: Resource) -> tuple[Any, ...]:
    keys = ("metricName", "evaluationPeriods", "datapointsToAlarm")
    return tuple(resource.inputs[key] for key in keys)


def test_silence_about_any_kind_of_backup_is_bad_news(recording: Recording) -> None:
    alarms = [one for one in recording.every(ALARM) if "-missing-" in one.name]
    backed_up, restored = "NumberOfBackupJobsCompleted", "NumberOfRestoreJobsCompleted"
    assert {a.name.removeprefix("prod-"): alarm(a) for a in alarms} == {
        "backup-missing-dynamodb": (backed_up, 2, 2),
        "backup-missing-rds": (backed_up, 2, 2),
        "backup-missing-s3": (backed_up, 2, 2),
        "restore-test-missing-dynamodb": (restored, 7, 7),
        "restore-test-missing-rds": (restored, 7, 7),
    }
    for one in alarms:
        kind = {"dynamodb": "DynamoDB", "rds": "RDS", "s3": "S3"}[one.name.rpartition("-")[2]]
        assert one.inputs["dimensions"] == {
            "BackupVaultName": "prod-vault.name",
            "ResourceType": kind,
        }
        assert one.inputs["alarmDescription"].startswith(f"ticket, platform: {kind} was not ")
        assert "docs/runbooks/restore.md#a-" in one.inputs["alarmDescription"]
        assert {
            key: one.inputs[key]
            for key in (
                *("namespace", "statistic", "period", "threshold", "comparisonOperator"),
                *("treatMissingData", "alarmActions", "okActions"),
            )
        } == {
            "namespace": "AWS/Backup",
            "statistic": "Sum",
            "period": 86_400,
            "threshold": 1,
            "comparisonOperator": "LessThanThreshold",
            "treatMissingData": "breaching",
            "alarmActions": ["topic-arn"],
            "okActions": ["topic-arn"],
        }


def test_the_newest_recovery_points_are_restored_out_of_reach(recording: Recording) -> None:
    assert recording.only(TEST_PLAN).inputs == {
        "name": "prod_restore_tests",
        "scheduleExpression": "cron(0 14 ? * WED,SAT *)",
        "scheduleExpressionTimezone": "Etc/UTC",
        "startWindowHours": 1,
        "recoveryPointSelection": {
            "algorithm": "LATEST_WITHIN_WINDOW",
            "includeVaults": [recording.only(VAULT, "prod-vault").outputs["arn"]],
            "recoveryPointTypes": ["SNAPSHOT"],
            "selectionWindowDays": 7,
        },
    }
    role = recording.only(ROLE, "prod-restore-tests").outputs["arn"]
    common = {
        "restoreTestingPlanName": "prod_restore_tests",
        "iamRoleArn": role,
        "validationWindowHours": 1,
    }
    assert {one.name: one.inputs for one in recording.every(TEST_SELECTION)} == {
        "prod-restore-tests-rds": {
            **common,
            "name": "prod_rds",
            "protectedResourceType": "RDS",
            "protectedResourceArns": ["database-arn"],
            "restoreMetadataOverrides": {
                "dbSubnetGroupName": "data-subnets",
                "multiAz": "false",
                "publiclyAccessible": "false",
                "vpcSecurityGroupIds": '["sg-postgres"]',
            },
        },
        "prod-restore-tests-dynamodb": {
            **common,
            "name": "prod_dynamodb",
            "protectedResourceType": "DynamoDB",
            "protectedResourceArns": ["table-arn"],
        },
    }


def test_who_backs_up_can_not_restore_and_the_other_way_round(recording: Recording) -> None:
    granted: dict[str, list[str]] = {}
    for attachment in recording.every(ATTACHMENT):
        policy = attachment.inputs["policyArn"].removeprefix("arn:aws:iam::aws:policy/")
        granted.setdefault(attachment.inputs["role"], []).append(policy)
    assert granted == {
        "prod-backup.name": [
            "service-role/AWSBackupServiceRolePolicyForBackup",
            "AWSBackupServiceRolePolicyForS3Backup",
        ],
        "prod-restore-tests.name": ["service-role/AWSBackupServiceRolePolicyForRestores"],
    }
    for name in ("prod-backup", "prod-restore-tests"):
        trust = json.loads(recording.only(ROLE, name).inputs["assumeRolePolicy"])
        assert [one["Principal"] for one in trust["Statement"]] == [
            {"Service": "backup.amazonaws.com"}
        ]


def test_an_environment_without_a_second_region_copies_nothing() -> None:
    alone = backups(copy_region=None)
    assert not types(alone) & {DATABASE_COPY, REPLICATION, "aws:kms/key:Key"}
    assert [v.inputs["region"] for v in alone.every(VAULT)] == ["eu-west-1"]
    (*_, monthly) = alone.only(PLAN, "prod-snapshots").inputs["rules"]
    assert monthly == rule("monthly", "cron(0 11 1 * ? *)", 300, copyActions=[])


def test_an_environment_without_restore_tests_has_no_role_that_restores() -> None:
    alone = backups(restore_tests=False, lock="none")
    assert not types(alone) & {TEST_PLAN, TEST_SELECTION, LOCK}
    assert {r.name for r in alone.every(ROLE)} == {"prod-backup", "prod-frontend-copy"}
    assert len(alone.every(ALARM)) == 4


def test_only_what_holds_data_is_protected(recording: Recording) -> None:
    kept = {"Vault", "Key", "Alias", "FrontendCopy"}
    for resource in recording.resources:
        if resource.custom and resource.protect:
            top = resource.type.rpartition(":")[2]
            parent = resource.parent.type.rpartition(":")[2] if resource.parent else ""
            assert {top, parent} & kept, resource.urn
    assert {r.protect for r in recording.every(PLAN) + recording.every(ALARM)} == {False}


def test_each_part_is_wired_to_the_environments_own(recording: Recording) -> None:
    prod = recorded("prod")
    assert recording.exports == {}
    database = prod.only("aws:rds/instance:Instance")
    (groups,) = [database.inputs["vpcSecurityGroupIds"]]
    selections = {one.inputs["protectedResourceType"]: one for one in prod.every(TEST_SELECTION)}
    assert selections["RDS"].inputs["protectedResourceArns"] == [database.outputs["arn"]]
    assert selections["RDS"].inputs["restoreMetadataOverrides"]["vpcSecurityGroupIds"] == (
        json.dumps(groups)
    )
    assert (
        selections["RDS"].inputs["restoreMetadataOverrides"]["dbSubnetGroupName"]
        == (database.inputs["dbSubnetGroupName"])
    )
    assert selections["DynamoDB"].inputs["protectedResourceArns"] == [
        prod.only("aws:dynamodb/table:Table").outputs["arn"]
    ]
    assert prod.only(REPLICATION).inputs["bucket"] == "prod-frontend.bucket"
    topic = prod.only("aws:sns/topic:Topic", "prod-alerts").outputs["arn"]
    assert prod.only("aws:cloudwatch/eventTarget:EventTarget").inputs["arn"] == topic
    vault = prod.only(VAULT, "prod-vault").inputs
    assert vault["kmsKeyArn"] == prod.only("aws:kms/key:Key", "prod-key").outputs["arn"]
    assert vault["region"] == chosen("prod").aws.region
