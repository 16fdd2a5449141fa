"""One step of a plan, as the rules see it."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

Effect = Literal["none", "create", "update", "replace", "delete"]

# Every operation of the engine (pulumi.automation.OpType), by what becomes of the resource in AWS.
# An operation that is not here is no plan to judge.
EFFECTS: Mapping[str, Effect] = {
    "same": "none",
    "read": "none",
    "refresh": "none",
    "discard": "none",
    "remove-pending-replace": "none",
    "create": "create",
    "import": "create",
    "update": "update",
    "replace": "replace",
    "create-replacement": "replace",
    "delete-replaced": "replace",
    "read-replacement": "replace",
    "import-replacement": "replace",
    "discard-replaced": "replace",
    "delete": "delete",
}
# What the engine prints for a value that nobody knows before the update (plugin.UnknownStringValue)
# and for one that is secret.
UNKNOWN = "04da6b54-80e4-46f7-96ec-b56ff0331ba9"
SECRET = "[secret]"  # noqa: S105 (it stands for one)


@dataclass(frozen=True, kw_only=True)
class Step:
    """What the plan does to one resource.

    `paths` are the properties that change, such as tags.team or subnets[1]; `old` and `new` the
    camelCase inputs, empty where there are none; `ignores` what the program leaves to others.
    `in_cloud` is false of a component, which is only a name for its parts. `unprotected` is whether
    the plan takes Pulumi's own protection off it.
    """

    urn: str
    type: str
    name: str
    op: str
    effect: Effect
    in_cloud: bool
    unprotected: bool
    paths: tuple[str, ...] = ()
    old: Mapping[str, Any]
    new: Mapping[str, Any]
    ignores: frozenset[str] = frozenset()

    @property
    def properties(self) -> tuple[str, ...]:
        """The outermost properties that change, each once, in order."""
        return tuple(dict.fromkeys(outermost(path) for path in self.paths))

    @property
    def noun(self) -> str:
        """`Listener` of aws:lb/listener:Listener."""
        return self.type.rpartition(":")[2]

    def paths_of(self, prop: str) -> tuple[str, ...]:
        """The paths that change within an outermost property."""
        return tuple(path for path in self.paths if outermost(path) == prop)


def outermost(path: str) -> str:
    """`networkConfiguration` of networkConfiguration.subnets[1]."""
    return re.split(r"[.\[]", path)[0]


def at(inputs: Any, path: str) -> Any:
    """What stands at a path such as rules[0].expiration.days; None where nothing does."""
    found = inputs
    for key in re.findall(r"[^.\[\]]+", path):
        if isinstance(found, Mapping):
            found = found.get(key)
        elif isinstance(found, list) and key.isdecimal() and int(key) < len(found):
            found = found[int(key)]
        else:
            return None
    return found


def hidden(value: Any) -> bool:
    """Whether the engine shows something in the place of the value."""
    return value in (UNKNOWN, SECRET)
