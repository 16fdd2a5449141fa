"""Which of GitHub's jobs may take a role, by what its token says, and which people.

Imports no pulumi.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from bootstrap.statements import document

ISSUER = "token.actions.githubusercontent.com"
AUDIENCE = "sts.amazonaws.com"


@dataclass(frozen=True, kw_only=True)
class Source:
    """The one repository: `name` is owner/name, `id` GitHub's own number of it."""

    name: str
    id: str
    branch: str

    @property
    def ref(self) -> str:
        """The branch from which environments are changed."""
        return f"refs/heads/{self.branch}"

    @property
    def of_branch(self) -> str:
        """The subject of a job on the branch, outside of any GitHub environment."""
        return f"repo:{self.name}:ref:{self.ref}"

    @property
    def of_pull_request(self) -> str:
        """The subject of a job on a pull request; GitHub gives a fork's no token."""
        return f"repo:{self.name}:pull_request"

    def of_environment(self, environment: str) -> str:
        """The subject of a job in a GitHub environment; it says nothing of the branch."""
        return f"repo:{self.name}:environment:{environment}"


def trust(
    provider_arn: Any, source: Source, subjects: Sequence[str], *, any_ref: bool = False
) -> dict[str, Any]:
    """Tokens for AWS, of the repository, with one of the subjects and, unless `any_ref`, made on
    the branch.

    The id beside the name, for a name that is given up can be taken by others. The ref beside the
    subject, for a GitHub environment's own rule about branches is one click away from none. STS
    knows both claims since 2026-01.
    """
    claims: dict[str, Any] = {
        f"{ISSUER}:aud": AUDIENCE,
        f"{ISSUER}:sub": [*subjects],
        f"{ISSUER}:repository_id": source.id,
    }
    if not any_ref:
        claims[f"{ISSUER}:ref"] = source.ref
    return document(
        {
            "Sid": "Github",
            "Effect": "Allow",
            "Principal": {"Federated": provider_arn},
            "Action": "sts:AssumeRoleWithWebIdentity",
            "Condition": {"StringEquals": claims},
        }
    )


def trust_people(account_id: str, principals: Sequence[str]) -> dict[str, Any]:
    """Roles and users of the account, by their ARNs. Who they are is for their own sign-in."""
    return document(
        {
            "Sid": "People",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{account_id}:root"},
            "Action": "sts:AssumeRole",
            "Condition": {"ArnLike": {"aws:PrincipalArn": [*principals]}},
        }
    )
