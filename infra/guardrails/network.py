"""VPCs and subnets, Amazon EC2's controls; AWS: securityhub/latest/userguide/ec2-controls."""

from collections.abc import Callable, Iterable

from infra.guardrails.environment import Environment
from infra.guardrails.inputs import Inputs
from infra.guardrails.model import EnvironmentRule, Resource, ResourceRule
from infra.guardrails.needs import OFF, needs

VPC = "aws:ec2/vpc:Vpc"
SUBNET = "aws:ec2/subnet:Subnet"
DEFAULT_GROUP = "aws:ec2/defaultSecurityGroup:DefaultSecurityGroup"
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
FLOW_LOG = "aws:ec2/flowLog:FlowLog"


def _default_group_is_empty(vpc: Resource, environment: Environment) -> Iterable[str]:
    groups = environment.belonging(DEFAULT_GROUP, "vpcId", vpc)
    if not groups:
        yield "its default security group is not managed here, it must be and have no rule"
    for group in groups:
        for way in ("ingress", "egress"):
            if count := len(group.inputs.every(way)):
                yield f"{way} of its default security group has {count} rules, it must have none"


def _is_watched(vpc: Resource, environment: Environment) -> Iterable[str]:
    if not environment.belonging(FLOW_LOG, "vpcId", vpc):
        yield "it has no flow log, it must have one"


def _gives_no_public_address(inputs: Inputs) -> Iterable[str]:
    yield from needs("mapPublicIpOnLaunch", OFF)(inputs)
    yield from needs("assignIpv6AddressOnCreation", OFF)(inputs)


def _has_endpoint(service: str) -> Callable[[Resource, Environment], Iterable[str]]:
    def check(vpc: Resource, environment: Environment) -> Iterable[str]:
        for endpoint in environment.belonging(ENDPOINT, "vpcId", vpc):
            inputs = endpoint.inputs
            if (
                inputs.at("vpcEndpointType") == "Interface"
                and inputs["serviceName"].split(".", 3)[3] == service
            ):
                return
        yield f"it has no interface endpoint of {service}, it must have one"

    return check


def _endpoint_rule(id_: str, service: str) -> EnvironmentRule:
    return EnvironmentRule(
        id=id_,
        severity="MEDIUM",
        title=f"A VPC reaches {service} through an endpoint",
        types=(VPC,),
        check=_has_endpoint(service),
    )


RULES = (
    EnvironmentRule(
        id="EC2.2",
        severity="HIGH",
        title="A VPC's default security group lets nothing through",
        types=(VPC,),
        check=_default_group_is_empty,
    ),
    EnvironmentRule(
        id="EC2.6",
        severity="MEDIUM",
        title="A VPC has a flow log",
        types=(VPC,),
        check=_is_watched,
    ),
    ResourceRule(
        id="EC2.15",
        severity="MEDIUM",
        title="A subnet gives no public address by itself",
        types=(SUBNET,),
        check=_gives_no_public_address,
    ),
    _endpoint_rule("EC2.10", "ec2"),
    _endpoint_rule("EC2.55", "ecr.api"),
    _endpoint_rule("EC2.56", "ecr.dkr"),
    _endpoint_rule("EC2.57", "ssm"),
    _endpoint_rule("EC2.58", "ssm-contacts"),
    _endpoint_rule("EC2.60", "ssm-incidents"),
)
