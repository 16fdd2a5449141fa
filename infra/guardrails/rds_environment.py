"""Amazon RDS, what needs a look at more than the instance: events and the way to the internet."""

from collections.abc import Callable, Iterable

from infra.guardrails.environment import Environment
from infra.guardrails.model import EnvironmentRule, Resource
from infra.guardrails.network import SUBNET
from infra.guardrails.rds import INSTANCE
from infra.guardrails.routes import lead_to_the_internet

EVENTS = "aws:rds/eventSubscription:EventSubscription"
SUBNET_GROUP = "aws:rds/subnetGroup:SubnetGroup"


def _announced(source: str, *categories: str) -> Callable[[Resource, Environment], Iterable[str]]:
    """Some subscription that is on tells of every one of the categories."""

    def check(_: Resource, environment: Environment) -> Iterable[str]:
        for subscription in environment.every(EVENTS):
            inputs = subscription.inputs
            if inputs.at("sourceType") == source and inputs.at("enabled") is not False:
                told = inputs.every("eventCategories")
                if not told or {*categories} <= {*told}:  # none listed means all
                    return
        yield (
            f"no event subscription of source type {source} tells of {' and '.join(categories)}, "
            "there must be one that is enabled"
        )

    return check


def _away_from_the_internet(instance: Resource, environment: Environment) -> Iterable[str]:
    if instance.inputs.has("replicateSourceDb"):
        return  # in its source's subnets
    groups = environment.sources(instance, "dbSubnetGroupName", SUBNET_GROUP)
    if not groups:
        yield "db_subnet_group_name is not of a group in this stack, it must be one"
    for group in groups:
        for subnet in environment.sources(group, "subnetIds", SUBNET):
            for route in lead_to_the_internet(subnet, environment):
                yield (
                    f"its subnet {subnet.name} has the route {route} to an internet gateway, "
                    "it must have none"
                )


RULES = (
    EnvironmentRule(
        id="RDS.20",
        severity="LOW",
        title="Somebody hears of an instance's critical events",
        types=(INSTANCE,),
        check=_announced("db-instance", "maintenance", "configuration change", "failure"),
    ),
    EnvironmentRule(
        id="RDS.21",
        severity="LOW",
        title="Somebody hears of changed parameter groups",
        types=(INSTANCE,),
        check=_announced("db-parameter-group", "configuration change"),
    ),
    EnvironmentRule(
        id="RDS.22",
        severity="LOW",
        title="Somebody hears of changed security groups",
        types=(INSTANCE,),
        check=_announced("db-security-group", "configuration change", "failure"),
    ),
    EnvironmentRule(
        id="RDS.46",
        severity="HIGH",
        title="An instance is in no subnet with a route to an internet gateway",
        types=(INSTANCE,),
        check=_away_from_the_internet,
    ),
)
