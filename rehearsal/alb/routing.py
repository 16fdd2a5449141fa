"""What a listener does with a request, read from ELBv2's answers; unknown words are refused."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Self

from rehearsal.errors import RehearsalError

CONDITIONS = "path-pattern, host-header and http-header"


@dataclass(frozen=True)
class Condition:
    """Holds when the field matches one of the patterns; `*` is any run of characters, `?` one."""

    field: str
    """path-pattern, host-header or http-header."""
    patterns: tuple[str, ...]
    header: str = ""
    """Lower case; only of an http-header condition."""


@dataclass(frozen=True)
class Forward:
    """Target group ARNs with their relative weights, 0 to 999; all 0 answers 503."""

    weights: tuple[tuple[str, int], ...]


@dataclass(frozen=True)
class FixedResponse:
    status: int
    body: str = ""
    content_type: str = "text/plain"


Action = Forward | FixedResponse


@dataclass(frozen=True)
class Rule:
    """Applies when all of its conditions hold and no rule of a lower priority number applied."""

    priority: int
    conditions: tuple[Condition, ...]
    action: Action


@dataclass(frozen=True)
class Routing:
    """Rules by ascending priority number, and what happens when none applies."""

    rules: tuple[Rule, ...]
    default: Action

    @classmethod
    def parse(cls, listener: Mapping[str, Any], rules: Iterable[Mapping[str, Any]]) -> Self:
        """From one listener of `describe_listeners` and all rules of `describe_rules`.

        Raises RehearsalError for a kind of condition or action that the rehearsal can't follow.
        """
        ordinary = [rule for rule in rules if not rule.get("IsDefault")]
        return cls(
            rules=tuple(sorted(map(parse_rule, ordinary), key=lambda rule: rule.priority)),
            default=parse_action("the listener's default", listener["DefaultActions"]),
        )

    @property
    def actions(self) -> tuple[Action, ...]:
        return (*(rule.action for rule in self.rules), self.default)

    @property
    def headers(self) -> frozenset[str]:
        """The names, in lower case, of the headers that decide."""
        return frozenset(
            condition.header
            for rule in self.rules
            for condition in rule.conditions
            if condition.header
        )

    @property
    def fixed_responses(self) -> frozenset[FixedResponse]:
        return frozenset(a for a in self.actions if isinstance(a, FixedResponse))

    @property
    def groups(self) -> frozenset[str]:
        """The ARNs of all target groups that are named, whatever their weight."""
        return frozenset(
            arn for a in self.actions if isinstance(a, Forward) for arn, _ in a.weights
        )


def parse_rule(rule: Mapping[str, Any]) -> Rule:
    name = f"rule {rule['Priority']}"
    return Rule(
        priority=int(rule["Priority"]),
        conditions=tuple(parse_condition(name, condition) for condition in rule["Conditions"]),
        action=parse_action(name, rule["Actions"]),
    )


def parse_condition(where: str, condition: Mapping[str, Any]) -> Condition:
    field = condition.get("Field", "")
    match field:
        case "path-pattern" | "host-header":
            config = condition.get("PathPatternConfig") or condition.get("HostHeaderConfig") or {}
            patterns, header = config.get("Values") or condition.get("Values") or [], ""
        case "http-header":
            config = condition["HttpHeaderConfig"]
            patterns, header = config.get("Values") or [], config["HttpHeaderName"].lower()
        case _:
            raise RehearsalError(
                f"{where} has a condition on {field or 'nothing'}, which the rehearsal's balancer "
                f"can't follow; it knows {CONDITIONS}"
            )
    if not patterns:
        raise RehearsalError(f"{where} has a {field} condition without values; give it one or more")
    return Condition(field, tuple(patterns), header)


def parse_action(where: str, actions: Iterable[Mapping[str, Any]]) -> Action:
    """The one action; an ALB allows an authenticating one before it, which we can't follow."""
    kinds = [action["Type"] for action in actions]
    if kinds == ["forward"]:
        return _forward(where, *actions)
    if kinds == ["fixed-response"]:
        (action,) = actions
        config = action["FixedResponseConfig"]
        return FixedResponse(
            status=int(config["StatusCode"]),
            body=config.get("MessageBody") or "",
            content_type=config.get("ContentType") or "text/plain",
        )
    raise RehearsalError(
        f"{where} has the actions {', '.join(kinds) or 'none'}, which the rehearsal's balancer "
        "can't follow; it knows one forward or one fixed-response"
    )


def _forward(where: str, action: Mapping[str, Any]) -> Forward:
    config = action.get("ForwardConfig") or {}
    if (config.get("TargetGroupStickinessConfig") or {}).get("Enabled"):
        raise RehearsalError(
            f"{where} has target group stickiness, which overrides weights and which the "
            "rehearsal's balancer can't follow; disable it"
        )
    groups = config.get("TargetGroups") or [{"TargetGroupArn": action["TargetGroupArn"]}]
    weights = tuple((g["TargetGroupArn"], int(g.get("Weight", 1))) for g in groups)
    wrong = [str(weight) for _, weight in weights if not 0 <= weight <= 999]
    if wrong:
        raise RehearsalError(f"{where} has weight {', '.join(wrong)}; weights must be 0 to 999")
    return Forward(weights)
