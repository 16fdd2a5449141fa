"""Only jobs of the one repository take a role, each from where it may; by sample claims."""

import json
from collections.abc import Mapping

import pytest

from bootstrap.trust import ISSUER
from tests.accounts import chosen, recorded, trust_of
from tests.iam_policy import trusts

ENVIRONMENTS = ("staging", "testing", "prod")
REPOSITORY = chosen().github.repository


def claims(subject: str, **others: str) -> dict[str, str]:
    """GitHub's, of a job on main in our repository."""
    return {
        "aud": "sts.amazonaws.com",
        "sub": f"repo:{REPOSITORY}:{subject}",
        "repository_id": chosen().github.repository_id,
        "ref": "refs/heads/main",
    } | others


MAIN = claims("ref:refs/heads/main")
PULL = claims("pull_request", ref="refs/pull/7/merge")
# The role, and a job that may take it.
RIGHT: list[tuple[str, dict[str, str]]] = [
    ("slipway-images", MAIN),
    *((f"slipway-{name}-preview", MAIN) for name in ENVIRONMENTS),
    ("slipway-staging-preview", PULL),
    ("slipway-testing-preview", PULL),
    ("slipway-prod-preview", claims("environment:prod-preview", ref="refs/pull/7/merge")),
    *(
        (f"slipway-{name}-{purpose}", claims(f"environment:{name}"))
        for name in ENVIRONMENTS
        for purpose in ("deploy", "cutover")
    ),
    *((f"slipway-{name}-cutover", claims(f"environment:{name}-oncall")) for name in ENVIRONMENTS),
]


def takes(role: str, given: Mapping[str, str]) -> bool:
    provider = recorded().only("aws:iam/openIdConnectProvider:OpenIdConnectProvider")
    return trusts(trust_of(role), provider.outputs["arn"], ISSUER, given)


def test_every_role_has_a_job() -> None:
    roles = {one.name for one in recorded().every("aws:iam/role:Role")}
    people = {f"slipway-{name}-break-glass" for name in ENVIRONMENTS}
    assert {role for role, _ in RIGHT} | people == roles
    assert len(roles) == 13
    assert [(role, job) for role in sorted(people) for _, job in RIGHT if takes(role, job)] == []


@pytest.mark.parametrize(("role", "job"), RIGHT)
def test_the_right_job_takes_its_role(role: str, job: dict[str, str]) -> None:
    assert takes(role, job)


@pytest.mark.parametrize(("role", "job"), RIGHT)
def test_no_other_job_takes_it(role: str, job: dict[str, str]) -> None:
    def renamed(repository: str) -> str:
        return job["sub"].replace(f"repo:{REPOSITORY}:", f"repo:{repository}:")

    wrong = {
        "another repository": job | {"sub": renamed("your-team/other"), "repository_id": "2"},
        "a fork": job | {"sub": renamed("stranger/your-app"), "repository_id": "3"},
        "the name, taken by others": job | {"repository_id": "4"},
        "a name that begins alike": job | {"sub": renamed(f"{REPOSITORY}-evil")},
        "another audience": job | {"aud": "https://github.com/your-team"},
        "another branch's job": job
        | {"sub": f"repo:{REPOSITORY}:ref:refs/heads/feature", "ref": "refs/heads/feature"},
        "a tag": job | {"sub": f"repo:{REPOSITORY}:ref:refs/tags/main", "ref": "refs/tags/main"},
        "another environment": job | {"sub": f"repo:{REPOSITORY}:environment:other"},
        "no environment": job | {"sub": f"repo:{REPOSITORY}"},
    }
    assert [name for name, given in wrong.items() if takes(role, given)] == []
    for claim in ("aud", "sub", "repository_id"):
        assert not takes(role, {name: value for name, value in job.items() if name != claim})


@pytest.mark.parametrize(("role", "job"), RIGHT)
def test_a_branch_can_not_borrow_a_github_environment(role: str, job: dict[str, str]) -> None:
    """Its subject is the environment's, whatever the branch; only the ref tells."""
    borrowed = job | {"ref": "refs/heads/feature"}
    assert takes(role, borrowed) is role.endswith("-preview")


def test_one_environments_job_takes_no_role_of_another() -> None:
    taken = [
        (role, other)
        for role, job in RIGHT
        for other, _ in RIGHT
        if "environment:" in job["sub"] and takes(other, job)
    ]
    own = [
        (role, other)
        for role, job in RIGHT
        for other, theirs in RIGHT
        if "environment:" in job["sub"] and job["sub"] == theirs["sub"]
    ]
    assert sorted({*taken}) == sorted({*own})
    assert ("slipway-staging-deploy", "slipway-prod-deploy") not in taken


def test_a_pull_request_takes_nothing_but_two_previews() -> None:
    roles = [one.name for one in recorded().every("aws:iam/role:Role")]
    assert sorted(role for role in roles if takes(role, PULL)) == [
        "slipway-staging-preview",
        "slipway-testing-preview",
    ]


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_people_break_the_glass_and_only_those_who_are_named(name: str) -> None:
    policy = trust_of(f"slipway-{name}-break-glass")
    assert json.loads(policy) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "People",
                "Effect": "Allow",
                "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
                "Action": "sts:AssumeRole",
                "Condition": {"ArnLike": {"aws:PrincipalArn": [*chosen().break_glass]}},
            }
        ],
    }
