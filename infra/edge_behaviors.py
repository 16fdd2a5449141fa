"""The API is never cached and gets all that a viewer sent; pages are revalidated, assets kept.

How long a browser keeps a file is said by its upload, in Cache-Control.
"""

from pathlib import Path

import pulumi
import pulumi_aws as aws

from infra import headers
from infra.edge_headers import response_headers
from infra.edge_origins import BALANCER, FRONTEND

# AWS's managed policies: CachingDisabled; and AllViewer, which passes Host, so that the balancer's
# certificate for the public name is the right one (CloudFront guide, "Use managed … policies").
CACHING_DISABLED = "4135ea2d-6df8-44a3-9df3-4b5a84be39ad"
ALL_VIEWER = "216adef6-5c7f-47e4-b989-5492eafa07d3"
_YEAR_SECONDS = 31_536_000
_READ = ["GET", "HEAD"]
_EVERY_METHOD = ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"]
_SPA_FALLBACK = Path(__file__).with_name("spa_fallback.js")


def api_behaviors(
    name: str, paths: tuple[str, ...], opts: pulumi.ResourceOptions
) -> list[aws.cloudfront.DistributionOrderedCacheBehaviorArgs]:
    """One behaviour a path, to the balancer."""
    # nginx's own headers stand; CloudFront adds them to what the balancer itself answers.
    added = response_headers(f"{name}-api-headers", headers.API, override=False, opts=opts)
    return [
        aws.cloudfront.DistributionOrderedCacheBehaviorArgs(
            path_pattern=path,
            target_origin_id=BALANCER,
            # A client that sends a token over plain HTTP is told no, not helped along.
            viewer_protocol_policy="https-only",
            allowed_methods=_EVERY_METHOD,
            cached_methods=_READ,
            compress=False,
            cache_policy_id=CACHING_DISABLED,
            origin_request_policy_id=ALL_VIEWER,
            response_headers_policy_id=added.id,
        )
        for path in paths
    ]


def page_behaviors(
    name: str, asset_path: str, opts: pulumi.ResourceOptions
) -> tuple[
    aws.cloudfront.DistributionDefaultCacheBehaviorArgs,
    aws.cloudfront.DistributionOrderedCacheBehaviorArgs,
    pulumi.Output[str],
]:
    """The default behaviour, with the single-page fallback, the one for assets, without it, and the
    name of the fallback's function."""
    added = response_headers(
        f"{name}-page-headers",
        headers.PAGES,
        override=True,
        removed=headers.REMOVED_FROM_PAGES,
        opts=opts,
    )
    fallback = aws.cloudfront.Function(
        f"{name}-spa-fallback",
        comment="index.html for every path that is no file",
        runtime="cloudfront-js-2.0",
        code=_SPA_FALLBACK.read_text(),
        publish=True,
        opts=opts,
    )
    pages = aws.cloudfront.DistributionDefaultCacheBehaviorArgs(
        target_origin_id=FRONTEND,
        viewer_protocol_policy="redirect-to-https",
        allowed_methods=_READ,
        cached_methods=_READ,
        compress=True,
        # Every request asks the bucket whether index.html changed: a cutover is seen at once.
        cache_policy_id=_cache(f"{name}-pages", default_seconds=0, opts=opts).id,
        response_headers_policy_id=added.id,
        function_associations=[
            aws.cloudfront.DistributionDefaultCacheBehaviorFunctionAssociationArgs(
                event_type="viewer-request", function_arn=fallback.arn
            )
        ],
    )
    assets = aws.cloudfront.DistributionOrderedCacheBehaviorArgs(
        path_pattern=asset_path,
        target_origin_id=FRONTEND,
        viewer_protocol_policy="redirect-to-https",
        allowed_methods=_READ,
        cached_methods=_READ,
        compress=True,
        cache_policy_id=_cache(f"{name}-assets", default_seconds=_YEAR_SECONDS, opts=opts).id,
        response_headers_policy_id=added.id,
    )
    return pages, assets, fallback.name


def _cache(
    name: str, *, default_seconds: int, opts: pulumi.ResourceOptions
) -> aws.cloudfront.CachePolicy:
    return aws.cloudfront.CachePolicy(
        name,
        min_ttl=0,
        default_ttl=default_seconds,
        max_ttl=_YEAR_SECONDS,
        parameters_in_cache_key_and_forwarded_to_origin=aws.cloudfront.CachePolicyParametersInCacheKeyAndForwardedToOriginArgs(
            cookies_config=aws.cloudfront.CachePolicyParametersInCacheKeyAndForwardedToOriginCookiesConfigArgs(
                cookie_behavior="none"
            ),
            headers_config=aws.cloudfront.CachePolicyParametersInCacheKeyAndForwardedToOriginHeadersConfigArgs(
                header_behavior="none"
            ),
            query_strings_config=aws.cloudfront.CachePolicyParametersInCacheKeyAndForwardedToOriginQueryStringsConfigArgs(
                query_string_behavior="none"
            ),
            enable_accept_encoding_brotli=True,
            enable_accept_encoding_gzip=True,
        ),
        opts=opts,
    )
