"""A backup that failed is told at once, and one that did not happen within two days."""

from collections.abc import Iterator
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.alarm import Alarm, Metric
from infra.alarms import Alarms, AlarmsArgs
from infra.part_alarms import event_rule_alarms

# AWS Backup's names of what the plans select. One alarm each: a count over the whole vault stays
# up while one of them has silently left the selection.
BACKED_UP = ("DynamoDB", "RDS", "S3")
RESTORED = ("DynamoDB", "RDS")
DAY_SECONDS = 86_400
_FAILED = ["ABORTED", "EXPIRED", "FAILED", "PARTIAL"]


@dataclass(frozen=True, kw_only=True)
class BackupAlarmsArgs:
    vault_name: pulumi.Input[str]
    vault_arn: pulumi.Input[str]
    restore_tests: bool
    alerts_topic_arn: pulumi.Input[str]


class BackupAlarms(pulumi.ComponentResource):
    """Failed jobs by event; missing ones by alarms to which silence is bad news."""

    def __init__(
        self, name: str, args: BackupAlarmsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:BackupAlarms", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        rule = aws.cloudwatch.EventRule(
            f"{name}-backup-failed",
            description="A backup, a copy or a restore of this environment's vault has failed",
            event_pattern=pulumi.Output.json_dumps(_failures(args.vault_arn)),
            opts=child,
        )
        aws.cloudwatch.EventTarget(
            f"{name}-backup-failed", rule=rule.name, arn=args.alerts_topic_arn, opts=child
        )
        Alarms(
            name,
            AlarmsArgs(
                alarms=[
                    *_missing_backups(args.vault_name),
                    *(_missing_restores(args.vault_name) if args.restore_tests else ()),
                ],
                topic_arn=args.alerts_topic_arn,
            ),
            child,
        )
        Alarms(
            f"{name}-backup-failed",
            AlarmsArgs(alarms=[*event_rule_alarms(rule.name)], topic_arn=args.alerts_topic_arn),
            child,
        )
        self.register_outputs({})


def _failures(vault_arn: pulumi.Input[str]) -> dict[str, object]:
    """Each kind of job names its vault, and its end, in its own way (AWS Backup developer guide,
    "Monitoring AWS Backup events using EventBridge")."""
    return {
        "source": ["aws.backup"],
        "detail-type": [
            "Backup Job State Change",
            "Copy Job State Change",
            "Restore Job State Change",
        ],
        "detail": {
            "$or": [
                {"backupVaultArn": [vault_arn], "state": _FAILED},
                {"sourceBackupVaultArn": [vault_arn], "state": _FAILED},
                {"backupVaultArn": [vault_arn], "status": _FAILED},
            ]
        },
    }


def _missing_backups(vault: pulumi.Input[str]) -> Iterator[Alarm]:
    for kind in BACKED_UP:
        yield _missing(
            f"backup-missing-{kind.lower()}",
            f"{kind} was not backed up within two days",
            "restore.md#a-backup-is-missing",
            "ours: there is one every day, and one that is late is no alarm",
            Metric("AWS/Backup", "NumberOfBackupJobsCompleted", "Sum", _of(vault, kind)),
            days=2,
        )


def _missing_restores(vault: pulumi.Input[str]) -> Iterator[Alarm]:
    for kind in RESTORED:
        yield _missing(
            f"restore-test-missing-{kind.lower()}",
            f"{kind} was not restored in a week",
            "restore.md#a-restore-test-is-missing",
            "ours: two were due, and CloudWatch looks back a week at most",
            Metric("AWS/Backup", "NumberOfRestoreJobsCompleted", "Sum", _of(vault, kind)),
            days=7,
        )


def _of(vault: pulumi.Input[str], kind: str) -> dict[str, pulumi.Input[str]]:
    return {"BackupVaultName": vault, "ResourceType": kind}


def _missing(
    name: str, says: str, runbook: str, source: str, completed: Metric, *, days: int
) -> Alarm:
    return Alarm(
        name=name,
        severity="ticket",
        says=says,
        runbook=runbook,
        source=source,
        metrics={"completed": completed},
        comparison="<",
        threshold=1,
        period_seconds=DAY_SECONDS,
        periods=days,
        # The metric is only sent when there is something to count.
        missing="breaching",
    )
