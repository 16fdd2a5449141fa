"""AWS Backup; AWS: securityhub/latest/userguide/backup-controls, and rds- and dynamodb-controls."""

from collections.abc import Iterable

from infra.backup_tags import TAG
from infra.guardrails.dynamodb import TABLE
from infra.guardrails.environment import Environment
from infra.guardrails.model import EnvironmentRule, Resource, ResourceRule
from infra.guardrails.needs import gives, wrong
from infra.guardrails.rds import INSTANCE

VAULT = "aws:backup/vault:Vault"
SELECTION = "aws:backup/selection:Selection"


def _is_selected(resource: Resource, environment: Environment) -> Iterable[str]:
    selected = {
        equal["value"]
        for selection in environment.every(SELECTION)
        for condition in selection.inputs.every("conditions")
        for equal in condition.every("stringEquals")
        if equal["key"] == f"aws:ResourceTag/{TAG}"
    }
    value = resource.inputs.at(f"tags.{TAG}")
    if value not in selected:
        listed = " or ".join(sorted(selected)) or "one that a backup plan selects"
        yield wrong(f"tags.{TAG}", value, listed)


def _database_is_selected(instance: Resource, environment: Environment) -> Iterable[str]:
    # What a replica holds is backed up with the primary.
    if not instance.inputs.has("replicateSourceDb"):
        yield from _is_selected(instance, environment)


RULES = (
    ResourceRule(
        id="Backup.1",
        severity="MEDIUM",
        title="A vault has a key for its recovery points",
        types=(VAULT,),
        check=gives("kmsKeyArn"),
    ),
    EnvironmentRule(
        id="DynamoDB.4",
        severity="MEDIUM",
        title="A table is in a backup plan",
        types=(TABLE,),
        check=_is_selected,
    ),
    EnvironmentRule(
        id="RDS.26",
        severity="MEDIUM",
        title="A database is in a backup plan",
        types=(INSTANCE,),
        check=_database_is_selected,
    ),
)
