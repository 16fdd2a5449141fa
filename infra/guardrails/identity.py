"""AWS IAM and KMS; AWS: securityhub/latest/userguide/iam-controls and kms-controls.

AWS looks at customer managed policies only; here a policy within a role is held to the same.
"""

from collections.abc import Iterable

from infra.guardrails.inputs import Inputs
from infra.guardrails.model import ResourceRule
from infra.guardrails.needs import ON, needs
from infra.guardrails.policy_document import statements

MANAGED = "aws:iam/policy:Policy"
INLINE = "aws:iam/rolePolicy:RolePolicy"
KEY = "aws:kms/key:Key"
_DECRYPTS = ("kms:Decrypt", "kms:ReEncryptFrom")


def _allows_not_everything(inputs: Inputs) -> Iterable[str]:
    for statement in statements(inputs["policy"]):
        if statement.allows and "*" in statement.actions and "*" in statement.resources:
            yield "its policy allows every action on every resource, it must name them"


def _names_actions(inputs: Inputs) -> Iterable[str]:
    for statement in statements(inputs["policy"]):
        whole = [one for one in statement.actions if one == "*" or one.endswith(":*")]
        if statement.allows and whole:
            yield f"its policy allows {' and '.join(whole)}, it must name the actions"


def _decrypts_with_named_keys(inputs: Inputs) -> Iterable[str]:
    for statement in statements(inputs["policy"]):
        every_key = [one for one in statement.resources if one == "*" or one.endswith(":key/*")]
        if statement.allows and every_key and (given := [*statement.covers(*_DECRYPTS)]):
            yield f"its policy allows {given[0]} on {every_key[0]}, it must name the keys"


def _is_not_public(inputs: Inputs) -> Iterable[str]:
    # Without a policy of its own a key has AWS's, which trusts the account alone.
    policy = inputs.at("policy")
    if policy and any(statement.is_public for statement in statements(policy)):
        yield "its policy lets everybody in, it must name who may"


def _rotates(inputs: Inputs) -> Iterable[str]:
    # KMS rotates no asymmetric key, and the control asks for none ("cmk-backing-key-rotation").
    if inputs.at("keyUsage") in (None, "ENCRYPT_DECRYPT"):
        yield from needs("enableKeyRotation", ON)(inputs)


RULES = (
    ResourceRule(
        id="IAM.1",
        severity="HIGH",
        title="No policy allows everything",
        types=(MANAGED, INLINE),
        check=_allows_not_everything,
    ),
    ResourceRule(
        id="IAM.21",
        severity="LOW",
        title="No policy allows all actions of a service",
        types=(MANAGED, INLINE),
        check=_names_actions,
    ),
    ResourceRule(
        id="KMS.1",
        severity="MEDIUM",
        title="No managed policy decrypts with every key",
        types=(MANAGED,),
        check=_decrypts_with_named_keys,
    ),
    ResourceRule(
        id="KMS.2",
        severity="MEDIUM",
        title="No policy within a role decrypts with every key",
        types=(INLINE,),
        check=_decrypts_with_named_keys,
    ),
    ResourceRule(
        id="KMS.4",
        severity="MEDIUM",
        title="A key is rotated",
        types=(KEY,),
        check=_rotates,
    ),
    ResourceRule(
        id="KMS.5",
        severity="CRITICAL",
        title="A key is not public",
        types=(KEY,),
        check=_is_not_public,
    ),
)
