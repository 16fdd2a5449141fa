"""The built frontend lies in a private, versioned bucket that only one distribution reads.

cutover writes it: hashed files below `assets/` to be cached for a year, `index.html` for no time.
"""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.backup_tags import kept_by
from infra.log_bucket import FRONTEND_PREFIX
from infra.private_bucket import PrivateBucketArgs, no_plain_http, private_bucket


@dataclass(frozen=True, kw_only=True)
class FrontendArgs:
    asset_days: int
    protect: bool
    log_bucket: pulumi.Input[str]


class Frontend(pulumi.ComponentResource):
    """What is current never expires; what was overwritten or deleted is kept for `asset_days`.

    An asset's age says nothing about its use: one that does not change is uploaded once and serves
    every later release, and old tabs ask for the assets of theirs.
    """

    bucket: pulumi.Output[str]
    """Name of the bucket; known once it is versioned, without which S3 copies nothing."""
    arn: pulumi.Output[str]
    """ARN of the bucket."""
    domain_name: pulumi.Output[str]
    """Regional host name; the global one answers with redirects for hours after its creation."""

    def __init__(
        self, name: str, args: FrontendArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:Frontend", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        made = private_bucket(
            f"{name}-frontend",
            PrivateBucketArgs(
                protect=args.protect,
                tags=kept_by("continuous"),
                rule_id="expire-replaced",
                noncurrent_days=args.asset_days,
                expiration=aws.s3.BucketLifecycleConfigurationRuleExpirationArgs(
                    expired_object_delete_marker=True
                ),
            ),
            child,
        )
        bucket = made.bucket
        aws.s3.BucketLogging(
            f"{name}-frontend-logging",
            bucket=bucket.bucket,
            target_bucket=args.log_bucket,
            target_prefix=FRONTEND_PREFIX,
            opts=child,
        )
        self.bucket, self.arn = made.versioning.bucket, bucket.arn
        self.domain_name = bucket.bucket_regional_domain_name
        self.register_outputs(
            {"bucket": self.bucket, "arn": self.arn, "domain_name": self.domain_name}
        )


def readable_by(distribution_arn: pulumi.Input[str], bucket_arn: pulumi.Input[str]) -> object:
    """The bucket's whole policy: one distribution reads, nobody speaks plain HTTP."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            no_plain_http(bucket_arn),
            {
                "Sid": "CloudFrontReads",
                "Effect": "Allow",
                "Principal": {"Service": "cloudfront.amazonaws.com"},
                "Action": "s3:GetObject",
                "Resource": pulumi.Output.concat(bucket_arn, "/*"),
                "Condition": {"StringEquals": {"aws:SourceArn": distribution_arn}},
            },
            {
                # S3 says 404 for a missing object only to who may list, and 403 to everyone else.
                # No request of a viewer lists: the function and the root object answer `/`.
                "Sid": "CloudFrontTellsMissingFromForbidden",
                "Effect": "Allow",
                "Principal": {"Service": "cloudfront.amazonaws.com"},
                "Action": "s3:ListBucket",
                "Resource": bucket_arn,
                "Condition": {"StringEquals": {"aws:SourceArn": distribution_arn}},
            },
        ],
    }
