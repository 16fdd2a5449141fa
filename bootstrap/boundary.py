"""The most that a role which changes an environment can have, whatever its own policies say."""

from collections.abc import Sequence
from typing import Any

from bootstrap.actions import SERVICES
from bootstrap.statements import Statement, allow, deny

_STATE_STAYS = (
    *("s3:DeleteBucket", "s3:DeleteBucketPolicy", "s3:DeleteObjectVersion", "s3:PutBucketPolicy"),
    *("s3:PutBucketVersioning", "s3:PutLifecycleConfiguration"),
)
_CHANGES_A_KEY = (
    *("kms:CreateAlias", "kms:CreateGrant", "kms:DeleteAlias", "kms:Disable*", "kms:PutKeyPolicy"),
    *("kms:ScheduleKeyDeletion", "kms:TagResource", "kms:UntagResource", "kms:Update*"),
)
_BOOTS = (
    *("ec2:*IamInstanceProfile*", "ec2:CreateFleet", "ec2:CreateLaunchTemplate*"),
    *("ec2:ModifyFleet", "ec2:ModifyInstance*", "ec2:ModifyLaunchTemplate", "ec2:RunInstances"),
)
_LOOSENS = (
    *("iam:CreatePolicy*", "iam:DeletePolicy*", "iam:DeleteRolePermissionsBoundary"),
    "iam:SetDefaultPolicyVersion",
)


def boundary(account_id: str, state: Sequence[Any]) -> list[Statement]:
    """It grants nothing, and keeps an `up` from the roles, keys and state that let it in.

    `state` is the bucket and what is in it.
    """
    own = [
        f"arn:aws:iam::{account_id}:{what}"
        for what in ("oidc-provider/*", "policy/slipway-*", "role/slipway-*")
    ]
    return [
        allow("WhatEnvironmentsAreMadeOf", [f"{service}:*" for service in SERVICES], "*"),
        deny("BootstrapStays", ["iam:*"], own),
        deny(
            "UsersStay",
            ["iam:*AccessKey*", "iam:*Group*", "iam:*LoginProfile*", "iam:*User*"],
            "*",
        ),
        deny("StateStays", _STATE_STAYS, [*state]),
        # By their tag, which nobody who is let in may take off, nor put another beside it.
        deny(
            "ItsKeysStay",
            _CHANGES_A_KEY,
            "*",
            {"StringEquals": {"aws:ResourceTag/part": "bootstrap"}},
        ),
        deny("BoundariesStay", _LOOSENS, "*"),
        # A machine that boots somebody's script has a role that nobody passes again.
        deny("NoMachines", _BOOTS, "*"),
    ]
