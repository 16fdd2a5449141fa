"""The one AWS provider: it refuses every account but the environment's own, and tags everything."""

import pulumi_aws as aws

from infra.settings import PROJECT, AwsSettings


def aws_provider(environment: str, settings: AwsSettings) -> aws.Provider:
    """Give it to every component; children inherit it. No tag changes from one run to the next."""
    return aws.Provider(
        "aws",
        region=settings.region,
        allowed_account_ids=[settings.account_id],
        default_tags=aws.ProviderDefaultTagsArgs(
            tags={"environment": environment, "managed-by": "pulumi", "project": PROJECT}
        ),
    )
