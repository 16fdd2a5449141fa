"""The account's settings, complete and within bounds, or one message with every problem."""

import itertools
import json
from typing import Annotated, Any, Literal

import pulumi
from pydantic import ConfigDict, TypeAdapter, ValidationError
from pydantic.dataclasses import dataclass

from infra import problems
from infra.bounds import ENVIRONMENT_NAME, ENVIRONMENT_NAME_WORDS, listing, matching
from infra.settings import AwsSettings, configured

PROJECT = "slipway-bootstrap"
# What the names of the account's own roles, policies and buckets begin with.
OWN = "slipway"
_STRICT = ConfigDict(extra="forbid", strict=True)

Repository = Annotated[
    str, matching(r"[A-Za-z0-9-]+/[A-Za-z0-9._-]+", "owner/name of a GitHub repository")
]
# A name can be given away and taken by somebody else; an id can't.
GithubId = Annotated[str, matching(r"[1-9][0-9]{0,14}", 'GitHub\'s id, in quotes: "1234567890"')]
Branch = Annotated[str, matching(r"[A-Za-z0-9._/-]+", "a branch's name, such as main")]
EnvironmentName = Annotated[str, matching(ENVIRONMENT_NAME, ENVIRONMENT_NAME_WORDS)]


Person = Annotated[
    str,
    matching(
        r"arn:aws:iam::\d{12}:(role|user)/[\w+=,.@/*-]*[\w+=,.@/-]{4}[\w+=,.@/*-]*",
        "the ARN of a role or user, with * for what differs: arn:aws:iam::123456789012:user/anna",
    ),
]


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class GithubSettings:
    """`branch` is the one from which environments are changed."""

    repository: Repository
    owner_id: GithubId
    repository_id: GithubId
    branch: Branch


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class EnvironmentSettings:
    """Whose code opens the stack's state, and with it the passwords that are in there: every pull
    request's as well, or the branch's alone."""

    name: EnvironmentName
    previews: Literal["every pull request", "the branch"]


@dataclass(frozen=True, kw_only=True, config=_STRICT)
class Settings:
    aws: AwsSettings
    github: GithubSettings
    break_glass: Annotated[tuple[Person, ...], listing(1, 5, "roles and users")]
    environments: Annotated[tuple[EnvironmentSettings, ...], listing(1, 10, "environments")]


def load() -> Settings:
    """The settings of the stack's file; one pulumi.RunError with every problem otherwise."""
    settings, found = parse(configured(PROJECT))
    if settings is None or found:
        heading = f"bootstrap/Pulumi.{pulumi.get_stack()}.yaml is not usable:"
        raise pulumi.RunError("\n  ".join([heading, *found]))
    return settings


def parse(raw: dict[str, Any]) -> tuple[Settings | None, list[str]]:
    """The settings in `raw` (section -> value, as YAML gives it) and a line for each problem."""
    text = json.dumps(raw, ensure_ascii=False).encode(errors="replace")
    try:
        settings = TypeAdapter(Settings).validate_json(text)
    except ValidationError as error:
        return None, [problems.line(problem, Settings) for problem in error.errors()]
    names = sorted(one.name for one in settings.environments)
    found = [
        f"environments: {name} would give its parts names of the account's own; call it otherwise"
        for name in names
        if f"{name}-".startswith(f"{OWN}-")
    ]
    # A role of prod may write what begins with prod-, which everything of prod-eu does.
    found += [
        f"environments: {after} must not begin with the name of {before}, another one"
        for before, after in itertools.permutations(names, 2)
        if f"{after}-".startswith(f"{before}-")
    ]
    found += [
        f"break_glass/{position}: must be of aws/account_id {settings.aws.account_id}, got {arn!r}"
        for position, arn in enumerate(settings.break_glass)
        if arn.split(":")[4] != settings.aws.account_id
    ]
    return settings, found
