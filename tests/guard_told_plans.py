"""Plans that pass, and people are told what of."""

from guard.decide.step import UNKNOWN
from tests.guard_plans import (
    CACHE,
    DATABASE,
    DISTRIBUTION,
    ENDPOINT,
    KEY,
    POLICY,
    READS,
    WRITES,
    grants,
)
from tests.previews import Digest, digest, step, update

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
