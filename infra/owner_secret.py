"""The database owner's login as a secret of ours, where RDS can't manage the password."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws


@dataclass(frozen=True, kw_only=True)
class OwnerSecretArgs:
    username: str
    password: pulumi.Input[str]
    address: pulumi.Input[str]
    port: pulumi.Input[int]
    key_arn: pulumi.Input[str]
    recovery_days: int


class OwnerSecret(pulumi.ComponentResource):
    """JSON with the two keys of RDS's own secret, and where the database is.

    The rotation of the app's login reads it. It would ask RDS for address and port of a secret that
    has `username` and `password` alone, and RDS only knows the secrets that it manages.
    """

    secret_arn: pulumi.Output[str]
    """ARN of the secret."""

    def __init__(
        self, name: str, args: OwnerSecretArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:OwnerSecret", name, None, opts)
        secret = aws.secretsmanager.Secret(
            f"{name}-database-owner",
            description="Login of the database's owner: migrations and rotation",
            kms_key_id=args.key_arn,
            recovery_window_in_days=args.recovery_days,
            opts=pulumi.ResourceOptions(parent=self),
        )
        aws.secretsmanager.SecretVersion(
            f"{name}-database-owner-value",
            secret_id=secret.arn,
            secret_string=pulumi.Output.json_dumps(
                {
                    "engine": "postgres",
                    "host": args.address,
                    "password": args.password,
                    "port": args.port,
                    "ssl": True,
                    "username": args.username,
                },
                sort_keys=True,
            ),
            # A new password is a new version that replaces this one.
            opts=pulumi.ResourceOptions(parent=self, protect=False),
        )
        self.secret_arn = secret.arn
        self.register_outputs({"secret_arn": self.secret_arn})
