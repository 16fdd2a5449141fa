"""Plans that reach for the traffic: rules, target groups, the balancer and the CDN."""

from guard.decide.changes import OWNER_TAG
from guard.decide.step import SECRET as HIDDEN
from guard.decide.step import UNKNOWN
from tests.guard_plans import (
    BALANCER,
    DISTRIBUTION,
    GROUP,
    LISTENER,
    OF_SERVICE,
    ONE,
    RECORD,
    RULE,
    SERVICE,
    TOKEN,
    TWO,
    no_way,
)
from tests.previews import Digest, digest, first, put, renamed, step, update

REFUSED: dict[str, tuple[Digest, list[str]]] = {
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
    "called otherwise, and its port changed": (
        digest(renamed(update(GROUP, "cyan", {}, {}, "port"), "blue")),
        ["edge:cyan"],
    ),
    "the public name taken over": (
        digest(step("create", RECORD, "web", new={"allowOverwrite": True})),
        ["edge:web"],
    ),
    "the API's requests to the bucket": (
        no_way(DISTRIBUTION, "web", "orderedCacheBehaviors[0].targetOriginId"),
        ["edge:web"],
    ),
    "no way for the API": (no_way(DISTRIBUTION, "web", "orderedCacheBehaviors[0]"), ["edge:web"]),
    "no weights to be seen, and they change": (
        digest(update(RULE, "web-traffic", {"actions": UNKNOWN}, {"actions": UNKNOWN}, "actions")),
        ["cutover-owns:web-traffic", "cutover-owns:web-traffic"],
    ),
    "other requests for the rule whose weights the program leaves alone": (
        digest(update(RULE, "web-traffic", {}, {}, TOKEN, ignores=("actions",))),
        ["edge:web-traffic"],
    ),
    "another way for the API, compressed": (
        no_way(
            DISTRIBUTION,
            "web",
            "orderedCacheBehaviors[0].compress",
            "orderedCacheBehaviors[0].pathPattern",
        ),
        ["edge:web"],
    ),
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
    "a replacement by its parts alone": (
        digest(step("delete-replaced", GROUP, "blue")),
        ["edge:blue"],
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
