"""Where Pulumi keeps what it knows of every environment."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from bootstrap.keys import key
from bootstrap.statements import document
from infra.backup_tags import kept_by
from infra.private_bucket import PrivateBucketArgs, no_plain_http, private_bucket

# A state that was overwritten or deleted can be fetched back for a year.
_OLD_VERSIONS_DAYS = 365


@dataclass(frozen=True, kw_only=True)
class StateArgs:
    account_id: str


class State(pulumi.ComponentResource):
    """A private bucket, versioned and encrypted with a key of its own; `pulumi login s3://…`."""

    bucket: pulumi.Output[str]
    """Its name."""
    arn: pulumi.Output[str]
    """Its ARN."""
    key_arn: pulumi.Output[str]
    """The key that encrypts it."""

    def __init__(
        self, name: str, args: StateArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:bootstrap:State", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.key_arn = key(name, "Encrypts Pulumi's state", args.account_id, child)
        made = private_bucket(
            name,
            PrivateBucketArgs(
                protect=True,
                # Its old versions; a copy elsewhere is the account's own decision.
                tags=kept_by("service"),
                rule_id="old-versions",
                noncurrent_days=_OLD_VERSIONS_DAYS,
                key_arn=self.key_arn,
            ),
            child,
        )
        self.bucket, self.arn = made.bucket.bucket, made.bucket.arn
        aws.s3.BucketPolicy(
            f"{name}-policy",
            bucket=made.bucket.bucket,
            policy=pulumi.Output.json_dumps(document(no_plain_http(made.bucket.arn))),
            # S3 refuses two changes of a bucket's access at a time.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[made.private]),
        )
        self.register_outputs({"bucket": self.bucket})
