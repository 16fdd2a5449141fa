"""Which objects of the state bucket belong to a stack, and who may read or write them.

The layout is the engine's own for a bucket: below `.pulumi/`, by project and stack.
"""

from typing import Any

from bootstrap.statements import Place, Statement, allow

_PROJECT = "slipway"


def read_state(place: Place, bucket_arn: Any, key_arns: list[Any]) -> list[Statement]:
    """A preview takes no lock."""
    return [
        allow("ListState", ["s3:ListBucket"], bucket_arn),
        allow(
            "ReadState",
            ["s3:GetObject"],
            [_below(bucket_arn, path) for path in ("meta.yaml", *_paths(place))],
        ),
        allow("OpenState", ["kms:Decrypt"], key_arns),
    ]


def write_state(place: Place, bucket_arn: Any, key_arns: list[Any]) -> list[Statement]:
    """Old versions stay: nobody but the account's owner deletes one."""
    return [
        *read_state(place, bucket_arn, key_arns),
        allow(
            "WriteState",
            ["s3:DeleteObject", "s3:PutObject"],
            [_below(bucket_arn, path) for path in _paths(place)],
        ),
        allow("CloseState", ["kms:Encrypt", "kms:GenerateDataKey"], key_arns),
    ]


def _paths(place: Place) -> tuple[str, ...]:
    stack = f"{_PROJECT}/{place.environment}"
    return (
        f"stacks/{stack}.json*",
        f"history/{stack}/*",
        f"backups/{stack}/*",
        f"locks/organization/{stack}/*",
    )


def _below(bucket_arn: Any, path: str) -> Any:
    if isinstance(bucket_arn, str):
        return f"{bucket_arn}/.pulumi/{path}"
    return bucket_arn.apply(lambda arn: f"{arn}/.pulumi/{path}")
