"""What `pulumi preview --json` printed, read strictly: what is not known is no plan to judge."""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from guard.decide.step import EFFECTS, Step, outermost
from guard.digest import Change, Digest, State, StepShown
from guard.errors import NotAPlan

AGAIN = "run `pulumi preview --json` again, to its end"
# Steps of a replacement's parts are left out unless asked for; of these the engine prints each one.
_COUNTED = ("create", "import", "update", "replace", "delete")


def read_preview(text: str, source: str, stack: str) -> tuple[Step, ...]:
    """The steps of a whole preview of the stack; NotAPlan when the text is anything else."""
    try:
        digest = Digest.model_validate(_json(text))
    except ValidationError as error:
        problems = "; ".join(map(_problem, error.errors()[:3]))
        raise NotAPlan(
            f"{source} has another shape than the engine's JSON that the guard knows ({problems}); "
            f"{AGAIN}, with the version of Pulumi that requirements.txt names"
        ) from None
    except (ValueError, RecursionError) as error:
        raise NotAPlan(f"{source} is not whole JSON ({error}); {AGAIN}") from None
    for problem in _problems(digest, stack):
        raise NotAPlan(f"{source}: {problem}")
    return tuple(_step(one) for one in digest.steps)


def _problem(found: ErrorDetails) -> str:
    """pydantic's words, but for those that name a class of ours."""
    wanted = "must be an object" if found["type"] == "model_type" else found["msg"]
    return f"{'/'.join(map(str, found['loc'])) or 'all of it'}: {wanted}"


def _json(text: str) -> Any:
    """JSON as the standard has it; ValueError or RecursionError for anything else."""
    return json.loads(text, object_pairs_hook=_each_once, parse_constant=_no_number)


def _no_number(word: str) -> Any:
    raise ValueError(f"{word} is no number")


def _each_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        twice = Counter(key for key, _ in pairs).most_common(1)[0][0]
        raise ValueError(f"the key {twice!r} stands twice in one object")
    return found


def _problems(digest: Digest, stack: str) -> Iterator[str]:
    """What makes a well-formed preview no plan, the worst first."""
    errors = [one.message for one in digest.diagnostics if one.severity == "error"]
    if errors:
        first = " ".join(errors[0].split()).removeprefix("error: ")
        yield f"the preview failed, and its steps are no plan: {first}"
    if digest.maybe_corrupt:
        yield f"the engine says that it may be corrupt; {AGAIN}"
    for step in digest.steps:
        yield from _mismatches(step, stack)
    unknown = sorted({*digest.change_summary} - {*EFFECTS})
    if unknown:
        yield f"its summary counts an operation {unknown[0]!r}, which the guard does not know"
    counts = Counter(step.op for step in digest.steps)
    for op in _COUNTED:
        said = digest.change_summary.get(op, 0)
        if counts[op] != said:
            yield f"it has {counts[op]} steps that {op}, and its summary says {said}; {AGAIN}"


def _mismatches(step: StepShown, stack: str) -> Iterator[str]:
    parts = step.urn.split("::", 3)
    if len(parts) != 4 or not parts[0].startswith("urn:pulumi:"):
        yield f"{step.urn!r} is no URN"
        return
    if parts[0] != f"urn:pulumi:{stack}":
        yield f"{step.urn} is not of stack {stack}; give the preview of that stack"
    if step.op not in EFFECTS:
        yield f"{step.urn} has an operation {step.op!r}, which the guard does not know"
        return
    states = [one for one in (step.old_state, step.new_state) if one]
    # A resource that the program calls otherwise now comes with its old state under its old name.
    names = {step.urn, *(step.new_state.aliases if step.new_state else ())}
    for state in states:
        known = names if state is step.old_state else {step.urn}
        if state.urn not in known or state.type != _type(step.urn):
            yield f"{step.urn} comes with the state of {state.urn}, a {state.type}"
        if not state.custom and state.type.startswith("aws"):
            yield f"{step.urn} is said to be a component, and its type is AWS's"
    needed = {"create": 1, "delete": 1, "update": 2, "replace": 2}.get(step.op, 0)
    if len(states) < needed or (step.op == "create" and step.new_state is None):
        yield f"{step.urn} lacks a state that {step.op!r} needs; {AGAIN}"


def _step(read: StepShown) -> Step:
    old, new = _inputs(read.old_state), _inputs(read.new_state)
    effect = EFFECTS[read.op]
    detailed = read.detailed_diff or {}
    replacing = read.replace_reasons or [
        path for path, change in detailed.items() if change.kind.endswith("-replace")
    ]
    if effect == "update" and replacing:
        effect = "replace"
    state = read.new_state or read.old_state
    return Step(
        urn=read.urn,
        type=_type(read.urn),
        name=read.urn.split("::", 3)[3],
        op=read.op,
        effect=effect,
        in_cloud=state is None or state.custom,
        unprotected=_unprotected(read.old_state, read.new_state),
        paths=_paths(detailed, [*read.diff_reasons, *read.replace_reasons], old, new),
        old=old,
        new=new,
        ignores=frozenset(read.new_state.ignore_changes if read.new_state else ()),
    )


def _paths(
    detailed: dict[str, Change],
    reasons: Sequence[str],
    old: dict[str, Any],
    new: dict[str, Any],
) -> tuple[str, ...]:
    """What the engine says, in detail where it can; else what differs between the inputs."""
    known = {outermost(path) for path in detailed}
    stated = [*detailed, *(reason for reason in reasons if outermost(reason) not in known)]
    if stated or not (old and new):
        return tuple(sorted({*stated}))
    keys = {*old, *new} - {"__defaults"}
    return tuple(sorted(key for key in keys if old.get(key) != new.get(key)))


def _unprotected(old: State | None, new: State | None) -> bool:
    return bool(old and new and old.protect and not new.protect)


def _inputs(state: State | None) -> dict[str, Any]:
    return (state and state.inputs) or {}


def _type(urn: str) -> str:
    return urn.split("::")[2].rsplit("$", 1)[-1]
