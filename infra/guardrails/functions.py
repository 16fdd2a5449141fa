"""AWS Lambda; AWS: securityhub/latest/userguide/lambda-controls."""

from collections.abc import Iterable

from infra.guardrails.environment import Environment
from infra.guardrails.inputs import Inputs
from infra.guardrails.model import EnvironmentRule, Resource, ResourceRule
from infra.guardrails.needs import needs, one_of, wrong
from infra.guardrails.network import SUBNET

FUNCTION = "aws:lambda/function:Function"
PERMISSION = "aws:lambda/permission:Permission"
# Lambda.2's list, without what AWS stops to support within the next months.
_RUNTIMES = (
    *("dotnet8", "dotnet10", "java17", "java21", "java25", "nodejs22.x", "nodejs24.x"),
    *("python3.11", "python3.12", "python3.13", "python3.14", "ruby3.3", "ruby3.4"),
)


def _is_not_public(inputs: Inputs) -> Iterable[str]:
    principal = inputs["principal"]
    narrowed = inputs.has("sourceAccount") or inputs.has("principalOrgId")
    if principal == "*" and not narrowed:
        yield wrong("principal", principal, "somebody in particular, or source_account given")
    if principal == "s3.amazonaws.com" and not narrowed:
        yield "principal is s3.amazonaws.com, source_account must be given with it"


def _runs_on_a_supported_runtime(inputs: Inputs) -> Iterable[str]:
    if inputs.at("packageType") != "Image":
        yield from needs("runtime", one_of(_RUNTIMES))(inputs)


def _spans_zones(function: Resource, environment: Environment) -> Iterable[str]:
    if function.inputs.has("vpcConfig"):
        subnets = environment.sources(function, "vpcConfig", SUBNET)
        zones = {subnet.inputs["availabilityZone"] for subnet in subnets}
        if len(zones) < 2:
            yield f"its subnets are in {len(zones)} availability zones, it must be at least 2"


RULES = (
    ResourceRule(
        id="Lambda.1",
        severity="CRITICAL",
        title="A function is not public",
        types=(PERMISSION,),
        check=_is_not_public,
    ),
    ResourceRule(
        id="Lambda.2",
        severity="MEDIUM",
        title="A function runs on a supported runtime",
        types=(FUNCTION,),
        check=_runs_on_a_supported_runtime,
    ),
    EnvironmentRule(
        id="Lambda.5",
        severity="MEDIUM",
        title="A function in a VPC spans two zones or more",
        types=(FUNCTION,),
        check=_spans_zones,
    ),
)
