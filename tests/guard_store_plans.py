"""Plans that lose data, or what would keep it, or stop a store."""

from guard.decide.step import UNKNOWN
from tests.guard_plans import (
    BACKUPS,
    BUCKET,
    CACHE,
    DATABASE,
    LIFECYCLE,
    TABLE,
    VERSIONING,
    at_once,
    days,
    no_way,
    number,
    unprotected,
)
from tests.previews import Digest, digest, protection, put, step, update

REFUSED: dict[str, tuple[Digest, list[str]]] = {
    "protection taken off": (
        digest(protection(DATABASE, "main", before=True, after=False)),
        ["data:main"],
    ),
    "protection taken off by the way": (
        unprotected(no_way(DATABASE, "main", "tags.team")),
        ["data:main"],
    ),
    "what was protected, deleted": (
        unprotected(digest(step("delete", DATABASE, "main"))),
        ["data:main"],
    ),
    "a page that expires": (
        digest(step("create", LIFECYCLE, "tidy", new={"bucket": "frontend-1", **days(1)})),
        ["data:tidy"],
    ),
    "less long kept": (
        digest(update(LIFECYCLE, "logs", days(8), days(7), "rules[0].expiration.days")),
        ["data:logs"],
    ),
    "kept as long as nobody knows": (
        digest(update(LIFECYCLE, "logs", days(8), days(UNKNOWN), "rules[0].expiration.days")),
        ["data:logs"],
    ),
    "thrown away by another rule": (
        digest(update(LIFECYCLE, "logs", days(8), days(9), "rules[0].expiration.days", "rules[1]")),
        ["data:logs"],
    ),
    "thrown away by the bucket's own rule": (
        no_way(BUCKET, "frontend", "lifecycleRules[0].expiration.days"),
        ["data:frontend"],
    ),
    "no more versions, by another's setting": (
        digest(step("create", VERSIONING, "again", new={"bucket": "frontend-1"})),
        ["data:again"],
    ),
    "no more copies": (
        digest(step("delete", "aws:backup/selection:Selection", "all")),
        ["data:all"],
    ),
    "less long backed up": (
        digest(
            update(
                BACKUPS,
                "daily",
                {"rules": [{"lifecycle": {"deleteAfter": 30}}]},
                {"rules": [{"lifecycle": {"deleteAfter": 7}}]},
                "rules[0].lifecycle.deleteAfter",
            )
        ),
        ["data:daily"],
    ),
    "the database called otherwise": (no_way(DATABASE, "main", "identifier"), ["cut-off:main"]),
    "the database's password": (no_way(DATABASE, "main", "password"), ["cut-off:main"]),
    "a database changed by a second one": (
        digest(
            update(DATABASE, "main", {}, {"blueGreenUpdate": {"enabled": True}}, "instanceClass")
        ),
        ["downtime:main"],
    ),
    "fewer shards": (number(CACHE, "numNodeGroups", 2, 1), ["downtime:main"]),
    "fewer replicas": (number(CACHE, "replicasPerNodeGroup", 2, 1), ["downtime:main"]),
    "a database restarted now": (at_once(DATABASE, "instanceClass"), ["downtime:main"]),
    "what waited for the window": (at_once(DATABASE, "applyImmediately"), ["downtime:main"]),
    "the database's port": (no_way(DATABASE, "main", "port"), ["downtime:main"]),
    "a database anybody may delete": (
        no_way(DATABASE, "main", "deletionProtection"),
        ["data:main"],
    ),
    "no last snapshot": (no_way(DATABASE, "main", "skipFinalSnapshot"), ["data:main"]),
    "backups that go along": (no_way(DATABASE, "main", "deleteAutomatedBackups"), ["data:main"]),
    "fewer backups": (number(DATABASE, "backupRetentionPeriod", 7, 1), ["data:main"]),
    "the database's way": (no_way(DATABASE, "main", "vpcSecurityGroupIds[0]"), ["cut-off:main"]),
    "a cache restarted now": (at_once(CACHE, "nodeType"), ["downtime:main"]),
    "fewer nodes": (number(CACHE, "numCacheClusters", 2, 1), ["downtime:main"]),
    "fewer snapshots": (number(CACHE, "snapshotRetentionLimit", 2, 1), ["data:main"]),
    "the cache's users": (no_way(CACHE, "redis", "userGroupIds[0]"), ["cut-off:redis"]),
    "the cache's way": (no_way(CACHE, "redis", "securityGroupIds[0]"), ["cut-off:redis"]),
    "a bucket easily emptied": (no_way(BUCKET, "frontend", "forceDestroy"), ["data:frontend"]),
    "no more versions": (
        no_way("aws:s3/bucketVersioning:BucketVersioning", "f", "versioningConfiguration.status"),
        ["data:f"],
    ),
    "no way back in the table": (no_way(TABLE, "cutover", "pointInTimeRecovery"), ["data:cutover"]),
    "a table anybody may delete": (
        no_way(TABLE, "cutover", "deletionProtectionEnabled"),
        ["data:cutover"],
    ),
    "a replacement called an update": (
        digest(step("update", TABLE, "t", paths={"hashKey": "update-replace"})),
        ["data:t"],
    ),
    "an update with reasons to replace": (
        put(no_way(TABLE, "t", "tags.team"), ["hashKey"], "steps", 1, "replaceReasons"),
        ["data:t"],
    ),
}
