"""The account as bootstrap's settings file describes it, recorded once a test run."""

import json
from functools import cache

from bootstrap.account import account
from bootstrap.settings import PROJECT, Settings, parse
from rehearsal.aws.iam_policy import Context, allows
from rehearsal.recording import Recording, record
from rehearsal.stack_file import ROOT, stack_config

STACK = "account"
CONFIG = stack_config(STACK, ROOT / "bootstrap")


@cache
def recorded() -> Recording:
    """What `pulumi up` in bootstrap/ asks for."""
    return record(account, stack=STACK, project=PROJECT, config=CONFIG)


@cache
def chosen() -> Settings:
    """The settings in the file."""
    raw = {key.removeprefix(f"{PROJECT}:"): json.loads(text) for key, text in CONFIG.items()}
    settings, found = parse(raw)
    assert settings is not None
    assert found == []
    return settings


def policy_of(role: str) -> str:
    """The policy within a role, and what is attached to it, as one."""
    managed = {
        one.outputs["arn"]: one.inputs["policy"]
        for one in recorded().every("aws:iam/policy:Policy")
    }
    attached = [
        managed[one.inputs["policyArn"]]
        for one in recorded().every("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
        if one.inputs["role"] == role
    ]
    within = recorded().only("aws:iam/rolePolicy:RolePolicy", role).inputs["policy"]
    together = [one for text in (within, *attached) for one in json.loads(text)["Statement"]]
    return json.dumps({"Statement": together})


def managed(policy: str) -> str:
    """The document of one of the account's own policies."""
    return recorded().only("aws:iam/policy:Policy", policy).inputs["policy"]


def bounded(role: str, action: str, resource: str = "*", context: Context | None = None) -> bool:
    """What the role's policies and its boundary, if it has one, allow together."""
    boundary = recorded().only("aws:iam/role:Role", role).inputs.get("permissionsBoundary")
    documents = [
        one.inputs["policy"]
        for one in recorded().every("aws:iam/policy:Policy")
        if one.outputs["arn"] == boundary
    ]
    assert len(documents) == (boundary is not None)
    return all(allows(one, action, resource, context) for one in (policy_of(role), *documents))


def trust_of(role: str) -> str:
    """Who may take a role."""
    return recorded().only("aws:iam/role:Role", role).inputs["assumeRolePolicy"]
