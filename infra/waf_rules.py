"""The rules of the web ACL, in order: probes pass, limits per client address, AWS's managed groups.

Typed rules rather than `rule_json`: what someone changes by hand shows in the next preview.
"""

import pulumi
import pulumi_aws as aws

from infra.outputs import PROBE_HEADER, PROBE_ROUTES, ProbeRoute
from infra.settings import CdnSettings

WINDOW_SECONDS = 300
LOGIN_REQUESTS_PER_WINDOW = 100
# Matched against the decoded, normalised path in lower case.
LOGIN_PATHS = "^/api/(v[0-9]+/)?(auth|login|password|session|token)"
TOO_MANY_REQUESTS = "too-many-requests"
# Cheapest first: 25, 200, 700, 200 and 50 of the 1,500 capacity units in a web ACL's base price.
# No versions: AWS's default version follows new attacks.
MANAGED_GROUPS = (
    "AWSManagedRulesAmazonIpReputationList",
    "AWSManagedRulesKnownBadInputsRuleSet",
    "AWSManagedRulesCommonRuleSet",
    "AWSManagedRulesSQLiRuleSet",
    "AWSManagedRulesAnonymousIpList",
)
# A VPN or a data centre is no attack: counted in every mode.
_COUNTED_GROUPS = ("AWSManagedRulesAnonymousIpList",)
# Refuses bodies over 8 KiB, uploads among them; nginx knows the real limit and answers 413.
_COUNTED_RULES = {"AWSManagedRulesCommonRuleSet": ("SizeRestrictions_BODY",)}


def rules(settings: CdnSettings, probe_token: pulumi.Input[str]) -> list[aws.wafv2.WebAclRuleArgs]:
    """Every rule with its priority; in mode `count` only the probe rule decides anything."""
    blocks = settings.waf_mode == "block"
    limit = settings.waf_requests_per_5_minutes
    login_limit = min(LOGIN_REQUESTS_PER_WINDOW, limit)
    return [
        _probe_rule(0, probe_token),
        _rate_rule("login-rate", 1, login_limit, _login_paths(), blocks=blocks),
        _rate_rule("rate", 2, limit, None, blocks=blocks),
        *(
            _managed_rule(group, priority, blocks=blocks and group not in _COUNTED_GROUPS)
            for priority, group in enumerate(MANAGED_GROUPS, start=3)
        ),
    ]


def _probe_rule(priority: int, token: pulumi.Input[str]) -> aws.wafv2.WebAclRuleArgs:
    # Probes come from data-centre addresses, which managed lists block. The value names the route.
    return aws.wafv2.WebAclRuleArgs(
        name="probe",
        priority=priority,
        action=aws.wafv2.WebAclRuleActionArgs(allow=aws.wafv2.WebAclRuleActionAllowArgs()),
        statement=aws.wafv2.WebAclRuleStatementArgs(
            or_statement=aws.wafv2.WebAclRuleStatementOrStatementArgs(
                statements=[_probes(route, token) for route in PROBE_ROUTES]
            )
        ),
        visibility_config=_visibility("probe"),
    )


def _probes(route: ProbeRoute, token: pulumi.Input[str]) -> aws.wafv2.WebAclRuleStatementArgs:
    return aws.wafv2.WebAclRuleStatementArgs(
        byte_match_statement=aws.wafv2.WebAclRuleStatementByteMatchStatementArgs(
            field_to_match=aws.wafv2.WebAclRuleStatementByteMatchStatementFieldToMatchArgs(
                single_header=aws.wafv2.WebAclRuleStatementByteMatchStatementFieldToMatchSingleHeaderArgs(
                    name=PROBE_HEADER.lower()
                )
            ),
            positional_constraint="EXACTLY",
            search_string=pulumi.Output.secret(pulumi.Output.concat(route, ":", token)),
            text_transformations=[
                aws.wafv2.WebAclRuleStatementByteMatchStatementTextTransformationArgs(
                    priority=0, type="NONE"
                )
            ],
        )
    )


def _rate_rule(
    name: str,
    priority: int,
    limit: int,
    scope: aws.wafv2.WebAclRuleStatementRateBasedStatementScopeDownStatementArgs | None,
    *,
    blocks: bool,
) -> aws.wafv2.WebAclRuleArgs:
    return aws.wafv2.WebAclRuleArgs(
        name=name,
        priority=priority,
        action=_refusal() if blocks else _count(),
        statement=aws.wafv2.WebAclRuleStatementArgs(
            rate_based_statement=aws.wafv2.WebAclRuleStatementRateBasedStatementArgs(
                aggregate_key_type="IP",
                evaluation_window_sec=WINDOW_SECONDS,
                limit=limit,
                scope_down_statement=scope,
            )
        ),
        visibility_config=_visibility(name),
    )


def _login_paths() -> aws.wafv2.WebAclRuleStatementRateBasedStatementScopeDownStatementArgs:
    return aws.wafv2.WebAclRuleStatementRateBasedStatementScopeDownStatementArgs(
        regex_match_statement=aws.wafv2.WebAclRuleStatementRateBasedStatementScopeDownStatementRegexMatchStatementArgs(
            regex_string=LOGIN_PATHS,
            field_to_match=aws.wafv2.WebAclRuleStatementRateBasedStatementScopeDownStatementRegexMatchStatementFieldToMatchArgs(
                uri_path=aws.wafv2.WebAclRuleStatementRateBasedStatementScopeDownStatementRegexMatchStatementFieldToMatchUriPathArgs()
            ),
            text_transformations=[
                aws.wafv2.WebAclRuleStatementRateBasedStatementScopeDownStatementRegexMatchStatementTextTransformationArgs(
                    priority=priority, type=type_
                )
                for priority, type_ in enumerate(("URL_DECODE", "NORMALIZE_PATH", "LOWERCASE"))
            ],
        )
    )


def _refusal() -> aws.wafv2.WebAclRuleActionArgs:
    return aws.wafv2.WebAclRuleActionArgs(
        block=aws.wafv2.WebAclRuleActionBlockArgs(
            custom_response=aws.wafv2.WebAclRuleActionBlockCustomResponseArgs(
                response_code=429,
                custom_response_body_key=TOO_MANY_REQUESTS,
                response_headers=[
                    aws.wafv2.WebAclRuleActionBlockCustomResponseResponseHeaderArgs(
                        name="retry-after", value=str(WINDOW_SECONDS)
                    )
                ],
            )
        )
    )


def _count() -> aws.wafv2.WebAclRuleActionArgs:
    return aws.wafv2.WebAclRuleActionArgs(count=aws.wafv2.WebAclRuleActionCountArgs())


def _managed_rule(group: str, priority: int, *, blocks: bool) -> aws.wafv2.WebAclRuleArgs:
    as_the_group_says = aws.wafv2.WebAclRuleOverrideActionArgs(
        none=aws.wafv2.WebAclRuleOverrideActionNoneArgs()
    )
    count = aws.wafv2.WebAclRuleOverrideActionArgs(
        count=aws.wafv2.WebAclRuleOverrideActionCountArgs()
    )
    return aws.wafv2.WebAclRuleArgs(
        name=group,
        priority=priority,
        override_action=as_the_group_says if blocks else count,
        statement=aws.wafv2.WebAclRuleStatementArgs(
            managed_rule_group_statement=aws.wafv2.WebAclRuleStatementManagedRuleGroupStatementArgs(
                vendor_name="AWS",
                name=group,
                rule_action_overrides=[
                    aws.wafv2.WebAclRuleStatementManagedRuleGroupStatementRuleActionOverrideArgs(
                        name=rule,
                        action_to_use=aws.wafv2.WebAclRuleStatementManagedRuleGroupStatementRuleActionOverrideActionToUseArgs(
                            count=aws.wafv2.WebAclRuleStatementManagedRuleGroupStatementRuleActionOverrideActionToUseCountArgs()
                        ),
                    )
                    for rule in _COUNTED_RULES.get(group, ())
                ]
                or None,
            )
        ),
        visibility_config=_visibility(group),
    )


def _visibility(metric: str) -> aws.wafv2.WebAclRuleVisibilityConfigArgs:
    return aws.wafv2.WebAclRuleVisibilityConfigArgs(
        cloudwatch_metrics_enabled=True, metric_name=metric, sampled_requests_enabled=True
    )
