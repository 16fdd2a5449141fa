"""A policy that grants less is told from one that grants as much, however it is written."""

import json
from typing import Any

import pytest

from guard.decide.grants import narrower
from guard.decide.step import SECRET, UNKNOWN

READ: dict[str, Any] = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": "arn:a/*"}
WRITE = READ | {"Action": "s3:PutObject"}
DENY = READ | {"Effect": "Deny"}
WHEN = {"Condition": {"StringEquals": {"aws:PrincipalOrgID": "o-1"}}}
WHO = {"Principal": {"Service": "cloudfront.amazonaws.com"}}


def policy(*statements: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [*statements]}


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (policy(READ), policy(READ)),
        (policy(READ), policy(WRITE, READ)),
        (policy(READ), json.dumps(policy(READ))),
        (policy(READ), {"Statement": READ | {"Sid": "Named"}}),
        (policy(READ, WRITE), policy(READ | {"Action": ["s3:PutObject", "s3:GetObject"]})),
        (policy(READ), policy(READ | {"Action": "S3:get*"})),
        (policy(READ), policy(READ | {"Resource": ["arn:b", "*"]})),
        (policy(READ | WHO), policy(WRITE, READ | WHO)),
        (policy(READ | WHO | WHEN), policy(READ | WHEN | WHO)),
        (policy(READ, DENY), policy(READ)),
        (policy(READ, DENY | {"Action": "*"}), policy(READ, DENY)),
        (policy(), policy(READ)),
    ],
)
def test_as_much_or_more(before: object, after: object) -> None:
    assert narrower(before, after) is False


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (policy(READ), policy()),
        (policy(READ, WRITE), policy(READ)),
        (policy(READ), policy(WRITE)),
        (policy(READ | {"Action": "s3:*"}), policy(READ)),
        (policy(READ), policy(READ | {"Resource": "arn:A/*"})),
        (policy(READ), policy(READ | {"Resource": "arn:a/b"})),
        (policy(READ), policy(READ | WHEN)),
        (policy(READ | WHO), policy(READ | {"Principal": {"Service": "ecs.amazonaws.com"}})),
        (policy(READ), policy(READ, DENY)),
        (policy(READ, DENY), policy(READ, DENY | {"Action": "*"})),
        (policy(READ | {"Action": ["s3:GetObject", "s3:PutObject"]}), json.dumps(policy(READ))),
        (
            policy({"Effect": "Allow", "NotAction": "iam:*", "Resource": "*"}),
            policy({"Effect": "Allow", "NotAction": "s3:*", "Resource": "*"}),
        ),
    ],
)
def test_less(before: object, after: object) -> None:
    assert narrower(before, after)


@pytest.mark.parametrize(
    "hidden", [UNKNOWN, SECRET, None, [], "[]", {}, policy() | {"Statement": ["x"]}]
)
def test_what_can_not_be_read_is_not_called_less(hidden: object) -> None:
    assert narrower(policy(READ), hidden) is False
    assert narrower(hidden, policy(DENY)) is False
