"""The page about rights: every statement of every policy that bootstrap gives a role."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any

from rehearsal.recording import Recording
from rehearsal.resource import Resource
from rehearsal.stack_file import stack_names

ROLE = "aws:iam/role:Role"
ROLE_POLICY = "aws:iam/rolePolicy:RolePolicy"
MANAGED_POLICY = "aws:iam/policy:Policy"
ATTACHMENT = "aws:iam/rolePolicyAttachment:RolePolicyAttachment"
_INTRODUCTION = """\
# Rights

What each role of [bootstrap](bootstrap.md) may do and what it is denied, statement by statement;
what changes a right changes this page, and shows in the pull request. Written by `make rights`; a
test fails when it is stale. A role may do what its own policy and those attached to it allow
together, within its boundary, and never what one of them denies.

Where environments differ in nothing but the name, it is `<environment>` here.
"""


def markdown(recording: Recording) -> str:
    """The whole page. The account and its region are in it, as bootstrap's settings have them."""
    return "\n".join([_INTRODUCTION, *_sections(recording)])


def _sections(recording: Recording) -> Iterator[str]:
    names: dict[tuple[str, str], list[str]] = {}
    for type_ in (MANAGED_POLICY, ROLE):
        for one in recording.every(type_):
            text = _nameless(one, "\n".join(_section(recording, one)))
            names.setdefault((_nameless(one, one.name), text), []).append(one.name)
    for (_, text), alike in sorted(names.items()):
        yield f"## {_list(alike)}\n\n{text}\n"


def _section(recording: Recording, one: Resource) -> Iterator[str]:
    if one.type == ROLE:
        (own,) = (p for p in recording.every(ROLE_POLICY) if p.inputs["role"] == f"{one.name}-id")
        attached = [a for a in recording.every(ATTACHMENT) if a.inputs["role"] == one.name]
        yield f"{one.inputs['description']}, for {one.inputs['maxSessionDuration']} seconds."
        yield f"Boundary: {_arn(one.inputs.get('permissionsBoundary', 'none'))}."
        yield f"Attached: {', '.join(_arn(a.inputs['policyArn']) for a in attached) or 'nothing'}."
        yield ""
        yield from _table(one.inputs["assumeRolePolicy"])
        yield ""
        yield from _table(own.inputs["policy"])
    else:
        yield f"{one.inputs['description']}."
        yield ""
        yield from _table(one.inputs["policy"])


def _table(policy: str) -> Iterator[str]:
    statements = json.loads(policy)["Statement"]
    whom = "Who" if "Principal" in statements[0] else "On"
    yield f"| Statement | | Actions | {whom} | When |"
    yield "|---|---|---|---|---|"
    for statement in statements:
        about = statement.get("Principal", statement.get("Resource"))
        yield " | ".join(
            (
                f"| {statement['Sid']}",
                statement["Effect"],
                _list(statement["Action"]),
                _list(about),
                f"{_conditions(statement.get('Condition', {}))} |",
            )
        )


def _list(value: Any) -> str:
    match value:
        case dict():
            return ", ".join(f"{kind} {_list(who)}" for kind, who in value.items())
        case list():
            return ", ".join(_list(item) for item in value)
    return f"`{value}`"


def _conditions(conditions: Mapping[str, Mapping[str, Any]]) -> str:
    return ", and ".join(
        f"{operator} `{key}` {_list(wanted)}"
        for operator, tests in conditions.items()
        for key, wanted in tests.items()
    )


def _arn(arn: str) -> str:
    return f"`{arn.rpartition('/')[2]}`"


def _nameless(one: Resource, text: str) -> str:
    """The text with signs in the place of the environment's name, if it is of one."""
    stack = next((name for name in stack_names() if name in one.name.split("-")), None)
    return re.sub(rf"\b{stack}\b", "<environment>", text) if stack else text
