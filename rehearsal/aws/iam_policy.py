"""IAM's evaluation of policies: what they say of one request. Pure.

The logic and the operators are those of IAM's user guide ("Policy evaluation logic", "Condition
operators"), as far as our policies use them; an operator that is not here is an error.
"""

import json
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Document = Mapping[str, Any]
Context = Mapping[str, str | Sequence[str]]


def allows(policy: str, action: str, resource: str = "*", context: Context | None = None) -> bool:
    """Whether a statement allows it and none denies it. `resource` is "*" where an action knows
    none; then only a statement about "*" is about it."""
    effects = {
        statement["Effect"]
        for statement in json.loads(policy)["Statement"]
        if any(_like(action.lower(), one.lower()) for one in _listed(statement["Action"]))
        and any(_like(resource, one) for one in _listed(statement["Resource"]))
        and _holds(statement.get("Condition", {}), context or {})
    }
    return effects == {"Allow"}


def denies(policy: str, action: str, resource: str = "*", context: Context | None = None) -> bool:
    """Whether a statement denies it outright."""
    document = json.loads(policy)
    document["Statement"] = [one for one in document["Statement"] if one["Effect"] == "Deny"]
    turned = [one | {"Effect": "Allow"} for one in document["Statement"]]
    return allows(json.dumps({"Statement": turned}), action, resource, context)


def trusts(policy: str, provider: str, issuer: str, claims: Mapping[str, str]) -> bool:
    """Whether AssumeRoleWithWebIdentity is allowed with a token of these claims."""
    context = {f"{issuer}:{name}": value for name, value in claims.items()}
    return any(
        statement["Effect"] == "Allow"
        and statement["Action"] == "sts:AssumeRoleWithWebIdentity"
        and statement["Principal"] == {"Federated": provider}
        and _holds(statement.get("Condition", {}), context)
        for statement in json.loads(policy)["Statement"]
    )


def actions(policy: str) -> Iterator[str]:
    """Every action, or pattern of one, that a statement allows."""
    for statement in json.loads(policy)["Statement"]:
        if statement["Effect"] == "Allow":
            yield from _listed(statement["Action"])


def _holds(condition: Mapping[str, Mapping[str, Any]], context: Context) -> bool:
    keys = {key.lower(): value for key, value in context.items()}
    return all(
        _operator(operator, keys.get(key.lower()), _listed(wanted))
        for operator, tests in condition.items()
        for key, wanted in tests.items()
    )


def _operator(operator: str, given: Any, wanted: Sequence[str]) -> bool:
    match operator:
        case "StringEquals":
            return isinstance(given, str) and given in wanted
        case "StringNotEquals":
            return given not in wanted
        case "ArnLike":
            return isinstance(given, str) and any(_like(given, one) for one in wanted)
        case "ArnNotLike":
            return not (isinstance(given, str) and any(_like(given, one) for one in wanted))
        case "ForAnyValue:StringEquals":
            return any(one in wanted for one in _listed(given or []))
        case "DateGreaterThan":
            # Both in UTC and to the second, as ISO 8601 sorts them.
            return isinstance(given, str) and given > wanted[0]
        case "Null":
            return (given is None) is (wanted == ["true"])
    raise NotImplementedError(operator)


def _like(text: str, pattern: str) -> bool:
    """IAM knows `*` and `?`, and nothing else of a shell's patterns."""
    parts = (".*" if sign == "*" else "." if sign == "?" else re.escape(sign) for sign in pattern)
    return re.fullmatch("".join(parts), text, re.DOTALL) is not None


def _listed(value: Any) -> list[Any]:
    return [value] if isinstance(value, str) else list(value)
