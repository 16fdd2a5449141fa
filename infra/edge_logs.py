"""CloudFront's access log lies in the log bucket as JSON, one line a request, without cookies.

Standard logging v2, whose resources exist in us-east-1 alone; v1 needs a bucket with ACLs.
"""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

_REGION = "us-east-1"
# The legacy format's fields in its order, but for cs(Cookie), which holds sessions.
_FIELDS = (
    "date",
    "time",
    "x-edge-location",
    "sc-bytes",
    "c-ip",
    "cs-method",
    "cs(Host)",
    "cs-uri-stem",
    "sc-status",
    "cs(Referer)",
    "cs(User-Agent)",
    "cs-uri-query",
    "x-edge-result-type",
    "x-edge-request-id",
    "x-host-header",
    "cs-protocol",
    "cs-bytes",
    "time-taken",
    "x-forwarded-for",
    "ssl-protocol",
    "ssl-cipher",
    "x-edge-response-result-type",
    "cs-protocol-version",
    "c-port",
    "time-to-first-byte",
    "x-edge-detailed-result-type",
    "sc-content-type",
    "sc-content-len",
    "sc-range-start",
    "sc-range-end",
)


@dataclass(frozen=True, kw_only=True)
class EdgeLogsArgs:
    distribution_arn: pulumi.Input[str]
    log_bucket_arn: pulumi.Input[str]


class EdgeLogs(pulumi.ComponentResource):
    """Delivers to `AWSLogs/<account>/CloudFront/<distribution>/<yyyy>/<MM>/<dd>/<HH>/`."""

    def __init__(
        self, name: str, args: EdgeLogsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:EdgeLogs", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        source = aws.cloudwatch.LogDeliverySource(
            f"{name}-cdn",
            region=_REGION,
            log_type="ACCESS_LOGS",
            resource_arn=args.distribution_arn,
            # A distribution has one source at most, so a new one can't stand beside the old.
            opts=pulumi.ResourceOptions(parent=self, delete_before_replace=True),
        )
        destination = aws.cloudwatch.LogDeliveryDestination(
            f"{name}-cdn",
            region=_REGION,
            output_format="json",
            delivery_destination_configuration=aws.cloudwatch.LogDeliveryDestinationDeliveryDestinationConfigurationArgs(
                destination_resource_arn=args.log_bucket_arn
            ),
            opts=child,
        )
        aws.cloudwatch.LogDelivery(
            f"{name}-cdn",
            region=_REGION,
            delivery_source_name=source.name,
            delivery_destination_arn=destination.arn,
            record_fields=list(_FIELDS),
            s3_delivery_configurations=[
                aws.cloudwatch.LogDeliveryS3DeliveryConfigurationArgs(
                    enable_hive_compatible_path=False,
                    suffix_path="{DistributionId}/{yyyy}/{MM}/{dd}/{HH}",
                )
            ],
            opts=child,
        )
        self.register_outputs({})
