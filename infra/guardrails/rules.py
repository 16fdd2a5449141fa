"""Every rule, and which file it is in."""

from infra.guardrails import (
    backup,
    cloudfront,
    cloudwatch,
    dynamodb,
    ecr,
    ecs,
    elasticache,
    elb,
    functions,
    identity,
    messaging,
    network,
    rds,
    rds_environment,
    s3,
    secrets,
    security_groups,
    waf,
)
from infra.guardrails.model import EnvironmentRule, ResourceRule

_MODULES = (
    rds,
    rds_environment,
    elasticache,
    dynamodb,
    s3,
    cloudfront,
    elb,
    ecr,
    ecs,
    network,
    security_groups,
    identity,
    secrets,
    waf,
    cloudwatch,
    messaging,
    functions,
    backup,
)
RULES: tuple[ResourceRule | EnvironmentRule, ...] = tuple(
    rule for module in _MODULES for rule in module.RULES
)
FILES = {
    rule.id: module.__name__.rpartition(".")[2] for module in _MODULES for rule in module.RULES
}
"""The name of its file, by the id of a rule."""
