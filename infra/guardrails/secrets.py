"""AWS Secrets Manager and ACM; AWS: securityhub/latest/userguide/secretsmanager-controls."""

from collections.abc import Iterable

from infra.guardrails.environment import Environment
from infra.guardrails.inputs import Inputs
from infra.guardrails.model import EnvironmentRule, Resource, ResourceRule
from infra.guardrails.needs import Allowed, needs, wrong

SECRET = "aws:secretsmanager/secret:Secret"  # noqa: S105 (a type)
ROTATION = "aws:secretsmanager/secretRotation:SecretRotation"
CERTIFICATE = "aws:acm/certificate:Certificate"
_MOST_DAYS = 90
_STRONG = Allowed("at least 2048 bits of RSA, or not given", lambda one: one != "RSA_1024")


def _rotates(secret: Resource, environment: Environment) -> Iterable[str]:
    if not environment.belonging(ROTATION, "secretId", secret):
        yield "it has no automatic rotation, it must have one"


def _often(inputs: Inputs) -> Iterable[str]:
    # A schedule instead of days says the same in too many ways to be read here.
    days = inputs.at("rotationRules.automaticallyAfterDays")
    if not isinstance(days, int) or not 1 <= days <= _MOST_DAYS:
        yield wrong("rotationRules.automaticallyAfterDays", days, f"1 to {_MOST_DAYS}")


RULES = (
    ResourceRule(
        id="ACM.2",
        severity="HIGH",
        title="A certificate's key is long enough",
        types=(CERTIFICATE,),
        check=needs("keyAlgorithm", _STRONG),
    ),
    EnvironmentRule(
        id="SecretsManager.1",
        severity="MEDIUM",
        title="A secret is rotated automatically",
        types=(SECRET,),
        check=_rotates,
    ),
    ResourceRule(
        id="SecretsManager.4",
        severity="MEDIUM",
        title="A rotation happens every 90 days or more often",
        types=(ROTATION,),
        check=_often,
    ),
)
