"""What a change in place means, property by property: a rule, or None when it hurts nothing."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from guard.decide.rules import (
    ACCESS,
    AT_ONCE,
    CUT_OFF,
    CUTOVER_OWNS,
    DATA,
    DOWNTIME,
    DRAIN,
    EDGE,
    NEXT_START,
    RESTARTS_SLOT,
    WINDOW,
    Rule,
)
from guard.decide.step import Step

Changed = Callable[[Step, str], Rule | None]

TAGS = frozenset({"tags", "tagsAll"})
# IAM denies the deploy role what carries it (infra/balancer.py).
OWNER_TAG = "traffic-owner"
# Another token in the header that a test rule looks at: a request without the header never matches.
_HEADER_VALUE = re.compile(r"conditions\[\d+\]\.httpHeader\.values\[\d+\]")
# "This parameter doesn't trigger a new service deployment" (ECS, UpdateService), less what lets ECS
# move tasks or releases by itself.
_QUIET_OF_SERVICE = TAGS | {
    *("deploymentMaximumPercent", "deploymentMinimumHealthyPercent", "enableEcsManagedTags"),
    *("enableExecuteCommand", "healthCheckGracePeriodSeconds", "propagateTags"),
    "waitForSteadyState",
}
# What RDS changes without a restart ("Settings for DB instances", RDS user guide).
_QUIET_OF_DATABASE = TAGS | {
    *("allowMajorVersionUpgrade", "autoMinorVersionUpgrade", "backupWindow", "copyTagsToSnapshot"),
    *("databaseInsightsMode", "enabledCloudwatchLogsExports", "finalSnapshotIdentifier"),
    *("maintenanceWindow", "maxAllocatedStorage", "monitoringInterval", "monitoringRoleArn"),
    *("performanceInsightsEnabled", "performanceInsightsRetentionPeriod"),
}
_QUIET_OF_CACHE = TAGS | {
    *("autoMinorVersionUpgrade", "description", "finalSnapshotIdentifier"),
    *("logDeliveryConfigurations", "maintenanceWindow", "notificationTopicArn", "snapshotWindow"),
}
_WAYS_TO_DATA = {
    *("authToken", "networkType", "securityGroupIds", "transitEncryptionEnabled"),
    *("transitEncryptionMode", "userGroupIds", "vpcSecurityGroupIds"),
}


def other_than(*quiet: str, rule: Rule) -> Changed:
    """Every change is the rule's, but those of tags and of the named properties."""
    return lambda _step, prop: None if prop in TAGS or prop in quiet else rule


def only(*named: str, rule: Rule) -> Changed:
    """Only a change of the named properties is the rule's."""
    return lambda _step, prop: rule if prop in named else None


def listener(step: Step, prop: str) -> Rule | None:
    return None if prop in TAGS and _same_owner(step) else EDGE


def listener_rule(step: Step, prop: str) -> Rule | None:
    """The rule that divides traffic is cutover's; a new token of a test rule is nobody's traffic"""
    divides = divides_traffic(step)
    if prop == "actions" and divides:
        return CUTOVER_OWNS
    if prop == "conditions" and not divides:
        touched = [path for path in step.paths if path.startswith("conditions")]
        return None if all(map(_HEADER_VALUE.fullmatch, touched)) else EDGE
    return listener(step, prop)


def target_group(step: Step, prop: str) -> Rule | None:
    return DRAIN if prop == "deregistrationDelay" else listener(step, prop)


def distribution(_step: Step, prop: str) -> Rule | None:
    """Names, origins and the switch itself take the site away; the rest changes it."""
    if prop in ("aliases", "enabled", "originGroups", "origins"):
        return EDGE
    return None if prop in TAGS else AT_ONCE


def service(_step: Step, prop: str) -> Rule | None:
    if prop in ("taskDefinition", "desiredCount"):
        return CUTOVER_OWNS
    return None if prop in _QUIET_OF_SERVICE else RESTARTS_SLOT


def scalable_target(step: Step, prop: str) -> Rule | None:
    """A lower ceiling stops tasks above it as soon as it is registered."""
    if prop in ("minCapacity", "suspendedState"):
        return CUTOVER_OWNS
    if prop == "maxCapacity":
        return None if _not_less(step, prop) else RESTARTS_SLOT
    return None if prop in TAGS else RESTARTS_SLOT


def database(step: Step, prop: str) -> Rule | None:
    """A new port restarts at once, whatever `applyImmediately` says."""
    if prop in _QUIET_OF_DATABASE:
        return None
    if prop in ("deletionProtection", "skipFinalSnapshot", "deleteAutomatedBackups"):
        return DATA
    if prop == "backupRetentionPeriod":
        return None if _not_less(step, prop) else DATA
    return DOWNTIME if prop == "port" else _data_store(step, prop)


def cache(step: Step, prop: str) -> Rule | None:
    if prop in _QUIET_OF_CACHE:
        return None
    if prop == "snapshotRetentionLimit":
        return None if _not_less(step, prop) else DATA
    if prop == "numCacheClusters":
        return None if _not_less(step, prop) else DOWNTIME
    return _data_store(step, prop)


def role(_step: Step, prop: str) -> Rule | None:
    if prop in ("assumeRolePolicy", "permissionsBoundary"):
        return NEXT_START
    return ACCESS if prop in ("inlinePolicies", "managedPolicyArns") else None


def key(_step: Step, prop: str) -> Rule | None:
    if prop == "isEnabled":
        return NEXT_START
    return ACCESS if prop == "policy" else None


def divides_traffic(step: Step) -> bool:
    """Whether a listener rule sends to more than one target group, or leaves its actions alone, or
    hides them; before the step or after it."""
    return "actions" in step.ignores or any(_divides(one) for one in (step.old, step.new))


def _divides(inputs: Mapping[str, Any]) -> bool:
    actions = inputs.get("actions", [])
    if not isinstance(actions, list):
        return True
    for action in actions:
        forward = action.get("forward", {}) if isinstance(action, Mapping) else None
        groups = forward.get("targetGroups", []) if isinstance(forward, Mapping) else None
        if not isinstance(groups, list) or len(groups) > 1:
            return True
    return False


def _data_store(step: Step, prop: str) -> Rule | None:
    if prop in _WAYS_TO_DATA:
        return CUT_OFF
    # Left out it is off, at the provider and at AWS. What waits for the window starts with it too.
    return WINDOW if step.new.get("applyImmediately", False) is False else DOWNTIME


def _same_owner(step: Step) -> bool:
    return _owner(step.old) == _owner(step.new)


def _owner(inputs: Mapping[str, Any]) -> object:
    tags = inputs.get("tags")
    return tags.get(OWNER_TAG) if isinstance(tags, Mapping) else tags


def _not_less(step: Step, prop: str) -> bool:
    """False too when either is unknown before the update."""
    before, after = step.old.get(prop), step.new.get(prop)
    return isinstance(before, int) and isinstance(after, int) and after >= before
