"""Who may preview, change and release one environment, and who may edit its edge."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import pulumi
import pulumi_aws as aws

from bootstrap.actions import LOOKS_UP
from bootstrap.cutover_policy import cutover_policy
from bootstrap.deploy_policy import edge_denials, write_policy
from bootstrap.keys import key
from bootstrap.parts import boundary_name, boundary_of_parts
from bootstrap.role import RoleArgs, hourly_role
from bootstrap.role_policy import rotation_role
from bootstrap.settings import EnvironmentSettings
from bootstrap.state_policy import read_state, write_state
from bootstrap.statements import Place, allow, document
from bootstrap.trust import ON_PULL_REQUEST, Source, in_environment, trust_jobs, trust_people


@dataclass(frozen=True, kw_only=True)
class EnvironmentRolesArgs:
    settings: EnvironmentSettings
    place: Place
    source: Source
    break_glass: Sequence[str]
    provider_arn: pulumi.Input[str]
    reads_arn: pulumi.Input[str]
    writes_arn: pulumi.Input[str]
    boundary_arn: pulumi.Input[str]
    state_arn: pulumi.Input[str]
    state_key_arn: pulumi.Input[str]


class EnvironmentRoles(pulumi.ComponentResource):
    """Five roles, `slipway-<environment>-preview`, -drift, -deploy, -cutover and -break-glass, the
    boundary of its parts' roles, and the key of the stack's secrets,
    `alias/slipway-<environment>-secrets`."""

    secrets_key_arn: pulumi.Output[str]
    """The key; `pulumi stack init --secrets-provider awskms://alias/…`."""
    role_arns: Mapping[str, pulumi.Output[str]]
    """By purpose."""

    def __init__(
        self, name: str, args: EnvironmentRolesArgs, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__("slipway:bootstrap:EnvironmentRoles", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        place, source = args.place, args.source
        self.secrets_key_arn = key(
            f"{name}-secrets",
            f"Encrypts the secrets in the state of {place.environment}",
            place.account_id,
            # Without it nobody can read the stack's state any more.
            pulumi.ResourceOptions(parent=self, protect=True),
        )
        keys = [args.state_key_arn, self.secrets_key_arn]

        def role(purpose: str, made: RoleArgs) -> pulumi.Output[str]:
            return hourly_role(f"{name}-{purpose}", made, child)

        everybody = args.settings.previews == "every pull request"
        changes = [in_environment(place.environment)]
        people = trust_people(place.account_id, args.break_glass)
        self.role_arns = {
            "preview": role(
                "preview",
                RoleArgs(
                    purpose="Previews from the stack's state, and sees nothing of the account",
                    trust=[
                        # A pull request's ref is its own.
                        trust_jobs(
                            args.provider_arn,
                            source,
                            [source.on_branch, *([ON_PULL_REQUEST] if everybody else [])],
                            any_ref=everybody,
                        )
                    ],
                    statements=[
                        *read_state(place, args.state_arn, keys),
                        allow("LookUp", LOOKS_UP, "*"),
                    ],
                    boundary_arn=args.boundary_arn,
                ),
            ),
            "drift": role(
                "drift",
                RoleArgs(
                    purpose="Holds AWS against the stack's state; reads settings and no data",
                    trust=[trust_jobs(args.provider_arn, source, [source.on_branch])],
                    statements=read_state(place, args.state_arn, keys),
                    attached={"reads": args.reads_arn},
                    boundary_arn=args.boundary_arn,
                ),
            ),
            "deploy": role(
                "deploy",
                RoleArgs(
                    purpose="`pulumi up`, which can't move traffic",
                    trust=[trust_jobs(args.provider_arn, source, changes)],
                    statements=[
                        *write_policy(place),
                        *edge_denials(place),
                        *write_state(place, args.state_arn, keys),
                    ],
                    attached={"reads": args.reads_arn, "writes": args.writes_arn},
                    boundary_arn=args.boundary_arn,
                ),
            ),
            "cutover": role(
                "cutover",
                RoleArgs(
                    purpose="cutover, which changes nothing else",
                    trust=[
                        # A rollback waits for no approval of a release,
                        trust_jobs(
                            args.provider_arn,
                            source,
                            [*changes, in_environment(f"{place.environment}-oncall")],
                        ),
                        # and not for GitHub; these could change the weights' role as it is.
                        people,
                    ],
                    statements=cutover_policy(place),
                ),
            ),
            "break-glass": role(
                "break-glass",
                RoleArgs(
                    purpose="Structural edits of the edge, and the first `pulumi up`",
                    trust=[people],
                    statements=[
                        *write_policy(place),
                        *rotation_role(place),
                        *write_state(place, args.state_arn, keys),
                    ],
                    attached={"reads": args.reads_arn, "writes": args.writes_arn},
                    boundary_arn=args.boundary_arn,
                ),
            ),
        }
        aws.iam.Policy(
            boundary_name(place.environment),
            name=boundary_name(place.environment),
            description=f"The most that a role of a part of {place.environment} can have",
            policy=json.dumps(document(*boundary_of_parts(place))),
            opts=child,
        )
        self.register_outputs({"role_arns": self.role_arns})
