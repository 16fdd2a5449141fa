"""A backup vault that gives out recovery points and lets nobody delete one before its time."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.settings import BackupSettings

# The least that AWS accepts, and the last time to take a lock for ever back (AWS Backup developer
# guide, "Vault Lock").
COMPLIANCE_GRACE_DAYS = 3


@dataclass(frozen=True, kw_only=True)
class VaultArgs:
    settings: BackupSettings
    account_id: str
    protect: bool
    region: str
    key_arn: pulumi.Input[str]


class Vault(pulumi.ComponentResource):
    """A vault in one region, its policy, and the lock that the settings ask for.

    `governance` stops everyone but those whom IAM lets take the lock off; `compliance` stops AWS
    itself, for ever, three days after it is set.
    """

    vault_name: pulumi.Output[str]
    """Name of the vault; known once nobody can delete from it."""
    arn: pulumi.Output[str]
    """ARN of the vault, likewise."""

    def __init__(
        self, name: str, args: VaultArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:Vault", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        spare = pulumi.ResourceOptions(parent=self, protect=False)
        settings = args.settings
        vault = aws.backup.Vault(
            f"{name}-vault",
            region=args.region,
            kms_key_arn=args.key_arn,
            # A vault that is not empty would stop the destruction of what may be destroyed.
            force_destroy=not args.protect,
            opts=child,
        )
        policy = aws.backup.VaultPolicy(
            f"{name}-vault-policy",
            region=args.region,
            backup_vault_name=vault.name,
            policy=pulumi.Output.json_dumps(_nobody_deletes(args.account_id)),
            opts=spare,
        )
        if settings.lock != "none":
            aws.backup.VaultLockConfiguration(
                f"{name}-vault-lock",
                region=args.region,
                backup_vault_name=vault.name,
                # The plan's own spans: a job outside them would fail, and a shorter one is the
                # way in which somebody would empty the vault.
                min_retention_days=settings.daily_days,
                max_retention_days=settings.monthly_days,
                changeable_for_days=(
                    COMPLIANCE_GRACE_DAYS if settings.lock == "compliance" else None
                ),
                # Other days replace it, and a vault has one: the old one's end, were it last, would
                # end the new one too.
                opts=pulumi.ResourceOptions(parent=self, protect=False, delete_before_replace=True),
            )
        self.vault_name = policy.backup_vault_name
        self.arn = pulumi.Output.all(vault.arn, policy.id).apply(lambda both: both[0])
        self.register_outputs({"vault_name": self.vault_name, "arn": self.arn})


def _nobody_deletes(account_id: str) -> dict[str, object]:
    # AWS Backup's own role takes away what has reached its age.
    expires = (
        f"arn:aws:iam::{account_id}:role/aws-service-role/backup.amazonaws.com/"
        "AWSServiceRoleForBackup"
    )
    return {
        "Version": "2012-10-17",
        "Statement": [
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
                "Condition": {"ArnNotEquals": {"aws:PrincipalArn": expires}},
            }
        ],
    }
