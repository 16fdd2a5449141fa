"""What a rule is, what it looks at, and what it finds."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

from infra.guardrails.inputs import Inputs

if TYPE_CHECKING:
    from infra.guardrails.environment import Environment

Severity = Literal["LOW", "MEDIUM", "HIGH", "CRITICAL"]


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One resource as the engine sees it: Pulumi's type token, camelCase inputs, and where they
    come from.

    `sources` has, by property, the URNs of the resources whose outputs its value was made of. It is
    known before the value is, so a first preview can already tell which bucket a policy is for.
    """

    type: str
    name: str
    urn: str
    inputs: Inputs
    sources: Mapping[str, frozenset[str]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        type: str,
        name: str,
        inputs: Mapping[str, Any],
        *,
        urn: str = "",
        sources: Mapping[str, frozenset[str]] | None = None,
    ) -> "Resource":
        """From plain data; without a URN the name serves as one."""
        return cls(
            type=type, name=name, urn=urn or name, inputs=Inputs(inputs), sources=sources or {}
        )


@dataclass(frozen=True, kw_only=True)
class Control:
    """One of Security Hub's: its id, AWS's severity, and its title in our words."""

    id: str
    severity: Severity
    title: str


@dataclass(frozen=True, kw_only=True)
class Rule(Control):
    """A control that can be decided from what a program asks for.

    Each violation is a phrase about the resource: what is wrong, the value, what is allowed.
    """

    types: tuple[str, ...]


@dataclass(frozen=True, kw_only=True)
class ResourceRule(Rule):
    """Needs the inputs of the one resource and nothing else."""

    check: Callable[[Inputs], Iterable[str]]


@dataclass(frozen=True, kw_only=True)
class EnvironmentRule(Rule):
    """Needs to see what else there is in the environment."""

    check: "Callable[[Resource, Environment], Iterable[str]]"


@dataclass(frozen=True, kw_only=True)
class Finding:
    """A control that a resource violates; or, in a preview, an input that is not known yet."""

    control: Control
    resource: Resource
    problem: str
