"""The firewall: the table of paths is what is open, and there is no other way in."""

import pytest

from infra.firewall import Path, paths
from rehearsal.resource import Invoke
from tests.environments import STACKS, chosen, recorded

INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
EGRESS = "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule"


def test_the_table_of_paths() -> None:
    assert paths(5433) == (
        Path("balancer", "tasks", 8443),
        Path("tasks", "postgres", 5433),
        Path("tasks", "redis", 6379),
        Path("tasks", "endpoints", 443),
        Path("rotation", "postgres", 5433),
        Path("rotation", "endpoints", 443),
    )


def opened(stack: str, type_: str) -> dict[str, tuple[object, ...]]:
    return {
        rule.name: (
            rule.inputs["securityGroupId"],
            rule.inputs.get("referencedSecurityGroupId")
            or rule.inputs.get("prefixListId")
            or rule.inputs.get("cidrIpv4"),
            rule.inputs["ipProtocol"],
            rule.inputs["fromPort"],
            rule.inputs["toPort"],
        )
        for rule in recorded(stack).every(type_)
    }


@pytest.mark.parametrize("stack", STACKS)
def test_the_edge_is_cloudfront_alone_as_the_environments_own_provider_knows_it(stack: str) -> None:
    token = "aws:ec2/getManagedPrefixList:getManagedPrefixList"
    assert recorded(stack).invokes == [
        Invoke(
            token=token,
            args={"name": "com.amazonaws.global.cloudfront.origin-facing"},
            provider="aws",
        )
    ]


@pytest.mark.parametrize("stack", STACKS)
def test_what_comes_in(stack: str) -> None:
    assert opened(stack, INGRESS) == {
        f"{stack}-edge-to-balancer": (f"{stack}-balancer-id", "pl-4fa04526", "tcp", 443, 443),
        **{
            f"{stack}-{path.source}-to-{path.target}": (
                f"{stack}-{path.target}-id",
                f"{stack}-{path.source}-id",
                "tcp",
                path.port,
                path.port,
            )
            for path in paths(chosen(stack).postgres.port)
        },
    }


@pytest.mark.parametrize("stack", STACKS)
def test_what_goes_out(stack: str) -> None:
    assert opened(stack, EGRESS) == {
        **{
            f"{stack}-{path.source}-to-{path.target}": (
                f"{stack}-{path.source}-id",
                f"{stack}-{path.target}-id",
                "tcp",
                path.port,
                path.port,
            )
            for path in paths(chosen(stack).postgres.port)
        },
        **{
            f"{stack}-{party}-to-internet": (f"{stack}-{party}-id", "0.0.0.0/0", "tcp", 443, 443)
            for party in ("tasks", "rotation")
        },
    }


@pytest.mark.parametrize("stack", STACKS)
def test_groups_hold_no_rules_of_their_own(stack: str) -> None:
    groups = recorded(stack).every("aws:ec2/securityGroup:SecurityGroup")
    assert [group.name for group in groups] == [
        f"{stack}-{party}"
        for party in ("balancer", "endpoints", "postgres", "redis", "rotation", "tasks")
    ]
    for group in groups:
        assert group.inputs.keys() == {"description", "vpcId", "revokeRulesOnDelete"}
        assert group.inputs["revokeRulesOnDelete"] is True
        assert group.inputs["vpcId"] == f"{stack}-vpc-id"
    # AWS can't change a description: another text is another group, and every task in it restarts.
    assert [group.inputs["description"] for group in groups] == [
        "The internal balancer, reached by CloudFront only",
        "Interface endpoints of AWS services",
        "The database",
        "The cache",
        "The function that rotates the login of the app",
        "The tasks of both slots and one-off tasks",
    ]
