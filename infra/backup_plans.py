"""What carries a tag is backed up by the plan of that name, into the vault, and copied on."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.backup_role import BACKUP, backup_role
from infra.backup_tags import TAG, KeptBy
from infra.settings import PROJECT, BackupSettings

# UTC. Clear of RDS's backup window and of its maintenance window, and of the hour ahead of each, in
# which AWS Backup takes no snapshot of an instance; and clear of each other.
DAILY, WEEKLY, MONTHLY = "cron(0 5 ? * * *)", "cron(0 8 ? * SUN *)", "cron(0 11 1 * ? *)"
START_MINUTES, COMPLETION_MINUTES = 60, 600


@dataclass(frozen=True, kw_only=True)
class BackupPlansArgs:
    settings: BackupSettings
    boundary_arn: str | None
    environment: str
    vault_name: pulumi.Input[str]
    # Of the vaults in other regions.
    copy_vault_arns: Sequence[pulumi.Input[str]]


class BackupPlans(pulumi.ComponentResource):
    """Two plans over the environment's own resources, each selected by tag.

    `snapshots` makes daily, weekly and monthly recovery points and copies each. `continuous` can go
    back to any second of the last `daily_days`, and suits buckets. The database is not in it: AWS
    Backup would take its retention and window over from RDS, which can do the same by itself.
    """

    def __init__(
        self, name: str, args: BackupPlansArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:BackupPlans", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        settings = args.settings
        role_arn = backup_role(
            f"{name}-backup",
            f"AWS Backup reads the data of {name}",
            BACKUP,
            boundary_arn=args.boundary_arn,
            opts=child,
        )
        plans: dict[KeptBy, list[aws.backup.PlanRuleArgs]] = {
            "snapshots": [
                _rule(args, "daily", DAILY, settings.daily_days),
                _rule(args, "weekly", WEEKLY, settings.weekly_days),
                _rule(args, "monthly", MONTHLY, settings.monthly_days),
            ],
            "continuous": [
                aws.backup.PlanRuleArgs(
                    rule_name="continuous",
                    target_vault_name=args.vault_name,
                    schedule=DAILY,
                    schedule_expression_timezone="Etc/UTC",
                    start_window=START_MINUTES,
                    completion_window=COMPLETION_MINUTES,
                    enable_continuous_backup=True,
                    lifecycle=aws.backup.PlanRuleLifecycleArgs(delete_after=settings.daily_days),
                )
            ],
        }
        for keeper, rules in plans.items():
            plan = aws.backup.Plan(f"{name}-{keeper}", rules=rules, opts=child)
            _select(name, args.environment, keeper, plan, role_arn, child)
        self.register_outputs({})


def _rule(
    args: BackupPlansArgs, rule: str, schedule: str, delete_after: int
) -> aws.backup.PlanRuleArgs:
    return aws.backup.PlanRuleArgs(
        rule_name=rule,
        target_vault_name=args.vault_name,
        schedule=schedule,
        schedule_expression_timezone="Etc/UTC",
        start_window=START_MINUTES,
        completion_window=COMPLETION_MINUTES,
        lifecycle=aws.backup.PlanRuleLifecycleArgs(delete_after=delete_after),
        copy_actions=[
            aws.backup.PlanRuleCopyActionArgs(
                destination_vault_arn=arn,
                lifecycle=aws.backup.PlanRuleCopyActionLifecycleArgs(delete_after=delete_after),
            )
            for arn in args.copy_vault_arns
        ],
    )


def _select(
    name: str,
    environment: str,
    keeper: KeptBy,
    plan: aws.backup.Plan,
    role_arn: pulumi.Output[str],
    opts: pulumi.ResourceOptions,
) -> None:
    # All of them must hold: a plan must not take what another environment of the account has. The
    # last two come from the provider, on everything.
    wanted = {TAG: keeper, "environment": environment, "project": PROJECT}
    aws.backup.Selection(
        f"{name}-{keeper}",
        plan_id=plan.id,
        iam_role_arn=role_arn,
        resources=["*"],
        conditions=[
            aws.backup.SelectionConditionArgs(
                string_equals=[
                    aws.backup.SelectionConditionStringEqualArgs(
                        key=f"aws:ResourceTag/{key}", value=value
                    )
                    for key, value in wanted.items()
                ]
            )
        ],
        opts=opts,
    )
