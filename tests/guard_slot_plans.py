"""Plans that reach for a slot: its service, its ceiling and floor, its blueprint and contract."""

from guard.decide.step import UNKNOWN
from tests.guard_plans import (
    FLOOR,
    OF_SERVICE,
    OF_TARGET,
    PARAMETER,
    SERVICE,
    TARGET,
    TASK,
    no_way,
    number,
)
from tests.previews import Digest, digest, first, step, update

REFUSED: dict[str, tuple[Digest, list[str]]] = {
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
    "the contract taken over": (
        digest(step("create", PARAMETER, "contract2", new={"overwrite": True})),
        ["no-way-back:contract2"],
    ),
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
    "a blueprint deleted": (digest(step("delete", TASK, "blueprint")), ["no-way-back:blueprint"]),
}
