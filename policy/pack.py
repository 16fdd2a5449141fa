"""Each rule as a policy under its control id, and one policy for the waivers."""

from collections.abc import Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

from pulumi_policy import (
    Policy,
    PolicyResource,
    ReportViolation,
    ResourceValidationArgs,
    ResourceValidationPolicy,
    Severity,
    StackValidationArgs,
    StackValidationPolicy,
)
from pulumi_policy.proxy import UnknownValueError

from infra.guardrails import waiver_file
from infra.guardrails.evaluation import Evaluation, evaluate
from infra.guardrails.inputs import UNKNOWN
from infra.guardrails.model import EnvironmentRule, Finding, Resource, ResourceRule
from infra.guardrails.rules import RULES
from infra.guardrails.verdict import judge, sentence, waiver_for
from infra.guardrails.waivers import Waivers

_ENVIRONMENT_RULES = tuple(rule for rule in RULES if isinstance(rule, EnvironmentRule))


class Pack:
    """The policies of one preview or update.

    The engine shows each resource by itself first and all of them last. What the rules of single
    resources find is remembered, for only then can be told which waivers are needed.
    """

    def __init__(self, *, root: Path, today: date) -> None:
        self.root, self.today = root, today
        self._shown: set[str] = set()
        self._found: list[Finding] = []
        self._unknown: list[Finding] = []

    def policies(self) -> list[Policy]:
        """One for each rule, and the waivers' last."""
        return [*(self._policy(rule) for rule in RULES), self._waivers()]

    def _policy(self, rule: ResourceRule | EnvironmentRule) -> Policy:
        severity = Severity[rule.severity]
        if isinstance(rule, ResourceRule):

            def validate(args: ResourceValidationArgs, report: ReportViolation) -> None:
                if args.resource_type in rule.types:
                    resource = _resource(args)
                    self._shown.add(resource.name)
                    evaluation = evaluate([resource], [rule])
                    self._found += evaluation.violations
                    self._unknown += evaluation.unknown
                    self._report(evaluation, report)

            return ResourceValidationPolicy(rule.id, rule.title, validate, severity=severity)

        def validate_stack(args: StackValidationArgs, report: ReportViolation) -> None:
            self._report(evaluate(map(_resource_of_stack, args.resources), [rule]), report)

        return StackValidationPolicy(rule.id, rule.title, validate_stack, severity=severity)

    def _waivers(self) -> Policy:
        def validate(args: StackValidationArgs, report: ReportViolation) -> None:
            resources = [_resource_of_stack(one) for one in args.resources]
            if not resources:
                return  # the stack is being taken down
            found = evaluate(resources, _ENVIRONMENT_RULES)
            evaluation = Evaluation(
                resources=found.resources,
                violations=(*self._found, *found.violations),
                unknown=(*self._unknown, *found.unknown),
            )
            waivers = waiver_file.read(_stack(resources[0]), self.root)
            judged = judge(evaluation, self._to_be_judged(waivers, resources), self.today)
            for problem in judged.problems:
                report(problem, None)

        return StackValidationPolicy("waivers", "Each waiver is needed, and not expired", validate)

    def _to_be_judged(self, waivers: Waivers, resources: Sequence[Resource]) -> Waivers:
        """Without those for a resource that is there and was not shown, as others than --target's
        are not: whether they are needed can't be told."""
        kept = {resource.name for resource in resources} - self._shown
        ours = {rule.id for rule in RULES if isinstance(rule, ResourceRule)}
        return Waivers(
            entries=tuple(
                one
                for one in waivers.entries
                if one.control not in ours or one.resource not in kept
            ),
            problems=waivers.problems,
        )

    def _report(self, evaluation: Evaluation, report: ReportViolation) -> None:
        for finding in evaluation.violations:
            stack = _stack(finding.resource)
            waivers = waiver_file.read(stack, self.root)
            if waiver_for(finding, waivers, self.today) is None:
                report(sentence(finding, waiver_file.name(stack)), finding.resource.urn)
        for finding in evaluation.unknown:
            # The engine tells of it and goes on; at the update the value is there.
            raise UnknownValueError(UNKNOWN, [finding.resource.name, finding.problem.split()[0]])


def _resource(args: ResourceValidationArgs) -> Resource:
    return Resource.of(args.resource_type, args.name, _plain(args.props), urn=args.urn)


def _resource_of_stack(resource: PolicyResource) -> Resource:
    return Resource.of(
        resource.resource_type,
        resource.name,
        _plain(resource.props),
        urn=resource.urn,
        sources={
            property_: frozenset(source.urn for source in sources)
            for property_, sources in resource.property_dependencies.items()
        },
    )


def _stack(resource: Resource) -> str:
    """From urn:pulumi:<stack>::<project>::<types>::<name>."""
    return resource.urn.split(":")[2]


def _plain(value: Any) -> Any:
    """The SDK's proxies as plain data, whole numbers as int, and unknown values as UNKNOWN."""
    match value:
        case Mapping():
            return {key: _item(value, key) for key in value}
        case Sequence() if not isinstance(value, str):
            return [_item(value, number) for number in range(len(value))]
        case float() if value.is_integer():
            return int(value)
    return value


def _item(container: Any, key: Any) -> Any:
    try:
        return _plain(container[key])
    except UnknownValueError:
        return UNKNOWN
