"""Waivers: named, dated exceptions to a rule for one resource each; pure, without a clock."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import yaml

_KEYS = ("control", "resource", "reason", "owner", "expires")
_SHORTEST_REASON = 20


@dataclass(frozen=True, kw_only=True)
class Waiver:
    """`resource` is a logical name; the waiver holds up to and including the day `expires`.

    `place` is the file and the entry's number in it, for messages.
    """

    control: str
    resource: str
    reason: str
    owner: str
    expires: date
    place: str


@dataclass(frozen=True, kw_only=True)
class Waivers:
    """What a file says, and one sentence for each entry of it that says nothing usable."""

    entries: tuple[Waiver, ...] = ()
    problems: tuple[str, ...] = ()


def parse(text: str, file: str) -> Waivers:
    """The waivers in a file's text; `resource` may be a list, which stands for one waiver each."""
    try:
        document = yaml.safe_load(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        return Waivers(problems=(f"{file} is no valid YAML: {' '.join(str(error).split())}",))
    if document is None:
        return Waivers()
    if not isinstance(document, dict) or [*document] != ["waivers"]:
        return Waivers(problems=(f"{file} must have one section `waivers:` and nothing else",))
    raw = document["waivers"] or []
    if not isinstance(raw, list):
        return Waivers(problems=(f"{file}: `waivers:` must be a list of entries",))
    entries: list[Waiver] = []
    problems: list[str] = []
    for number, entry in enumerate(raw, start=1):
        place = f"{file}, entry {number}"
        wrong = [f"{place}: {problem}" for problem in _wrong(entry)]
        problems += wrong
        if not wrong:
            entries += _expanded(entry, place)
    return Waivers(entries=tuple(entries), problems=tuple(problems))


def _expanded(entry: Mapping[str, Any], place: str) -> Iterable[Waiver]:
    for resource in _names(entry["resource"]):
        yield Waiver(**{**entry, "resource": resource}, place=place)


def _names(raw: Any) -> list[Any]:
    return raw if isinstance(raw, list) else [raw]


def _wrong(entry: Any) -> Iterable[str]:
    if not isinstance(entry, dict):
        yield f"must have {', '.join(_KEYS)}, got {entry!r}"
        return
    for key in entry.keys() - {*_KEYS}:
        yield f"unknown key {key}, expected {', '.join(_KEYS)}"
    for key in _KEYS:
        if key not in entry:
            yield f"{key} is missing"
    for key in ("control", "reason", "owner"):
        if key in entry and not _is_text(entry[key]):
            yield f"{key} must be a text, got {entry[key]!r}"
    if "resource" in entry and not all(map(_is_text, _names(entry["resource"]) or [None])):
        yield f"resource must be a name or a list of names, got {entry['resource']!r}"
    reason = entry.get("reason")
    if isinstance(reason, str) and 0 < len(reason.strip()) < _SHORTEST_REASON:
        yield f"reason must say why in {_SHORTEST_REASON} characters or more, got {reason!r}"
    expires = entry.get("expires")
    if "expires" in entry and (not isinstance(expires, date) or isinstance(expires, datetime)):
        yield f"expires must be a date such as 2027-05-31, got {expires!r}"


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and bool(value.strip())
