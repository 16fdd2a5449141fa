"""What a change in place means to traffic, by property: a rule, or None when it hurts nothing."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from guard.decide.grants import narrower
from guard.decide.rules import (
    ACCESS,
    AT_ONCE,
    CUTOVER_OWNS,
    DRAIN,
    EDGE,
    NEXT_START,
    RESTARTS_SLOT,
    WEIGHTS_ROLE,
    Rule,
)
from guard.decide.step import Step, at, hidden

Changed = Callable[[Step, str], Rule | None]

TAGS = frozenset({"tags", "tagsAll"})
# IAM denies the deploy role what carries it (infra/balancer.py).
OWNER_TAG = "traffic-owner"
# Another token in the header that a test rule looks at: a request without the header never matches.
_HEADER_VALUE = re.compile(r"conditions\[\d+\]\.httpHeader\.values\[\d+\]")
# What decides whether anybody gets in at the edge at all, and where to.
_WAYS_IN = {
    *("aliases", "continuousDeploymentPolicyId", "enabled", "originGroups", "origins"),
    *("restrictions", "viewerCertificate"),
}
# A whole behavior, which requests it is for, and where it sends them.
_WAY_OF_REQUESTS = re.compile(
    r"orderedCacheBehaviors(\[\d+\])?"
    r"|(defaultCacheBehavior|orderedCacheBehaviors\[\d+\])\.(pathPattern|targetOriginId)"
)
# "This parameter doesn't trigger a new service deployment" (ECS, UpdateService), less what lets ECS
# move tasks or releases by itself.
_QUIET_OF_SERVICE = TAGS | {
    *("deploymentMaximumPercent", "deploymentMinimumHealthyPercent", "enableEcsManagedTags"),
    *("enableExecuteCommand", "healthCheckGracePeriodSeconds", "propagateTags"),
    "waitForSteadyState",
}


def other_than(*quiet: str, rule: Rule) -> Changed:
    """Every change is the rule's, but those of tags and of the named properties."""
    return lambda _step, prop: None if prop in TAGS or prop in quiet else rule


def only(*named: str, rule: Rule) -> Changed:
    """Only a change of the named properties is the rule's."""
    return lambda _step, prop: rule if prop in named else None


def policy(loses: Rule, otherwise: Changed) -> Changed:
    """A policy that grants less is `loses`'s; a wider or an unknown one is told of."""

    def changed(step: Step, prop: str) -> Rule | None:
        if prop != "policy":
            return otherwise(step, prop)
        return loses if narrower(step.old.get(prop), step.new.get(prop)) else ACCESS

    return changed


def listener(step: Step, prop: str) -> Rule | None:
    return None if prop in TAGS and _same_owner(step) else EDGE


def listener_rule(step: Step, prop: str) -> Rule | None:
    """The rule that divides traffic is cutover's; a new token of a test rule is nobody's traffic"""
    divides = divides_traffic(step)
    if prop == "actions" and divides:
        return CUTOVER_OWNS
    if prop == "conditions" and not divides:
        return None if all(map(_HEADER_VALUE.fullmatch, step.paths_of(prop))) else EDGE
    return listener(step, prop)


def target_group(step: Step, prop: str) -> Rule | None:
    return DRAIN if prop == "deregistrationDelay" else listener(step, prop)


def distribution(step: Step, prop: str) -> Rule | None:
    """Names, origins, which requests go to which, and the switch itself take the site away; the
    rest changes it."""
    if prop in _WAYS_IN or any(map(_WAY_OF_REQUESTS.fullmatch, step.paths_of(prop))):
        return EDGE
    return None if prop in TAGS else AT_ONCE


def firewall(_step: Step, prop: str) -> Rule | None:
    """What becomes of a request that no rule is about becomes of nearly all of them."""
    if prop == "defaultAction":
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
        return None if not_less(step, prop) else RESTARTS_SLOT
    return None if prop in TAGS else RESTARTS_SLOT


def scheduled(step: Step, prop: str) -> Rule | None:
    return ceiling(step) if prop == "scalableTargetAction" else None


def ceiling(step: Step) -> Rule | None:
    """A schedule that sets a ceiling, or may, stops tasks above it; a floor stops none."""
    action = step.new.get("scalableTargetAction")
    known = isinstance(action, Mapping) and action.get("maxCapacity") is None
    return None if known else RESTARTS_SLOT


def role(_step: Step, prop: str) -> Rule | None:
    if prop in ("assumeRolePolicy", "permissionsBoundary"):
        return NEXT_START
    return ACCESS if prop in ("inlinePolicies", "managedPolicyArns") else None


def for_people(otherwise: Changed) -> Changed:
    """Any change of the weights role, by its name (bootstrap/role_policy.py), is WEIGHTS_ROLE's."""
    return lambda step, prop: (
        WEIGHTS_ROLE if step.name.endswith("-weights") else otherwise(step, prop)
    )


def key(step: Step, prop: str) -> Rule | None:
    if prop == "isEnabled" and step.new.get(prop) is not True:
        return NEXT_START
    return policy(NEXT_START, only(rule=ACCESS))(step, prop)


def divides_traffic(step: Step) -> bool:
    """Whether a listener rule sends to more than one target group, or leaves its actions alone, or
    hides them; before the step or after it."""
    return "actions" in step.ignores or any(_divides(one) for one in (step.old, step.new))


def not_less(step: Step, path: str) -> bool:
    """False too when either is unknown before the update."""
    before, after = at(step.old, path), at(step.new, path)
    return isinstance(before, int) and isinstance(after, int) and after >= before


def _divides(inputs: Mapping[str, Any]) -> bool:
    actions = inputs.get("actions", [])
    return not isinstance(actions, list) or any(map(_forks, actions))


def _forks(action: object) -> bool:
    """Whether an action sends to more than one target group, or hides where it sends."""
    forward = action.get("forward", {}) if isinstance(action, Mapping) else None
    groups = forward.get("targetGroups", []) if isinstance(forward, Mapping) else None
    return not isinstance(groups, list) or len(groups) > 1


def _same_owner(step: Step) -> bool:
    """False too when either is hidden."""
    before, after = _owner(step.old), _owner(step.new)
    return before == after and not hidden(before)


def _owner(inputs: Mapping[str, Any]) -> object:
    tags = inputs.get("tags")
    return tags.get(OWNER_TAG) if isinstance(tags, Mapping) else tags
