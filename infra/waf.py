"""Every request from the internet passes the web ACL; no log or sample of it shows a credential.

`waf_mode: count` only measures what `block` would refuse: start there, read the log, then block.
"""

from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from infra.outputs import PROBE_HEADER
from infra.settings import CdnSettings
from infra.waf_rules import TOO_MANY_REQUESTS, rules

# CloudFront's web ACLs, and what they log to, exist in us-east-1 alone.
_REGION = "us-east-1"
_HIDDEN_HEADERS = ("authorization", "cookie", PROBE_HEADER.lower())


@dataclass(frozen=True, kw_only=True)
class WafArgs:
    settings: CdnSettings
    account_id: str
    probe_token: pulumi.Input[str]


class Waf(pulumi.ComponentResource):
    """A web ACL for CloudFront that keeps a log of what it refused or counted, for `log_days`."""

    web_acl_arn: pulumi.Output[str]
    """ARN of the web ACL; known once its log is set up."""
    log_group: pulumi.Output[str]
    """Name of its log's group, in us-east-1."""
    metric_name: str
    """What its metrics are under."""

    def __init__(
        self, name: str, args: WafArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:infra:Waf", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        self.metric_name = f"{name}-edge"
        web_acl = aws.wafv2.WebAcl(
            f"{name}-edge",
            region=_REGION,
            scope="CLOUDFRONT",
            default_action=aws.wafv2.WebAclDefaultActionArgs(
                allow=aws.wafv2.WebAclDefaultActionAllowArgs()
            ),
            rules=rules(args.settings, args.probe_token),
            custom_response_bodies=[
                aws.wafv2.WebAclCustomResponseBodyArgs(
                    key=TOO_MANY_REQUESTS,
                    content_type="APPLICATION_JSON",
                    content='{"error":"too many requests"}',
                )
            ],
            data_protection_config=_hidden_from_samples_and_logs(),
            visibility_config=aws.wafv2.WebAclVisibilityConfigArgs(
                cloudwatch_metrics_enabled=True,
                metric_name=self.metric_name,
                sampled_requests_enabled=True,
            ),
            opts=child,
        )
        group = aws.cloudwatch.LogGroup(
            f"{name}-waf-log",
            # WAF writes only to groups whose name begins so. Encrypted with AWS's key: ours is of
            # another region.
            name=f"aws-waf-logs-{name}",
            region=_REGION,
            retention_in_days=args.settings.log_days,
            opts=child,
        )
        writable = aws.cloudwatch.LogResourcePolicy(
            f"{name}-waf-log",
            region=_REGION,
            # Attached to the group: an account has room for ten policies that are not.
            resource_arn=group.arn,
            policy_document=pulumi.Output.json_dumps(_writer(args.account_id, group.arn)),
            opts=child,
        )
        logging = aws.wafv2.WebAclLoggingConfiguration(
            f"{name}-waf-log",
            region=_REGION,
            resource_arn=web_acl.arn,
            log_destination_configs=[group.arn],
            redacted_fields=[
                aws.wafv2.WebAclLoggingConfigurationRedactedFieldArgs(
                    single_header=aws.wafv2.WebAclLoggingConfigurationRedactedFieldSingleHeaderArgs(
                        name=header
                    )
                )
                for header in _HIDDEN_HEADERS
            ],
            logging_filter=_what_matched(),
            opts=pulumi.ResourceOptions(parent=self, depends_on=[writable]),
        )
        self.web_acl_arn = logging.resource_arn
        self.log_group = group.name
        self.register_outputs({"web_acl_arn": self.web_acl_arn})


def _hidden_from_samples_and_logs() -> aws.wafv2.WebAclDataProtectionConfigArgs:
    # Redaction of the log leaves sampled requests, and rules over all headers, as they are.
    return aws.wafv2.WebAclDataProtectionConfigArgs(
        data_protections=[
            aws.wafv2.WebAclDataProtectionConfigDataProtectionArgs(
                action="SUBSTITUTION",
                field=aws.wafv2.WebAclDataProtectionConfigDataProtectionFieldArgs(
                    field_type="SINGLE_HEADER", field_keys=list(_HIDDEN_HEADERS)
                ),
                exclude_rate_based_details=False,
                exclude_rule_match_details=False,
            )
        ]
    )


def _what_matched() -> aws.wafv2.WebAclLoggingConfigurationLoggingFilterArgs:
    # CloudFront's own log has every request; here the few that a rule refused or counted.
    return aws.wafv2.WebAclLoggingConfigurationLoggingFilterArgs(
        default_behavior="DROP",
        filters=[
            aws.wafv2.WebAclLoggingConfigurationLoggingFilterFilterArgs(
                behavior="KEEP",
                requirement="MEETS_ANY",
                conditions=[
                    aws.wafv2.WebAclLoggingConfigurationLoggingFilterFilterConditionArgs(
                        action_condition=aws.wafv2.WebAclLoggingConfigurationLoggingFilterFilterConditionActionConditionArgs(
                            action=action
                        )
                    )
                    for action in ("BLOCK", "COUNT", "EXCLUDED_AS_COUNT")
                ],
            )
        ],
    )


def _writer(account_id: str, group_arn: pulumi.Output[str]) -> dict[str, object]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "WafWrites",
                "Effect": "Allow",
                "Principal": {"Service": "delivery.logs.amazonaws.com"},
                "Action": ["logs:CreateLogStream", "logs:PutLogEvents"],
                "Resource": pulumi.Output.concat(group_arn, ":*"),
                "Condition": {
                    "StringEquals": {"aws:SourceAccount": account_id},
                    "ArnLike": {"aws:SourceArn": f"arn:aws:logs:{_REGION}:{account_id}:*"},
                },
            }
        ],
    }
