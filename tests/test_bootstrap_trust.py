"""Only jobs of the one repository take a role, each from where it may; by sample claims."""

import itertools
import json
from collections.abc import Iterator, Mapping

import pytest

from bootstrap.trust import ISSUER
from rehearsal.aws.iam_policy import trusts
from tests.accounts import chosen, recorded, trust_of

ENVIRONMENTS = ("staging", "testing", "prod")
GITHUB = chosen().github
OWNER, _, NAME = GITHUB.repository.partition("/")
# Repositories made or renamed since 2026-07-15 have numbers in their subject, older ones have not.
SINCE_2026 = f"repo:{OWNER}@{GITHUB.owner_id}/{NAME}@{GITHUB.repository_id}"
BEFORE = f"repo:{OWNER}/{NAME}"
ROLES = [one.name for one in recorded().every("aws:iam/role:Role")]
PEOPLE = {
    "Sid": "People",
    "Effect": "Allow",
    "Principal": {"AWS": "arn:aws:iam::123456789012:root"},
    "Action": "sts:AssumeRole",
    "Condition": {"ArnLike": {"aws:PrincipalArn": [*chosen().break_glass]}},
}
Claims = Mapping[str, str]


def claims(repository: str, job: str, **others: str) -> dict[str, str]:
    """GitHub's, of a job on main in our repository."""
    return {
        "aud": "sts.amazonaws.com",
        "sub": f"{repository}:{job}",
        "repository": GITHUB.repository,
        "repository_id": GITHUB.repository_id,
        "repository_owner_id": GITHUB.owner_id,
        "ref": "refs/heads/main",
        "event_name": "push",
    } | others


def taken(role: str, given: Claims) -> bool:
    provider = recorded().only("aws:iam/openIdConnectProvider:OpenIdConnectProvider")
    return trusts(trust_of(role), provider.outputs["arn"], ISSUER, given)


MAIN = "ref:refs/heads/main"
PULL = {"ref": "refs/pull/7/merge", "event_name": "pull_request"}


def jobs(repository: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Each role, and a job that may take it."""
    yield "slipway-images", claims(repository, MAIN)
    for name in ENVIRONMENTS:
        for purpose in ("preview", "drift"):
            yield f"slipway-{name}-{purpose}", claims(repository, MAIN)
        for purpose in ("deploy", "cutover"):
            yield f"slipway-{name}-{purpose}", claims(repository, f"environment:{name}")
        yield f"slipway-{name}-cutover", claims(repository, f"environment:{name}-oncall")
    for name in ("staging", "testing"):
        yield f"slipway-{name}-preview", claims(repository, "pull_request", **PULL)


RIGHT = [*jobs(SINCE_2026), *jobs(BEFORE)]


def test_every_role_has_a_job() -> None:
    people = {f"slipway-{name}-break-glass" for name in ENVIRONMENTS}
    assert {role for role, _ in RIGHT} | people == {*ROLES}
    assert len(ROLES) == 16
    assert [(role, job) for role in sorted(people) for _, job in RIGHT if taken(role, job)] == []


@pytest.mark.parametrize(("role", "job"), RIGHT)
def test_the_right_job_takes_its_role(role: str, job: dict[str, str]) -> None:
    assert taken(role, job)


def attacks(job: Claims) -> Iterator[tuple[str, dict[str, str]]]:
    """Tokens that GitHub would make for somebody else, or elsewhere, beside the right one."""
    repository, what = job["sub"].split(":", 2)[1], job["sub"].split(":", 2)[2]
    same = dict(job)

    def of(subject: str, **others: str) -> dict[str, str]:
        return same | {"sub": f"repo:{subject}:{what}"} | others

    yield "another repository", of(f"{OWNER}/other", repository_id="2")
    yield (
        "another repository, with numbers",
        of(f"{OWNER}@{GITHUB.owner_id}/other@2", repository_id="2"),
    )
    yield "a fork", of(f"stranger/{NAME}", repository_id="3", repository_owner_id="4")
    yield "a fork, with numbers", of(f"stranger@4/{NAME}@3", repository_id="3")
    yield "the name, taken by others", same | {"repository_id": "5"}
    yield "the name, taken by others, with numbers", of(f"{OWNER}@6/{NAME}@5", repository_id="5")
    yield "our number, under another name", of("stranger/app")
    yield "our owner's number, and not ours", of(f"{OWNER}@{GITHUB.owner_id}/{NAME}@5")
    yield "our number, and not our owner's", of(f"{OWNER}@6/{NAME}@{GITHUB.repository_id}")
    yield "a name that begins alike", of(f"{repository}-evil")
    yield "a name that ends alike", of(f"evil-{repository}")
    yield "a name with an at sign in it", of(f"{OWNER}@{GITHUB.owner_id}@1/{NAME}")
    yield "another case of the name", of(repository.upper())
    yield "another case of the job", same | {"sub": f"repo:{repository}:{what.upper()}"}
    yield "wildcards", of("*", repository_id="*")
    yield "a wildcard for the job", same | {"sub": f"repo:{repository}:*"}
    yield "another audience", same | {"aud": f"https://github.com/{OWNER}"}
    yield "an empty subject", same | {"sub": ""}
    yield "no job", same | {"sub": f"repo:{repository}"}
    feature = "refs/heads/feature"
    yield "another branch", same | {"sub": f"repo:{repository}:ref:{feature}", "ref": feature}
    yield (
        "a branch that begins alike",
        same | {"sub": f"repo:{repository}:{MAIN}-2", "ref": "refs/heads/main-2"},
    )
    yield (
        "a tag called main",
        same | {"sub": f"repo:{repository}:ref:refs/tags/main", "ref": "refs/tags/main"},
    )
    yield "another environment", same | {"sub": f"repo:{repository}:environment:other"}
    yield "an environment called like ours", same | {"sub": f"{job['sub']}-too"}
    # `sub` as an organization or repository may have it written: of other claims, or with others.
    yield "a subject of the owner alone", same | {"sub": f"repository_owner:{OWNER}"}
    yield "a subject of the number alone", same | {"sub": f"repository_id:{GITHUB.repository_id}"}
    yield "a subject with more after it", same | {"sub": f"{job['sub']}:actor:stranger"}
    yield (
        "a reusable workflow of others",
        same
        | {"sub": f"repo:{repository}:job_workflow_ref:stranger/a/.github/workflows/a.yml@main"},
    )
    for claim in ("aud", "sub", "repository_id"):
        yield f"without {claim}", {name: value for name, value in job.items() if name != claim}


@pytest.mark.parametrize(("role", "job"), RIGHT)
def test_no_other_job_takes_it(role: str, job: dict[str, str]) -> None:
    tried = dict(attacks(job))
    assert len(tried) == 31
    assert [name for name, given in tried.items() if taken(role, given)] == []


@pytest.mark.parametrize(("role", "job"), RIGHT)
def test_a_branch_can_not_borrow_a_github_environment(role: str, job: dict[str, str]) -> None:
    """Its subject is the environment's, whatever the branch; only the ref tells."""
    for ref in ("refs/heads/feature", "refs/pull/7/merge", "refs/tags/main", "main", ""):
        # The subject of a pull request, or of a job on main, is nobody else's.
        told = role in ("slipway-staging-preview", "slipway-testing-preview")
        assert taken(role, job | {"ref": ref}) is told, ref


def test_one_environments_job_takes_no_role_of_another() -> None:
    within = [one for one in RIGHT if ":environment:" in one[1]["sub"]]
    got = {
        (role, other)
        for (role, job), other in itertools.product(within, ROLES)
        if taken(other, job)
    }
    own = {
        (role, other)
        for (role, job), (other, theirs) in itertools.product(within, RIGHT)
        if job["sub"] == theirs["sub"]
    }
    assert got == own
    assert ("slipway-prod-cutover", "slipway-prod-deploy") in got
    assert ("slipway-staging-deploy", "slipway-prod-deploy") not in got


@pytest.mark.parametrize("repository", [SINCE_2026, BEFORE])
def test_a_pull_request_takes_nothing_but_two_previews(repository: str) -> None:
    pull = claims(repository, "pull_request", **PULL)
    assert sorted(role for role in ROLES if taken(role, pull)) == [
        "slipway-staging-preview",
        "slipway-testing-preview",
    ]


@pytest.mark.parametrize("role", sorted({role for role, _ in RIGHT}))
def test_trust_asks_for_exact_values_and_has_no_wildcard(role: str) -> None:
    statement, *people = json.loads(trust_of(role))["Statement"]
    assert people == ([PEOPLE] if role.endswith("-cutover") else [])
    assert [*statement["Condition"]] == ["StringEquals"]
    assert "*" not in json.dumps(statement)
    assert "?" not in json.dumps(statement)


def test_people_release_and_roll_back_too_and_take_no_other_role() -> None:
    taken_by_people = {role for role in ROLES if PEOPLE in json.loads(trust_of(role))["Statement"]}
    assert taken_by_people == {
        f"slipway-{name}-{purpose}"
        for name in ENVIRONMENTS
        for purpose in ("cutover", "break-glass")
    }


@pytest.mark.parametrize("name", ENVIRONMENTS)
def test_people_break_the_glass_and_only_those_who_are_named(name: str) -> None:
    policy = trust_of(f"slipway-{name}-break-glass")
    assert json.loads(policy) == {"Version": "2012-10-17", "Statement": [PEOPLE]}
