"""CloudFront reaches the balancer by a VPC origin, the frontend's bucket by signed requests."""

import pulumi
import pulumi_aws as aws

BALANCER = "balancer"
FRONTEND = "frontend"


def balancer_origin(
    name: str,
    arn: pulumi.Input[str],
    dns_name: pulumi.Input[str],
    *,
    parent: pulumi.Resource,
    internet_gateway: pulumi.Resource,
) -> aws.cloudfront.DistributionOriginArgs:
    """HTTPS only, on connections that CloudFront gives up before the balancer does (60 s)."""
    origin = aws.cloudfront.VpcOrigin(
        f"{name}-balancer-origin",
        vpc_origin_endpoint_config=aws.cloudfront.VpcOriginVpcOriginEndpointConfigArgs(
            arn=arn,
            name=f"{name}-balancer",
            # The API wants a port; nothing listens there and `https-only` never asks for it.
            http_port=80,
            https_port=443,
            origin_protocol_policy="https-only",
            origin_ssl_protocols=aws.cloudfront.VpcOriginVpcOriginEndpointConfigOriginSslProtocolsArgs(
                items=["TLSv1.2"], quantity=1
            ),
        ),
        # The provider's 15 minutes are known not to be enough (terraform-aws-cloudfront#163).
        timeouts=aws.cloudfront.VpcOriginTimeoutsArgs(create="45m", update="45m", delete="45m"),
        # CloudFront enters only a VPC with an internet gateway, though no traffic passes it.
        opts=pulumi.ResourceOptions(parent=parent, depends_on=[internet_gateway]),
    )
    return aws.cloudfront.DistributionOriginArgs(
        origin_id=BALANCER,
        domain_name=dns_name,
        vpc_origin_config=aws.cloudfront.DistributionOriginVpcOriginConfigArgs(
            vpc_origin_id=origin.id,
            origin_keepalive_timeout=50,
            # Longer than the balancer waits, which then says 504 itself and counts it.
            origin_read_timeout=65,
        ),
    )


def frontend_origin(
    name: str, domain_name: pulumi.Input[str], *, parent: pulumi.Resource
) -> aws.cloudfront.DistributionOriginArgs:
    """Every request is signed, so that the bucket can tell CloudFront from everyone else."""
    access = aws.cloudfront.OriginAccessControl(
        f"{name}-frontend-access",
        origin_access_control_origin_type="s3",
        signing_behavior="always",
        signing_protocol="sigv4",
        opts=pulumi.ResourceOptions(parent=parent),
    )
    return aws.cloudfront.DistributionOriginArgs(
        origin_id=FRONTEND, domain_name=domain_name, origin_access_control_id=access.id
    )
