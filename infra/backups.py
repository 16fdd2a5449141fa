"""Everything stateful is backed up by tag, locked away, copied elsewhere, and tried out."""

from dataclasses import dataclass

import pulumi

from infra.backup_alarms import BackupAlarms, BackupAlarmsArgs
from infra.backup_plans import BackupPlans, BackupPlansArgs
from infra.restore_tests import RestoreTests, RestoreTestsArgs
from infra.second_region import SecondRegion, SecondRegionArgs
from infra.settings import BackupSettings
from infra.vault import Vault, VaultArgs


@dataclass(frozen=True, kw_only=True)
class BackupsArgs:
    settings: BackupSettings
    account_id: str
    boundary_arn: str | None
    region: str
    protect: bool
    key_arn: pulumi.Input[str]
    database_arn: pulumi.Input[str]
    database_days: int
    database_subnet_group: pulumi.Input[str]
    database_security_group_id: pulumi.Input[str]
    table_arn: pulumi.Input[str]
    frontend_bucket: pulumi.Input[str]
    frontend_arn: pulumi.Input[str]
    asset_days: int
    alerts_topic_arn: pulumi.Input[str]


class Backups(pulumi.ComponentResource):
    """Vault, plans, alarms and restore tests, and a second region where the settings name one.

    The component's name is the environment's, by whose tag the plans find what is theirs.
    """

    frontend_copy: pulumi.Output[str]
    """Name of the bucket in the second region; empty without one."""

    def __init__(
        self, name: str, args: BackupsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:Backups", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        # For what holds no data and must be replaceable where data is protected.
        spare = pulumi.ResourceOptions(parent=self, protect=False)
        settings = args.settings
        vault = Vault(
            name,
            VaultArgs(
                settings=settings,
                account_id=args.account_id,
                protect=args.protect,
                region=args.region,
                key_arn=args.key_arn,
            ),
            child,
        )
        copy_vaults: list[pulumi.Output[str]] = []
        self.frontend_copy = pulumi.Output.from_input("")
        if settings.copy_region is not None:
            second = SecondRegion(
                name,
                SecondRegionArgs(
                    settings=settings,
                    account_id=args.account_id,
                    boundary_arn=args.boundary_arn,
                    protect=args.protect,
                    region=settings.copy_region,
                    database_arn=args.database_arn,
                    database_days=args.database_days,
                    frontend_bucket=args.frontend_bucket,
                    frontend_arn=args.frontend_arn,
                    asset_days=args.asset_days,
                ),
                child,
            )
            copy_vaults.append(second.vault_arn)
            self.frontend_copy = second.copy_bucket
        BackupPlans(
            name,
            BackupPlansArgs(
                settings=settings,
                boundary_arn=args.boundary_arn,
                environment=name,
                vault_name=vault.vault_name,
                copy_vault_arns=copy_vaults,
            ),
            spare,
        )
        BackupAlarms(
            name,
            BackupAlarmsArgs(
                vault_name=vault.vault_name,
                vault_arn=vault.arn,
                restore_tests=settings.restore_tests,
                alerts_topic_arn=args.alerts_topic_arn,
            ),
            spare,
        )
        RestoreTests(
            name,
            RestoreTestsArgs(
                wanted=settings.restore_tests,
                boundary_arn=args.boundary_arn,
                vault_arn=vault.arn,
                database_arn=args.database_arn,
                database_subnet_group=args.database_subnet_group,
                database_security_group_id=args.database_security_group_id,
                table_arn=args.table_arn,
            ),
            spare,
        )
        self.register_outputs({"frontend_copy": self.frontend_copy})
