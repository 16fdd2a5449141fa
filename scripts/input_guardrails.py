"""The guardrails over an environment in which one input is weakened; a few milliseconds each."""

from dataclasses import replace
from functools import cache

from infra.guardrails.evaluation import evaluate
from infra.guardrails.model import EnvironmentRule, ResourceRule
from infra.guardrails.rules import RULES
from rehearsal.guardrails import as_seen
from rehearsal.recording import Recording
from rehearsal.resource import Resource
from scripts.input_mutants import InputMutant, part_of

Rules = tuple[ResourceRule | EnvironmentRule, ...]


class Guardrails:
    """Of one environment, which passes as it is: it has exactly the violations that its waivers
    name. One more is red, and so is one less."""

    def __init__(self, recording: Recording) -> None:
        self.resources = recording.resources
        self.seen = {resource.urn: as_seen(resource) for resource in self.resources}
        self.waived = cache(self._violations)

    def catch(self, mutant: InputMutant) -> bool:
        """Whether one of them is red, or can't read what is there, which ends a plan as well."""
        asked = _asked(mutant.part[0])
        try:
            return self._violations(asked, mutant) != self.waived(asked)
        except (AttributeError, KeyError, TypeError, ValueError):
            return True

    def _violations(self, rules: Rules, mutant: InputMutant | None = None) -> set[tuple[str, str]]:
        weak = {
            one.urn: as_seen(_weak(one, mutant))
            for one in self.resources
            if mutant and part_of(one) == mutant.part
        }
        found = evaluate((self.seen | weak).values(), rules).violations
        return {(finding.control.id, finding.resource.name) for finding in found}


@cache
def _asked(type_: str) -> Rules:
    """The rules whose answer may depend on a resource of that type."""
    return tuple(rule for rule in RULES if isinstance(rule, EnvironmentRule) or type_ in rule.types)


def _weak(resource: Resource, mutant: InputMutant) -> Resource:
    copy = replace(resource, inputs={**resource.inputs})
    mutant.apply(copy)
    # What is gone was made of nothing.
    kept = {key: found for key, found in copy.sources.items() if key in copy.inputs}
    return replace(copy, sources=kept)
