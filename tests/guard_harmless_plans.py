"""Plans that must pass without a word."""

from guard.decide.changes import OWNER_TAG
from guard.decide.step import UNKNOWN
from tests.guard_plans import (
    ALONE,
    BACKUPS,
    BALANCER,
    BUCKET,
    BUCKET_POLICY,
    CACHE,
    DATABASE,
    ENDPOINT,
    FLOOR,
    GROUP,
    INGRESS,
    KEY,
    LIFECYCLE,
    LISTENER,
    LOGS,
    OF_SERVICE,
    OF_TARGET,
    ONE,
    PARAMETER,
    POLICY,
    PROVIDER,
    RECORD,
    ROLE,
    ROUTE,
    RULE,
    SERVICE,
    TABLE,
    TARGET,
    TASK,
    TOKEN,
    VERSION,
    VERSIONING,
    days,
)
from tests.previews import Digest, digest, first, protection, renamed, step, update

GOOD: dict[str, Digest] = {
    "a revision, its parts shown": digest(
        step("create-replacement", TASK, "blueprint", paths=["cpu"]),
        step("replace", TASK, "blueprint", paths=["cpu"]),
        step("delete-replaced", TASK, "blueprint"),
    ),
    "an alarm deleted": digest(step("delete", "aws:cloudwatch/metricAlarm:MetricAlarm", "slow")),
    "a function replaced": digest(step("replace", "aws:lambda/function:Function", "watcher")),
    "an alarm that changes, and not what": digest(
        step("update", "aws:cloudwatch/metricAlarm:MetricAlarm", "slow")
    ),
    "a way to AWS in a network that is new": digest(
        step("create", ENDPOINT, "ecr", new={"vpcId": UNKNOWN})
    ),
    "tags that the provider leaves alone": digest(update(PROVIDER, "aws", {}, {}, "ignoreTags")),
    "a type that nobody knows, left as it is": digest(step("same", "aws:new/thing:Thing", "main")),
    "another token in a rule that names its one group": digest(
        update(RULE, "web-test-blue", ALONE, ALONE, TOKEN)
    ),
    "another token for probes": digest(update(RULE, "web-test-blue", ONE, ONE, TOKEN)),
    "a test rule's tag": digest(update(RULE, "web-test-blue", ONE, ONE, "tags.team")),
    "rules of a new environment": first(
        step("create", RULE, "web-test-blue", new=ONE), step("create", LISTENER, "web")
    ),
    "slots of a new environment": first(
        step("create", SERVICE, "blue", new={"loadBalancers": [{}]}, ignores=OF_SERVICE),
        step("create", TARGET, "blue", ignores=OF_TARGET),
    ),
    "a service that nobody asks": digest(step("create", SERVICE, "worker", ignores=OF_SERVICE)),
    "a floor on weekdays": digest(
        step("create", FLOOR, "blue-floor", new={"scalableTargetAction": {"minCapacity": 6}}),
        update(
            FLOOR,
            "green-floor",
            {},
            {"scalableTargetAction": {"minCapacity": 4}},
            "scalableTargetAction.minCapacity",
            "schedule",
        ),
    ),
    "a bucket with all that belongs to it": digest(
        step("create", BUCKET, "uploads"),
        *(
            step("create", type_, "uploads", new={"bucket": UNKNOWN})
            for type_ in (BUCKET_POLICY, LIFECYCLE, VERSIONING)
        ),
    ),
    "a role with what it may do": digest(
        step("create", ROLE, "worker"), step("create", POLICY, "worker", new={"role": UNKNOWN})
    ),
    "a zone more": digest(step("create", ROUTE, "private-d", new={"routeTableId": UNKNOWN})),
    "names of their own": digest(
        step("create", RECORD, "www", new={"allowOverwrite": False}),
        step("create", RECORD, "mail"),
        step("create", PARAMETER, "worker", new={"overwrite": False}),
    ),
    "longer kept": digest(
        update(LIFECYCLE, "logs", days(7), days(8), "rules[0].expiration.days"),
        update(LIFECYCLE, "same", days(7), days(7), "rules[0].expiration.days", "tags.team"),
        update(
            BACKUPS,
            "daily",
            {"rules": [{"lifecycle": {"deleteAfter": 7}}]},
            {"rules": [{"lifecycle": {"deleteAfter": 30}}]},
            "rules[0].lifecycle.deleteAfter",
        ),
    ),
    "switched to what is safer": digest(
        update(DATABASE, "main", {}, {"deletionProtection": True}, "deletionProtection"),
        update(DATABASE, "main", {}, {"skipFinalSnapshot": False}, "skipFinalSnapshot"),
        update(DATABASE, "main", {}, {"deleteAutomatedBackups": False}, "deleteAutomatedBackups"),
        update(BUCKET, "web", {}, {"forceDestroy": False}, "forceDestroy"),
        update(TABLE, "t", {}, {"deletionProtectionEnabled": True}, "deletionProtectionEnabled"),
        update(BALANCER, "web", {}, {"enableDeletionProtection": True}, "enableDeletionProtection"),
        update(KEY, "key", {}, {"isEnabled": True}, "isEnabled"),
    ),
    "protected from now on": digest(protection(DATABASE, "main", before=False, after=True)),
    "protected from now on, whatever it leaves alone": digest(
        protection(SERVICE, "blue", before=False, after=True)
    ),
    "still protected": digest(
        protection(DATABASE, "main", before=True, after=True, op="refresh"),
        protection("aws:sns/topic:Topic", "alerts", before=True, after=False),
        protection(PROVIDER, "aws", before=True, after=False),
    ),
    "called otherwise, with an alias": digest(
        renamed(
            update(
                GROUP,
                "web-cyan",
                {"tags": {OWNER_TAG: "cutover"}},
                {"tags": {OWNER_TAG: "cutover", "team": "a"}},
                "tags.team",
            ),
            "web-blue",
        )
    ),
    "another version of the provider": digest(update(PROVIDER, "aws", {}, {}, "version")),
    "a second listener": digest(step("create", LISTENER, "web-next")),
    "a team's tag on a target group": digest(
        update(
            GROUP,
            "web-blue",
            {"tags": {OWNER_TAG: "cutover"}},
            {"tags": {OWNER_TAG: "cutover", "team": "a"}},
            "tags.team",
        )
    ),
    "the balancer's logs": digest(update(BALANCER, "web", {}, {}, "accessLogs.bucket")),
    "a deployment's shape": digest(
        step("update", SERVICE, "blue", paths=["deploymentMaximumPercent"], ignores=OF_SERVICE)
    ),
    "a higher ceiling": digest(
        update(
            TARGET, "blue", {"maxCapacity": 4}, {"maxCapacity": 5}, "maxCapacity", ignores=OF_TARGET
        )
    ),
    "the same ceiling": digest(
        update(
            TARGET, "blue", {"maxCapacity": 4}, {"maxCapacity": 4}, "maxCapacity", ignores=OF_TARGET
        )
    ),
    "a scalable target's tags": digest(
        step("update", TARGET, "blue", paths=["tagsAll.team"], ignores=OF_TARGET)
    ),
    "a new way in": digest(step("create", INGRESS, "tasks-from-balancer")),
    "a security group's description": digest(
        update(INGRESS, "tasks-from-balancer", {}, {}, "description")
    ),
    "logs kept longer": digest(update(LOGS, "app", {}, {}, "retentionInDays")),
    "another password": digest(
        step("replace", "random:index/randomPassword:RandomPassword", "redis"),
        step("replace", VERSION, "redis-url", paths=["secretString"]),
    ),
    "more backups": digest(
        update(
            DATABASE,
            "main",
            {"backupRetentionPeriod": 7},
            {"backupRetentionPeriod": 8},
            "backupRetentionPeriod",
        )
    ),
    "enhanced monitoring": digest(update(DATABASE, "main", {}, {}, "monitoringInterval")),
    "another node": digest(
        update(CACHE, "redis", {"numCacheClusters": 1}, {"numCacheClusters": 2}, "numCacheClusters")
    ),
    "as many snapshots": digest(
        update(
            CACHE,
            "redis",
            {"snapshotRetentionLimit": 1},
            {"snapshotRetentionLimit": 1},
            "snapshotRetentionLimit",
        )
    ),
    "the cache's description": digest(update(CACHE, "redis", {}, {}, "description")),
    "a component goes": digest(step("delete", "platform:infra:Part", "web", custom=False)),
    "default tags": digest(update("pulumi:providers:aws", "aws", {}, {}, "defaultTags")),
    "a record's time to live": digest(update("aws:route53/record:Record", "web", {}, {}, "ttl")),
    "a role's description": digest(update(ROLE, "app", {}, {}, "description")),
    "a key's rotation": digest(update(KEY, "key", {}, {}, "enableKeyRotation")),
    "the cluster's insights": digest(
        update("aws:ecs/cluster:Cluster", "web", {}, {}, "settings[0].value")
    ),
    "the contract's value": digest(
        update("aws:ssm/parameter:Parameter", "contract", {}, {}, "value")
    ),
    "pending replacements forgotten": digest(step("remove-pending-replace", DATABASE, "main")),
}
