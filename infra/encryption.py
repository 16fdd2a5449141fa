"""One key of the environment's own encrypts what it stores, and only this account may use it."""

from dataclasses import dataclass

import pulumi

from infra.alerts import PUBLISHERS
from infra.key import key


@dataclass(frozen=True, kw_only=True)
class EncryptionArgs:
    account_id: str
    region: str


class Encryption(pulumi.ComponentResource):
    """The key of RDS, ElastiCache, Secrets Manager, CloudWatch Logs, DynamoDB and SNS."""

    key_arn: pulumi.Output[str]
    """ARN of the key."""

    def __init__(
        self, name: str, args: EncryptionArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:Encryption", name, None, opts)
        encrypts = key(
            name,
            f"Encrypts the data of the environment {name}",
            account_id=args.account_id,
            child=pulumi.ResourceOptions(parent=self),
            also=[_logs_may_use(args), *publishers_may_use(args.account_id)],
        )
        self.key_arn = encrypts.arn
        self.register_outputs({"key_arn": self.key_arn})


def _logs_may_use(args: EncryptionArgs) -> dict[str, object]:
    logs = f"arn:aws:logs:{args.region}:{args.account_id}:log-group:*"
    return {
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
