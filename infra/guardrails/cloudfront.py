"""Amazon CloudFront; AWS: securityhub/latest/userguide/cloudfront-controls."""

from collections.abc import Iterable, Iterator
from typing import Any

from infra.guardrails.environment import Environment
from infra.guardrails.inputs import Inputs
from infra.guardrails.model import EnvironmentRule, Resource, ResourceRule
from infra.guardrails.needs import gives, needs, one_of, wrong
from infra.guardrails.s3 import BUCKET

DISTRIBUTION = "aws:cloudfront/distribution:Distribution"
VPC_ORIGIN = "aws:cloudfront/vpcOrigin:VpcOrigin"
# CloudFront.15's list.
_VIEWER_TLS = ("TLSv1.2_2021", "TLSv1.2_2025", "TLSv1.3_2025")


def _behaviours(inputs: Inputs) -> Iterator[tuple[str, Inputs]]:
    yield "default_cache_behavior", inputs["defaultCacheBehavior"]
    for behaviour in inputs.every("orderedCacheBehaviors"):
        yield f"ordered_cache_behaviors {behaviour.get('pathPattern')}", behaviour


def _s3_origins(inputs: Inputs) -> list[Any]:
    """An origin that is neither a host name nor in a VPC is a bucket."""
    return [
        origin
        for origin in inputs.every("origins")
        if not origin.has("customOriginConfig") and not origin.has("vpcOriginConfig")
    ]


def _only_https(inputs: Inputs) -> Iterable[str]:
    for where, behaviour in _behaviours(inputs):
        policy = behaviour.get("viewerProtocolPolicy")
        if policy not in ("https-only", "redirect-to-https"):
            yield wrong(f"{where}.viewer_protocol_policy", policy, "https-only or a redirect")


def _has_failover(inputs: Inputs) -> Iterable[str]:
    if not any(len(group.every("members")) > 1 for group in inputs.every("originGroups")):
        yield "origin_groups has no group of two origins, there must be one"


def _to_origins(inputs: Inputs) -> Iterator[Inputs]:
    """How the edge speaks to each origin that is not a bucket, in a distribution or beside it."""
    if inputs.has("vpcOriginEndpointConfig"):
        yield inputs["vpcOriginEndpointConfig"]
    for origin in inputs.every("origins"):
        if origin.has("customOriginConfig"):
            yield origin["customOriginConfig"]


def _tls_to_origins(inputs: Inputs) -> Iterable[str]:
    for origin in _to_origins(inputs):
        yield from needs("originProtocolPolicy", one_of(["https-only"]))(origin)


def _modern_tls_to_origins(inputs: Inputs) -> Iterable[str]:
    for origin in _to_origins(inputs):
        protocols = origin["originSslProtocols"]
        listed = protocols.get("items", []) if isinstance(protocols, Inputs) else protocols
        for old in sorted({*listed} - {"TLSv1.2", "TLSv1.3"}):
            yield wrong("originSslProtocols", old, "TLSv1.2 or later")


def _buckets_are_ours(distribution: Resource, environment: Environment) -> Iterable[str]:
    used = len(_s3_origins(distribution.inputs))
    known = len(environment.sources(distribution, "origins", BUCKET))
    if used > known:
        yield f"origins has {used} buckets and {known} of this stack, each must be of this stack"


def _signs_to_buckets(inputs: Inputs) -> Iterable[str]:
    for origin in _s3_origins(inputs):
        if not origin.has("originAccessControlId"):
            yield f"origin {origin.get('originId')} has no origin_access_control_id, it must"


def _signs_to_functions(inputs: Inputs) -> Iterable[str]:
    for origin in inputs.every("origins"):
        is_function = origin.has("customOriginConfig") and ".lambda-url." in origin["domainName"]
        if is_function and not origin.has("originAccessControlId"):
            yield f"origin {origin.get('originId')} has no origin_access_control_id, it must"


def _asks_for_signatures(inputs: Inputs) -> Iterable[str]:
    if not any(behaviour.has("trustedKeyGroups") for _, behaviour in _behaviours(inputs)):
        yield "no behaviour has trusted_key_groups, at least one must"


RULES = (
    ResourceRule(
        id="CloudFront.1",
        severity="HIGH",
        title="A distribution has a default root object",
        types=(DISTRIBUTION,),
        check=gives("defaultRootObject"),
    ),
    ResourceRule(
        id="CloudFront.3",
        severity="MEDIUM",
        title="Viewers are served over HTTPS only",
        types=(DISTRIBUTION,),
        check=_only_https,
    ),
    ResourceRule(
        id="CloudFront.4",
        severity="LOW",
        title="A second origin takes over",
        types=(DISTRIBUTION,),
        check=_has_failover,
    ),
    ResourceRule(
        id="CloudFront.5",
        severity="MEDIUM",
        title="Standard logging (legacy), the only one that AWS looks at, is on",
        types=(DISTRIBUTION,),
        check=gives("loggingConfig.bucket"),
    ),
    ResourceRule(
        id="CloudFront.6",
        severity="MEDIUM",
        title="A web ACL guards a distribution",
        types=(DISTRIBUTION,),
        check=gives("webAclId"),
    ),
    ResourceRule(
        id="CloudFront.7",
        severity="MEDIUM",
        title="A distribution has a certificate of its own",
        types=(DISTRIBUTION,),
        check=gives("viewerCertificate.acmCertificateArn"),
    ),
    ResourceRule(
        id="CloudFront.8",
        severity="LOW",
        title="A distribution tells names by SNI",
        types=(DISTRIBUTION,),
        check=needs("viewerCertificate.sslSupportMethod", one_of(["sni-only"])),
    ),
    ResourceRule(
        id="CloudFront.9",
        severity="MEDIUM",
        title="The edge speaks TLS to its origins",
        types=(DISTRIBUTION, VPC_ORIGIN),
        check=_tls_to_origins,
    ),
    ResourceRule(
        id="CloudFront.10",
        severity="MEDIUM",
        title="The edge speaks no old TLS to its origins",
        types=(DISTRIBUTION, VPC_ORIGIN),
        check=_modern_tls_to_origins,
    ),
    EnvironmentRule(
        id="CloudFront.12",
        severity="HIGH",
        title="A distribution points to buckets that exist",
        types=(DISTRIBUTION,),
        check=_buckets_are_ours,
    ),
    ResourceRule(
        id="CloudFront.13",
        severity="MEDIUM",
        title="The edge signs its requests to buckets",
        types=(DISTRIBUTION,),
        check=_signs_to_buckets,
    ),
    ResourceRule(
        id="CloudFront.15",
        severity="MEDIUM",
        title="Viewers speak a recent TLS",
        types=(DISTRIBUTION,),
        check=needs("viewerCertificate.minimumProtocolVersion", one_of(_VIEWER_TLS)),
    ),
    ResourceRule(
        id="CloudFront.16",
        severity="MEDIUM",
        title="The edge signs its requests to function URLs",
        types=(DISTRIBUTION,),
        check=_signs_to_functions,
    ),
    ResourceRule(
        id="CloudFront.17",
        severity="MEDIUM",
        title="A distribution asks for signed URLs or cookies",
        types=(DISTRIBUTION,),
        check=_asks_for_signatures,
    ),
)
