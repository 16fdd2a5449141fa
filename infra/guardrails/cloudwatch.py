"""Amazon CloudWatch's alarms, controls of NIST 800-53; AWS: .../userguide/cloudwatch-controls."""

from infra.guardrails.model import ResourceRule
from infra.guardrails.needs import Allowed, gives, needs

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
_NOT_OFF = Allowed("true or not given", lambda value: value is not False)

RULES = (
    ResourceRule(
        id="CloudWatch.15",
        severity="HIGH",
        title="An alarm tells somebody (NIST 800-53)",
        types=(ALARM,),
        check=gives("alarmActions"),
    ),
    ResourceRule(
        id="CloudWatch.17",
        severity="HIGH",
        title="An alarm's actions are on (NIST 800-53)",
        types=(ALARM,),
        check=needs("actionsEnabled", _NOT_OFF),
    ),
)
