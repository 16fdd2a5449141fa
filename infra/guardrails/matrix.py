"""Every control and where each environment stands with it, as Markdown; pure."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping

from infra.guardrails.elsewhere import (
    AT_RUN_TIME,
    BEYOND_THE_STANDARD,
    NOT_CREATED,
    OF_THE_ACCOUNT,
    DecidedElsewhere,
    NotCreated,
)
from infra.guardrails.model import Control, Rule
from infra.guardrails.rules import FILES, RULES
from infra.guardrails.verdict import Verdict

CATALOGUE: tuple[Control, ...] = (
    *RULES,
    *NOT_CREATED,
    *AT_RUN_TIME,
    *OF_THE_ACCOUNT,
    *BEYOND_THE_STANDARD,
)
_WORDS = {
    "passed": "a rule looked at each resource and found nothing",
    "waived": "a rule found something, and a waiver below says why it stays",
    "FAILED": "a rule found something",
    "not applicable": "nothing of that type is created",
    "run time": "only what exists can tell; Security Hub looks at it",
    "account": "of the account, not of one environment",
    "not asked": "not in FSBP, and decided otherwise",
}
_INTRODUCTION = """\
# Compliance

Security Hub's controls (AWS Foundational Security Best Practices, and a few of CIS and NIST that
bear on what is created) and where each environment stands. Written by `make compliance` from the
rules in `infra/guardrails`, the waivers in `waivers/` and what the program asks for; a test fails
when it is stale. Each rule is tested under its id in `tests/test_guardrails.py`, with what passes
and what fails.
"""


def standing(control: Control, verdict: Verdict) -> str:
    """One of the words above."""
    match control:
        case Rule() | NotCreated() if not {*control.types} & verdict.types:
            return "not applicable"
        case Rule() if control in {finding.control for finding in verdict.violations}:
            return "FAILED"
        case Rule() if control in {finding.control for finding, _ in verdict.waived}:
            return "waived"
        case Rule():
            return "passed"
        case DecidedElsewhere():
            return control.standing
    return "FAILED"  # of a type that is created after all, and without a rule


def markdown(verdicts: Mapping[str, Verdict]) -> str:
    """The whole page, for the environments by name."""
    return "\n".join([*_page(verdicts), ""])


def _page(verdicts: Mapping[str, Verdict]) -> Iterator[str]:
    yield _INTRODUCTION
    yield f"| | {' | '.join(verdicts)} | |"
    yield f"|---|{'---:|' * len(verdicts)}---|"
    counts = {
        stack: Counter(standing(control, verdict) for control in CATALOGUE)
        for stack, verdict in verdicts.items()
    }
    for word, meaning in _WORDS.items():
        numbers = " | ".join(str(counts[stack][word]) for stack in verdicts)
        yield f"| {word} | {numbers} | {meaning} |"
    yield from ("", "## Controls", "")
    yield f"| Control | Severity | What has to hold | {' | '.join(verdicts)} | Decided by |"
    yield f"|---|---|---|{'---|' * len(verdicts)}---|"
    for control in sorted(CATALOGUE, key=_order):
        stands = " | ".join(standing(control, verdict) for verdict in verdicts.values())
        yield f"| {control.id} | {control.severity} | {control.title} | {stands} | {_by(control)} |"
    for stack, verdict in verdicts.items():
        yield from ("", f"## Waivers of {stack}", "")
        yield "| Control | Severity | Resource | Why | Owner | Until |"
        yield "|---|---|---|---|---|---|"
        for finding, waiver in sorted(verdict.waived, key=lambda case: _order(case[0].control)):
            yield (
                f"| {waiver.control} | {finding.control.severity} | {waiver.resource} "
                f"| {waiver.reason.strip()} | {waiver.owner} | {waiver.expires} |"
            )


def _order(control: Control) -> tuple[str, int]:
    service, number = re.fullmatch(r"(\w+)\.(\d+)", control.id).groups()  # pyright: ignore
    return service.lower(), int(number)


def _by(control: Control) -> str:
    match control:
        case NotCreated():
            return f"no `{control.types[0]}`"
        case DecidedElsewhere():
            return control.by
    return f"`guardrails/{FILES[control.id]}.py`"
