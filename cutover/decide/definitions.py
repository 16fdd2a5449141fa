"""Which release a task definition carries: what the journal noted when it was registered."""

from collections.abc import Iterable

from pydantic import TypeAdapter

from cutover.decide.journal import Entry
from cutover.decide.model import Release
from cutover.decide.state import State

_NAME = "task_definition"
_RELEASE = TypeAdapter(Release)


def of_state(state: State) -> dict[str, Release]:
    """By ARN: what was proven in a slot, and what the open run has registered."""
    found = {filled.task_definition: filled.release for filled in state.summary.slots.values()}
    run = state.run
    if run and run.plan.release:
        noted = [arn for key, arn in run.notes.items() if key.endswith(f"/{_NAME}")]
        found |= dict.fromkeys(noted, run.plan.release)
    return found


def of_entries(entries: Iterable[Entry]) -> dict[str, Release]:
    """By ARN: what any run has registered, also one that went back before its tasks were proven.
    The entries are oldest first, a run's start ahead of what it notes."""
    found: dict[str, Release] = {}
    release = None
    for entry in entries:
        if entry.kind == "started":
            release = entry.data["plan"]["release"]
        elif entry.kind == "noted" and entry.data["name"] == _NAME and release:
            found[entry.data["value"]] = _RELEASE.validate_python(release)
    return found
