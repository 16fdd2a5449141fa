"""AWS Backup; AWS: securityhub/latest/userguide/backup-controls."""

from infra.guardrails.model import ResourceRule
from infra.guardrails.needs import gives

VAULT = "aws:backup/vault:Vault"

RULES = (
    ResourceRule(
        id="Backup.1",
        severity="MEDIUM",
        title="A vault has a key for its recovery points",
        types=(VAULT,),
        check=gives("kmsKeyArn"),
    ),
)
