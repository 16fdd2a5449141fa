"""AWS Backup restores the newest recovery points twice a week, and clears up after itself."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.backup_role import RESTORE, backup_role

# UTC, well after the daily backups. An alarm looks back a week at most, so once would be too rare.
SCHEDULE = "cron(0 14 ? * WED,SAT *)"
# How long a restored database may be looked at before it is deleted; it costs by the hour.
VALIDATION_HOURS = 1


@dataclass(frozen=True, kw_only=True)
class RestoreTestsArgs:
    wanted: bool
    boundary_arn: str | None
    vault_arn: pulumi.Input[str]
    database_arn: pulumi.Input[str]
    database_subnet_group: pulumi.Input[str]
    database_security_group_id: pulumi.Input[str]
    table_arn: pulumi.Input[str]


class RestoreTests(pulumi.ComponentResource):
    """A restore testing plan for the database and the table; nothing where it is not wanted.

    Not for the bucket: the buckets that it would restore take days to vanish, and `python -m drills
    assets` looks into the copy instead. AWS only proves here that a restore ends well; what is in
    the database afterwards is for `python -m drills restore`.
    """

    def __init__(
        self, name: str, args: RestoreTestsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:RestoreTests", name, None, opts)
        if args.wanted:
            self._test(name, args)
        self.register_outputs({})

    def _test(self, name: str, args: RestoreTestsArgs) -> None:
        child = pulumi.ResourceOptions(parent=self)
        # Letters, digits and underscores: AWS refuses the names that Pulumi would make.
        stem = name.replace("-", "_")
        role_arn = backup_role(
            f"{name}-restore-tests",
            f"AWS Backup restores the data of {name}",
            RESTORE,
            boundary_arn=args.boundary_arn,
            opts=child,
        )
        plan = aws.backup.RestoreTestingPlan(
            f"{name}-restore-tests",
            name=f"{stem}_restore_tests",
            schedule_expression=SCHEDULE,
            schedule_expression_timezone="Etc/UTC",
            start_window_hours=1,
            recovery_point_selection=aws.backup.RestoreTestingPlanRecoveryPointSelectionArgs(
                algorithm="LATEST_WITHIN_WINDOW",
                include_vaults=[args.vault_arn],
                recovery_point_types=["SNAPSHOT"],
                selection_window_days=7,
            ),
            opts=child,
        )
        # Where the default VPC would be taken: an account should have none.
        placed = {
            "dbSubnetGroupName": args.database_subnet_group,
            "multiAz": "false",
            "publiclyAccessible": "false",
            "vpcSecurityGroupIds": pulumi.Output.json_dumps([args.database_security_group_id]),
        }
        for kind, arn, metadata in (
            ("RDS", args.database_arn, placed),
            ("DynamoDB", args.table_arn, None),
        ):
            aws.backup.RestoreTestingSelection(
                f"{name}-restore-tests-{kind.lower()}",
                name=f"{stem}_{kind.lower()}",
                restore_testing_plan_name=plan.name,
                protected_resource_type=kind,
                protected_resource_arns=[arn],
                restore_metadata_overrides=metadata,
                iam_role_arn=role_arn,
                validation_window_hours=VALIDATION_HOURS,
                opts=child,
            )
