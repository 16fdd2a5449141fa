"""The public name leads to CloudFront: pages from the frontend's bucket, the API from the balancer.

Errors stay what the origin said, and go to who asked alone: a page in `custom_error_responses`
would take the place of the API's 404, and without their `error_caching_min_ttl` CloudFront answers
everybody for ten seconds with a 5xx that one slot gave one user, whatever the cache policy says.
"""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.balancer import API_PATHS
from infra.edge_behaviors import api_behaviors, page_behaviors
from infra.edge_logs import EdgeLogs, EdgeLogsArgs
from infra.edge_origins import balancer_origin, frontend_origin
from infra.frontend import readable_by
from infra.settings import CdnSettings, DomainSettings

_ASSET_PATH = "/assets/*"
# Kept for error_caching_min_ttl in spite of `no-store` ("Control how long CloudFront caches
# errors", CloudFront guide): a slot with 1 % of the traffic would fail for more than that.
_KEPT_ERRORS = (500, 502, 503, 504)


@dataclass(frozen=True, kw_only=True)
class CdnArgs:
    settings: CdnSettings
    domain: DomainSettings
    certificate_arn: pulumi.Input[str]
    web_acl_arn: pulumi.Input[str]
    balancer_arn: pulumi.Input[str]
    balancer_dns_name: pulumi.Input[str]
    internet_gateway: pulumi.Resource
    frontend_bucket: pulumi.Input[str]
    frontend_arn: pulumi.Input[str]
    frontend_domain_name: pulumi.Input[str]
    log_bucket_arn: pulumi.Input[str]


class Cdn(pulumi.ComponentResource):
    """One distribution, which alone reads the bucket and alone reaches the balancer.

    CloudFront refuses changes of a VPC origin in use: it and the balancer behind it stay for good.
    """

    distribution_id: pulumi.Output[str]
    """Id of the distribution, for invalidations."""
    distribution_arn: pulumi.Output[str]
    """ARN of the distribution."""
    fallback_function: pulumi.Output[str]
    """Name of the function that leads every path to the page."""
    url: str
    """Where the environment is: `https://` and the public name."""

    def __init__(
        self, name: str, args: CdnArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:Cdn", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        pages, assets, self.fallback_function = page_behaviors(name, _ASSET_PATH, child)
        distribution = aws.cloudfront.Distribution(
            f"{name}-cdn",
            enabled=True,
            comment=name,
            aliases=[args.domain.name],
            price_class=args.settings.price_class,
            http_version="http2and3",
            is_ipv6_enabled=True,
            default_root_object="index.html",
            web_acl_id=args.web_acl_arn,
            viewer_certificate=aws.cloudfront.DistributionViewerCertificateArgs(
                acm_certificate_arn=args.certificate_arn,
                minimum_protocol_version="TLSv1.2_2025",
                ssl_support_method="sni-only",
            ),
            restrictions=aws.cloudfront.DistributionRestrictionsArgs(
                geo_restriction=aws.cloudfront.DistributionRestrictionsGeoRestrictionArgs(
                    restriction_type="none"
                )
            ),
            origins=[
                balancer_origin(
                    name,
                    args.balancer_arn,
                    args.balancer_dns_name,
                    parent=self,
                    internet_gateway=args.internet_gateway,
                ),
                frontend_origin(name, args.frontend_domain_name, parent=self),
            ],
            default_cache_behavior=pages,
            ordered_cache_behaviors=[*api_behaviors(name, API_PATHS, child), assets],
            custom_error_responses=[
                aws.cloudfront.DistributionCustomErrorResponseArgs(
                    error_code=code, error_caching_min_ttl=0
                )
                for code in _KEPT_ERRORS
            ],
            opts=child,
        )
        aws.s3.BucketPolicy(
            f"{name}-frontend-policy",
            bucket=args.frontend_bucket,
            policy=pulumi.Output.json_dumps(readable_by(distribution.arn, args.frontend_arn)),
            opts=child,
        )
        for type_ in ("A", "AAAA"):
            aws.route53.Record(
                f"{name}-{type_.lower()}",
                zone_id=args.domain.zone_id,
                name=args.domain.name,
                type=type_,
                aliases=[
                    aws.route53.RecordAliasArgs(
                        name=distribution.domain_name,
                        zone_id=distribution.hosted_zone_id,
                        evaluate_target_health=False,
                    )
                ],
                # A name that leads elsewhere must stop the update, not be taken over.
                allow_overwrite=False,
                opts=child,
            )
        EdgeLogs(
            name,
            EdgeLogsArgs(distribution_arn=distribution.arn, log_bucket_arn=args.log_bucket_arn),
            opts=child,
        )
        self.distribution_id, self.distribution_arn = distribution.id, distribution.arn
        self.url = f"https://{args.domain.name}"
        self.register_outputs(
            {
                "distribution_id": self.distribution_id,
                "distribution_arn": self.distribution_arn,
                "url": self.url,
            }
        )
