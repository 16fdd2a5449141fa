"""Amazon ElastiCache; AWS: securityhub/latest/userguide/elasticache-controls."""

from collections.abc import Iterable

from infra.guardrails.inputs import Inputs
from infra.guardrails.model import ResourceRule
from infra.guardrails.needs import ON, at_least, gives, needs, none_of

GROUP = "aws:elasticache/replicationGroup:ReplicationGroup"
# Users and groups came with this version; before it AWS asks for AUTH.
_FIRST_WITH_USERS = 6


def _asks_for_a_login(inputs: Inputs) -> Iterable[str]:
    major = str(inputs.at("engineVersion")).partition(".")[0]
    is_old = major.isdigit() and int(major) < _FIRST_WITH_USERS
    yield from gives("authToken" if is_old else "userGroupIds")(inputs)


RULES = (
    ResourceRule(
        id="ElastiCache.1",
        severity="HIGH",
        title="Automatic backups are kept",
        types=(GROUP,),
        check=needs("snapshotRetentionLimit", at_least(1)),
    ),
    ResourceRule(
        id="ElastiCache.2",
        severity="HIGH",
        title="Minor versions are upgraded automatically",
        types=(GROUP,),
        check=needs("autoMinorVersionUpgrade", ON),
    ),
    ResourceRule(
        id="ElastiCache.3",
        severity="MEDIUM",
        title="A replica takes over automatically",
        types=(GROUP,),
        check=needs("automaticFailoverEnabled", ON),
    ),
    ResourceRule(
        id="ElastiCache.4",
        severity="MEDIUM",
        title="A cache is encrypted at rest",
        types=(GROUP,),
        check=needs("atRestEncryptionEnabled", ON),
    ),
    ResourceRule(
        id="ElastiCache.5",
        severity="MEDIUM",
        title="A cache is encrypted in transit",
        types=(GROUP,),
        check=needs("transitEncryptionEnabled", ON),
    ),
    ResourceRule(
        id="ElastiCache.6",
        severity="MEDIUM",
        title="A cache asks for a login (ours: from version 6 on by user group)",
        types=(GROUP,),
        check=_asks_for_a_login,
    ),
    ResourceRule(
        id="ElastiCache.7",
        severity="HIGH",
        title="A cache is not in the default subnets",
        types=(GROUP,),
        check=needs("subnetGroupName", none_of("default")),
    ),
)
