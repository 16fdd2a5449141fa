"""A verdict for a pull request: Markdown without a value of any property, which may be secret."""

from collections import Counter
from collections.abc import Sequence

from guard import sentences
from guard.decide.step import Step
from guard.decide.verdict import Finding, Verdict

# GitHub cuts a comment off at 65,536 characters; a row is 200 at most.
MOST_ROWS = 150
_MOST_CHARACTERS = 60
_MARKS = {"create": "+", "update": "~", "replace": "±", "delete": "-"}


def page(steps: Sequence[Step], verdict: Verdict, *, stack: str, reason: str) -> str:
    """Heading with the verdict, findings by level, and the steps that change something."""
    heading = f"## Plan of `{_plain(stack)}`: {'passes' if verdict.passes else 'refused'}"
    parts = [heading, *_section("Refused", verdict.refused)]
    parts += _section(f"Allowed, for: {_plain(reason)}", verdict.allowed)
    parts += _section("Worth knowing", verdict.told)
    parts += [f"- {_plain(line)}" for line in sentences.of_unused(verdict)]
    return "\n".join([*parts, *_resources(steps), ""])


def no_plan(stack: str, sentence: str) -> str:
    """The page of a preview that can't be judged."""
    return f"## Plan of `{_plain(stack)}`: refused\n\nIt can't be judged: {_plain(sentence)}\n"


def _section(title: str, findings: Sequence[Finding]) -> list[str]:
    if not findings:
        return []
    return ["", f"### {title}", *(f"- {_plain(sentences.of_finding(one))}" for one in findings)]


def _resources(steps: Sequence[Step]) -> list[str]:
    changing = [step for step in steps if step.effect != "none"]
    if not changing:
        return [] if any(step.unprotected for step in steps) else ["", "Nothing changes."]
    counts = Counter(step.effect for step in changing)
    said = ", ".join(f"{counts[effect]} to {effect}" for effect in _MARKS if counts[effect])
    rows = [
        f"| {_MARKS[step.effect]} | {_cut(step.noun)} | {_cut(step.name)} "
        f"| {_cut(', '.join(step.paths))} |"
        for step in changing[:MOST_ROWS]
    ]
    more = len(changing) - len(rows)
    return [
        *("", f"<details><summary>{said}</summary>", ""),
        *("| | type | resource | changes |", "|---|---|---|---|"),
        *rows,
        *([f"| | | and {more} more | |"] if more else []),
        *("", "</details>"),
    ]


def _cut(text: str) -> str:
    return _plain(text if len(text) <= _MOST_CHARACTERS else f"{text[:_MOST_CHARACTERS]}…")


def _plain(text: str) -> str:
    """On one line, and nothing in it is markup or a mention: names are whatever people wrote."""
    return "".join(
        f"&#{ord(sign)};" if sign in "&<>|@[]!\\#" else sign for sign in sentences.on_one_line(text)
    )
