"""What an IAM policy grants before and after: whether something is lost."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any


@dataclass(frozen=True)
class _Grant:
    """One action on one resource; `terms` is all else that the statement says."""

    action: str
    resource: str
    terms: str

    def within(self, other: "_Grant") -> bool:
        return (
            self.terms == other.terms
            and fnmatchcase(self.action.lower(), other.action.lower())
            and fnmatchcase(self.resource, other.resource)
        )


def narrower(before: Any, after: Any) -> bool:
    """Whether the policy allows less than before, or denies more; documents as text or as objects.

    False where one can't be read, for a policy that names something new is unknown until the
    update.
    """
    old, new = _statements(before), _statements(after)
    if old is None or new is None:
        return False
    allowed, denied = ([*_grants(new, "Allow")], [*_grants(old, "Deny")])
    lost = (one for one in _grants(old, "Allow") if not any(map(one.within, allowed)))
    refused = (one for one in _grants(new, "Deny") if not any(map(one.within, denied)))
    return any(True for _ in lost) or any(True for _ in refused)


def _statements(policy: Any) -> list[Mapping[str, Any]] | None:
    try:
        document = json.loads(policy) if isinstance(policy, str) else policy
    except ValueError:
        return None
    listed = document.get("Statement") if isinstance(document, Mapping) else None
    statements = _listed(listed)
    return statements if all(isinstance(one, Mapping) for one in statements) else None


def _grants(statements: list[Mapping[str, Any]], effect: str) -> Iterator[_Grant]:
    for statement in statements:
        if statement.get("Effect") != effect:
            continue
        rest = {
            key: value
            for key, value in statement.items()
            if key not in ("Sid", "Action", "Resource")
        }
        terms = json.dumps(rest, sort_keys=True)
        for action in _listed(statement.get("Action")):
            for resource in _listed(statement.get("Resource")):
                yield _Grant(str(action), str(resource), terms)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]
