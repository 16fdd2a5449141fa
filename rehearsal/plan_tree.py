"""A plan for a person: components, what is in them, and the settings that matter."""

import itertools
import json
import re
from typing import Any

from rich.text import Text
from rich.tree import Tree

from rehearsal.plan import SECRET, class_of, counted, created, exported, masked
from rehearsal.plan_settings import SHOWN
from rehearsal.recording import Recording
from rehearsal.resource import Resource


def tree(recording: Recording, environment: str) -> Tree:
    """Components with their counts, resources with the settings that matter, and every export."""
    root = Tree(Text(f"{environment}: {counted(created(recording))}", style="bold"))
    for top in _children(recording, None):
        _grow(root, recording, top)
    loose = [resource for resource in created(recording) if not resource.parent]
    if loose:
        _leaves(root.add(Text(f"of the stack itself: {len(loose)}", style="bold")), loose)
    # AWS gives the real ids and ARNs; a reader must not take these for somebody's account.
    heading = f"exports: {len(recording.exports)}, the contract with cutover; ids are made up here"
    exports = root.add(Text(heading, style="bold"))
    for key, value in exported(recording).items():
        _spread(exports, key, value)
    return root


def _children(recording: Recording, parent: Resource | None) -> list[Resource]:
    return sorted(
        (r for r in recording.resources if r.parent is parent and not r.custom),
        key=lambda component: (component.type, component.name),
    )


def _within(resource: Resource, component: Resource) -> bool:
    return resource.parent is not None and (
        resource.parent is component or _within(resource.parent, component)
    )


def _grow(branch: Tree, recording: Recording, component: Resource) -> None:
    inside = [resource for resource in created(recording) if _within(resource, component)]
    label = Text.assemble((class_of(component), "bold"), f" {component.name}: {len(inside)}")
    if component.protect:
        label.append("  protected", style="yellow")
    twig = branch.add(label)
    nested = _children(recording, component)
    elsewhere = [one for one in inside if any(_within(one, other) for other in nested)]
    _leaves(twig, [resource for resource in inside if resource not in elsewhere])
    for other in nested:
        _grow(twig, recording, other)


def _leaves(branch: Tree, resources: list[Resource]) -> None:
    by_type = sorted(resources, key=lambda resource: (resource.type, resource.name))
    for type_, group in itertools.groupby(by_type, key=lambda resource: resource.type):
        same = list(group)
        kind = Text(_short(type_), style="green")
        if len(same) == 1:
            branch.add(Text.assemble(kind, " ", _described(same[0])))
        elif any(_settings(resource) for resource in same):
            twig = branch.add(Text.assemble(kind, f" x {len(same)}"))
            for resource in same:
                twig.add(_described(resource))
        else:
            names = ", ".join(resource.name for resource in same)
            branch.add(Text.assemble(kind, f" x {len(same)} ", names))


def _short(type_: str) -> str:
    """`rds.Instance` for aws:rds/instance:Instance."""
    package, module, class_ = type_.split(":")
    module = module.split("/")[0]
    return f"{package if module in ('index', 'providers') else module}.{class_}"


def _described(resource: Resource) -> Text:
    # No space within a setting: where a line is too long, it breaks between two of them.
    settings = (part for key, value in _settings(resource) for part in ("  ", (key, "dim"), value))
    return Text.assemble(resource.name, *settings)


def _settings(resource: Resource) -> list[tuple[str, str]]:
    inputs = masked(resource.inputs, resource.secrets)
    found = [(path, _at(inputs, path.split("."))) for path in SHOWN.get(resource.type, ())]
    settings = [(f"{_label(path)}=", _shown(value)) for path, value in found if value is not None]
    if resource.protect != (resource.parent is not None and resource.parent.protect):
        settings.append(("protect=", _shown(resource.protect)))
    if resource.ignore_changes:
        settings.append(("ignores=", ",".join(map(_snake, sorted(resource.ignore_changes)))))
    return settings


def _at(value: Any, steps: list[str]) -> Any:
    match value, steps:
        case _, []:
            return value
        case dict(), [key, *rest]:
            return _at(value.get(key), rest)
        case list(), ["*", *rest]:
            return [_at(item, rest) for item in value]
        case list(), [position, *rest] if int(position) < len(value):
            return _at(value[int(position)], rest)
        case _ if value == SECRET:
            return SECRET
    return None


def _label(path: str) -> str:
    """`health_check.path` for healthCheck.path, as the program writes it; two steps at most."""
    return ".".join([_snake(step) for step in path.split(".") if step.isidentifier()][-2:])


def _snake(name: str) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def _spread(branch: Tree, key: str, value: Any) -> None:
    """A value as a branch of its own, one line for each text or number in it."""
    match value:
        case dict() if value:
            twig = branch.add(Text(key, style="cyan"))
            for inner in sorted(value):
                _spread(twig, inner, value[inner])
        case list() if value:
            twig = branch.add(Text(key, style="cyan"))
            for position, item in enumerate(value):
                _spread(twig, str(position), item)
        case _:
            branch.add(Text.assemble((key, "cyan"), " = ", _shown(value)))


def _shown(value: Any) -> str:
    if isinstance(value, str):
        return value
    return json.dumps(value, sort_keys=True, separators=(",", ":"), default=str)
