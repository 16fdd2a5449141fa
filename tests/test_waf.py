"""The web ACL: probes first, limits, managed groups; it counts or blocks, as the stack file says.

Mocks prove what is asked of AWS, not that AWS accepts it.
"""

import json
import re
from collections.abc import Callable
from dataclasses import replace

import pulumi
import pytest

from infra.settings import CdnSettings
from infra.waf import Waf, WafArgs
from infra.waf_rules import LOGIN_PATHS
from rehearsal.recording import Recording, record
from tests.environments import STACKS, chosen, recorded

ACCOUNT = "210987654321"
SETTINGS = CdnSettings(
    price_class="PriceClass_100",
    waf_mode="block",
    waf_requests_per_5_minutes=2000,
    asset_days=90,
    log_days=365,
)
TOKEN = "ab" * 32
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
LOG_POLICY = "aws:cloudwatch/logResourcePolicy:LogResourcePolicy"
WEB_ACL = "aws:wafv2/webAcl:WebAcl"
MANAGED = [
    "AWSManagedRulesAmazonIpReputationList",
    "AWSManagedRulesKnownBadInputsRuleSet",
    "AWSManagedRulesCommonRuleSet",
    "AWSManagedRulesSQLiRuleSet",
    "AWSManagedRulesAnonymousIpList",
]
REFUSED = {
    "block": {
        "customResponse": {
            "responseCode": 429,
            "customResponseBodyKey": "too-many-requests",
            "responseHeaders": [{"name": "retry-after", "value": "300"}],
        }
    }
}


def program(**changes: object) -> Callable[[], None]:
    def build() -> None:
        waf = Waf(
            "prod",
            WafArgs(
                settings=replace(SETTINGS, **changes),
                account_id=ACCOUNT,
                probe_token=pulumi.Output.secret(TOKEN),
            ),
        )
        pulumi.export("web_acl", waf.web_acl_arn)

    return build


@pytest.fixture(scope="module")
def blocking() -> Recording:
    return record(program(), stack="prod")


@pytest.fixture(scope="module")
def counting() -> Recording:
    return record(program(waf_mode="count"), stack="prod")


def rules(recording: Recording) -> dict[str, dict]:
    return {rule["name"]: rule for rule in recording.only(WEB_ACL).inputs["rules"]}


def test_the_web_acl_guards_cloudfront_and_lets_pass_what_no_rule_refuses(blocking):
    inputs = blocking.only(WEB_ACL).inputs
    assert inputs["scope"] == "CLOUDFRONT"
    assert inputs["defaultAction"] == {"allow": {}}
    assert "ruleJson" not in inputs


def test_all_of_it_is_in_the_only_region_that_cloudfront_looks_at(blocking):
    parts = [r for r in blocking.resources if r.custom]
    assert len(parts) == 4
    assert {r.inputs["region"] for r in parts} == {"us-east-1"}
    assert {r.parent.type for r in parts} == {"slipway:infra:Waf"}


def test_rules_are_evaluated_probe_first_then_limits_then_managed_groups(blocking):
    assert [(r["priority"], r["name"]) for r in blocking.only(WEB_ACL).inputs["rules"]] == list(
        enumerate(["probe", "login-rate", "rate", *MANAGED])
    )


def test_a_probe_passes_only_with_the_token_and_a_route(blocking):
    rule = rules(blocking)["probe"]
    assert rule["action"] == {"allow": {}}
    assert rule["statement"] == {
        "orStatement": {
            "statements": [
                {
                    "byteMatchStatement": {
                        "fieldToMatch": {"singleHeader": {"name": "x-slipway-probe"}},
                        "positionalConstraint": "EXACTLY",
                        "searchString": f"{route}:{TOKEN}",
                        "textTransformations": [{"priority": 0, "type": "NONE"}],
                    }
                }
                for route in ("blue", "green", "live")
            ]
        }
    }


def test_the_token_stands_nowhere_in_clear(blocking):
    holders = [r for r in blocking.resources if TOKEN in json.dumps(r.inputs)]
    assert [r.type for r in holders] == [WEB_ACL]
    assert holders[0].secrets == {"rules"}


def test_a_token_that_is_not_marked_becomes_a_secret_all_the_same():
    def build() -> None:
        Waf("prod", WafArgs(settings=SETTINGS, account_id=ACCOUNT, probe_token=TOKEN))

    assert record(build, stack="prod").only(WEB_ACL).secrets == {"rules"}


def test_no_address_sends_more_than_its_share(blocking):
    rule = rules(blocking)["rate"]
    assert rule["action"] == REFUSED
    assert rule["statement"] == {
        "rateBasedStatement": {"aggregateKeyType": "IP", "evaluationWindowSec": 300, "limit": 2000}
    }


def test_logins_have_a_lower_limit_that_an_encoded_path_does_not_escape(blocking):
    rule = rules(blocking)["login-rate"]
    assert rule["action"] == REFUSED
    assert rule["statement"] == {
        "rateBasedStatement": {
            "aggregateKeyType": "IP",
            "evaluationWindowSec": 300,
            "limit": 100,
            "scopeDownStatement": {
                "regexMatchStatement": {
                    "regexString": LOGIN_PATHS,
                    "fieldToMatch": {"uriPath": {}},
                    "textTransformations": [
                        {"priority": 0, "type": "URL_DECODE"},
                        {"priority": 1, "type": "NORMALIZE_PATH"},
                        {"priority": 2, "type": "LOWERCASE"},
                    ],
                }
            },
        }
    }


def test_the_limit_for_logins_never_exceeds_the_general_one():
    recording = record(program(waf_requests_per_5_minutes=50), stack="prod")
    limits = [
        rules(recording)[name]["statement"]["rateBasedStatement"]["limit"]
        for name in ("login-rate", "rate")
    ]
    assert limits == [50, 50]


@pytest.mark.parametrize(
    ("path", "limited"),
    [
        ("/api/login", True),
        ("/api/auth/token", True),
        ("/api/v1/session", True),
        ("/api/password/reset", True),
        ("/api/items", False),
        ("/login", False),
        ("/api/items/login", False),
    ],
)
def test_which_paths_count_as_a_login(path, limited):
    assert (re.search(LOGIN_PATHS, path) is not None) is limited


def test_who_is_refused_learns_why(blocking):
    assert blocking.only(WEB_ACL).inputs["customResponseBodies"] == [
        {
            "key": "too-many-requests",
            "contentType": "APPLICATION_JSON",
            "content": '{"error":"too many requests"}',
        }
    ]


def test_blocking_refuses_what_managed_groups_find_except_anonymous_addresses(blocking):
    found = {name: rules(blocking)[name]["overrideAction"] for name in MANAGED}
    assert found == {
        "AWSManagedRulesAmazonIpReputationList": {"none": {}},
        "AWSManagedRulesKnownBadInputsRuleSet": {"none": {}},
        "AWSManagedRulesCommonRuleSet": {"none": {}},
        "AWSManagedRulesSQLiRuleSet": {"none": {}},
        "AWSManagedRulesAnonymousIpList": {"count": {}},
    }


def test_counting_refuses_nothing(counting):
    found = rules(counting)
    assert len(found) == 8
    assert [found[name]["overrideAction"] for name in MANAGED] == [{"count": {}}] * 5
    assert [found[name]["action"] for name in ("login-rate", "rate")] == [{"count": {}}] * 2
    assert found["probe"]["action"] == {"allow": {}}


def test_managed_groups_follow_aws_and_uploads_are_left_to_nginx(blocking):
    found = {
        name: rules(blocking)[name]["statement"]["managedRuleGroupStatement"] for name in MANAGED
    }
    common = found.pop("AWSManagedRulesCommonRuleSet")
    assert common == {
        "vendorName": "AWS",
        "name": "AWSManagedRulesCommonRuleSet",
        "ruleActionOverrides": [{"name": "SizeRestrictions_BODY", "actionToUse": {"count": {}}}],
    }
    assert found == {name: {"vendorName": "AWS", "name": name} for name in found}
    assert len(found) == 4


def test_every_rule_is_measured(blocking):
    measured = {name: rule["visibilityConfig"] for name, rule in rules(blocking).items()}
    assert len(measured) == 8
    assert measured == {
        name: {
            "cloudwatchMetricsEnabled": True,
            "metricName": name,
            "sampledRequestsEnabled": True,
        }
        for name in measured
    }
    assert blocking.only(WEB_ACL).inputs["visibilityConfig"] == {
        "cloudwatchMetricsEnabled": True,
        "metricName": "prod-edge",
        "sampledRequestsEnabled": True,
    }


def test_credentials_show_in_no_log_and_no_sample(blocking):
    hidden = ["authorization", "cookie", "x-slipway-probe"]
    assert blocking.only(WEB_ACL).inputs["dataProtectionConfig"] == {
        "dataProtections": [
            {
                "action": "SUBSTITUTION",
                "field": {"fieldType": "SINGLE_HEADER", "fieldKeys": hidden},
                "excludeRateBasedDetails": False,
                "excludeRuleMatchDetails": False,
            }
        ]
    }
    logging = blocking.only("aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration")
    assert logging.inputs["redactedFields"] == [
        {"singleHeader": {"name": header}} for header in hidden
    ]


def test_what_a_rule_refused_or_counted_is_logged_for_log_days(blocking):
    group = blocking.only(LOG_GROUP)
    assert group.inputs == {
        "name": "aws-waf-logs-prod",
        "region": "us-east-1",
        "retentionInDays": 365,
    }
    logging = blocking.only(
        "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration"
    ).inputs
    assert logging["logDestinationConfigs"] == [group.outputs["arn"]]
    assert logging["resourceArn"] == blocking.only(WEB_ACL).outputs["arn"]
    assert logging["loggingFilter"] == {
        "defaultBehavior": "DROP",
        "filters": [
            {
                "behavior": "KEEP",
                "requirement": "MEETS_ANY",
                "conditions": [
                    {"actionCondition": {"action": "BLOCK"}},
                    {"actionCondition": {"action": "COUNT"}},
                    {"actionCondition": {"action": "EXCLUDED_AS_COUNT"}},
                ],
            }
        ],
    }


def test_the_log_group_takes_logs_of_this_account_only(blocking):
    policy = blocking.only(LOG_POLICY)
    arn = blocking.only(LOG_GROUP).outputs["arn"]
    # The provider wants exactly one of resourceArn and policyName.
    assert policy.inputs["resourceArn"] == arn
    assert "policyName" not in policy.inputs
    assert json.loads(policy.inputs["policyDocument"]) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "WafWrites",
                "Effect": "Allow",
                "Principal": {"Service": "delivery.logs.amazonaws.com"},
                "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                "Resource": f"{arn}:*",
                "Condition": {
                    "StringEquals": {"aws:SourceAccount": ACCOUNT},
                    "ArnLike": {"aws:SourceArn": f"arn:aws:logs:us-east-1:{ACCOUNT}:*"},
                },
            }
        ],
    }
    logging = blocking.only("aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration")
    assert policy.urn in logging.depends_on


def test_cloudfront_attaches_a_web_acl_whose_log_is_set_up():
    """Only the logging answers with this ARN here, so that a shortcut would show."""

    def outputs(type_: str, name: str, _inputs: dict) -> dict:
        logging = "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration"
        known = {logging: {"resourceArn": "logged"}}
        return {"id": name, "arn": "bare", **known.get(type_, {})}

    assert record(program(), stack="prod", outputs=outputs).exports == {"web_acl": "logged"}


@pytest.mark.parametrize("stack", STACKS)
def test_mode_limit_and_retention_are_those_of_the_stack_file(stack: str):
    settings, limits = chosen(stack).cdn, ("rate", "login-rate")
    found = rules(recorded(stack))
    assert [list(found[name]["action"]) for name in limits] == [[settings.waf_mode]] * 2
    assert [found[name]["statement"]["rateBasedStatement"]["limit"] for name in limits] == [
        settings.waf_requests_per_5_minutes,
        min(100, settings.waf_requests_per_5_minutes),
    ]
    group = recorded(stack).only(LOG_GROUP, f"{stack}-waf-log")
    assert group.inputs["retentionInDays"] == settings.log_days
    policy = json.loads(recorded(stack).only(LOG_POLICY).inputs["policyDocument"])
    assert policy["Statement"][0]["Condition"]["StringEquals"] == {
        "aws:SourceAccount": chosen(stack).aws.account_id
    }
