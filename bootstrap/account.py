"""The account, top to bottom: what environments are kept, changed and released with."""

import json

import pulumi
import pulumi_aws as aws

from bootstrap import settings
from bootstrap.actions import WRITES, reading
from bootstrap.boundary import boundary
from bootstrap.environment_roles import EnvironmentRoles, EnvironmentRolesArgs
from bootstrap.images import REPOSITORIES, Images
from bootstrap.role import RoleArgs, hourly_role
from bootstrap.state import State, StateArgs
from bootstrap.statements import Place, allow, document
from bootstrap.trust import AUDIENCE, ISSUER, Source, trust_jobs
from infra.settings import PROJECT


def account() -> None:
    """Registers every resource of the account and exports what stack files and workflows need."""
    chosen = settings.load()
    account_id, region = chosen.aws.account_id, chosen.aws.region
    provider = aws.Provider(
        "aws",
        region=region,
        allowed_account_ids=[account_id],
        # No `environment`: a role of one is denied what carries another's.
        default_tags=aws.ProviderDefaultTagsArgs(tags={"managed-by": "pulumi", "project": PROJECT}),
    )
    plain = pulumi.ResourceOptions(provider=provider)
    stateful = pulumi.ResourceOptions(provider=provider, protect=True)
    source = Source(
        name=chosen.github.repository,
        owner_id=chosen.github.owner_id,
        id=chosen.github.repository_id,
        branch=chosen.github.branch,
    )

    state = State("slipway-state", StateArgs(account_id=account_id), stateful)
    images = Images("slipway", stateful)
    github = aws.iam.OpenIdConnectProvider(
        "github", url=f"https://{ISSUER}", client_id_lists=[AUDIENCE], opts=plain
    )
    most = aws.iam.Policy(
        "slipway-boundary",
        name="slipway-boundary",
        description="The most that a role which changes an environment can have",
        policy=pulumi.Output.json_dumps(
            document(*boundary(account_id, [state.arn, pulumi.Output.concat(state.arn, "/*")]))
        ),
        opts=plain,
    )
    reads = aws.iam.Policy(
        "slipway-reads",
        name="slipway-reads",
        description="What a refresh asks AWS; no secret, row, object or line of a log",
        policy=json.dumps(document(*reading(account_id, region))),
        opts=plain,
    )
    writes = aws.iam.Policy(
        "slipway-writes",
        name="slipway-writes",
        description="What an `up` asks AWS; each role that has it is denied some of it",
        policy=json.dumps(document(allow("Write", WRITES, "*"))),
        opts=plain,
    )
    push = hourly_role(
        "slipway-images",
        RoleArgs(
            purpose="Pushes images that were built on the branch",
            trust=[trust_jobs(github.arn, source, [source.on_branch])],
            statements=[
                # It has no resource level.
                allow("RegistryLogin", ["ecr:GetAuthorizationToken"], "*"),
                allow(
                    "Push",
                    [f"ecr:{action}" for action in _PUSHING],
                    [
                        f"arn:aws:ecr:{region}:{account_id}:repository/slipway/{image}"
                        for image in REPOSITORIES
                    ],
                ),
            ],
        ),
        plain,
    )
    roles = {
        one.name: EnvironmentRoles(
            f"slipway-{one.name}",
            EnvironmentRolesArgs(
                settings=one,
                place=Place(environment=one.name, account_id=account_id, region=region),
                source=source,
                break_glass=chosen.break_glass,
                provider_arn=github.arn,
                reads_arn=reads.arn,
                writes_arn=writes.arn,
                boundary_arn=most.arn,
                state_arn=state.arn,
                state_key_arn=state.key_arn,
            ),
            plain,
        )
        for one in chosen.environments
    }

    pulumi.export("login", pulumi.Output.concat("s3://", state.bucket, f"?region={region}"))
    pulumi.export("images", dict(images.urls))
    pulumi.export("images_role", push)
    pulumi.export("roles", {name: dict(made.role_arns) for name, made in roles.items()})
    pulumi.export(
        "secrets_providers",
        {
            one.name: f"awskms://alias/slipway-{one.name}-secrets?region={region}"
            for one in chosen.environments
        },
    )


_PUSHING = (
    *("BatchCheckLayerAvailability", "BatchGetImage", "CompleteLayerUpload"),
    *("DescribeImageScanFindings", "DescribeImages", "GetDownloadUrlForLayer"),
    *("InitiateLayerUpload", "PutImage", "UploadLayerPart"),
)
