"""The built frontend lies in a private, versioned bucket that only one distribution reads.

cutover writes it: hashed files below `assets/` to be cached for a year, `index.html` for no time.
"""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.backup_tags import kept_by
from infra.log_bucket import FRONTEND_PREFIX


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
        bucket = aws.s3.Bucket(
            f"{name}-frontend",
            # A bucket that is not empty would stop the destruction of what may be destroyed.
            force_destroy=not args.protect,
            tags=kept_by("continuous"),
            opts=child,
        )
        aws.s3.BucketPublicAccessBlock(
            f"{name}-frontend-private",
            bucket=bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=child,
        )
        aws.s3.BucketOwnershipControls(
            f"{name}-frontend-ownership",
            bucket=bucket.bucket,
            rule=aws.s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"),
            opts=child,
        )
        aws.s3.BucketServerSideEncryptionConfiguration(
            f"{name}-frontend-encryption",
            bucket=bucket.bucket,
            rules=[
                aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(
                    apply_server_side_encryption_by_default=aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
                        sse_algorithm="AES256"
                    ),
                    blocked_encryption_types=["SSE-C"],
                )
            ],
            opts=child,
        )
        versioning = aws.s3.BucketVersioning(
            f"{name}-frontend-versioning",
            bucket=bucket.bucket,
            versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(
                status="Enabled"
            ),
            opts=child,
        )
        aws.s3.BucketLifecycleConfiguration(
            f"{name}-frontend-lifecycle",
            bucket=versioning.bucket,
            rules=[
                aws.s3.BucketLifecycleConfigurationRuleArgs(
                    id="expire-replaced",
                    status="Enabled",
                    filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(),
                    expiration=aws.s3.BucketLifecycleConfigurationRuleExpirationArgs(
                        expired_object_delete_marker=True
                    ),
                    noncurrent_version_expiration=aws.s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(
                        noncurrent_days=args.asset_days
                    ),
                    abort_incomplete_multipart_upload=aws.s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
                        days_after_initiation=7
                    ),
                )
            ],
            opts=child,
        )
        aws.s3.BucketLogging(
            f"{name}-frontend-logging",
            bucket=bucket.bucket,
            target_bucket=args.log_bucket,
            target_prefix=FRONTEND_PREFIX,
            opts=child,
        )
        self.bucket, self.arn = versioning.bucket, bucket.arn
        self.domain_name = bucket.bucket_regional_domain_name
        self.register_outputs(
            {"bucket": self.bucket, "arn": self.arn, "domain_name": self.domain_name}
        )


def readable_by(distribution_arn: pulumi.Input[str], bucket_arn: pulumi.Input[str]) -> object:
    """The bucket's whole policy: one distribution reads, nobody speaks plain HTTP."""
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "DenyPlainHttp",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": [bucket_arn, pulumi.Output.concat(bucket_arn, "/*")],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            },
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
