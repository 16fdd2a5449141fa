"""Amazon ECR; AWS: securityhub/latest/userguide/ecr-controls. Repositories are the account's."""

from collections.abc import Iterable

from infra.guardrails.environment import Environment
from infra.guardrails.model import EnvironmentRule, Resource, ResourceRule
from infra.guardrails.needs import ON, needs, one_of

REPOSITORY = "aws:ecr/repository:Repository"
LIFECYCLE = "aws:ecr/lifecyclePolicy:LifecyclePolicy"


def _has_a_lifecycle(repository: Resource, environment: Environment) -> Iterable[str]:
    if not environment.belonging(LIFECYCLE, "repository", repository):
        yield "it has no lifecycle policy, it must have one"


RULES = (
    ResourceRule(
        id="ECR.1",
        severity="HIGH",
        title="Images are scanned",
        types=(REPOSITORY,),
        check=needs("imageScanningConfiguration.scanOnPush", ON),
    ),
    ResourceRule(
        id="ECR.2",
        severity="MEDIUM",
        title="Tags can't be moved",
        types=(REPOSITORY,),
        check=needs("imageTagMutability", one_of(["IMMUTABLE"])),
    ),
    EnvironmentRule(
        id="ECR.3",
        severity="MEDIUM",
        title="Images expire by rule",
        types=(REPOSITORY,),
        check=_has_a_lifecycle,
    ),
)
