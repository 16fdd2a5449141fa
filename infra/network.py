"""A network in which nothing gets a public address and the data subnets have no way out."""

import ipaddress
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.settings import NetworkSettings

# Free of charge, and S3 carries every layer of every image pull.
_GATEWAY_ENDPOINTS = ("s3", "dynamodb")
_NAT_COUNT = {"none": 0, "one": 1, "per_zone": None}


@dataclass(frozen=True, kw_only=True)
class NetworkArgs:
    settings: NetworkSettings
    region: str


class Network(pulumi.ComponentResource):
    """A VPC over the zones of the settings, three subnets in each: public, private and data.

    Public subnets hold NAT gateways only. Private ones hold the balancer and the tasks. Data
    subnets hold PostgreSQL and Redis and have no route out of the VPC.
    """

    vpc_id: pulumi.Output[str]
    """The VPC."""
    private_subnet_ids: list[pulumi.Output[str]]
    """One per zone, in the order of the settings."""
    data_subnet_ids: list[pulumi.Output[str]]
    """One per zone, in the order of the settings."""
    nat_gateway_ids: dict[str, pulumi.Output[str]]
    """By the letter of their zone; none without NAT."""
    internet_gateway: aws.ec2.InternetGateway
    """A CloudFront VPC origin can only be made once it is attached."""

    def __init__(
        self, name: str, args: NetworkArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:Network", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        settings = args.settings
        vpc = aws.ec2.Vpc(
            f"{name}-vpc",
            cidr_block=settings.cidr,
            enable_dns_support=True,
            enable_dns_hostnames=True,
            tags={"Name": name},
            opts=child,
        )
        aws.ec2.DefaultSecurityGroup(
            f"{name}-closed", vpc_id=vpc.id, ingress=[], egress=[], opts=child
        )
        self.internet_gateway = aws.ec2.InternetGateway(
            f"{name}-internet", vpc_id=vpc.id, tags={"Name": name}, opts=child
        )

        # A quarter of the range per tier, a quarter of that per zone: a third zone moves nothing.
        tiers = ipaddress.IPv4Network(settings.cidr).subnets(prefixlen_diff=2)
        subnets = {
            tier: [
                aws.ec2.Subnet(
                    f"{name}-{tier}-{zone[-1]}",
                    vpc_id=vpc.id,
                    availability_zone=zone,
                    cidr_block=str(block),
                    map_public_ip_on_launch=False,
                    assign_ipv6_address_on_creation=False,
                    tags={"Name": f"{name}-{tier}-{zone[-1]}"},
                    opts=child,
                )
                for zone, block in zip(settings.zones, tier_block.subnets(2), strict=False)
            ]
            for tier, tier_block in zip(("public", "private", "data"), tiers, strict=False)
        }
        # A table of its own for every subnet: a zone's way out can fail or change alone.
        tables = {
            tier: [
                _route_table(f"{name}-{tier}-{zone[-1]}", vpc, subnet, child)
                for zone, subnet in zip(settings.zones, subnets[tier], strict=True)
            ]
            for tier in subnets
        }
        for zone, table in zip(settings.zones, tables["public"], strict=True):
            aws.ec2.Route(
                f"{name}-public-{zone[-1]}",
                route_table_id=table.id,
                destination_cidr_block="0.0.0.0/0",
                gateway_id=self.internet_gateway.id,
                opts=child,
            )
        gateways = [
            _nat_gateway(f"{name}-nat-{zone[-1]}", subnet, self.internet_gateway, child)
            for zone, subnet in zip(
                settings.zones[: _NAT_COUNT[settings.nat]], subnets["public"], strict=False
            )
        ]
        if gateways:
            for position, zone in enumerate(settings.zones):
                aws.ec2.Route(
                    f"{name}-private-{zone[-1]}",
                    route_table_id=tables["private"][position].id,
                    destination_cidr_block="0.0.0.0/0",
                    nat_gateway_id=gateways[position % len(gateways)].id,
                    opts=child,
                )

        for service in _GATEWAY_ENDPOINTS:
            aws.ec2.VpcEndpoint(
                f"{name}-{service}",
                vpc_id=vpc.id,
                service_name=f"com.amazonaws.{args.region}.{service}",
                vpc_endpoint_type="Gateway",
                route_table_ids=[table.id for table in tables["private"]],
                opts=child,
            )
        self.nat_gateway_ids = {
            zone[-1]: gateway.id for zone, gateway in zip(settings.zones, gateways, strict=False)
        }
        self.vpc_id = vpc.id
        self.private_subnet_ids = [subnet.id for subnet in subnets["private"]]
        self.data_subnet_ids = [subnet.id for subnet in subnets["data"]]
        self.register_outputs({"vpc_id": self.vpc_id})


def _route_table(
    name: str, vpc: aws.ec2.Vpc, subnet: aws.ec2.Subnet, child: pulumi.ResourceOptions
) -> aws.ec2.RouteTable:
    table = aws.ec2.RouteTable(name, vpc_id=vpc.id, tags={"Name": name}, opts=child)
    aws.ec2.RouteTableAssociation(name, subnet_id=subnet.id, route_table_id=table.id, opts=child)
    return table


def _nat_gateway(
    name: str,
    subnet: aws.ec2.Subnet,
    internet_gateway: aws.ec2.InternetGateway,
    child: pulumi.ResourceOptions,
) -> aws.ec2.NatGateway:
    address = aws.ec2.Eip(
        name,
        domain="vpc",
        tags={"Name": name},
        opts=pulumi.ResourceOptions.merge(
            child, pulumi.ResourceOptions(depends_on=[internet_gateway])
        ),
    )
    return aws.ec2.NatGateway(
        name,
        allocation_id=address.id,
        subnet_id=subnet.id,
        connectivity_type="public",
        tags={"Name": name},
        opts=child,
    )
