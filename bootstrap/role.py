"""A role that is taken for an hour at most."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from bootstrap.statements import Statement, document

_SESSION_SECONDS = 3600


@dataclass(frozen=True, kw_only=True)
class RoleArgs:
    """`trust` are the statements of who may take it, `attached` the policies beside the role's own,
    which has no room for all."""

    purpose: str
    trust: Sequence[Statement]
    statements: Sequence[Statement]
    attached: Mapping[str, pulumi.Input[str]] = field(default_factory=dict)
    boundary_arn: pulumi.Input[str] | None = None


def hourly_role(name: str, args: RoleArgs, child: pulumi.ResourceOptions) -> pulumi.Output[str]:
    """ARN of the role of that very name, which others' policies and workflows name."""
    role = aws.iam.Role(
        name,
        name=name,
        description=args.purpose,
        max_session_duration=_SESSION_SECONDS,
        assume_role_policy=pulumi.Output.json_dumps(document(*args.trust)),
        permissions_boundary=args.boundary_arn,
        opts=child,
    )
    for what, arn in args.attached.items():
        aws.iam.RolePolicyAttachment(f"{name}-{what}", role=role.name, policy_arn=arn, opts=child)
    aws.iam.RolePolicy(
        name,
        role=role.id,
        # IAM counts a policy's characters without its spaces.
        policy=pulumi.Output.json_dumps(document(*args.statements), separators=(",", ":")),
        opts=child,
    )
    return role.arn
