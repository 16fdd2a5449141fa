"""The app logs in as one of two roles that take turns: a rotated login stays valid for a period."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws
import pulumi_random as random

USERNAME = "app"
FIRST = "first"
# Published by AWS, in the version that aws-cdk pins (aws-secretsmanager/lib/secret-rotation.ts).
APPLICATION = (
    "arn:aws:serverlessrepo:us-east-1:297356227824:applications/"
    "SecretsManagerRDSPostgreSQLRotationMultiUser"
)
APPLICATION_VERSION = "1.1.671"
# aws-cdk's list for these functions: what is left needs no quoting in a URL, a shell or pgbouncer's
# files. Excluding all punctuation would not do: the function asks for one of each kind.
EXCLUDED_CHARACTERS = " %+~`#$&*()|[]{}:;<>?!'/@\"\\"


@dataclass(frozen=True, kw_only=True)
class DatabaseLoginArgs:
    rotation_days: int
    log_days: int
    recovery_days: int
    region: str
    address: pulumi.Input[str]
    port: pulumi.Input[int]
    database: pulumi.Input[str]
    owner_secret_arn: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    security_group_id: pulumi.Input[str]
    key_arn: pulumi.Input[str]


class DatabaseLogin(pulumi.ComponentResource):
    """A secret in the shape of AWS's rotation function, the function, and its schedule.

    The role `app` exists after the first migrate task. The first rotation adds `app_clone`; each
    later one changes the password of the role that is not in use. The function calls the APIs of
    Secrets Manager and RDS: it needs NAT, or their interface endpoints.
    """

    secret_arn: pulumi.Output[str]
    """Secret whose keys `username` and `password` are the login to use now."""

    rotation_function: str
    """Name of the function that rotates it."""

    def __init__(
        self, name: str, args: DatabaseLoginArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:DatabaseLogin", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        secret = aws.secretsmanager.Secret(
            f"{name}-database-login",
            description="The app's login to the database, rotated",
            kms_key_id=args.key_arn,
            recovery_window_in_days=args.recovery_days,
            opts=child,
        )
        password = random.RandomPassword(
            f"{name}-database-login-first", length=32, special=False, opts=child
        )
        first = aws.secretsmanager.SecretVersion(
            f"{name}-database-login-value",
            secret_id=secret.arn,
            secret_string=pulumi.Output.json_dumps(
                {
                    "dbname": args.database,
                    "engine": "postgres",
                    "host": args.address,
                    "masterarn": args.owner_secret_arn,
                    "password": password.result,
                    "port": args.port,
                    # No second try without TLS.
                    "ssl": True,
                    "username": USERNAME,
                },
                sort_keys=True,
            ),
            # A secret's first version is the current one in any case. With a label of its own it
            # is never discarded, and one that is made again leaves the rotated login current.
            version_stages=[FIRST],
            opts=pulumi.ResourceOptions(
                parent=self,
                # the rotation owns the value and its stages; this is only the first one
                ignore_changes=["secret_string", "version_stages"],
            ),
        )
        aws.secretsmanager.SecretRotation(
            f"{name}-database-login-rotation",
            secret_id=secret.arn,
            rotation_lambda_arn=_function(name, args, child).outputs["RotationLambdaARN"],
            rotation_rules=aws.secretsmanager.SecretRotationRotationRulesArgs(
                automatically_after_days=args.rotation_days
            ),
            # At once would fail: the role comes with the first migrate task.
            rotate_immediately=False,
            opts=pulumi.ResourceOptions(parent=self, depends_on=[first]),
        )
        self.secret_arn, self.rotation_function = secret.arn, _function_name(name)
        self.register_outputs({"secret_arn": self.secret_arn})


def _function_name(name: str) -> str:
    # Fixed, so that its log group can come first; Lambda's own would be kept for ever.
    return f"{name}-database-login-rotation"


def _function(
    name: str, args: DatabaseLoginArgs, child: pulumi.ResourceOptions
) -> aws.serverlessrepository.CloudFormationStack:
    function_name = _function_name(name)
    log_group = aws.cloudwatch.LogGroup(
        f"{name}-database-login-rotation-log",
        name=f"/aws/lambda/{function_name}",
        retention_in_days=args.log_days,
        kms_key_id=args.key_arn,
        opts=child,
    )
    # No parameter here repeats the application's default: the provider reads back only what differs
    # from it, so the repetition would be a diff that never ends.
    return aws.serverlessrepository.CloudFormationStack(
        f"{name}-database-login-rotation",
        application_id=APPLICATION,
        semantic_version=APPLICATION_VERSION,
        capabilities=["CAPABILITY_IAM", "CAPABILITY_RESOURCE_POLICY"],
        parameters={
            "endpoint": f"https://secretsmanager.{args.region}.amazonaws.com",
            "excludeCharacters": EXCLUDED_CHARACTERS,
            "functionName": function_name,
            "kmsKeyArn": args.key_arn,
            "masterSecretArn": args.owner_secret_arn,
            "masterSecretKmsKeyArn": args.key_arn,
            "vpcSecurityGroupIds": args.security_group_id,
            "vpcSubnetIds": pulumi.Output.all(*args.subnet_ids).apply(",".join),
        },
        opts=pulumi.ResourceOptions(parent=child.parent, depends_on=[log_group]),
    )
