"""The statements of an IAM policy, as a rule asks about them."""

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from fnmatch import fnmatchcase
from typing import Any

# With one of these an "everyone" is somebody in particular (S3's meaning of public, which AWS's
# other checks share).
_NARROWS = frozenset(
    f"aws:{key}"
    for key in (
        "principalaccount",
        "principalarn",
        "principalorgid",
        "principalorgpaths",
        "sourceaccount",
        "sourcearn",
        "sourceorgid",
        "sourceowner",
        "sourcevpc",
        "sourcevpce",
    )
)


@dataclass(frozen=True, kw_only=True)
class Statement:
    """One statement with lists where IAM takes a text or a list; an account's principal is its ARN,
    a service's its host name, everyone is "*"."""

    allows: bool
    actions: tuple[str, ...]
    resources: tuple[str, ...]
    principals: tuple[str, ...]
    conditions: tuple[tuple[str, str, Any], ...]

    def covers(self, *actions: str) -> Iterator[str]:
        """Those of the actions that a pattern of the statement matches."""
        for action in actions:
            if any(fnmatchcase(action.lower(), pattern.lower()) for pattern in self.actions):
                yield action

    @property
    def is_public(self) -> bool:
        """Whether anybody at all is allowed something."""
        keys = {key.lower() for _, key, _ in self.conditions}
        return self.allows and "*" in self.principals and not keys & _NARROWS


def statements(text: str) -> list[Statement]:
    """Every statement of a policy in JSON."""
    return [_statement(raw) for raw in _listed(json.loads(text).get("Statement"))]


def _statement(raw: dict[str, Any]) -> Statement:
    # What is named by its opposite reaches everything that is not listed.
    everything = "*" if "NotAction" in raw else None
    return Statement(
        allows=raw["Effect"] == "Allow",
        actions=_texts(everything or raw.get("Action")),
        resources=_texts("*" if "NotResource" in raw else raw.get("Resource")),
        principals=tuple(_principals("*" if "NotPrincipal" in raw else raw.get("Principal"))),
        conditions=tuple(
            (operator, key, value)
            for operator, keys in raw.get("Condition", {}).items()
            for key, value in keys.items()
        ),
    )


def _principals(raw: Any) -> Iterable[str]:
    match raw:
        case dict():
            return [name for names in raw.values() for name in _texts(names)]
        case _:
            return _texts(raw)


def _texts(raw: Any) -> tuple[str, ...]:
    return tuple(map(str, _listed(raw)))


def _listed(raw: Any) -> list[Any]:
    if raw is None:
        return []
    return raw if isinstance(raw, list) else [raw]
