"""What an input that guards something could be instead, and guard less. Pure: plain data in, out.

Every boolean counts, and so does every value under a name that means security (`SECURITY`), the
statements of policies, and a range of addresses, a version of TLS or a word for on and off whatever
it is called. What people read and nothing depends on does not (`COSMETIC`, `DISPLAY`).
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from scripts.mutants import COSMETIC, SECURITY
from scripts.statement import allows, weaker

TEXT = "$"
"""The step of a path that leads into a text of JSON."""

GONE = object()
"""In the place of a value: there is none."""

DISPLAY = frozenset({"Dashboard", "QueryDefinition"})
"""Classes of resources that only show what there is."""

ANYWHERE = "0.0.0.0/0"
WEAKER_WORDS = {
    "true": "false",
    "enabled": "disabled",
    "on": "off",
    "required": "preferred",
    "deny": "allow",
    "block": "count",
    "https": "http",
    "https-only": "http-only",
    "redirect-to-https": "allow-all",
    "keep": "drop",
    "immutable": "mutable",
}
OPPOSITES = WEAKER_WORDS | {weak: strong for strong, weak in WEAKER_WORDS.items()}


@dataclass(frozen=True)
class Weakness:
    """Where in a resource's inputs, and what is there instead: `GONE` or a value."""

    path: tuple[str | int, ...]
    value: Any

    def __str__(self) -> str:
        place = ".".join(str(step) for step in self.path)
        return f"{place} left out" if self.value is GONE else f"{place} became {self.value!r}"


def weaknesses(type_: str, inputs: Mapping[str, Any]) -> Iterator[Weakness]:
    """Each way to weaken one input of a resource of that type token, one by one."""
    class_ = type_.rpartition(":")[2]
    if class_ not in DISPLAY:
        for weakness in _walk(dict(inputs), (), (class_,)):
            if weakened(inputs, weakness) is not None:
                yield weakness


def weakened(inputs: Mapping[str, Any], weakness: Weakness) -> dict[str, Any] | None:
    """The inputs with the weakness in them; None where there is no such place, or no difference."""
    try:
        changed = _changed(dict(inputs), weakness.path, weakness.value)
    except (IndexError, KeyError, TypeError, ValueError):
        return None
    return None if changed == inputs else changed


def guards(names: tuple[str, ...]) -> bool:
    """Whether what has these names, outer first, guards something."""
    inner = [re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name) for name in names[-2:]]
    return names[-1] not in COSMETIC and any(SECURITY.search(name) for name in inner)


def _walk(value: Any, path: tuple[str | int, ...], names: tuple[str, ...]) -> Iterator[Weakness]:
    document = _document(value)
    below = path if document is value else (*path, TEXT)
    match document:
        case dict() as statement if "Effect" in statement:
            yield from (Weakness((*below, *place), new) for place, new in weaker(statement, GONE))
        case dict() as entries:
            for key, item in entries.items():
                # Of a pair such as a parameter of PostgreSQL, the name says what the value guards.
                inner = (
                    (*names, str(entries.get("name", "")), key) if key == "value" else (*names, key)
                )
                if guards(inner):
                    yield Weakness((*below, key), GONE)
                yield from _walk(item, (*below, key), inner)
        case list() as items:
            for number, item in enumerate(items):
                if guards(names) and not allows(item):
                    yield Weakness((*below, number), GONE)
                yield from _walk(item, (*below, number), names)
        case _:
            yield from (Weakness(path, other) for other in _others(value, guards=guards(names)))


def _others(value: object, *, guards: bool) -> Iterator[object]:
    match value:
        case bool():
            yield not value
        case int() | float() if guards:
            yield 0 if value == 1 else 1
            yield value * 10 if value else 10
        case str() if value.lower() in OPPOSITES:
            yield _spelt_like(value, OPPOSITES[value.lower()])
        case str() if re.fullmatch(r"[\d.]+/\d+", value):
            yield ANYWHERE
        case str() if re.fullmatch(r"\S*TLS\S*", value):
            yield re.sub(r"TLS.*", "TLSv1", value)
        case str() if guards and value.isdigit():
            yield "1" if value == "0" else "0"
        case str() if guards:
            yield "another"


def _spelt_like(model: str, word: str) -> str:
    return word.upper() if model.isupper() else word.title() if model.istitle() else word


def _document(value: Any) -> Any:
    """The value, or what a text of JSON says."""
    if isinstance(value, str) and value.startswith(("{", "[")):
        try:
            return json.loads(value)
        except ValueError:
            return value
    return value


def _changed(value: Any, path: tuple[str | int, ...], new: Any) -> Any:
    if not path:
        return new
    step, *rest = path
    if step == TEXT:
        document = json.loads(value)
        changed = _changed(document, tuple(rest), new)
        return value if changed == document else json.dumps(changed)
    copy = value.copy()
    if not rest and new is GONE:
        del copy[step]
    else:
        copy[step] = _changed(value[step], tuple(rest), new)
    return copy
