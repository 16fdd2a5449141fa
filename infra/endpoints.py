"""Private doors to AWS's own services, for environments whose tasks should not leave by NAT."""

from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.settings import Endpoint


@dataclass(frozen=True, kw_only=True)
class EndpointsArgs:
    services: Sequence[Endpoint]
    region: str
    vpc_id: pulumi.Input[str]
    subnet_ids: Sequence[pulumi.Input[str]]
    security_group_id: pulumi.Input[str]


class Endpoints(pulumi.ComponentResource):
    """One interface endpoint with private DNS for each service, in every private subnet."""

    def __init__(
        self, name: str, args: EndpointsArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:Endpoints", name, None, opts)
        for service in args.services:
            aws.ec2.VpcEndpoint(
                f"{name}-{service.replace('.', '-')}",
                vpc_id=args.vpc_id,
                service_name=f"com.amazonaws.{args.region}.{service}",
                vpc_endpoint_type="Interface",
                private_dns_enabled=True,
                subnet_ids=list(args.subnet_ids),
                security_group_ids=[args.security_group_id],
                opts=pulumi.ResourceOptions(parent=self),
            )
        self.register_outputs({})
