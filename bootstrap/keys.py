"""A key as each of the account's is: rotated, named by an alias, nobody's but the account's."""

import pulumi
import pulumi_aws as aws

from bootstrap.statements import document

# The boundary of the roles that change environments denies them what carries it.
PART = {"part": "bootstrap"}


def key(
    name: str, purpose: str, account_id: str, child: pulumi.ResourceOptions
) -> pulumi.Output[str]:
    """ARN of the key `alias/<name>`; its deletion can be taken back for 30 days."""
    made = aws.kms.Key(
        name,
        description=purpose,
        enable_key_rotation=True,
        deletion_window_in_days=30,
        policy=pulumi.Output.json_dumps(
            document(
                {
                    # IAM policies of this account decide.
                    "Sid": "AccountDecidesThroughIam",
                    "Effect": "Allow",
                    "Principal": {"AWS": f"arn:aws:iam::{account_id}:root"},
                    "Action": "kms:*",
                    "Resource": "*",
                }
            )
        ),
        tags=PART,
        opts=child,
    )
    aws.kms.Alias(f"{name}-alias", name=f"alias/{name}", target_key_id=made.key_id, opts=child)
    return made.arn
