"""What the rules find in an environment; pure, and a few milliseconds for two hundred resources."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from infra.guardrails.environment import Environment
from infra.guardrails.inputs import NotKnownYet
from infra.guardrails.model import EnvironmentRule, Finding, Resource, ResourceRule
from infra.guardrails.rules import RULES


@dataclass(frozen=True, kw_only=True)
class Evaluation:
    """Violations, and what can't be told before the update: neither passed nor failed."""

    resources: tuple[Resource, ...]
    violations: tuple[Finding, ...]
    unknown: tuple[Finding, ...]


def evaluate(
    resources: Iterable[Resource], rules: Sequence[ResourceRule | EnvironmentRule] = RULES
) -> Evaluation:
    """Every rule over every resource of its types, in the order of the rules."""
    environment = Environment(resources)
    violations: list[Finding] = []
    unknown: list[Finding] = []
    for rule in rules:
        for type_ in rule.types:
            for resource in environment.every(type_):
                try:
                    for problem in _problems(rule, resource, environment):
                        violations.append(Finding(control=rule, resource=resource, problem=problem))
                except NotKnownYet as error:
                    unknown.append(Finding(control=rule, resource=resource, problem=str(error)))
    return Evaluation(
        resources=environment.resources, violations=tuple(violations), unknown=tuple(unknown)
    )


def _problems(
    rule: ResourceRule | EnvironmentRule, resource: Resource, environment: Environment
) -> Iterable[str]:
    if isinstance(rule, ResourceRule):
        return rule.check(resource.inputs)
    return rule.check(resource, environment)
