"""Every version of the frontend lies in a second region too, whatever happens in the first."""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.backup_tags import kept_by
from infra.private_bucket import PrivateBucket, PrivateBucketArgs, no_plain_http, private_bucket


@dataclass(frozen=True, kw_only=True)
class FrontendCopyArgs:
    region: str
    boundary_arn: str | None
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
        made = private_bucket(
            f"{name}-frontend-copy",
            PrivateBucketArgs(
                protect=args.protect,
                # It is a copy, and its original is in the vault.
                tags=kept_by("none"),
                rule_id="expire-replaced",
                noncurrent_days=args.asset_days,
                region=args.region,
            ),
            child,
        )
        bucket = made.bucket
        aws.s3.BucketPolicy(
            f"{name}-frontend-copy-policy",
            region=args.region,
            bucket=bucket.bucket,
            policy=pulumi.Output.json_dumps(
                {"Version": "2012-10-17", "Statement": [no_plain_http(bucket.arn)]}
            ),
            # S3 refuses two changes of a bucket's access at a time.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[made.private]),
        )
        _replicate(name, args, made, child)
        self.bucket = bucket.bucket
        self.register_outputs({"bucket": self.bucket})


def _replicate(
    name: str,
    args: FrontendCopyArgs,
    copy: PrivateBucket,
    child: pulumi.ResourceOptions,
) -> None:
    role = aws.iam.Role(
        f"{name}-frontend-copy",
        description=f"S3 copies the frontend of {name} to a second region",
        permissions_boundary=args.boundary_arn,
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
        policy=pulumi.Output.json_dumps(_reads_and_writes(args.frontend_arn, copy.bucket.arn)),
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
                    bucket=copy.bucket.arn, storage_class="STANDARD_IA"
                ),
            )
        ],
        # S3 looks at once whether the target is versioned and the role may write there.
        opts=pulumi.ResourceOptions(parent=child.parent, depends_on=[copy.versioning, allowed]),
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
