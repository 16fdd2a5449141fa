"""Where images are kept: by digest, scanned as they arrive, and never deleted while in use."""

import json
from collections.abc import Mapping

import pulumi
import pulumi_aws as aws

REPOSITORIES = ("app", "nginx", "pgbouncer")
# What main has built is tagged so (pipeline/build.py), and what a pull request has built so.
BUILT, SCRATCH = "tree-", "pr-"
_SCRATCH_DAYS = 14
# As many as a repository takes (ECR endpoints and quotas).
_ALL = 100_000


class Images(pulumi.ComponentResource):
    """A repository for each image. A tag is set once.

    ECR can't see which digest runs, or may be rolled back to; so only what pull requests have built
    is ever deleted, and nothing that main has built as well: what one rule selects, no later rule
    deletes (ECR user guide, "Lifecycle policies").
    """

    urls: Mapping[str, pulumi.Output[str]]
    """By image, the address to push it to."""

    def __init__(self, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("slipway:bootstrap:Images", name, None, opts)
        child = pulumi.ResourceOptions(parent=self)
        urls = {}
        for image in REPOSITORIES:
            repository = aws.ecr.Repository(
                f"{name}-{image}",
                name=f"slipway/{image}",  # stack files and roles name it
                image_tag_mutability="IMMUTABLE",
                image_scanning_configuration=aws.ecr.RepositoryImageScanningConfigurationArgs(
                    scan_on_push=True
                ),
                force_delete=False,
                opts=child,
            )
            aws.ecr.LifecyclePolicy(
                f"{name}-{image}-lifecycle",
                repository=repository.name,
                policy=json.dumps(_LIFECYCLE),
                opts=child,
            )
            urls[image] = repository.repository_url
        self.urls = urls
        self.register_outputs({"urls": urls})


_LIFECYCLE = {
    "rules": [
        {
            "rulePriority": 1,
            "description": "What main has built stays",
            "selection": {
                "tagStatus": "tagged",
                "tagPrefixList": [BUILT],
                "countType": "imageCountMoreThan",
                "countNumber": _ALL,
            },
            "action": {"type": "expire"},
        },
        {
            "rulePriority": 2,
            "description": f"What pull requests have built goes after {_SCRATCH_DAYS} days",
            "selection": {
                "tagStatus": "tagged",
                "tagPrefixList": [SCRATCH],
                "countType": "sinceImagePushed",
                "countUnit": "days",
                "countNumber": _SCRATCH_DAYS,
            },
            "action": {"type": "expire"},
        },
    ]
}
