"""Statements of IAM policies, as plain data. Imports no pulumi."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Statement = dict[str, Any]
Condition = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True, kw_only=True)
class Place:
    """One environment of an account, as its ARNs name it.

    Pulumi ends a name with a hyphen and seven characters: `prod-key-*` is the key of prod and of no
    other environment, even of one that is called prod-key.
    """

    environment: str
    account_id: str
    region: str

    def arn(self, service: str, rest: str) -> str:
        """`arn:aws:ecs:eu-west-1:123456789012:cluster/…`"""
        return f"arn:aws:{service}:{self.region}:{self.account_id}:{rest}"

    def role(self, name: str) -> str:
        """IAM has no region."""
        return f"arn:aws:iam::{self.account_id}:role/{name}"


def allow(
    sid: str, actions: Sequence[str], resources: Any, condition: Condition | None = None
) -> Statement:
    """`resources` is an ARN or a list of them; "*" for actions that know no resource."""
    return _statement(sid, "Allow", actions, resources, condition)


def deny(
    sid: str, actions: Sequence[str], resources: Any, condition: Condition | None = None
) -> Statement:
    return _statement(sid, "Deny", actions, resources, condition)


def elsewhere(place: Place) -> Statement:
    """Denies everything that carries another environment's tag; what carries none is not meant."""
    return deny(
        "OtherEnvironmentsStay",
        ["*"],
        "*",
        {
            "StringNotEquals": {"aws:ResourceTag/environment": place.environment},
            "Null": {"aws:ResourceTag/environment": "false"},
        },
    )


def document(*statements: Statement) -> dict[str, Any]:
    """A whole policy."""
    return {"Version": "2012-10-17", "Statement": [*statements]}


def _statement(
    sid: str, effect: str, actions: Sequence[str], resources: Any, condition: Condition | None
) -> Statement:
    made = {"Sid": sid, "Effect": effect, "Action": [*actions], "Resource": resources}
    return made | ({"Condition": dict(condition)} if condition else {})
