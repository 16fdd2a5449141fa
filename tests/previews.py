"""Previews as the engine prints them: its own samples, and others in the same shape."""

import json
from collections.abc import Mapping, Sequence
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

Digest = dict[str, Any]

SAMPLES = Path(__file__).with_name("preview_samples")
NAMES = sorted(path.stem for path in SAMPLES.glob("*.json"))
STACK = "staging"


@cache
def _text(name: str) -> str:
    return (SAMPLES / f"{name}.json").read_text()


def sample(name: str) -> Digest:
    """A sample, to be changed at will."""
    return json.loads(_text(name))


def without(digest: Digest, *path: str | int) -> Digest:
    """A copy that lacks what is at the path."""
    changed = deepcopy(digest)
    *outer, last = path
    place = changed
    for key in outer:
        place = place[key]
    del place[last]
    return changed


def put(digest: Digest, value: object, *path: str | int) -> Digest:
    """A copy with the value at the path."""
    changed = deepcopy(digest)
    *outer, last = path
    place = changed
    for key in outer:
        place = place[key]
    place[last] = value
    return changed


def step(
    op: str,
    type_: str,
    name: str,
    *,
    old: Mapping[str, Any] | None = None,
    new: Mapping[str, Any] | None = None,
    paths: Sequence[str] | Mapping[str, str] = (),
    ignores: Sequence[str] = (),
    custom: bool = True,
) -> Digest:
    """One step. `paths` change, each with its kind (default: update)."""
    urn = f"urn:pulumi:{STACK}::sample::platform:infra:Part${type_}::{name}"
    kinds = paths if isinstance(paths, Mapping) else dict.fromkeys(paths, "update")
    made: Digest = {"op": op, "urn": urn}

    def state(inputs: Mapping[str, Any] | None) -> Digest:
        said = {"urn": urn, "custom": custom, "type": type_, "inputs": dict(inputs or {})}
        return said | ({"ignoreChanges": [*ignores]} if ignores else {})

    if op not in ("create", "import"):
        made["oldState"] = state(old)
    if op not in ("delete", "delete-replaced"):
        made["newState"] = state(new)
    tops = sorted({path.split(".")[0].split("[")[0] for path in kinds})
    if tops:
        made["diffReasons"] = tops
    if op == "replace" and tops:
        made["replaceReasons"] = tops
    made["detailedDiff"] = {
        path: {"kind": kind, "inputDiff": True} for path, kind in kinds.items()
    } or None
    return made


def update(
    type_: str,
    name: str,
    old: Mapping[str, Any],
    new: Mapping[str, Any],
    *paths: str,
    ignores: Sequence[str] = (),
) -> Digest:
    """A change in place of some paths."""
    return step("update", type_, name, old=old, new=new, paths=paths, ignores=ignores)


def renamed(one: Digest, old_name: str) -> Digest:
    """The same step of a resource that was called otherwise, with an alias that says so."""
    old_urn = one["urn"].rpartition("::")[0] + f"::{old_name}"
    return put(put(one, old_urn, "oldState", "urn"), [old_urn], "newState", "aliases")


def protection(type_: str, name: str, *, before: bool, after: bool, op: str = "same") -> Digest:
    """A step on which Pulumi's own protection may differ; shown for that reason alone if `same`."""
    one = put(step(op, type_, name), before, "oldState", "protect")
    return put(one, after, "newState", "protect")


def first(*steps: Digest) -> Digest:
    """A whole preview of these steps in a stack that this makes."""
    made = digest(*steps)
    made["steps"][0] = sample("first-preview")["steps"][0]
    made["changeSummary"]["create"] = made["changeSummary"].get("create", 0) + 1
    return made


def digest(*steps: Digest) -> Digest:
    """A whole preview of these steps, after the stack's own."""
    changed = sample("no-changes")
    changed["steps"] += steps
    for one in steps:
        # The engine's summary leaves out the parts of a replacement.
        if one["op"] not in ("create-replacement", "delete-replaced", "refresh", "read"):
            changed["changeSummary"].setdefault(one["op"], 0)
            changed["changeSummary"][one["op"]] += 1
    return changed
