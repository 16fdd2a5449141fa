"""Every version of the frontend lies in a second region too, whatever happens in the first."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.backup_tags import kept_by


@dataclass(frozen=True, kw_only=True)
class FrontendCopyArgs:
    region: str
    protect: bool
    asset_days: int
    frontend_bucket: pulumi.Input[str]
    frontend_arn: pulumi.Input[str]


class FrontendCopy(pulumi.ComponentResource):
    """A private, versioned bucket that S3 fills. Deletions stay behind, by mistake or malice.

    It has no access log, which would need a bucket of the same region: nobody reads it but a drill.
    """

    bucket: pulumi.Output[str]
    """Name of the bucket."""

    def __init__(
        self, name: str, args: FrontendCopyArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:FrontendCopy", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        bucket = aws.s3.Bucket(
            f"{name}-frontend-copy",
            region=args.region,
            # A bucket that is not empty would stop the destruction of what may be destroyed.
            force_destroy=not args.protect,
            # It is a copy, and its original is in the vault.
            tags=kept_by("none"),
            opts=child,
        )
        private = aws.s3.BucketPublicAccessBlock(
            f"{name}-frontend-copy-private",
            region=args.region,
            bucket=bucket.bucket,
            block_public_acls=True,
            block_public_policy=True,
            ignore_public_acls=True,
            restrict_public_buckets=True,
            opts=child,
        )
        aws.s3.BucketOwnershipControls(
            f"{name}-frontend-copy-ownership",
            region=args.region,
            bucket=bucket.bucket,
            rule=aws.s3.BucketOwnershipControlsRuleArgs(object_ownership="BucketOwnerEnforced"),
            opts=child,
        )
        aws.s3.BucketServerSideEncryptionConfiguration(
            f"{name}-frontend-copy-encryption",
            region=args.region,
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
            f"{name}-frontend-copy-versioning",
            region=args.region,
            bucket=bucket.bucket,
            versioning_configuration=aws.s3.BucketVersioningVersioningConfigurationArgs(
                status="Enabled"
            ),
            opts=child,
        )
        aws.s3.BucketLifecycleConfiguration(
            f"{name}-frontend-copy-lifecycle",
            region=args.region,
            bucket=versioning.bucket,
            rules=[
                aws.s3.BucketLifecycleConfigurationRuleArgs(
                    id="expire-replaced",
                    status="Enabled",
                    filter=aws.s3.BucketLifecycleConfigurationRuleFilterArgs(),
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
        aws.s3.BucketPolicy(
            f"{name}-frontend-copy-policy",
            region=args.region,
            bucket=bucket.bucket,
            policy=pulumi.Output.json_dumps(_no_plain_http(bucket.arn)),
            # S3 refuses two changes of a bucket's access at a time.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[private]),
        )
        _replicate(name, args, bucket, versioning, child)
        self.bucket = bucket.bucket
        self.register_outputs({"bucket": self.bucket})


def _replicate(
    name: str,
    args: FrontendCopyArgs,
    copy: aws.s3.Bucket,
    versioning: aws.s3.BucketVersioning,
    child: pulumi.ResourceOptions,
) -> None:
    role = aws.iam.Role(
        f"{name}-frontend-copy",
        description=f"S3 copies the frontend of {name} to a second region",
        assume_role_policy=pulumi.Output.json_dumps(
            {
                "Version": "2012-10-17",
                "Statement": [
                    {
                        "Sid": "S3",
                        "Effect": "Allow",
                        "Principal": {"Service": "s3.amazonaws.com"},
                        "Action": "sts:AssumeRole",
                    }
                ],
            }
        ),
        opts=child,
    )
    allowed = aws.iam.RolePolicy(
        f"{name}-frontend-copy",
        role=role.id,
        policy=pulumi.Output.json_dumps(_reads_and_writes(args.frontend_arn, copy.arn)),
        opts=child,
    )
    aws.s3.BucketReplicationConfig(
        f"{name}-frontend-copy",
        bucket=args.frontend_bucket,
        role=role.arn,
        rules=[
            aws.s3.BucketReplicationConfigRuleArgs(
                id="everything",
                status="Enabled",
                priority=1,
                filter=aws.s3.BucketReplicationConfigRuleFilterArgs(prefix=""),
                delete_marker_replication=aws.s3.BucketReplicationConfigRuleDeleteMarkerReplicationArgs(
                    status="Disabled"
                ),
                destination=aws.s3.BucketReplicationConfigRuleDestinationArgs(
                    bucket=copy.arn, storage_class="STANDARD_IA"
                ),
            )
        ],
        # S3 looks at once whether the target is versioned and the role may write there.
        opts=pulumi.ResourceOptions(parent=child.parent, depends_on=[versioning, allowed]),
    )


def _reads_and_writes(source: pulumi.Input[str], copy: pulumi.Input[str]) -> dict[str, object]:
    # What S3 asks for (S3 user guide, "Setting up permissions for live replication").
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "ReadTheBucket",
                "Effect": "Allow",
                "Action": ["s3:GetReplicationConfiguration", "s3:ListBucket"],
                "Resource": source,
            },
            {
                "Sid": "ReadItsVersions",
                "Effect": "Allow",
                "Action": [
                    "s3:GetObjectVersionAcl",
                    "s3:GetObjectVersionForReplication",
                    "s3:GetObjectVersionTagging",
                ],
                "Resource": pulumi.Output.concat(source, "/*"),
            },
            {
                "Sid": "WriteTheCopy",
                "Effect": "Allow",
                "Action": ["s3:ReplicateObject", "s3:ReplicateTags"],
                "Resource": pulumi.Output.concat(copy, "/*"),
            },
        ],
    }


def _no_plain_http(arn: pulumi.Output[str]) -> dict[str, object]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "DenyPlainHttp",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": [arn, pulumi.Output.concat(arn, "/*")],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            }
        ],
    }
