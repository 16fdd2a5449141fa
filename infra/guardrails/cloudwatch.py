"""Amazon CloudWatch's alarms, controls of NIST 800-53; AWS: .../userguide/cloudwatch-controls."""

from collections.abc import Iterable

from infra.guardrails.environment import Environment
from infra.guardrails.model import EnvironmentRule, Resource, ResourceRule
from infra.guardrails.needs import Allowed, needs, wrong

ALARM = "aws:cloudwatch/metricAlarm:MetricAlarm"
COMPOSITE = "aws:cloudwatch/compositeAlarm:CompositeAlarm"
_NOT_OFF = Allowed("true or not given", lambda value: value is not False)


def _tells(alarm: Resource, environment: Environment) -> Iterable[str]:
    """Security Hub looks at the alarm alone, and calls a part of a composite one failed."""
    over = environment.belonging(COMPOSITE, "alarmRule", alarm)
    if not any(one.inputs.has("alarmActions") for one in (alarm, *over)):
        given = alarm.inputs.at("alarmActions")
        yield wrong("alarmActions", given, "given, here or by a composite alarm over it")


RULES = (
    EnvironmentRule(
        id="CloudWatch.15",
        severity="HIGH",
        title="An alarm tells somebody, or a composite one over it does (NIST 800-53)",
        types=(ALARM, COMPOSITE),
        check=_tells,
    ),
    ResourceRule(
        id="CloudWatch.17",
        severity="HIGH",
        title="An alarm's actions are on (NIST 800-53)",
        types=(ALARM, COMPOSITE),
        check=needs("actionsEnabled", _NOT_OFF),
    ),
)
