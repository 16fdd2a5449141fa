"""Amazon DynamoDB; AWS: securityhub/latest/userguide/dynamodb-controls."""

from infra.guardrails.model import ResourceRule
from infra.guardrails.needs import ON, needs, one_of

TABLE = "aws:dynamodb/table:Table"

RULES = (
    ResourceRule(
        id="DynamoDB.1",
        severity="MEDIUM",
        title="A table's capacity follows demand",
        types=(TABLE,),
        check=needs("billingMode", one_of(["PAY_PER_REQUEST"])),
    ),
    ResourceRule(
        id="DynamoDB.2",
        severity="MEDIUM",
        title="A table can be restored to a point in time",
        types=(TABLE,),
        check=needs("pointInTimeRecovery.enabled", ON),
    ),
    ResourceRule(
        id="DynamoDB.6",
        severity="MEDIUM",
        title="A table is protected from deletion",
        types=(TABLE,),
        check=needs("deletionProtectionEnabled", ON),
    ),
)
