"""CloudFront adds the headers of the one policy object that nginx's are rendered from as well."""

from collections.abc import Sequence

import pulumi
import pulumi_aws as aws

from infra.headers import HeaderPolicy


def response_headers(
    name: str,
    policy: HeaderPolicy,
    *,
    override: bool,
    removed: Sequence[str] = (),
    opts: pulumi.ResourceOptions,
) -> aws.cloudfront.ResponseHeadersPolicy:
    """Adds the policy's headers to what the origin sent; `override` decides whose value wins."""
    return aws.cloudfront.ResponseHeadersPolicy(
        name,
        security_headers_config=aws.cloudfront.ResponseHeadersPolicySecurityHeadersConfigArgs(
            strict_transport_security=aws.cloudfront.ResponseHeadersPolicySecurityHeadersConfigStrictTransportSecurityArgs(
                access_control_max_age_sec=policy.hsts_seconds,
                include_subdomains=True,
                preload=False,
                override=override,
            ),
            content_security_policy=aws.cloudfront.ResponseHeadersPolicySecurityHeadersConfigContentSecurityPolicyArgs(
                content_security_policy=policy.content_security_policy, override=override
            ),
            content_type_options=aws.cloudfront.ResponseHeadersPolicySecurityHeadersConfigContentTypeOptionsArgs(
                override=override
            ),
            frame_options=aws.cloudfront.ResponseHeadersPolicySecurityHeadersConfigFrameOptionsArgs(
                frame_option=policy.frame_option, override=override
            ),
            referrer_policy=aws.cloudfront.ResponseHeadersPolicySecurityHeadersConfigReferrerPolicyArgs(
                referrer_policy=policy.referrer_policy, override=override
            ),
        ),
        custom_headers_config=aws.cloudfront.ResponseHeadersPolicyCustomHeadersConfigArgs(
            items=[
                aws.cloudfront.ResponseHeadersPolicyCustomHeadersConfigItemArgs(
                    header=header, value=value, override=override
                )
                for header, value in sorted(policy.other.items())
            ]
        ),
        remove_headers_config=aws.cloudfront.ResponseHeadersPolicyRemoveHeadersConfigArgs(
            items=[
                aws.cloudfront.ResponseHeadersPolicyRemoveHeadersConfigItemArgs(header=header)
                for header in sorted(removed)
            ]
        )
        if removed
        else None,
        opts=opts,
    )
