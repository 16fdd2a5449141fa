"""Plans that take a right, a key or a way from what serves, or ask AWS in another name."""

from tests.guard_plans import (
    BUCKET_POLICY,
    INGRESS,
    KEY,
    POLICY,
    PROVIDER,
    READS,
    ROLE,
    ROUTE,
    SECRET,
    USER,
    VERSION,
    WRITES,
    grants,
    no_way,
)
from tests.previews import Digest, digest, step, update

REFUSED: dict[str, tuple[Digest, list[str]]] = {
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
    "a shorter way to nowhere": (
        digest(step("create", ROUTE, "hole", new={"routeTableId": "rtb-1"})),
        ["cut-off:hole"],
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
    "a way in closed": (digest(step("delete", INGRESS, "tasks")), ["cut-off:tasks"]),
    "a way in changed": (no_way(INGRESS, "tasks", "fromPort"), ["cut-off:tasks"]),
}
