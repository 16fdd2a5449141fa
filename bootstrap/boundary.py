"""The most that a role which changes an environment can have, whatever its own policies say."""

from collections.abc import Sequence
from typing import Any

from bootstrap.actions import SERVICES
from bootstrap.statements import Statement, allow, deny

_STATE_STAYS = (
    *("s3:DeleteBucket", "s3:DeleteBucketPolicy", "s3:DeleteObjectVersion", "s3:PutBucketPolicy"),
    *("s3:PutBucketVersioning", "s3:PutLifecycleConfiguration"),
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
        deny(
            "ItsKeysStay",
            ["kms:DisableKey", "kms:PutKeyPolicy", "kms:ScheduleKeyDeletion"],
            "*",
            {"StringEquals": {"aws:ResourceTag/part": "bootstrap"}},
        ),
    ]
