"""A bucket of S3 as each of ours is: nobody's but the account's, encrypted, and versioned."""

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws


@dataclass(frozen=True, kw_only=True)
class PrivateBucketArgs:
    """What is kept of old versions and, by `expiration`, of current ones. Without a `region` the
    bucket is in the provider's; without a `key_arn` S3's own key encrypts it."""

    protect: bool
    tags: Mapping[str, pulumi.Input[str]]
    rule_id: str
    noncurrent_days: int
    expiration: aws.s3.BucketLifecycleConfigurationRuleExpirationArgs | None = None
    region: str | None = None
    key_arn: pulumi.Input[str] | None = None


@dataclass(frozen=True, kw_only=True)
class PrivateBucket:
    """The bucket, and what others have to wait for: it is private, and it keeps versions."""

    bucket: aws.s3.Bucket
    private: aws.s3.BucketPublicAccessBlock
    versioning: aws.s3.BucketVersioning


def private_bucket(
    name: str, args: PrivateBucketArgs, child: pulumi.ResourceOptions
) -> PrivateBucket:
    """The bucket `name` and its settings, each a child of the component that the bucket is of.

    Its policy is the component's own: S3 takes the statements of a bucket in one piece.
    """
    bucket = aws.s3.Bucket(
        name,
        region=args.region,
        # A bucket that is not empty would stop the destruction of what may be destroyed.
        force_destroy=not args.protect,
        tags=args.tags,
        opts=child,
    )
    private = aws.s3.BucketPublicAccessBlock(
        f"{name}-private",
        region=args.region,
        bucket=bucket.bucket,
        block_public_acls=True,
        block_public_policy=True,
        ignore_public_acls=True,
        restrict_public_buckets=True,
        opts=child,
    )
    aws.s3.BucketOwnershipControls(
        f"{name}-ownership",
        region=args.region,
        bucket=bucket.bucket,
        rule=aws.s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"),
        opts=child,
    )
    aws.s3.BucketServerSideEncryptionConfiguration(
        f"{name}-encryption",
        region=args.region,
        bucket=bucket.bucket,
        rules=[
            aws.s3.BucketServerSideEncryptionConfigurationRuleArgs(
                # A load balancer can't write to a bucket that encrypts with a KMS key.
                apply_server_side_encryption_by_default=aws.s3.BucketServerSideEncryptionConfigurationRuleApplyServerSideEncryptionByDefaultArgs(
                    sse_algorithm="AES256" if args.key_arn is None else "aws:kms",
                    kms_master_key_id=args.key_arn,
                ),
                bucket_key_enabled=None if args.key_arn is None else True,
                blocked_encryption_types=["SSE-C"],
            )
        ],
        opts=child,
    )
    versioning = aws.s3.BucketVersioning(
        f"{name}-versioning",
        region=args.region,
        bucket=bucket.bucket,
        versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(
            status="Enabled"
        ),
        opts=child,
    )
    aws.s3.BucketLifecycleConfiguration(
        f"{name}-lifecycle",
        region=args.region,
        bucket=versioning.bucket,
        rules=[
            aws.s3.BucketLifecycleConfigurationRuleArgs(
                id=args.rule_id,
                status="Enabled",
                filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(),
                expiration=args.expiration,
                noncurrent_version_expiration=aws.s3.BucketLifecycleConfigurationRuleNoncurrentVersionExpirationArgs(
                    noncurrent_days=args.noncurrent_days
                ),
                abort_incomplete_multipart_upload=aws.s3.BucketLifecycleConfigurationRuleAbortIncompleteMultipartUploadArgs(
                    days_after_initiation=7
                ),
            )
        ],
        opts=child,
    )
    return PrivateBucket(bucket=bucket, private=private, versioning=versioning)


def no_plain_http(arn: pulumi.Input[str]) -> dict[str, object]:
    """The statement of a bucket's policy by which nobody reads or writes it without TLS (S3.5)."""
    return {
        "Sid": "DenyPlainHttp",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [arn, pulumi.Output.concat(arn, "/*")],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
