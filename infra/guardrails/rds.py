"""Amazon RDS, what one instance's inputs tell; AWS: securityhub/latest/userguide/rds-controls."""

from collections.abc import Iterable

from infra.guardrails.inputs import Inputs
from infra.guardrails.model import ResourceRule
from infra.guardrails.needs import OFF, ON, at_least, gives, holding, needs, none_of

INSTANCE = "aws:rds/instance:Instance"
_DEFAULT_PORTS = (1433, 1521, 3306, 5432, 50000)
_DEFAULT_NAMES = ("admin", "postgres", "root", "sa")


def _monitored(inputs: Inputs) -> Iterable[str]:
    yield from needs("monitoringInterval", at_least(1))(inputs)
    yield from gives("monitoringRoleArn")(inputs)


def _backed_up(inputs: Inputs) -> Iterable[str]:
    # AWS leaves replicas out: their source is what is backed up.
    if not inputs.has("replicateSourceDb"):
        yield from needs("backupRetentionPeriod", at_least(7))(inputs)


def _own_login(inputs: Inputs) -> Iterable[str]:
    # A replica has its source's.
    if not inputs.has("replicateSourceDb"):
        yield from needs("username", none_of(*_DEFAULT_NAMES))(inputs)


RULES = (
    ResourceRule(
        id="RDS.2",
        severity="CRITICAL",
        title="An instance is not reachable from the internet",
        types=(INSTANCE,),
        check=needs("publiclyAccessible", OFF),
    ),
    ResourceRule(
        id="RDS.3",
        severity="MEDIUM",
        title="An instance's storage is encrypted",
        types=(INSTANCE,),
        check=needs("storageEncrypted", ON),
    ),
    ResourceRule(
        id="RDS.5",
        severity="MEDIUM",
        title="An instance has a standby in a second zone",
        types=(INSTANCE,),
        check=needs("multiAz", ON),
    ),
    ResourceRule(
        id="RDS.6",
        severity="LOW",
        title="Enhanced monitoring is on",
        types=(INSTANCE,),
        check=_monitored,
    ),
    ResourceRule(
        id="RDS.8",
        severity="LOW",
        title="An instance is protected from deletion",
        types=(INSTANCE,),
        check=needs("deletionProtection", ON),
    ),
    ResourceRule(
        id="RDS.9",
        severity="MEDIUM",
        title="An instance's logs go to CloudWatch",
        types=(INSTANCE,),
        check=needs("enabledCloudwatchLogsExports", holding("postgresql", "upgrade")),
    ),
    ResourceRule(
        id="RDS.10",
        severity="MEDIUM",
        title="An instance takes logins by IAM",
        types=(INSTANCE,),
        check=needs("iamDatabaseAuthenticationEnabled", ON),
    ),
    ResourceRule(
        id="RDS.11",
        severity="MEDIUM",
        title="Automatic backups are kept for a week or longer",
        types=(INSTANCE,),
        check=_backed_up,
    ),
    ResourceRule(
        id="RDS.13",
        severity="HIGH",
        title="Minor versions are upgraded automatically",
        types=(INSTANCE,),
        check=needs("autoMinorVersionUpgrade", ON),
    ),
    ResourceRule(
        id="RDS.17",
        severity="LOW",
        title="Snapshots carry the instance's tags",
        types=(INSTANCE,),
        check=needs("copyTagsToSnapshot", ON),
    ),
    ResourceRule(
        id="RDS.23",
        severity="LOW",
        title="The port is not the engine's default",
        types=(INSTANCE,),
        check=needs("port", none_of(*_DEFAULT_PORTS)),
    ),
    ResourceRule(
        id="RDS.25",
        severity="MEDIUM",
        title="The owner's login is not the engine's default",
        types=(INSTANCE,),
        check=_own_login,
    ),
    ResourceRule(
        id="RDS.36",
        severity="MEDIUM",
        title="PostgreSQL's log goes to CloudWatch",
        types=(INSTANCE,),
        check=needs("enabledCloudwatchLogsExports", holding("postgresql")),
    ),
)
