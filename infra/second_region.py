"""What outlives the environment's region: recovery points, the database's log, the frontend."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.frontend_copy import FrontendCopy, FrontendCopyArgs
from infra.key import key
from infra.settings import BackupSettings
from infra.vault import Vault, VaultArgs


@dataclass(frozen=True, kw_only=True)
class SecondRegionArgs:
    settings: BackupSettings
    account_id: str
    boundary_arn: str | None
    protect: bool
    region: str
    database_arn: pulumi.Input[str]
    database_days: int
    frontend_bucket: pulumi.Input[str]
    frontend_arn: pulumi.Input[str]
    asset_days: int


class SecondRegion(pulumi.ComponentResource):
    """A key, a vault, RDS's replicated automated backups and a copy of the frontend.

    Data alone: there is no network, balancer or task that could serve from there.
    """

    vault_arn: pulumi.Output[str]
    """ARN of the vault."""
    copy_bucket: pulumi.Output[str]
    """Name of the bucket with the frontend's copy."""

    def __init__(
        self, name: str, args: SecondRegionArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:SecondRegion", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        copies = key(
            f"{name}-copy",
            f"Encrypts the copies of the data of the environment {name}",
            account_id=args.account_id,
            child=child,
            region=args.region,
        )
        vault = Vault(
            f"{name}-copy",
            VaultArgs(
                settings=args.settings,
                account_id=args.account_id,
                protect=args.protect,
                region=args.region,
                key_arn=copies.arn,
            ),
            child,
        )
        # Snapshots and transaction logs: any second there too, some minutes behind.
        aws.rds.InstanceAutomatedBackupsReplication(
            f"{name}-postgres-copy",
            region=args.region,
            source_db_instance_arn=args.database_arn,
            kms_key_id=copies.arn,
            retention_period=args.database_days,
            # A replaced database begins a replication of its own. So do other days, and a database
            # has one to a region: the old one's end, were it last, would end the new one too.
            opts=pulumi.ResourceOptions(parent=self, protect=False, delete_before_replace=True),
        )
        frontend = FrontendCopy(
            name,
            FrontendCopyArgs(
                boundary_arn=args.boundary_arn,
                region=args.region,
                protect=args.protect,
                asset_days=args.asset_days,
                frontend_bucket=args.frontend_bucket,
                frontend_arn=args.frontend_arn,
            ),
            child,
        )
        self.vault_arn, self.copy_bucket = vault.arn, frontend.bucket
        self.register_outputs({"vault_arn": self.vault_arn, "copy_bucket": self.copy_bucket})
