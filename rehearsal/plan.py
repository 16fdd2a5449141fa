"""What `up` would create, as data and in numbers; never a secret."""

import itertools
from typing import Any

from rehearsal.recording import Recording
from rehearsal.resource import Resource

SECRET = "[secret]"  # noqa: S105 (what is shown in a secret's place)


def data(recording: Recording, environment: str) -> dict[str, Any]:
    """Every resource by URN with all its inputs, every export, and totals, ready for JSON."""
    return {
        "environment": environment,
        "resources": [
            {
                "urn": resource.urn,
                "type": resource.type,
                "name": resource.name,
                "parent": resource.parent.urn if resource.parent else None,
                "inputs": masked(resource.inputs, resource.secrets),
                "protect": resource.protect,
                "ignore_changes": sorted(resource.ignore_changes),
                "provider": resource.provider,
                "depends_on": sorted(resource.depends_on),
            }
            for resource in sorted(recording.resources, key=lambda resource: resource.urn)
        ],
        "exports": exported(recording),
        "totals": totals(recording),
    }


def totals(recording: Recording) -> dict[str, int]:
    """Resources by outermost component, those of nested ones included; "stack" has none."""
    tops = sorted(_top(resource) for resource in created(recording))
    return {top: len(list(group)) for top, group in itertools.groupby(tops)}


def closing_line(recording: Recording, seconds: float) -> str:
    """Totals per component and in all, and how long the plan took."""
    parts = ", ".join(f"{name} {count}" for name, count in totals(recording).items())
    return f"{parts}: {counted(created(recording))} in {seconds:.1f} s"


def created(recording: Recording) -> list[Resource]:
    """What exists in AWS or in the state afterwards; a component is only a name for its parts."""
    return [resource for resource in recording.resources if resource.custom]


def counted(resources: list[Resource]) -> str:
    """How many, in words."""
    return f"{len(resources)} resource{'' if len(resources) == 1 else 's'}"


def class_of(resource: Resource) -> str:
    """`Instance` for aws:rds/instance:Instance."""
    return resource.type.rsplit(":", 1)[1]


def masked(values: dict[str, Any], secrets: frozenset[str]) -> dict[str, Any]:
    """By name, with SECRET in the place of each that is one."""
    return {key: SECRET if key in secrets else values[key] for key in sorted(values)}


def exported(recording: Recording) -> dict[str, Any]:
    """What the stack exports, masked."""
    return masked(recording.exports, recording.secret_exports)


def _top(resource: Resource) -> str:
    if resource.parent is None:
        return "stack" if resource.custom else class_of(resource)
    return _top(resource.parent)
