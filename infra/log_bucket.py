"""Access logs of balancer, CDN and frontend lie in one private bucket that only AWS writes.

Below `alb/`, `alb-connections/`, `frontend/` and, CloudFront's, `AWSLogs/`.
"""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.backup_tags import kept_by
from infra.private_bucket import PrivateBucketArgs, no_plain_http, private_bucket

BALANCER_ACCESS_PREFIX = "alb"
BALANCER_CONNECTIONS_PREFIX = "alb-connections"
FRONTEND_PREFIX = "frontend/"


@dataclass(frozen=True, kw_only=True)
class LogBucketArgs:
    account_id: str
    protect: bool
    log_days: int


class LogBucket(pulumi.ComponentResource):
    """Logs are kept `log_days`, and a week longer when someone deletes or overwrites them."""

    bucket: pulumi.Output[str]
    """Name of the bucket; known once its policy stands, so that a log source finds it writable."""
    arn: pulumi.Output[str]
    """ARN of the bucket, likewise."""

    def __init__(
        self, name: str, args: LogBucketArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:LogBucket", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        made = private_bucket(
            f"{name}-logs",
            PrivateBucketArgs(
                protect=args.protect,
                # Logs tell what has been; nothing runs on them.
                tags=kept_by("none"),
                rule_id="expire",
                noncurrent_days=7,
                expiration=aws.s3.BucketLifecycleConfigurationRuleExpirationArgs(
                    days=args.log_days
                ),
            ),
            child,
        )
        bucket = made.bucket
        policy = aws.s3.BucketPolicy(
            f"{name}-logs-policy",
            bucket=bucket.bucket,
            policy=pulumi.Output.json_dumps(_writers(name, args.account_id, bucket.arn)),
            # S3 refuses two changes of a bucket's access at a time.
            opts=pulumi.ResourceOptions(parent=self, depends_on=[made.private]),
        )
        self.bucket = policy.bucket
        self.arn = pulumi.Output.concat("arn:aws:s3:::", policy.bucket)
        self.register_outputs({"bucket": self.bucket, "arn": self.arn})


def _writers(name: str, account_id: str, arn: pulumi.Output[str]) -> dict[str, object]:
    of_this_account = {"aws:SourceAccount": account_id}
    return {
        "Version": "2012-10-17",
        "Statement": [
            no_plain_http(arn),
            {
                # The account number in the path is the load balancer's own, so no other account
                # can write here. A condition on aws:SourceArn, which ELB does not always send,
                # makes the balancer's test write fail ("Access Denied for bucket").
                "Sid": "BalancerLogs",
                "Effect": "Allow",
                "Principal": {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
                "Action": "s3:PutObject",
                "Resource": [
                    pulumi.Output.concat(arn, f"/{prefix}/AWSLogs/{account_id}/*")
                    for prefix in (BALANCER_ACCESS_PREFIX, BALANCER_CONNECTIONS_PREFIX)
                ],
            },
            {
                # Word for word what CloudWatch looks for; it would append its own copy otherwise
                # (Logs user guide, "Logs sent to Amazon S3", V2). CloudFront is in us-east-1.
                "Sid": "AWSLogDeliveryWrite",
                "Effect": "Allow",
                "Principal": {"Service": "delivery.logs.amazonaws.com"},
                "Action": "s3:PutObject",
                "Resource": pulumi.Output.concat(arn, f"/AWSLogs/{account_id}/*"),
                "Condition": {
                    "StringEquals": {
                        "s3:x-amz-acl": "bucket-owner-full-control",
                        **of_this_account,
                    },
                    "ArnLike": {
                        "aws:SourceArn": f"arn:aws:logs:us-east-1:{account_id}:delivery-source:*"
                    },
                },
            },
            {
                "Sid": "FrontendAccessLogs",
                "Effect": "Allow",
                "Principal": {"Service": "logging.s3.amazonaws.com"},
                "Action": "s3:PutObject",
                "Resource": pulumi.Output.concat(arn, f"/{FRONTEND_PREFIX}*"),
                "Condition": {
                    "StringEquals": of_this_account,
                    "ArnLike": {"aws:SourceArn": f"arn:aws:s3:::{name}-frontend-*"},
                },
            },
        ],
    }
