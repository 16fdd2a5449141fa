"""Which of GitHub's jobs may take a role, by what its token says, and which people.

Imports no pulumi.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bootstrap.statements import Statement

ISSUER = "token.actions.githubusercontent.com"
AUDIENCE = "sts.amazonaws.com"


@dataclass(frozen=True, kw_only=True)
class Source:
    """The one repository: `name` is owner/name, `owner_id` and `id` GitHub's own numbers of both.

    A job's subject begins with the repository and ends with what the job is.
    """

    name: str
    owner_id: str
    id: str
    branch: str

    @property
    def ref(self) -> str:
        """The branch from which environments are changed."""
        return f"refs/heads/{self.branch}"

    @property
    def on_branch(self) -> str:
        """A job on the branch, outside of any GitHub environment."""
        return f"ref:{self.ref}"

    def subjects(self, job: str) -> list[str]:
        """The two that GitHub writes: with the numbers for a repository that was made or renamed
        since 2026-07-15, or has opted in, and without them for an older one (GitHub docs, "OpenID
        Connect reference", immutable subject claims)."""
        owner, name = self.name.split("/")
        return [f"repo:{owner}@{self.owner_id}/{name}@{self.id}:{job}", f"repo:{self.name}:{job}"]


# A job on a pull request. GitHub gives a fork's no token.
ON_PULL_REQUEST = "pull_request"


def in_environment(environment: str) -> str:
    """A job in a GitHub environment; it says nothing of the branch."""
    return f"environment:{environment}"


def trust_jobs(
    provider_arn: Any, source: Source, jobs: Sequence[str], *, any_ref: bool = False
) -> Statement:
    """Tokens for AWS, of the repository, for one of the jobs and, unless `any_ref`, made on the
    branch.

    The id beside the name, for a name that is given up can be taken by others. The ref beside the
    subject, for a GitHub environment's own rule about branches is one click away from none. STS
    knows both claims since 2026-01.
    """
    claims: dict[str, Any] = {
        f"{ISSUER}:aud": AUDIENCE,
        f"{ISSUER}:sub": [subject for job in jobs for subject in source.subjects(job)],
        f"{ISSUER}:repository_id": source.id,
    }
    if not any_ref:
        claims[f"{ISSUER}:ref"] = source.ref
    return {
        "Sid": "Github",
        "Effect": "Allow",
        "Principal": {"Federated": provider_arn},
        "Action": "sts:AssumeRoleWithWebIdentity",
        "Condition": {"StringEquals": claims},
    }


def trust_people(account_id: str, principals: Sequence[str]) -> Statement:
    """Roles and users of the account, by their ARNs. Who they are is for their own sign-in."""
    return {
        "Sid": "People",
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{account_id}:root"},
        "Action": "sts:AssumeRole",
        "Condition": {"ArnLike": {"aws:PrincipalArn": [*principals]}},
    }
