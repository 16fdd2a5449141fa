"""One key of the environment's own encrypts what it stores, and only this account may use it."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.alerts import PUBLISHERS


@dataclass(frozen=True, kw_only=True)
class EncryptionArgs:
    account_id: str
    region: str


class Encryption(pulumi.ComponentResource):
    """The key of RDS, ElastiCache, Secrets Manager, CloudWatch Logs, DynamoDB and SNS.

    It rotates yearly. Its deletion can be taken back for 30 days: what it encrypted dies with it.
    """

    key_arn: pulumi.Output[str]
    """ARN of the key."""

    def __init__(
        self, name: str, args: EncryptionArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:Encryption", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        key = aws.kms.Key(
            f"{name}-key",
            description=f"Encrypts the data of the environment {name}",
            enable_key_rotation=True,
            deletion_window_in_days=30,
            policy=pulumi.Output.json_dumps(_policy(args)),
            opts=child,
        )
        # An alias is nothing but a name: it is how a person finds the key in the console.
        aws.kms.Alias(
            f"{name}-key-alias",
            name=f"alias/slipway-{name}",
            target_key_id=key.key_id,
            opts=child,
        )
        self.key_arn = key.arn
        self.register_outputs({"key_arn": self.key_arn})


def _policy(args: EncryptionArgs) -> dict[str, object]:
    logs = f"arn:aws:logs:{args.region}:{args.account_id}:log-group:*"
    return {
        "Version": "2012-10-17",
        "Statement": [
            account_decides(args.account_id),
            {
                "Sid": "LogGroupsOfThisAccount",
                "Effect": "Allow",
                "Principal": {"Service": f"logs.{args.region}.amazonaws.com"},
                "Action": [
                    "kms:Decrypt",
                    "kms:DescribeKey",
                    "kms:Encrypt",
                    "kms:GenerateDataKey*",
                    "kms:ReEncrypt*",
                ],
                "Resource": "*",
                "Condition": {"ArnLike": {"kms:EncryptionContext:aws:logs:arn": logs}},
            },
            *publishers_may_use(args.account_id),
        ],
    }


def account_decides(account_id: str) -> dict[str, object]:
    """The statement that lets IAM policies decide; without it a key could become unmanageable."""
    return {
        "Sid": "AccountDecidesThroughIam",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account_id}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }


def publishers_may_use(account_id: str) -> list[dict[str, object]]:
    """The statements by which whoever tells a topic something may encrypt it."""
    return [
        {
            "Sid": "PublishersToTopicsOfThisAccount",
            "Effect": "Allow",
            "Principal": {"Service": PUBLISHERS},
            "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
            "Resource": "*",
            "Condition": {"StringEquals": {"aws:SourceAccount": account_id}},
        },
        {
            # Which says nothing of its account when it does (infra/alerts.py).
            "Sid": "EventsToTopics",
            "Effect": "Allow",
            "Principal": {"Service": "events.amazonaws.com"},
            "Action": ["kms:Decrypt", "kms:GenerateDataKey*"],
            "Resource": "*",
        },
    ]
