"""What the rules found, seen with the waivers of the environment on a given day; pure."""

import difflib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date

from infra.guardrails.evaluation import Evaluation
from infra.guardrails.model import Finding
from infra.guardrails.rules import RULES
from infra.guardrails.waivers import Waiver, Waivers


@dataclass(frozen=True, kw_only=True)
class Verdict:
    """`problems` are sentences about waivers; an environment passes without those and violations.

    What is `unknown` before the update is looked at again by it. `types` are those created.
    """

    types: frozenset[str]
    violations: tuple[Finding, ...]
    waived: tuple[tuple[Finding, Waiver], ...]
    unknown: tuple[Finding, ...]
    problems: tuple[str, ...]

    @property
    def passes(self) -> bool:
        return not self.violations and not self.problems


def judge(evaluation: Evaluation, waivers: Waivers, today: date) -> Verdict:
    """An expired waiver waives nothing; each one that waives nothing is a problem of its own."""
    by_case: dict[tuple[str, str], Waiver] = {}
    problems = [*waivers.problems]
    for waiver in waivers.entries:
        first = by_case.setdefault((waiver.control, waiver.resource), waiver)
        if first is not waiver:
            problems.append(f"{_about(waiver)} is waived already, in {first.place}; keep one")
    waived: list[tuple[Finding, Waiver]] = []
    violations: list[Finding] = []
    for finding in evaluation.violations:
        if waiver := waiver_for(finding, waivers, today):
            waived.append((finding, waiver))
        else:
            violations.append(finding)
    for waiver in by_case.values():
        problems += _problems(waiver, evaluation, today)
    return Verdict(
        types=frozenset(resource.type for resource in evaluation.resources),
        violations=tuple(violations),
        waived=tuple(waived),
        unknown=evaluation.unknown,
        problems=tuple(problems),
    )


def waiver_for(finding: Finding, waivers: Waivers, today: date) -> Waiver | None:
    """The first entry that waives it and has not expired."""
    case = (finding.control.id, finding.resource.name)
    for waiver in waivers.entries:
        if (waiver.control, waiver.resource) == case and today <= waiver.expires:
            return waiver
    return None


def sentence(finding: Finding, file: str) -> str:
    """For a tired person: the control, the resource, what is wrong, and the next step."""
    control, resource = finding.control, finding.resource
    return (
        f"{control.id} {control.severity} {resource.name}: {finding.problem}; "
        f"change it, or waive {control.id} for {resource.name} in {file}"
    )


def _problems(waiver: Waiver, evaluation: Evaluation, today: date) -> Iterator[str]:
    names = {resource.name for resource in evaluation.resources}
    found = (*evaluation.violations, *evaluation.unknown)
    if waiver.control not in {rule.id for rule in RULES}:
        yield f"{_about(waiver)}: no rule has the id {waiver.control}; see docs/compliance.md"
    elif waiver.resource not in names:
        near = difflib.get_close_matches(waiver.resource, sorted(names), n=1)
        hint = f"did you mean {near[0]}?" if near else "delete the entry"
        yield f"{_about(waiver)}: the stack has no resource {waiver.resource}; {hint}"
    elif (waiver.control, waiver.resource) not in {(f.control.id, f.resource.name) for f in found}:
        yield f"{_about(waiver)} waives nothing, the control holds there; delete the entry"
    elif today > waiver.expires:
        yield (
            f"{_about(waiver)} expired on {waiver.expires}; meet the control, or renew the waiver "
            "if its reason still holds"
        )


def _about(waiver: Waiver) -> str:
    return f"{waiver.place}: {waiver.control} for {waiver.resource}"
