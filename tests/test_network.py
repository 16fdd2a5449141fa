"""The network: no public address, data subnets without a way out, NAT as the settings say."""

import dataclasses
import ipaddress

import pulumi_aws as aws
import pytest

from infra.network import Network, NetworkArgs
from infra.settings import NetworkSettings
from rehearsal.recording import Recording, record
from tests.environments import STACKS, chosen, recorded

SETTINGS = NetworkSettings(
    cidr="10.10.0.0/16",
    zones=("eu-west-1a", "eu-west-1b", "eu-west-1c"),
    nat="per_zone",
    endpoints=(),
    flow_log_days=30,
)


def network(**changes: object) -> Recording:
    settings = dataclasses.replace(SETTINGS, **changes)

    def program() -> None:
        Network("prod", NetworkArgs(settings=settings, region="eu-west-1"))

    return record(program, stack="prod")


def names(recording: Recording, type_: str) -> list[str]:
    return [resource.name for resource in recording.every(type_)]


def test_each_zone_has_a_subnet_in_each_tier_at_a_fixed_place() -> None:
    blocks = {r.name: r.inputs["cidrBlock"] for r in network().every("aws:ec2/subnet:Subnet")}
    assert blocks == {
        "prod-public-a": "10.10.0.0/20",
        "prod-public-b": "10.10.16.0/20",
        "prod-public-c": "10.10.32.0/20",
        "prod-private-a": "10.10.64.0/20",
        "prod-private-b": "10.10.80.0/20",
        "prod-private-c": "10.10.96.0/20",
        "prod-data-a": "10.10.128.0/20",
        "prod-data-b": "10.10.144.0/20",
        "prod-data-c": "10.10.160.0/20",
    }


def test_a_third_zone_moves_no_subnet() -> None:
    two = network(zones=("eu-west-1a", "eu-west-1b")).every("aws:ec2/subnet:Subnet")
    three = {r.name: r.inputs for r in network().every("aws:ec2/subnet:Subnet")}
    assert len(two) == 6
    assert all(three[subnet.name] == subnet.inputs for subnet in two)


@pytest.mark.parametrize("stack", STACKS)
def test_no_subnet_gives_out_public_addresses(stack: str) -> None:
    subnets = recorded(stack).every("aws:ec2/subnet:Subnet")
    assert [s.inputs["mapPublicIpOnLaunch"] for s in subnets] == [False] * len(subnets)
    assert [s.inputs["assignIpv6AddressOnCreation"] for s in subnets] == [False] * len(subnets)


@pytest.mark.parametrize("stack", STACKS)
def test_zones_are_the_settings_ones(stack: str) -> None:
    subnets = recorded(stack).every("aws:ec2/subnet:Subnet")
    zones = chosen(stack).network.zones
    assert len(subnets) == 3 * len(zones)
    assert {s.inputs["availabilityZone"] for s in subnets} == set(zones)
    assert len({ipaddress.ip_network(s.inputs["cidrBlock"]) for s in subnets}) == 3 * len(zones)


def test_data_subnets_have_no_way_out() -> None:
    recording = network()
    data_tables = {
        r.id for r in recording.every("aws:ec2/routeTable:RouteTable") if "-data-" in r.name
    }
    routed = {r.inputs["routeTableId"] for r in recording.every("aws:ec2/route:Route")}
    assert len(data_tables) == 3
    assert data_tables.isdisjoint(routed)
    for name in ("prod-data-a", "prod-data-b", "prod-data-c"):
        association = recording.only("aws:ec2/routeTableAssociation:RouteTableAssociation", name)
        assert association.inputs == {"subnetId": f"{name}-id", "routeTableId": f"{name}-id"}


@pytest.mark.parametrize(
    ("nat", "gateways", "ways_out"),
    [
        ("per_zone", ["a", "b", "c"], ["a", "b", "c"]),
        ("one", ["a"], ["a", "a", "a"]),
    ],
)
def test_private_subnets_leave_through_nat(
    nat: str, gateways: list[str], ways_out: list[str]
) -> None:
    recording = network(nat=nat)
    assert names(recording, "aws:ec2/natGateway:NatGateway") == [f"prod-nat-{z}" for z in gateways]
    for gateway in recording.every("aws:ec2/natGateway:NatGateway"):
        assert gateway.inputs["subnetId"] == gateway.name.replace("nat", "public") + "-id"
        assert gateway.inputs["connectivityType"] == "public"
    routes = {
        r.name: r.inputs
        for r in recording.every("aws:ec2/route:Route")
        if r.name.startswith("prod-private")
    }
    assert routes == {
        f"prod-private-{zone}": {
            "routeTableId": f"prod-private-{zone}-id",
            "destinationCidrBlock": "0.0.0.0/0",
            "natGatewayId": f"prod-nat-{out}-id",
        }
        for zone, out in zip("abc", ways_out, strict=True)
    }


def test_without_nat_only_public_subnets_have_a_default_route() -> None:
    recording = network(nat="none")
    assert {r.name: r.inputs for r in recording.every("aws:ec2/route:Route")} == {
        f"prod-public-{zone}": {
            "routeTableId": f"prod-public-{zone}-id",
            "destinationCidrBlock": "0.0.0.0/0",
            "gatewayId": "prod-internet-id",
        }
        for zone in "abc"
    }
    with pytest.raises(LookupError, match="no aws:ec2/natGateway:NatGateway"):
        recording.every("aws:ec2/natGateway:NatGateway")


def test_the_default_security_group_is_closed() -> None:
    group = network().only("aws:ec2/defaultSecurityGroup:DefaultSecurityGroup")
    assert group.inputs == {"vpcId": "prod-vpc-id", "ingress": [], "egress": []}


def test_s3_and_dynamodb_are_reached_without_nat() -> None:
    endpoints = network().every("aws:ec2/vpcEndpoint:VpcEndpoint")
    tables = ["prod-private-a-id", "prod-private-b-id", "prod-private-c-id"]
    assert [
        (e.inputs["serviceName"], e.inputs["vpcEndpointType"], e.inputs["routeTableIds"])
        for e in endpoints
    ] == [
        ("com.amazonaws.eu-west-1.dynamodb", "Gateway", tables),
        ("com.amazonaws.eu-west-1.s3", "Gateway", tables),
    ]


def test_names_resolve_inside_the_vpc() -> None:
    vpc = network().only("aws:ec2/vpc:Vpc")
    assert vpc.inputs == {
        "cidrBlock": "10.10.0.0/16",
        "enableDnsSupport": True,
        "enableDnsHostnames": True,
        "tags": {"Name": "prod"},
    }
    assert aws.ec2.Vpc.pulumi_type == vpc.type
