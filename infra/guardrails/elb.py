"""Elastic Load Balancing; AWS: securityhub/latest/userguide/elb-controls.

ELB.1 asks for a redirect on port 80 and ELB.18 for no listener but HTTPS: only a balancer without
port 80 satisfies both.
"""

from collections.abc import Iterable

from infra.guardrails.environment import Environment
from infra.guardrails.inputs import Inputs
from infra.guardrails.model import EnvironmentRule, Resource, ResourceRule
from infra.guardrails.needs import ON, needs, one_of, wrong
from infra.guardrails.network import SUBNET

BALANCER = "aws:lb/loadBalancer:LoadBalancer"
LISTENER = "aws:lb/listener:Listener"
TARGET_GROUP = "aws:lb/targetGroup:TargetGroup"
# ELB.17's list of 2026-04, which can't be changed.
_TLS_POLICIES = tuple(
    f"ELBSecurityPolicy-TLS13-1-{policy}"
    for policy in (
        "2-Res-2021-06",
        "2-Res-FIPS-2023-04",
        "2-Res-FIPS-PQ-2025-09",
        "2-Res-PQ-2025-09",
        "3-2021-06",
        "3-FIPS-2023-04",
        "3-FIPS-PQ-2025-09",
        "3-PQ-2025-09",
    )
)


def _redirects(inputs: Inputs) -> Iterable[str]:
    if inputs.at("protocol") == "HTTP":
        for action in inputs.every("defaultActions"):
            if action.at("redirect.protocol") != "HTTPS":
                yield wrong("default_actions", action.get("type"), "a redirect to HTTPS")


def _spans_zones(balancer: Resource, environment: Environment) -> Iterable[str]:
    subnets = environment.sources(balancer, "subnets", SUBNET)
    zones = sorted({subnet.inputs["availabilityZone"] for subnet in subnets})
    if len(zones) < 2:
        yield f"its subnets are in {len(zones)} availability zones, it must be at least 2"


def _checks_over_tls(inputs: Inputs) -> Iterable[str]:
    if inputs.at("targetType") != "lambda":
        yield from needs("healthCheck.protocol", one_of(["HTTPS"]))(inputs)


def _receives_tls(inputs: Inputs) -> Iterable[str]:
    if inputs.at("targetType") not in ("alb", "lambda"):
        yield from needs("protocol", one_of(["HTTPS", "QUIC", "TLS"]))(inputs)


RULES = (
    ResourceRule(
        id="ELB.1",
        severity="MEDIUM",
        title="A listener for HTTP redirects to HTTPS",
        types=(LISTENER,),
        check=_redirects,
    ),
    ResourceRule(
        id="ELB.4",
        severity="MEDIUM",
        title="A balancer drops invalid headers",
        types=(BALANCER,),
        check=needs("dropInvalidHeaderFields", ON),
    ),
    ResourceRule(
        id="ELB.5",
        severity="MEDIUM",
        title="A balancer logs requests",
        types=(BALANCER,),
        check=needs("accessLogs.enabled", ON),
    ),
    ResourceRule(
        id="ELB.6",
        severity="MEDIUM",
        title="A balancer is protected from deletion",
        types=(BALANCER,),
        check=needs("enableDeletionProtection", ON),
    ),
    ResourceRule(
        id="ELB.12",
        severity="MEDIUM",
        title="A balancer defends itself against desync attacks",
        types=(BALANCER,),
        check=needs("desyncMitigationMode", one_of(["defensive", "strictest"])),
    ),
    EnvironmentRule(
        id="ELB.13",
        severity="MEDIUM",
        title="A balancer spans two zones or more",
        types=(BALANCER,),
        check=_spans_zones,
    ),
    ResourceRule(
        id="ELB.17",
        severity="MEDIUM",
        title="A listener has a recommended TLS policy",
        types=(LISTENER,),
        check=needs("sslPolicy", one_of(_TLS_POLICIES)),
    ),
    ResourceRule(
        id="ELB.18",
        severity="MEDIUM",
        title="A listener takes nothing but TLS",
        types=(LISTENER,),
        check=needs("protocol", one_of(["HTTPS", "TLS"])),
    ),
    ResourceRule(
        id="ELB.21",
        severity="MEDIUM",
        title="Targets are checked over TLS",
        types=(TARGET_GROUP,),
        check=_checks_over_tls,
    ),
    ResourceRule(
        id="ELB.22",
        severity="MEDIUM",
        title="Targets receive TLS",
        types=(TARGET_GROUP,),
        check=_receives_tls,
    ),
)
