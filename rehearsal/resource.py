"""What a Pulumi program asks its engine for: registrations and data lookups, as plain data."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True, kw_only=True)
class Resource:
    """One registration: camelCase inputs, unwrapped (the secret ones are named), and options."""

    type: str
    name: str
    urn: str
    id: str
    custom: bool
    inputs: dict[str, Any]
    outputs: dict[str, Any]
    secrets: frozenset[str]
    parent: "Resource | None" = field(repr=False)
    protect: bool
    ignore_changes: tuple[str, ...]
    provider: str | None
    depends_on: tuple[str, ...]
    sources: dict[str, frozenset[str]]
    delete_before_replace: bool
    retain_on_delete: bool
    custom_timeouts: dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Invoke:
    """One data lookup: its token, its camelCase arguments, and who answers it."""

    token: str
    args: dict[str, Any]
    provider: str | None
