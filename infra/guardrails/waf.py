"""AWS WAF; AWS: securityhub/latest/userguide/waf-controls."""

from collections.abc import Iterable

from infra.guardrails.environment import Environment
from infra.guardrails.inputs import Inputs
from infra.guardrails.model import EnvironmentRule, Resource, ResourceRule
from infra.guardrails.needs import gives

WEB_ACL = "aws:wafv2/webAcl:WebAcl"
LOGGING = "aws:wafv2/webAclLoggingConfiguration:WebAclLoggingConfiguration"


def _is_logged(web_acl: Resource, environment: Environment) -> Iterable[str]:
    if not environment.belonging(LOGGING, "resourceArn", web_acl):
        yield "it has no log, it must have one"


def _is_measured(inputs: Inputs) -> Iterable[str]:
    for rule in inputs.every("rules"):
        if rule.at("visibilityConfig.cloudwatchMetricsEnabled") is not True:
            yield f"rule {rule.get('name')} has no metrics, it must have them"


RULES = (
    ResourceRule(
        id="WAF.10",
        severity="MEDIUM",
        title="A web ACL has rules",
        types=(WEB_ACL,),
        check=gives("rules"),
    ),
    EnvironmentRule(
        id="WAF.11",
        severity="LOW",
        title="A web ACL keeps a log (NIST 800-53)",
        types=(WEB_ACL,),
        check=_is_logged,
    ),
    ResourceRule(
        id="WAF.12",
        severity="MEDIUM",
        title="Each rule of a web ACL is measured",
        types=(WEB_ACL,),
        check=_is_measured,
    ),
)
