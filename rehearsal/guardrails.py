"""The guardrails over a recording, for `make plan`, `make compliance` and the tests."""

from collections import Counter
from collections.abc import Iterator
from datetime import date
from typing import Any

from pulumi.output import Unknown

from infra.guardrails import waiver_file
from infra.guardrails.evaluation import Evaluation, evaluate
from infra.guardrails.inputs import UNKNOWN
from infra.guardrails.matrix import standing
from infra.guardrails.model import Resource
from infra.guardrails.rules import RULES
from infra.guardrails.verdict import Verdict, judge, sentence
from rehearsal.recording import Recording
from rehearsal.resource import Resource as Registration
from rehearsal.stack_file import ROOT


def evaluated(recording: Recording) -> Evaluation:
    """What the rules find in it, waived or not."""
    return evaluate(map(as_seen, recording.resources))


def as_seen(resource: Registration) -> Resource:
    """What a rule sees of a registration."""
    return Resource.of(
        resource.type,
        resource.name,
        _as_sent(resource.inputs),
        urn=resource.urn,
        sources=resource.sources,
    )


def judged(recording: Recording, stack: str, today: date) -> Verdict:
    """The same, seen with the stack's waivers."""
    return judge(evaluated(recording), waiver_file.read(stack, ROOT), today)


def lines(verdict: Verdict, stack: str) -> Iterator[str]:
    """One line with the counts of controls, and a sentence for each thing that is wrong."""
    counts = Counter(standing(rule, verdict) for rule in RULES)
    yield (
        f"guardrails: {counts['passed']} controls passed, {counts['waived']} waived, "
        f"{counts['FAILED']} failed"
    )
    yield from (sentence(finding, waiver_file.name(stack)) for finding in verdict.violations)
    yield from verdict.problems


def _as_sent(value: Any) -> Any:
    """Unknown values as the engine would send them."""
    match value:
        case Unknown():
            return UNKNOWN
        case dict():
            return {key: _as_sent(item) for key, item in value.items()}
        case list():
            return [_as_sent(item) for item in value]
    return value
