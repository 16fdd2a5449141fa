"""Interface endpoints: one for each service of the settings, private, in every private subnet."""

import pytest

from tests.environments import recorded

VPC_ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"


def test_prod_reaches_its_services_by_private_doors() -> None:
    doors = [
        r
        for r in recorded("prod").every(VPC_ENDPOINT)
        if r.inputs["vpcEndpointType"] == "Interface"
    ]
    assert [door.inputs["serviceName"] for door in doors] == [
        f"com.amazonaws.eu-west-1.{service}"
        for service in ("ecr.api", "ecr.dkr", "kms", "logs", "secretsmanager")
    ]
    for door in doors:
        assert door.inputs["privateDnsEnabled"] is True
        assert door.inputs["vpcId"] == "prod-vpc-id"
        assert door.inputs["subnetIds"] == [f"prod-private-{z}-id" for z in "abc"]
        assert door.inputs["securityGroupIds"] == ["prod-endpoints-id"]


@pytest.mark.parametrize("stack", ["staging", "testing"])
def test_small_environments_pay_for_none(stack: str) -> None:
    types = [r.inputs["vpcEndpointType"] for r in recorded(stack).every(VPC_ENDPOINT)]
    assert types == ["Gateway", "Gateway"]
