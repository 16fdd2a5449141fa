"""The guard refuses what hurts what is serving, and nothing else: by a corpus of plans."""

import json

import pytest

from guard.decide.changes import OWNER_TAG
from guard.decide.kinds import KINDS
from guard.decide.ordinary import ORDINARY
from guard.decide.rules import RULES
from guard.decide.step import SECRET as HIDDEN
from guard.decide.step import UNKNOWN
from guard.decide.verdict import Verdict, judge
from guard.errors import NotAPlan
from guard.preview import read_preview
from rehearsal.synthetic import declared
from tests.environments import STACKS, recorded
from tests.previews import (
    NAMES,
    STACK,
    Digest,
    digest,
    first,
    protection,
    put,
    renamed,
    sample,
    step,
    update,
)

RULE = "aws:lb/listenerRule:ListenerRule"
LISTENER = "aws:lb/listener:Listener"
GROUP = "aws:lb/targetGroup:TargetGroup"
BALANCER = "aws:lb/loadBalancer:LoadBalancer"
DISTRIBUTION = "aws:cloudfront/distribution:Distribution"
SERVICE = "aws:ecs/service:Service"
TASK = "aws:ecs/taskDefinition:TaskDefinition"
TARGET = "aws:appautoscaling/target:Target"
DATABASE = "aws:rds/instance:Instance"
CACHE = "aws:elasticache/replicationGroup:ReplicationGroup"
BUCKET = "aws:s3/bucket:Bucket"
TABLE = "aws:dynamodb/table:Table"
KEY = "aws:kms/key:Key"
SECRET = "aws:secretsmanager/secret:Secret"
VERSION = "aws:secretsmanager/secretVersion:SecretVersion"
ROLE = "aws:iam/role:Role"
LOGS = "aws:cloudwatch/logGroup:LogGroup"
INGRESS = "aws:vpc/securityGroupIngressRule:SecurityGroupIngressRule"
PROVIDER = "pulumi:providers:aws"
FLOOR = "aws:appautoscaling/scheduledAction:ScheduledAction"
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
BUCKET_POLICY = "aws:s3/bucketPolicy:BucketPolicy"
VERSIONING = "aws:s3/bucketVersioning:BucketVersioning"
BACKUPS = "aws:backup/plan:Plan"
POLICY = "aws:iam/rolePolicy:RolePolicy"
USER = "aws:elasticache/user:User"
RECORD = "aws:route53/record:Record"
PARAMETER = "aws:ssm/parameter:Parameter"
ROUTE = "aws:ec2/route:Route"
ENDPOINT = "aws:ec2/vpcEndpoint:VpcEndpoint"
OF_SERVICE = ("taskDefinition", "desiredCount")
OF_TARGET = ("minCapacity", "suspendedState")

TWO = {"actions": [{"type": "forward", "forward": {"targetGroups": [{"arn": "b"}, {"arn": "g"}]}}]}
ONE = {"actions": [{"type": "forward", "targetGroupArn": "b"}]}
TOKEN = "conditions[0].httpHeader.values[0]"


def days(number: object) -> dict[str, object]:
    return {"rules": [{"expiration": {"days": number}}]}


def grants(*actions: str, effect: str = "Allow", resource: str = "*") -> dict[str, object]:
    """The inputs of a policy of one statement."""
    statement = {"Effect": effect, "Action": [*actions], "Resource": resource}
    return {"policy": json.dumps({"Version": "2012-10-17", "Statement": [statement]})}


READS, WRITES = "s3:GetObject", "s3:PutObject"


def verdict_of(plan: Digest, *allowances: str) -> Verdict:
    return judge(read_preview(json.dumps(plan), "preview.json", STACK), allowances)


def keys(plan: Digest) -> list[str]:
    """What is refused, and what is told in brackets."""
    verdict = verdict_of(plan)
    assert verdict.allowed == ()
    return [one.key for one in verdict.refused] + [f"({one.key})" for one in verdict.told]


# Real plans of the engine: what the guard must say of each. None: it is no plan.
SAMPLES: dict[str, list[str] | None] = {
    "certificate": ["edge:web"],
    "database-removed": ["data:main"],
    "database-replaced": ["data:main"],
    "database-size": ["(window:main)"],
    "database-version": ["(window:main)"],
    "deregistration": ["(drain:web-blue)", "(drain:web-green)"],
    "first-preview": [],
    "listener-default": ["edge:web"],
    "no-changes": [],
    "program-error": None,
    "protected-database-replaced": None,
    "refresh-after-cutover": [],
    "rule-priority": ["edge:web-traffic"],
    "rule-removed": ["edge:web-traffic"],
    "secret-renamed": ["next-start:secret-key"],
    "service-subnets": ["restarts-slot:blue", "restarts-slot:green"],
    "tags-only": [],
    "target-group-port": ["edge:web-green"],
    "task-definition": [],
    "vpc-replaced": ["cut-off:web", "edge:web-green", "edge:web-blue"],
    "weights-ignored": [],
    "weights-not-ignored": ["cutover-owns:web-traffic", "cutover-owns:web-traffic"],
}

# Plans that must pass without a word.
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

# Plans that pass, of which people are told.
TOLD: dict[str, tuple[Digest, list[str]]] = {
    "who may use the key": (digest(update(KEY, "key", {}, {}, "policy")), ["(access:key)"]),
    "what a role may do": (
        digest(update("aws:iam/rolePolicy:RolePolicy", "slot", {}, {}, "policy")),
        ["(access:slot)"],
    ),
    "what is cached": (
        digest(update(DISTRIBUTION, "web", {}, {}, "defaultCacheBehavior.cachePolicyId")),
        ["(at-once:web)"],
    ),
    "a user of two generations ago": (
        digest(step("delete", "aws:elasticache/user:User", "redis-1")),
        ["(access:redis-1)"],
    ),
    "more granted": (
        digest(update(POLICY, "slot", grants(READS), grants("s3:*"), "policy")),
        ["(access:slot)"],
    ),
    "less denied": (
        digest(
            update(POLICY, "slot", grants(READS, effect="Deny"), grants(WRITES), "policy"),
        ),
        ["(access:slot)"],
    ),
    "granted, and nobody knows to what": (
        digest(update(POLICY, "slot", grants(READS), {"policy": UNKNOWN}, "policy")),
        ["(access:slot)"],
    ),
    "a policy beside another": (
        digest(step("create", POLICY, "more", new={"role": "slot-1a2b3c4"})),
        ["(access:more)"],
    ),
    "an endpoint, whose names count at once": (
        digest(step("create", ENDPOINT, "ecr", new={"vpcId": "vpc-1"})),
        ["(at-once:ecr)"],
    ),
    "a parameter of the database": (
        digest(update("aws:rds/parameterGroup:ParameterGroup", "main", {}, {}, "parameters[1]")),
        ["(at-once:main)"],
    ),
    "a second database, switched off": (
        digest(
            update(DATABASE, "main", {}, {"blueGreenUpdate": {"enabled": False}}, "instanceClass")
        ),
        ["(window:main)"],
    ),
    "another maintenance window": (
        digest(update(DATABASE, "main", {}, {"applyImmediately": True}, "maintenanceWindow")),
        ["(window:main)"],
    ),
    "a bigger disk in the window": (
        digest(update(DATABASE, "main", {}, {"applyImmediately": False}, "allocatedStorage")),
        ["(window:main)"],
    ),
    "a bigger cache in the window": (
        digest(update(CACHE, "redis", {}, {"applyImmediately": False}, "nodeType")),
        ["(window:redis)"],
    ),
}


def unprotected(plan: Digest) -> Digest:
    """The same, and its last step takes the protection off."""
    [*before, last] = plan["steps"]
    last["oldState"]["protect"] = True
    return plan | {"steps": [*before, last]}


def no_way(type_: str, name: str, *paths: str, ignores: tuple[str, ...] = ()) -> Digest:
    return digest(step("update", type_, name, paths=paths, ignores=ignores))


def at_once(type_: str, path: str) -> Digest:
    return digest(update(type_, "main", {}, {"applyImmediately": True}, path))


def number(type_: str, prop: str, before: object, after: object) -> Digest:
    return digest(update(type_, "main", {prop: before}, {prop: after}, prop, ignores=OF_TARGET))


BAD: dict[str, tuple[Digest, list[str]]] = {
    "a rule above ours, beside a listener that is new": (
        digest(step("create", RULE, "sneaky", new=ONE), step("create", LISTENER, "decoy")),
        ["edge:sneaky"],
    ),
    "a third service in a slot's target group": (
        digest(
            step("create", SERVICE, "cyan", new={"loadBalancers": [{}]}, ignores=OF_SERVICE),
        ),
        ["edge:cyan"],
    ),
    "a service in a target group that nobody can read": (
        digest(
            step("create", SERVICE, "cyan", new={"loadBalancers": UNKNOWN}, ignores=OF_SERVICE),
        ),
        ["edge:cyan"],
    ),
    "a slot's ceiling registered again": (
        digest(step("create", TARGET, "again", ignores=OF_TARGET)),
        ["restarts-slot:again"],
    ),
    "a ceiling by night": (
        digest(step("create", FLOOR, "night", new={"scalableTargetAction": {"maxCapacity": 0}})),
        ["restarts-slot:night"],
    ),
    "a ceiling by day, changed": (
        digest(
            update(
                FLOOR,
                "day",
                {},
                {"scalableTargetAction": {"maxCapacity": 1}},
                "scalableTargetAction.maxCapacity",
            )
        ),
        ["restarts-slot:day"],
    ),
    "a schedule that nobody can read": (
        digest(step("create", FLOOR, "night", new={"scalableTargetAction": UNKNOWN})),
        ["restarts-slot:night"],
    ),
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
    "called otherwise, and its port changed": (
        digest(renamed(update(GROUP, "cyan", {}, {}, "port"), "blue")),
        ["edge:cyan"],
    ),
    "another account": (
        digest(update(PROVIDER, "aws", {}, {}, "allowedAccountIds", "profile")),
        ["provider:aws"],
    ),
    "AWS from somewhere else": (
        digest(update(PROVIDER, "aws", {}, {}, "endpoints[0].elbv2", "defaultTags")),
        ["provider:aws"],
    ),
    "another region": (
        digest(step("replace", PROVIDER, "aws", paths=["region"])),
        ["provider:aws"],
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
    "a policy over the bucket's own": (
        digest(step("create", BUCKET_POLICY, "again", new={"bucket": "frontend-1"})),
        ["cut-off:again"],
    ),
    "the CDN reads no page any more": (
        digest(update(BUCKET_POLICY, "web", grants(READS, WRITES), grants(WRITES), "policy")),
        ["cut-off:web"],
    ),
    "a role that reads no secret any more": (
        digest(
            update(
                POLICY,
                "slot",
                grants("secretsmanager:GetSecretValue", resource="arn:aws:secretsmanager:*:a-*"),
                grants("secretsmanager:GetSecretValue", resource="arn:aws:secretsmanager:*:b-*"),
                "policy",
            )
        ),
        ["next-start:slot"],
    ),
    "a role that is denied": (
        digest(
            update(
                POLICY,
                "slot",
                {"policy": {"Statement": []}},
                grants(READS, effect="Deny"),
                "policy",
            )
        ),
        ["next-start:slot"],
    ),
    "a key that nobody may use": (
        digest(update(KEY, "key", grants("kms:*"), grants("kms:Describe*"), "policy")),
        ["next-start:key"],
    ),
    "a secret that nobody may read": (
        digest(update(SECRET, "key", grants("*"), grants("*", effect="Deny"), "policy")),
        ["next-start:key"],
    ),
    "a stage taken off a secret's value": (
        no_way(VERSION, "key", "versionStages[0]"),
        ["next-start:key"],
    ),
    "another password of a login in use": (
        digest(
            step("replace", "random:index/randomPassword:RandomPassword", "redis"),
            update(USER, "redis", {}, {}, "authenticationMode.passwords[0]"),
        ),
        ["cut-off:redis"],
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
    "the public name taken over": (
        digest(step("create", RECORD, "web", new={"allowOverwrite": True})),
        ["edge:web"],
    ),
    "the contract taken over": (
        digest(step("create", PARAMETER, "contract2", new={"overwrite": True})),
        ["no-way-back:contract2"],
    ),
    "a shorter way to nowhere": (
        digest(step("create", ROUTE, "hole", new={"routeTableId": "rtb-1"})),
        ["cut-off:hole"],
    ),
    "the API's requests to the bucket": (
        no_way(DISTRIBUTION, "web", "orderedCacheBehaviors[0].targetOriginId"),
        ["edge:web"],
    ),
    "no way for the API": (no_way(DISTRIBUTION, "web", "orderedCacheBehaviors[0]"), ["edge:web"]),
    "another way for the API": (
        no_way(DISTRIBUTION, "web", "orderedCacheBehaviors[0].pathPattern"),
        ["edge:web"],
    ),
    "pages from another origin": (
        no_way(DISTRIBUTION, "web", "defaultCacheBehavior.targetOriginId"),
        ["edge:web"],
    ),
    "another certificate at the edge": (
        no_way(DISTRIBUTION, "web", "viewerCertificate.acmCertificateArn"),
        ["edge:web"],
    ),
    "a share of requests to another distribution": (
        no_way(DISTRIBUTION, "web", "continuousDeploymentPolicyId"),
        ["edge:web"],
    ),
    "nobody let in": (
        no_way("aws:wafv2/webAcl:WebAcl", "web", "defaultAction.allow"),
        ["edge:web"],
    ),
    "one country let in": (
        no_way(DISTRIBUTION, "web", "restrictions.geoRestriction.restrictionType"),
        ["edge:web"],
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
    "owners that nobody can read": (
        digest(update(GROUP, "blue", {"tags": HIDDEN}, {"tags": HIDDEN}, "tags")),
        ["edge:blue"],
    ),
    "an owner that nobody can read": (
        digest(
            update(
                LISTENER,
                "web",
                {"tags": {OWNER_TAG: UNKNOWN}},
                {"tags": {OWNER_TAG: UNKNOWN}},
                "tagsAll",
            )
        ),
        ["edge:web"],
    ),
    "a rule above ours": (digest(step("create", RULE, "sneaky", new=ONE)), ["edge:sneaky"]),
    "a rule above ours, imported": (
        digest(step("import", RULE, "sneaky", new=ONE)),
        ["edge:sneaky"],
    ),
    "weights that Pulumi would own": (
        first(step("create", LISTENER, "web"), step("create", RULE, "traffic", new=TWO)),
        ["cutover-owns:traffic"],
    ),
    "a test rule for everybody": (
        digest(update(RULE, "test", ONE, ONE, TOKEN, "conditions[0].pathPattern.values[0]")),
        ["edge:test"],
    ),
    "a test rule for another group": (
        digest(update(RULE, "test", ONE, ONE, "actions[0].targetGroupArn")),
        ["edge:test"],
    ),
    "weights no longer left alone": (
        digest(update(RULE, "traffic", TWO, TWO, "tags.team")),
        ["cutover-owns:traffic"],
    ),
    "the traffic rule's paths": (
        digest(update(RULE, "traffic", TWO, TWO, TOKEN, ignores=["actions"])),
        ["edge:traffic"],
    ),
    "a traffic rule for one group": (
        digest(update(RULE, "traffic", TWO, ONE, "actions[0].targetGroupArn", ignores=["actions"])),
        ["cutover-owns:traffic"],
    ),
    "weights that nobody can read": (
        digest(update(RULE, "traffic", {"actions": UNKNOWN}, ONE, "actions", ignores=["actions"])),
        ["cutover-owns:traffic"],
    ),
    "groups that nobody can read": (
        digest(
            update(RULE, "t", {"actions": [{"forward": {"targetGroups": UNKNOWN}}]}, ONE, "actions")
        ),
        ["cutover-owns:t", "cutover-owns:t"],
    ),
    "a forward that nobody can read": (
        digest(update(RULE, "t", {"actions": [{"forward": UNKNOWN}]}, ONE, "actions")),
        ["cutover-owns:t", "cutover-owns:t"],
    ),
    "an action that nobody can read": (
        digest(update(RULE, "t", {"actions": [UNKNOWN]}, ONE, "actions")),
        ["cutover-owns:t", "cutover-owns:t"],
    ),
    "the traffic rule made anew": (
        digest(step("replace", RULE, "traffic", old=TWO, new=TWO, ignores=["actions"])),
        ["edge:traffic"],
    ),
    "a target group nobody owns": (
        digest(update(GROUP, "blue", {"tags": {OWNER_TAG: "cutover"}}, {"tags": {}}, "tags")),
        ["edge:blue"],
    ),
    "tags that nobody can read": (
        digest(update(GROUP, "blue", {"tags": {OWNER_TAG: "cutover"}}, {"tags": UNKNOWN}, "tags")),
        ["edge:blue"],
    ),
    "a listener's owner": (
        digest(update(LISTENER, "web", {"tags": {OWNER_TAG: "cutover"}}, {}, "tagsAll")),
        ["edge:web"],
    ),
    "a health check": (no_way(GROUP, "blue", "healthCheck.path"), ["edge:blue"]),
    "sessions pinned to slots": (no_way(GROUP, "blue", "stickiness.enabled"), ["edge:blue"]),
    "the balancer replaced": (
        digest(step("replace", BALANCER, "web", paths=["internal"])),
        ["edge:web"],
    ),
    "the balancer's subnets": (no_way(BALANCER, "web", "subnets[0]"), ["edge:web"]),
    "a VPC origin": (
        no_way("aws:cloudfront/vpcOrigin:VpcOrigin", "web", "vpcOriginEndpointConfig.httpsPort"),
        ["edge:web"],
    ),
    "the CDN switched off": (no_way(DISTRIBUTION, "web", "enabled"), ["edge:web"]),
    "other names": (no_way(DISTRIBUTION, "web", "aliases[0]"), ["edge:web"]),
    "other origins": (no_way(DISTRIBUTION, "web", "origins[0].domainName"), ["edge:web"]),
    "a failover's origins": (no_way(DISTRIBUTION, "web", "originGroups[0]"), ["edge:web"]),
    "the name moved": (no_way("aws:route53/record:Record", "web", "aliases[0].name"), ["edge:web"]),
    "another platform": (
        no_way(SERVICE, "blue", "platformVersion", ignores=OF_SERVICE),
        ["restarts-slot:blue"],
    ),
    "another target group": (
        no_way(SERVICE, "blue", "loadBalancers[0].targetGroupArn", ignores=OF_SERVICE),
        ["restarts-slot:blue"],
    ),
    "ECS goes back by itself": (
        no_way(SERVICE, "blue", "deploymentCircuitBreaker.rollback", ignores=OF_SERVICE),
        ["restarts-slot:blue"],
    ),
    "tasks moved between zones": (
        no_way(SERVICE, "blue", "availabilityZoneRebalancing", ignores=OF_SERVICE),
        ["restarts-slot:blue"],
    ),
    "a service replaced": (
        digest(step("replace", SERVICE, "blue", paths=["name"], ignores=OF_SERVICE)),
        ["restarts-slot:blue"],
    ),
    "a service deleted": (digest(step("delete", SERVICE, "blue")), ["restarts-slot:blue"]),
    "the blueprint in a slot": (
        no_way(SERVICE, "blue", "taskDefinition", ignores=OF_SERVICE),
        ["cutover-owns:blue"],
    ),
    "a slot without tasks": (
        no_way(SERVICE, "blue", "desiredCount", ignores=OF_SERVICE),
        ["cutover-owns:blue"],
    ),
    "a service's count no longer left alone": (
        digest(step("update", SERVICE, "blue", paths=["tags.team"], ignores=["taskDefinition"])),
        ["cutover-owns:blue"],
    ),
    "a service that leaves nothing alone": (
        digest(step("create", SERVICE, "blue", ignores=["desiredCount"])),
        ["cutover-owns:blue"],
    ),
    "a floor": (no_way(TARGET, "blue", "minCapacity", ignores=OF_TARGET), ["cutover-owns:blue"]),
    "scaling woken": (
        no_way(TARGET, "blue", "suspendedState.dynamicScalingInSuspended", ignores=OF_TARGET),
        ["cutover-owns:blue"],
    ),
    "a floor no longer left alone": (
        first(step("create", TARGET, "blue", ignores=["suspendedState"])),
        ["cutover-owns:blue"],
    ),
    "suspension no longer left alone": (
        first(step("create", TARGET, "blue", ignores=["minCapacity"])),
        ["cutover-owns:blue"],
    ),
    "a lower ceiling": (number(TARGET, "maxCapacity", 4, 3), ["restarts-slot:main"]),
    "a ceiling nobody knows": (number(TARGET, "maxCapacity", 4, UNKNOWN), ["restarts-slot:main"]),
    "a ceiling nobody knew": (number(TARGET, "maxCapacity", UNKNOWN, 4), ["restarts-slot:main"]),
    "another scalable target": (
        no_way(TARGET, "blue", "resourceId", ignores=OF_TARGET),
        ["restarts-slot:blue"],
    ),
    "a scalable target deleted": (digest(step("delete", TARGET, "blue")), ["restarts-slot:blue"]),
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
    "a key switched off": (no_way(KEY, "key", "isEnabled"), ["next-start:key"]),
    "who may take a role": (no_way(ROLE, "app", "assumeRolePolicy"), ["next-start:app"]),
    "what bounds a role": (no_way(ROLE, "app", "permissionsBoundary"), ["next-start:app"]),
    "who may move traffic": (
        no_way(ROLE, "prod-weights", "assumeRolePolicy"),
        ["weights-role:prod-weights"],
    ),
    "a tag of the role that moves it": (
        no_way(ROLE, "prod-weights", "tags.team"),
        ["weights-role:prod-weights"],
    ),
    "what the role that moves it may": (
        no_way(POLICY, "prod-weights", "policy"),
        ["weights-role:prod-weights"],
    ),
    "a secret without a value": (digest(step("delete", VERSION, "key")), ["next-start:key"]),
    "a blueprint deleted": (digest(step("delete", TASK, "blueprint")), ["no-way-back:blueprint"]),
    "a way in closed": (digest(step("delete", INGRESS, "tasks")), ["cut-off:tasks"]),
    "a way in changed": (no_way(INGRESS, "tasks", "fromPort"), ["cut-off:tasks"]),
    "a replacement by its parts alone": (
        digest(step("delete-replaced", GROUP, "blue")),
        ["edge:blue"],
    ),
    "a replacement called an update": (
        digest(step("update", TABLE, "t", paths={"hashKey": "update-replace"})),
        ["data:t"],
    ),
    "an update with reasons to replace": (
        put(no_way(TABLE, "t", "tags.team"), ["hashKey"], "steps", 1, "replaceReasons"),
        ["data:t"],
    ),
    "a change that only the inputs show": (
        digest(step("update", GROUP, "blue", old={"port": 1, "a": 1}, new={"port": 2, "a": 1})),
        ["edge:blue"],
    ),
    "a change that the reasons tell": (
        put(
            put(no_way(GROUP, "blue", "port"), None, "steps", 1, "detailedDiff"),
            ["port"],
            "steps",
            1,
            "diffReasons",
        ),
        ["edge:blue"],
    ),
    "a change that the reasons add": (
        put(no_way(GROUP, "blue", "tags.team"), ["tags", "port"], "steps", 1, "diffReasons"),
        ["edge:blue"],
    ),
}

# type -> what becomes of its replacement and of its deletion.
LOST: dict[str, tuple[str | None, str | None]] = {
    RULE: ("edge", "edge"),
    LISTENER: ("edge", "edge"),
    GROUP: ("edge", "edge"),
    BALANCER: ("edge", "edge"),
    DISTRIBUTION: ("edge", "edge"),
    "aws:cloudfront/vpcOrigin:VpcOrigin": ("edge", "edge"),
    "aws:cloudfront/cachePolicy:CachePolicy": ("edge", "edge"),
    "aws:cloudfront/function:Function": ("edge", "edge"),
    "aws:cloudfront/originAccessControl:OriginAccessControl": ("edge", "edge"),
    "aws:cloudfront/responseHeadersPolicy:ResponseHeadersPolicy": ("edge", "edge"),
    "aws:wafv2/webAcl:WebAcl": ("edge", "edge"),
    "aws:route53/record:Record": ("edge", "edge"),
    SERVICE: ("restarts-slot", "restarts-slot"),
    TARGET: ("restarts-slot", "restarts-slot"),
    FLOOR: ("restarts-slot", None),
    PROVIDER: ("provider", None),
    LIFECYCLE: ("data", None),
    BACKUPS: (None, "data"),
    "aws:backup/selection:Selection": ("data", "data"),
    "aws:backup/vaultPolicy:VaultPolicy": ("data", "data"),
    "aws:s3/bucketReplicationConfig:BucketReplicationConfig": ("data", "data"),
    "aws:rds/parameterGroup:ParameterGroup": (None, None),
    "aws:elasticache/parameterGroup:ParameterGroup": (None, None),
    "aws:ecs/cluster:Cluster": ("restarts-slot", "restarts-slot"),
    TASK: (None, "no-way-back"),
    "aws:ssm/parameter:Parameter": ("no-way-back", "no-way-back"),
    DATABASE: ("data", "data"),
    CACHE: ("data", "data"),
    "aws:elasticache/userGroup:UserGroup": ("cut-off", "cut-off"),
    USER: ("cut-off", "access"),
    BUCKET: ("data", "data"),
    "aws:s3/bucketVersioning:BucketVersioning": ("data", "data"),
    "aws:s3/bucketPolicy:BucketPolicy": ("cut-off", "cut-off"),
    TABLE: ("data", "data"),
    "aws:backup/vault:Vault": ("data", "data"),
    "aws:backup/vaultLockConfiguration:VaultLockConfiguration": ("data", "data"),
    "aws:rds/instanceAutomatedBackupsReplication:InstanceAutomatedBackupsReplication": (
        "data",
        "data",
    ),
    KEY: ("data", "data"),
    SECRET: ("next-start", "next-start"),
    VERSION: (None, "next-start"),
    ROLE: ("next-start", "next-start"),
    "aws:iam/rolePolicy:RolePolicy": ("next-start", "next-start"),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": ("next-start", "next-start"),
    LOGS: ("next-start", "next-start"),
    **dict.fromkeys(
        (
            "aws:ec2/vpc:Vpc",
            "aws:ec2/subnet:Subnet",
            "aws:ec2/internetGateway:InternetGateway",
            "aws:ec2/natGateway:NatGateway",
            "aws:ec2/eip:Eip",
            "aws:ec2/route:Route",
            "aws:ec2/routeTable:RouteTable",
            "aws:ec2/routeTableAssociation:RouteTableAssociation",
            "aws:ec2/vpcEndpoint:VpcEndpoint",
            "aws:ec2/securityGroup:SecurityGroup",
            INGRESS,
            "aws:vpc/securityGroupEgressRule:SecurityGroupEgressRule",
        ),
        ("cut-off", "cut-off"),
    ),
}

# What a change in place of each property means, beyond the plans above; None: nothing.
CHANGED: list[tuple[str, str, str | None]] = [
    *(
        (SERVICE, prop, None)
        for prop in (
            "deploymentMinimumHealthyPercent",
            "enableEcsManagedTags",
            "enableExecuteCommand",
            "healthCheckGracePeriodSeconds",
            "propagateTags",
            "waitForSteadyState",
            "tags",
            "tagsAll",
        )
    ),
    *(
        (DATABASE, prop, None)
        for prop in (
            "allowMajorVersionUpgrade",
            "autoMinorVersionUpgrade",
            "backupWindow",
            "copyTagsToSnapshot",
            "databaseInsightsMode",
            "enabledCloudwatchLogsExports",
            "finalSnapshotIdentifier",
            "maxAllocatedStorage",
            "monitoringRoleArn",
            "tags",
            "performanceInsightsEnabled",
            "performanceInsightsRetentionPeriod",
        )
    ),
    (DATABASE, "networkType", "cut-off"),
    (DATABASE, "multiAz", "window"),
    *(
        (CACHE, prop, None)
        for prop in (
            "autoMinorVersionUpgrade",
            "finalSnapshotIdentifier",
            "logDeliveryConfigurations",
            "notificationTopicArn",
            "snapshotWindow",
            "tagsAll",
        )
    ),
    *(
        (DATABASE, prop, "cut-off")
        for prop in (
            "dbSubnetGroupName",
            "manageMasterUserPassword",
            "passwordWo",
            "passwordWoVersion",
            "publiclyAccessible",
        )
    ),
    (CACHE, "maintenanceWindow", "window"),
    (CACHE, "authToken", "cut-off"),
    (CACHE, "authTokenWo", "cut-off"),
    (CACHE, "authTokenWoVersion", "cut-off"),
    (CACHE, "transitEncryptionEnabled", "cut-off"),
    (CACHE, "transitEncryptionMode", "cut-off"),
    (CACHE, "engineVersion", "window"),
    (BALANCER, "connectionLogs", None),
    (BALANCER, "tags", None),
    (GROUP, "deregistrationDelay", "drain"),
    (DISTRIBUTION, "tags", None),
    (TABLE, "ttl", "data"),
    (TABLE, "replicas", "data"),
    *((TABLE, prop, None) for prop in ("billingMode", "streamEnabled", "tableClass", "tags")),
    *(
        (BUCKET, prop, None)
        for prop in ("accelerationStatus", "logging", "requestPayer", "tags", "tagsAll")
    ),
    (BUCKET, "policy", "data"),
    ("aws:s3/bucketReplicationConfig:BucketReplicationConfig", "rules", "data"),
    ("aws:backup/vaultPolicy:VaultPolicy", "policy", "data"),
    ("aws:backup/selection:Selection", "resources", "data"),
    (BACKUPS, "rules", "data"),
    (FLOOR, "schedule", None),
    ("aws:elasticache/parameterGroup:ParameterGroup", "parameters", "at-once"),
    (ROUTE, "natGatewayId", "cut-off"),
    (ENDPOINT, "policy", "cut-off"),
    ("aws:backup/vault:Vault", "forceDestroy", "data"),
    ("aws:backup/vaultLockConfiguration:VaultLockConfiguration", "minRetentionDays", "data"),
    (ROLE, "inlinePolicies", "access"),
    (ROLE, "managedPolicyArns", "access"),
    (SECRET, "kmsKeyId", "access"),
    (SECRET, "policy", "access"),
    (SECRET, "recoveryWindowInDays", None),
    (LOGS, "kmsKeyId", "access"),
    (VERSION, "versionStages", "next-start"),
    (VERSION, "secretString", None),
    (TASK, "skipDestroy", None),
    ("aws:ssm/parameter:Parameter", "type", "access"),
    ("aws:ssm/parameter:Parameter", "keyId", "access"),
    ("aws:s3/bucketPolicy:BucketPolicy", "policy", "access"),
    ("aws:elasticache/userGroup:UserGroup", "userIds", "access"),
    (USER, "accessString", "cut-off"),
    ("aws:cloudfront/function:Function", "code", "at-once"),
    ("aws:wafv2/webAcl:WebAcl", "rules", "at-once"),
    ("aws:wafv2/webAcl:WebAcl", "tags", None),
    ("aws:ec2/routeTable:RouteTable", "routes", "cut-off"),
    ("aws:ec2/securityGroup:SecurityGroup", "ingress", "cut-off"),
]


def test_the_corpus_is_whole() -> None:
    assert sorted(SAMPLES) == NAMES
    assert len(SAMPLES) == 22
    assert (len(GOOD), len(TOLD), len(BAD)) == (45, 14, 126)


@pytest.mark.parametrize("name", sorted(SAMPLES))
def test_a_plan_of_the_engine_is_judged(name: str) -> None:
    expected = SAMPLES[name]
    if expected is None:
        with pytest.raises(NotAPlan, match="the preview failed, and its steps are no plan: "):
            verdict_of(sample(name))
    else:
        assert keys(sample(name)) == expected


@pytest.mark.parametrize("name", GOOD)
def test_a_harmless_plan_passes(name: str) -> None:
    assert keys(GOOD[name]) == []


@pytest.mark.parametrize("name", TOLD)
def test_people_are_told_of_a_plan_that_passes(name: str) -> None:
    plan, expected = TOLD[name]
    assert keys(plan) == expected
    assert verdict_of(plan).passes


@pytest.mark.parametrize("name", BAD)
def test_a_plan_that_hurts_is_refused(name: str) -> None:
    plan, expected = BAD[name]
    assert keys(plan) == expected
    assert not verdict_of(plan).passes


@pytest.mark.parametrize("type_", sorted(KINDS))
def test_a_loss_is_judged_by_its_type(type_: str) -> None:
    replaced, deleted = LOST[type_]
    ignores = (*OF_SERVICE, *OF_TARGET, "actions")
    for op, rule in (("replace", replaced), ("delete", deleted)):
        found = verdict_of(digest(step(op, type_, "one", ignores=ignores)))
        assert [one.rule.id for one in (*found.refused, *found.told)] == ([rule] if rule else [])


@pytest.mark.parametrize(("type_", "prop", "rule"), CHANGED)
def test_a_change_in_place_is_judged_by_its_property(
    type_: str, prop: str, rule: str | None
) -> None:
    found = verdict_of(no_way(type_, "one", prop, ignores=(*OF_SERVICE, *OF_TARGET)))
    assert [one.rule.id for one in (*found.refused, *found.told)] == ([rule] if rule else [])
    assert prop in declared(type_)


def test_types_are_the_sdks_and_stand_in_one_list() -> None:
    assert set(LOST) == set(KINDS)
    assert not set(KINDS) & ORDINARY
    unknown = [type_ for type_ in {*KINDS, *ORDINARY} if not declared(type_)]
    assert unknown == ["pulumi:providers:aws"]


@pytest.mark.parametrize("stack", STACKS)
def test_everything_that_the_program_asks_for_can_be_judged(stack: str) -> None:
    """A first `up` of the real program passes; to lose what holds it together does not."""
    asked = [one for one in recorded(stack).resources if one.custom]
    assert len(asked) > 150
    assert {one.type for one in asked} <= {*KINDS, *ORDINARY}
    plan = first(
        *(
            step("create", one.type, one.name, new=one.inputs, ignores=one.ignore_changes)
            for one in asked
        )
    )
    assert keys(json.loads(json.dumps(plan, default=str))) == []


def test_the_tag_is_the_one_that_the_balancer_carries() -> None:
    tagged = [RULE, LISTENER, GROUP]
    owned = [
        one for one in recorded("staging").resources if OWNER_TAG in one.inputs.get("tags", {})
    ]
    assert sorted({one.type for one in owned}) == sorted(tagged)


def test_a_step_passes_when_it_is_allowed_by_name() -> None:
    plan = sample("vpc-replaced")
    verdict = verdict_of(plan, "edge:web-blue", "edge:web-green", "cut-off:web", "data:main")
    assert verdict.passes
    assert [one.key for one in verdict.allowed] == SAMPLES["vpc-replaced"]
    assert verdict.unused == ("data:main",)
    partly = verdict_of(plan, "edge:web-blue")
    assert not partly.passes
    assert [one.key for one in partly.refused] == ["cut-off:web", "edge:web-green"]
    assert [one.key for one in partly.allowed] == ["edge:web-blue"]


def test_an_allowance_of_a_change_lets_nothing_else_of_that_name_pass() -> None:
    """Who put the label there had seen a new certificate."""
    certificate = update(LISTENER, "web", {}, {}, "certificateArn")
    sneaky = step("create", RULE, "web", new=ONE)
    verdict = verdict_of(digest(certificate, sneaky), "edge:web")
    assert [one.key for one in verdict.refused] == ["edge:Listener/web", "edge:ListenerRule/web"]
    assert (verdict.allowed, verdict.unused) == ((), ("edge:web",))
    partly = verdict_of(digest(certificate, sneaky), "edge:Listener/web")
    assert [one.key for one in partly.refused] == ["edge:ListenerRule/web"]
    switched = update(BUCKET, "main", {}, {}, "policy")
    opened = unprotected(no_way(DATABASE, "main", "tags.team"))["steps"][1]
    assert not verdict_of(digest(switched, opened), "data:main").passes
    assert verdict_of(digest(switched), "data:main").passes
    assert verdict_of(digest(opened), "data:main").passes
    together = digest(step("delete", LISTENER, "web"), step("delete", RULE, "web"))
    assert verdict_of(together, "edge:web").passes


def test_what_is_cutovers_is_refused_whatever_is_allowed() -> None:
    verdict = verdict_of(sample("weights-not-ignored"), "cutover-owns:web-traffic")
    assert (verdict.passes, verdict.allowed) == (False, ())
    assert verdict.unused == ("cutover-owns:web-traffic",)


def test_a_finding_says_what_the_step_does() -> None:
    said = [
        (one.key, one.what)
        for name in ("weights-not-ignored", "rule-removed", "target-group-port", "service-subnets")
        for one in verdict_of(sample(name)).refused
    ]
    weights = "actions[0].forward.targetGroups[{}].weight"
    assert said == [
        ("cutover-owns:web-traffic", "no longer leaves actions alone"),
        ("cutover-owns:web-traffic", f"changes {weights.format(0)}, {weights.format(1)}"),
        ("edge:web-traffic", "deletes it"),
        ("edge:web-green", "replaces it because of port"),
        ("restarts-slot:blue", "changes networkConfiguration.subnets[1]"),
        ("restarts-slot:green", "changes networkConfiguration.subnets[1]"),
    ]
    [added] = verdict_of(BAD["a rule above ours"][0]).refused
    assert added.what == "adds it"
    [gone] = verdict_of(digest(step("replace", TABLE, "t"))).refused
    assert gone.what == "replaces it"
    [nothing] = verdict_of(digest(step("create", SERVICE, "blue"))).refused
    assert nothing.what == "no longer leaves desiredCount, taskDefinition alone"


def test_rules_have_levels_of_which_one_allows_nothing() -> None:
    levels = {level: [] for level in ("told", "refused", "never")}
    for rule in RULES.values():
        levels[rule.level].append(rule.id)
    assert levels == {
        "told": ["window", "drain", "access", "at-once"],
        "refused": [
            *("edge", "data", "downtime", "restarts-slot", "next-start", "cut-off", "no-way-back"),
            *("weights-role", "provider"),
        ],
        "never": ["cutover-owns"],
    }
