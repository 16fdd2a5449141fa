"""What filter patterns of CloudWatch Logs match, as far as ours go (its user guide)."""

import json
import operator
import re
from typing import Any

_COMPARED = re.compile(r'\(?\$\.(\w+) (=|!=|>=|>) ("[^"]*"|[\d.]+)\)?')
_OPERATORS = {"=": operator.eq, "!=": operator.ne, ">=": operator.ge, ">": operator.gt}


def fields(pattern: str) -> set[str]:
    """The JSON fields that it names."""
    return set(re.findall(r"\$\.(\w+)", pattern))


def matched(pattern: str, line: str, value: str = "1") -> str | None:
    """The value that a line counts for; None for one that does not match."""
    match pattern[0]:
        case "{":
            return value if _json_matches(pattern.strip("{} "), line) else None
        case "[":
            return _words(pattern.strip("[]").split(", "), line.split(" "), value)
        case '"':
            return value if pattern.strip('"') in line else None
    raise ValueError(pattern)


def _json_matches(condition: str, line: str) -> bool:
    try:
        found = json.loads(line)
    except ValueError:
        return False
    joined = all if "&&" in condition else any
    assert not ("&&" in condition and "||" in condition), condition
    return joined(_holds(part, found) for part in re.split(r" (?:&&|\|\|) ", condition))


def _holds(comparison: str, line: dict[str, Any]) -> bool:
    found = _COMPARED.fullmatch(comparison)
    assert found, comparison
    field, symbol, wanted = found.groups()
    if field not in line:
        return False
    return _OPERATORS[symbol](line[field], json.loads(wanted))


def _words(names: list[str], words: list[str], value: str) -> str | None:
    assert names.pop(0) == "..."
    if len(words) < len(names):
        return None
    found: dict[str, str] = {}
    for name, word in zip(names, words[-len(names) :], strict=True):
        key, _, wanted = name.partition(" = ")
        if wanted and word != wanted:
            return None
        found[key] = word
    return found[value.removeprefix("$")] if value.startswith("$") else value
