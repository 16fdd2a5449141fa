"""Interface endpoints: one for each service of the settings, private, in every private subnet."""

import pytest

from infra.endpoints import Endpoints, EndpointsArgs
from infra.settings import Endpoint
from rehearsal.recording import record
from tests.environments import STACKS, chosen, recorded

VPC_ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"


def test_services_are_reached_by_private_doors() -> None:
    services: tuple[Endpoint, ...] = ("ecr.api", "secretsmanager")

    def program() -> None:
        Endpoints(
            "prod",
            EndpointsArgs(
                services=services,
                region="eu-west-1",
                vpc_id="vpc",
                subnet_ids=["subnet-a", "subnet-b"],
                security_group_id="sg",
            ),
        )

    doors = record(program, stack="prod").every(VPC_ENDPOINT)
    assert {door.name: door.inputs for door in doors} == {
        name: {
            "vpcId": "vpc",
            "serviceName": f"com.amazonaws.eu-west-1.{service}",
            "vpcEndpointType": "Interface",
            "privateDnsEnabled": True,
            "subnetIds": ["subnet-a", "subnet-b"],
            "securityGroupIds": ["sg"],
        }
        for name, service in (
            ("prod-ecr-api", "ecr.api"),
            ("prod-secretsmanager", "secretsmanager"),
        )
    }


@pytest.mark.parametrize("stack", STACKS)
def test_an_environment_has_those_of_its_settings(stack: str) -> None:
    doors = [
        r for r in recorded(stack).every(VPC_ENDPOINT) if r.inputs["vpcEndpointType"] == "Interface"
    ]
    settings = chosen(stack)
    assert sorted(door.inputs["serviceName"] for door in doors) == sorted(
        f"com.amazonaws.{settings.aws.region}.{service}" for service in settings.network.endpoints
    )
    subnets = [f"{stack}-private-{zone[-1]}-id" for zone in settings.network.zones]
    for door in doors:
        assert door.inputs["vpcId"] == f"{stack}-vpc-id"
        assert door.inputs["privateDnsEnabled"] is True
        assert door.inputs["subnetIds"] == subnets
        assert door.inputs["securityGroupIds"] == [f"{stack}-endpoints-id"]
