"""A backup that failed is told at once, and one that did not happen within two days."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

# AWS Backup's names of what the plans select. One alarm each: a count over the whole vault stays
# up while one of them has silently left the selection.
BACKED_UP = ("DynamoDB", "RDS", "S3")
RESTORED = ("DynamoDB", "RDS")
DAY_SECONDS = 86_400
_FAILED = ["ABORTED", "EXPIRED", "FAILED", "PARTIAL"]
_RUNBOOK = "docs/runbooks/restore.md"


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
        for kind in BACKED_UP:
            _missing(
                f"{name}-backup-missing-{kind.lower()}",
                f"{kind} was not backed up within two days: {_RUNBOOK}#a-backup-is-missing",
                "NumberOfBackupJobsCompleted",
                kind,
                args,
                days=2,
                opts=child,
            )
        for kind in RESTORED if args.restore_tests else ():
            _missing(
                f"{name}-restore-test-missing-{kind.lower()}",
                f"{kind} was not restored in a week: {_RUNBOOK}#a-restore-test-is-missing",
                "NumberOfRestoreJobsCompleted",
                kind,
                args,
                # Two were due. CloudWatch looks back a week at most.
                days=7,
                opts=child,
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


def _missing(
    name: str,
    description: str,
    metric: str,
    kind: str,
    args: BackupAlarmsArgs,
    *,
    days: int,
    opts: pulumi.ResourceOptions,
) -> None:
    aws.cloudwatch.MetricAlarm(
        name,
        alarm_description=description,
        namespace="AWS/Backup",
        metric_name=metric,
        dimensions={"BackupVaultName": args.vault_name, "ResourceType": kind},
        statistic="Sum",
        period=DAY_SECONDS,
        evaluation_periods=days,
        datapoints_to_alarm=days,
        comparison_operator="LessThanThreshold",
        threshold=1,
        # The metric is only sent when there is something to count.
        treat_missing_data="breaching",
        alarm_actions=[args.alerts_topic_arn],
        ok_actions=[args.alerts_topic_arn],
        opts=opts,
    )
