"""A cutover's answer as the page of a job."""

import json
from collections.abc import Iterator

RUNBOOK = "docs/runbooks/cutover.md"


def page(answer: str, history: str, *, stack: str) -> str:
    """From what `cutover deploy --json` and `cutover history` printed, either of which may be
    nothing: a job that is cancelled leaves no answer, and the run goes on from the journal."""
    return "\n".join([f"## Cutover of `{stack}`", "", *_answer(answer, stack), *_history(history)])


def _answer(text: str, stack: str) -> Iterator[str]:
    try:
        said = json.loads(text)
        code, sentence = int(said["exit"]), " ".join(str(said["sentence"]).split())
    except (ValueError, KeyError, TypeError):
        yield (
            "There is no answer: the job ended first. Where the run stands is in the journal; "
            "`resume` goes on from there, as this job does when it is run again:"
        )
        yield from _next(stack)
        return
    yield f"**{sentence}** (code {code})"
    yield ""
    yield "| run | weights | releases |"
    yield "|---|---|---|"
    yield f"| {said.get('run')} | {_pairs(said.get('weights'))} | {_pairs(said.get('releases'))} |"
    if code:
        yield ""
        yield f"What code {code} means is in `{RUNBOOK}`. The ways on:"
        yield from _next(stack)


def _next(stack: str) -> Iterator[str]:
    yield ""
    for verb in ("status", "resume", "rollback"):
        yield f"    python -m cutover {verb} --stack {stack}"


def _pairs(value: object) -> str:
    if not isinstance(value, dict):
        return ""
    return ", ".join(f"{name} {item}" for name, item in sorted(value.items()))


def _history(text: str) -> Iterator[str]:
    if text.strip():
        yield from ("", "<details><summary>The journal</summary>", "")
        yield from (f"    {line}" for line in text.splitlines())
        yield from ("", "</details>")
    yield ""
