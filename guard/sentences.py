"""A verdict in words: one line for each finding, and one for all."""

from guard.decide.verdict import Finding, Verdict


def of_finding(finding: Finding) -> str:
    """What the step does, what comes of it, and how it is done on purpose."""
    step, rule = finding.step, finding.rule
    said = f"{step.noun} {step.name}: the plan {finding.what}; {rule.harm}. {_capital(rule.way)}"
    match rule.level:
        case "refused":
            return f"{said}. To let it pass: --allow {finding.key} --reason …"
        case "never":
            return f"{said}. No reason lets it pass"
        case "told":
            return said


def of_verdict(verdict: Verdict, stack: str, reason: str) -> str:
    """Passes or not, and by whose leave."""
    if not verdict.passes:
        what = "step" if len(verdict.refused) == 1 else "steps"
        return f"{stack}: refused, for {len(verdict.refused)} {what}"
    if verdict.allowed:
        keys = ", ".join(sorted({finding.key for finding in verdict.allowed}))
        return f"{stack}: passes, with {keys} allowed, for: {reason}"
    return f"{stack}: passes"


def of_unused(verdict: Verdict) -> list[str]:
    """An allowance that fits nothing is told, for one that is misspelt looks the same."""
    return [f"{key} is allowed, and the plan does no such thing" for key in verdict.unused]


def on_one_line(text: str) -> str:
    """Without what would end the line, colour a terminal or turn its writing around: names are
    whatever people wrote, and a job's log takes lines of some shapes for commands."""
    words = " ".join(text.split())
    return "".join(sign if sign.isprintable() else "\ufffd" for sign in words)


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]
