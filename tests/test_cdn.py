"""The distribution: pages from the bucket, the API from the balancer and never cached.

Mocks prove what is asked of AWS, not that AWS accepts it.
"""

import json

import pulumi
import pulumi_aws as aws
import pytest

from infra import headers
from infra.cdn import Cdn, CdnArgs
from infra.settings import CdnSettings, DomainSettings
from rehearsal.recording import Recording, record
from rehearsal.resource import Resource
from tests.environments import STACKS, chosen, recorded

SETTINGS = CdnSettings(
    price_class="PriceClass_200",
    waf_mode="block",
    waf_requests_per_5_minutes=2000,
    asset_days=90,
    log_days=365,
)
ARN = "arn:aws:cloudfront::123456789012"
DISTRIBUTION = "aws:cloudfront/distribution:Distribution"
HEADERS = "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy"
RECORD = "aws:route53/record:Record"
VPC_ORIGIN = "aws:cloudfront/vpcOrigin:VpcOrigin"
READ = ["GET", "HEAD"]


def program() -> None:
    cdn = Cdn(
        "prod",
        CdnArgs(
            settings=SETTINGS,
            domain=DomainSettings(name="app.example.com", zone_id="Z0123456789ABCDEFGHIJ"),
            certificate_arn="certificate-arn",
            web_acl_arn="web-acl-arn",
            balancer_arn="balancer-arn",
            balancer_dns_name="internal-prod.elb.amazonaws.com",
            internet_gateway=aws.ec2.InternetGateway("gateway"),
            frontend_bucket="prod-frontend-1a2b3c4",
            frontend_arn="arn:aws:s3:::prod-frontend-1a2b3c4",
            frontend_domain_name="prod-frontend-1a2b3c4.s3.eu-west-1.amazonaws.com",
            log_bucket_arn="arn:aws:s3:::prod-logs-1a2b3c4",
        ),
    )
    pulumi.export("id", cdn.distribution_id)
    pulumi.export("arn", cdn.distribution_arn)
    pulumi.export("url", cdn.url)


@pytest.fixture(scope="module")
def recording() -> Recording:
    return record(program, stack="prod")


@pytest.fixture(scope="module")
def distribution(recording: Recording) -> dict:
    return recording.only(DISTRIBUTION).inputs


def behavior(distribution: dict, path: str) -> dict:
    (found,) = [b for b in distribution["orderedCacheBehaviors"] if b["pathPattern"] == path]
    return found


def test_every_part_belongs_to_the_component(recording):
    parts = [r for r in recording.resources if r.custom and r.name != "gateway"]
    assert len(parts) == 14
    assert {r.parent.type for r in parts} == {"slipway:infra:Cdn", "slipway:infra:EdgeLogs"}
    assert recording.only("slipway:infra:EdgeLogs").parent.type == "slipway:infra:Cdn"


def test_viewers_get_tls_1_2_or_better_http_3_and_ipv6(distribution):
    assert distribution["viewerCertificate"] == {
        "acmCertificateArn": "certificate-arn",
        "minimumProtocolVersion": "TLSv1.2_2025",
        "sslSupportMethod": "sni-only",
    }
    assert distribution["httpVersion"] == "http2and3"
    assert distribution["isIpv6Enabled"] is True


def test_the_distribution_answers_for_the_public_name_behind_the_web_acl(distribution):
    assert distribution["enabled"] is True
    assert distribution["aliases"] == ["app.example.com"]
    assert distribution["webAclId"] == "web-acl-arn"
    assert distribution["defaultRootObject"] == "index.html"
    assert distribution["priceClass"] == "PriceClass_200"
    assert distribution["restrictions"] == {"geoRestriction": {"restrictionType": "none"}}


def test_an_error_of_the_api_becomes_no_page_and_is_kept_for_nobody(distribution):
    """A page would have a `responsePagePath`; unsaid, each error is kept for ten seconds."""
    assert distribution["customErrorResponses"] == [
        {"errorCode": code, "errorCachingMinTtl": 0} for code in (500, 502, 503, 504)
    ]


def test_the_legacy_log_that_needs_acls_is_not_used(distribution):
    assert "loggingConfig" not in distribution


def test_both_dns_records_lead_to_the_distribution_and_take_over_no_other(recording):
    records = recording.every(RECORD)
    assert sorted(r.inputs["type"] for r in records) == ["A", "AAAA"]
    for found in records:
        assert found.inputs == {
            "type": found.inputs["type"],
            "zoneId": "Z0123456789ABCDEFGHIJ",
            "name": "app.example.com",
            "aliases": [
                {
                    "name": "prod-cdn.domainName",
                    "zoneId": "prod-cdn.hostedZoneId",
                    "evaluateTargetHealth": False,
                }
            ],
            "allowOverwrite": False,
        }


def test_what_the_environment_learns_of_the_distribution(recording):
    assert recording.exports == {
        "id": "prod-cdn-id",
        "arn": f"{ARN}:distribution/prod-cdn",
        "url": "https://app.example.com",
    }


def test_cloudfront_reaches_the_balancer_inside_the_vpc_by_tls_alone(recording):
    origin = recording.only(VPC_ORIGIN)
    assert origin.inputs["vpcOriginEndpointConfig"] == {
        "arn": "balancer-arn",
        "name": "prod-balancer",
        "httpPort": 80,
        "httpsPort": 443,
        "originProtocolPolicy": "https-only",
        "originSslProtocols": {"items": ["TLSv1.2"], "quantity": 1},
    }
    assert origin.inputs["timeouts"] == {"create": "45m", "update": "45m", "delete": "45m"}
    assert origin.depends_on == (recording.only("aws:ec2/internetGateway:InternetGateway").urn,)


def test_cloudfront_lets_go_of_a_connection_before_the_balancer_does(distribution):
    balancer = distribution["origins"][0]
    assert balancer == {
        "originId": "balancer",
        "domainName": "internal-prod.elb.amazonaws.com",
        "vpcOriginConfig": {
            "vpcOriginId": "prod-balancer-origin-id",
            "originKeepaliveTimeout": 50,
            "originReadTimeout": 65,
        },
    }


def test_requests_to_the_bucket_are_signed(recording, distribution):
    assert recording.only("aws:cloudfront/originAccessControl:OriginAccessControl").inputs == {
        "originAccessControlOriginType": "s3",
        "signingBehavior": "always",
        "signingProtocol": "sigv4",
    }
    assert distribution["origins"][1:] == [
        {
            "originId": "frontend",
            "domainName": "prod-frontend-1a2b3c4.s3.eu-west-1.amazonaws.com",
            "originAccessControlId": "prod-frontend-access-id",
        }
    ]


def test_only_this_distribution_reads_the_bucket_and_nobody_by_plain_http(recording):
    policy = recording.only("aws:s3/bucketPolicy:BucketPolicy").inputs
    bucket = "arn:aws:s3:::prod-frontend-1a2b3c4"
    reads = {
        "Effect": "Allow",
        "Principal": {"Service": "cloudfront.amazonaws.com"},
        "Condition": {"StringEquals": {"aws:SourceArn": f"{ARN}:distribution/prod-cdn"}},
    }
    assert policy["bucket"] == "prod-frontend-1a2b3c4"
    assert json.loads(policy["policy"]) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "DenyPlainHttp",
                "Effect": "Deny",
                "Principal": "*",
                "Action": "s3:*",
                "Resource": [bucket, f"{bucket}/*"],
                "Condition": {"Bool": {"aws:SecureTransport": "false"}},
            },
            {
                "Sid": "CloudFrontReads",
                "Action": "s3:GetObject",
                "Resource": f"{bucket}/*",
                **reads,
            },
            {
                "Sid": "CloudFrontTellsMissingFromForbidden",
                "Action": "s3:ListBucket",
                "Resource": bucket,
                **reads,
            },
        ],
    }


def test_three_paths_leave_the_default(distribution):
    paths = [b["pathPattern"] for b in distribution["orderedCacheBehaviors"]]
    assert paths == ["/api/*", "/health", "/assets/*"]


@pytest.mark.parametrize("path", ["/api/*", "/health"])
def test_the_api_is_never_cached_and_gets_all_that_the_viewer_sent(distribution, path):
    assert behavior(distribution, path) == {
        "pathPattern": path,
        "targetOriginId": "balancer",
        "viewerProtocolPolicy": "https-only",
        "allowedMethods": ["DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"],
        "cachedMethods": READ,
        "compress": False,
        # AWS's CachingDisabled and AllViewer.
        "cachePolicyId": "4135ea2d-6df8-44a3-9df3-4b5a84be39ad",
        "originRequestPolicyId": "216adef6-5c7f-47e4-b989-5492eafa07d3",
        "responseHeadersPolicyId": "prod-api-headers-id",
    }


def test_pages_come_from_the_bucket_through_the_single_page_fallback(distribution):
    assert distribution["defaultCacheBehavior"] == {
        "targetOriginId": "frontend",
        "viewerProtocolPolicy": "redirect-to-https",
        "allowedMethods": READ,
        "cachedMethods": READ,
        "compress": True,
        "cachePolicyId": "prod-pages-id",
        "responseHeadersPolicyId": "prod-page-headers-id",
        "functionAssociations": [
            {"eventType": "viewer-request", "functionArn": f"{ARN}:function/prod-spa-fallback"}
        ],
    }


def test_assets_come_from_the_bucket_as_they_are(distribution):
    assert behavior(distribution, "/assets/*") == {
        "pathPattern": "/assets/*",
        "targetOriginId": "frontend",
        "viewerProtocolPolicy": "redirect-to-https",
        "allowedMethods": READ,
        "cachedMethods": READ,
        "compress": True,
        "cachePolicyId": "prod-assets-id",
        "responseHeadersPolicyId": "prod-page-headers-id",
    }


@pytest.mark.parametrize(
    ("name", "default_seconds"), [("prod-pages", 0), ("prod-assets", 31_536_000)]
)
def test_assets_are_kept_for_a_year_and_pages_revalidated(recording, name, default_seconds):
    policy = recording.only("aws:cloudfront/cachePolicy:CachePolicy", name).inputs
    assert policy == {
        "minTtl": 0,
        "defaultTtl": default_seconds,
        "maxTtl": 31_536_000,
        "parametersInCacheKeyAndForwardedToOrigin": {
            "cookiesConfig": {"cookieBehavior": "none"},
            "headersConfig": {"headerBehavior": "none"},
            "queryStringsConfig": {"queryStringBehavior": "none"},
            "enableAcceptEncodingBrotli": True,
            "enableAcceptEncodingGzip": True,
        },
    }


def sent(policy: Resource) -> dict[str, str]:
    """The headers that CloudFront would add, as they go over the wire."""
    typed = policy.inputs["securityHeadersConfig"]
    hsts = typed["strictTransportSecurity"]
    assert (hsts["includeSubdomains"], hsts["preload"]) == (True, False)
    return {
        "Strict-Transport-Security": (
            f"max-age={hsts['accessControlMaxAgeSec']}; includeSubDomains"
        ),
        "Content-Security-Policy": typed["contentSecurityPolicy"]["contentSecurityPolicy"],
        "X-Content-Type-Options": "nosniff" if "contentTypeOptions" in typed else "",
        "X-Frame-Options": typed["frameOptions"]["frameOption"],
        "Referrer-Policy": typed["referrerPolicy"]["referrerPolicy"],
        **{i["header"]: i["value"] for i in policy.inputs["customHeadersConfig"]["items"]},
    }


@pytest.mark.parametrize(
    ("name", "policy", "override"),
    [
        ("prod-page-headers", headers.PAGES, True),
        # nginx's own stand; CloudFront fills in where the balancer answers.
        ("prod-api-headers", headers.API, False),
    ],
)
def test_cloudfront_adds_the_headers_of_the_policy(recording, name, policy, override):
    added = recording.only(HEADERS, name)
    assert sent(added) == policy.headers()
    choices = [
        *(part["override"] for part in added.inputs["securityHeadersConfig"].values()),
        *(item["override"] for item in added.inputs["customHeadersConfig"]["items"]),
    ]
    assert choices == [override] * len(policy.headers())


def test_pages_say_nothing_about_the_bucket(recording):
    assert recording.only(HEADERS, "prod-page-headers").inputs["removeHeadersConfig"] == {
        "items": [
            {"header": "x-amz-server-side-encryption"},
            {"header": "x-amz-server-side-encryption-aws-kms-key-id"},
            {"header": "x-amz-version-id"},
        ]
    }
    assert "removeHeadersConfig" not in recording.only(HEADERS, "prod-api-headers").inputs


def test_the_access_log_goes_to_the_log_bucket_as_json_from_us_east_1(recording):
    source = recording.only("aws:cloudwatch/logDeliverySource:LogDeliverySource")
    destination = recording.only("aws:cloudwatch/logDeliveryDestination:LogDeliveryDestination")
    delivery = recording.only("aws:cloudwatch/logDelivery:LogDelivery")
    assert source.inputs == {
        "region": "us-east-1",
        "logType": "ACCESS_LOGS",
        "resourceArn": f"{ARN}:distribution/prod-cdn",
    }
    assert source.delete_before_replace is True
    assert destination.inputs == {
        "region": "us-east-1",
        "outputFormat": "json",
        "deliveryDestinationConfiguration": {
            "destinationResourceArn": "arn:aws:s3:::prod-logs-1a2b3c4"
        },
    }
    fields = delivery.inputs["recordFields"]
    assert delivery.inputs == {
        "recordFields": fields,
        "region": "us-east-1",
        "deliverySourceName": "prod-cdn.name",
        "deliveryDestinationArn": destination.outputs["arn"],
        "s3DeliveryConfigurations": [
            {
                "enableHiveCompatiblePath": False,
                "suffixPath": "{DistributionId}/{yyyy}/{MM}/{dd}/{HH}",
            }
        ],
    }
    # All that there is but cookies, and what only streams and fields of forms have.
    assert fields == [
        *("date", "time", "x-edge-location", "sc-bytes", "c-ip", "cs-method", "cs(Host)"),
        *("cs-uri-stem", "sc-status", "cs(Referer)", "cs(User-Agent)", "cs-uri-query"),
        *("x-edge-result-type", "x-edge-request-id", "x-host-header", "cs-protocol", "cs-bytes"),
        *("time-taken", "x-forwarded-for", "ssl-protocol", "ssl-cipher"),
        *("x-edge-response-result-type", "cs-protocol-version", "c-port", "time-to-first-byte"),
        *("x-edge-detailed-result-type", "sc-content-type", "sc-content-len", "sc-range-start"),
        "sc-range-end",
    ]


def test_the_first_preview_survives_what_is_not_known_yet():
    preview = record(program, stack="prod", preview=True)
    assert len([r for r in preview.resources if r.custom]) == 15


@pytest.mark.parametrize("stack", STACKS)
def test_price_class_and_name_are_those_of_the_stack_file(stack: str):
    recording, domain = recorded(stack), chosen(stack).domain
    distribution = recording.only(DISTRIBUTION).inputs
    assert distribution["priceClass"] == chosen(stack).cdn.price_class
    assert distribution["aliases"] == [domain.name]
    records = [recording.only(RECORD, f"{stack}-{type_}").inputs for type_ in ("a", "aaaa")]
    assert [(each["name"], each["zoneId"]) for each in records] == [
        (domain.name, domain.zone_id)
    ] * 2
