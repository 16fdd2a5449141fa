"""A key of KMS's as each of the environment's is: named by an alias, nobody's but the account's."""

from collections.abc import Sequence
from typing import Any

import pulumi
import pulumi_aws as aws


def key(
    name: str,
    purpose: str,
    *,
    account_id: str,
    child: pulumi.ResourceOptions,
    region: str | None = None,
    also: Sequence[dict[str, object]] = (),
    signs: bool = False,
) -> aws.kms.Key:
    """The key `alias/slipway-<name>`, whose policy has the statements `also`.

    It encrypts and rotates yearly, or it signs, and KMS rotates no key that does: a signature names
    the key that it was made with. Its deletion can be taken back for 30 days: what it encrypted
    dies with it.
    """
    kind: dict[str, Any] = (
        {"key_usage": "SIGN_VERIFY", "customer_master_key_spec": "ECC_NIST_P256"} if signs else {}
    )
    made = aws.kms.Key(
        f"{name}-key",
        region=region,
        description=purpose,
        enable_key_rotation=not signs,
        deletion_window_in_days=30,
        policy=pulumi.Output.json_dumps(
            {"Version": "2012-10-17", "Statement": [_account_decides(account_id), *also]}
        ),
        opts=child,
        **kind,
    )
    # An alias is nothing but a name: it is how a person finds the key in the console.
    aws.kms.Alias(
        f"{name}-key-alias",
        region=region,
        name=f"alias/slipway-{name}",
        target_key_id=made.key_id,
        opts=child,
    )
    return made


def _account_decides(account_id: str) -> dict[str, object]:
    """IAM policies of this account decide; without it a key could become unmanageable."""
    return {
        "Sid": "AccountDecidesThroughIam",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account_id}:root"},
        "Action": "kms:*",
        "Resource": "*",
    }
