"""Amazon S3; AWS: securityhub/latest/userguide/s3-controls.

A bucket's settings are resources of their own, found by the bucket that they are made of.
"""

from collections.abc import Callable, Iterable

from infra.guardrails.environment import Environment
from infra.guardrails.model import EnvironmentRule, Resource
from infra.guardrails.needs import ON, needs, wrong
from infra.guardrails.policy_document import Statement, statements

BUCKET = "aws:s3/bucket:Bucket"
BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
LOGGING = "aws:s3/bucketLogging:BucketLogging"
OWNERSHIP = "aws:s3/bucketOwnershipControls:BucketOwnershipControls"
POLICY = "aws:s3/bucketPolicy:BucketPolicy"
_BLOCKS = ("blockPublicAcls", "blockPublicPolicy", "ignorePublicAcls", "restrictPublicBuckets")
_READS = ("s3:GetObject", "s3:ListBucket")
_WRITES = ("s3:PutObject", "s3:DeleteObject", "s3:PutBucketPolicy")
# S3.6's list, which can't be changed.
_DANGEROUS = (
    "s3:DeleteBucketPolicy",
    "s3:PutBucketAcl",
    "s3:PutBucketPolicy",
    "s3:PutEncryptionConfiguration",
    "s3:PutObjectAcl",
)


def _policy(bucket: Resource, environment: Environment) -> list[Statement]:
    return [
        statement
        for policy in environment.belonging(POLICY, "bucket", bucket)
        for statement in statements(policy.inputs["policy"])
    ]


def _closed_to_everyone(*actions: str) -> Callable[[Resource, Environment], Iterable[str]]:
    def check(bucket: Resource, environment: Environment) -> Iterable[str]:
        acl = bucket.inputs.at("acl")
        if str(acl).startswith("public"):
            yield wrong("acl", acl, "private or not given")
        for statement in _policy(bucket, environment):
            if statement.is_public and (given := [*statement.covers(*actions)]):
                yield f"its policy allows everyone {' and '.join(given)}, it must allow nobody that"

    return check


def _refuses_plain_http(bucket: Resource, environment: Environment) -> Iterable[str]:
    refusals = [
        statement
        for statement in _policy(bucket, environment)
        if not statement.allows
        and "s3:*" in statement.actions
        and "*" in statement.principals
        and ("Bool", "aws:SecureTransport", "false") in statement.conditions
    ]
    if not refusals:
        yield "its policy does not deny plain HTTP, it must deny s3:* without aws:SecureTransport"


def _keeps_strangers_off(bucket: Resource, environment: Environment) -> Iterable[str]:
    for statement in _policy(bucket, environment):
        strangers = [name for name in statement.principals if not name.endswith(".amazonaws.com")]
        if statement.allows and strangers and (given := [*statement.covers(*_DANGEROUS)]):
            yield (
                f"its policy allows {strangers[0]} {' and '.join(given)}, "
                "it must allow that to no other account"
            )


def _blocks_public_access(bucket: Resource, environment: Environment) -> Iterable[str]:
    blocks = environment.belonging(BLOCK, "bucket", bucket)
    if not blocks:
        yield "it has no public access block, it must have one"
    for block in blocks:
        for flag in _BLOCKS:
            yield from needs(flag, ON)(block.inputs)


def _is_logged(bucket: Resource, environment: Environment) -> Iterable[str]:
    if not environment.belonging(LOGGING, "bucket", bucket):
        yield "it has no access log, it must have one"


def _has_a_rule(bucket: Resource, environment: Environment) -> Iterable[str]:
    rules = [
        rule
        for configuration in environment.belonging(LIFECYCLE, "bucket", bucket)
        for rule in configuration.inputs.every("rules")
        if rule.get("status") == "Enabled"
    ]
    if not rules:
        yield "no rule of a lifecycle configuration is enabled for it, at least one must be"


def _has_no_acl(bucket: Resource, environment: Environment) -> Iterable[str]:
    owners = [
        controls.inputs.at("rule.objectOwnership")
        for controls in environment.belonging(OWNERSHIP, "bucket", bucket)
    ]
    if owners != ["BucketOwnerEnforced"]:
        yield wrong("objectOwnership", owners[0] if owners else None, "BucketOwnerEnforced")


RULES = (
    EnvironmentRule(
        id="S3.2",
        severity="CRITICAL",
        title="Nobody unknown can read a bucket",
        types=(BUCKET,),
        check=_closed_to_everyone(*_READS),
    ),
    EnvironmentRule(
        id="S3.3",
        severity="CRITICAL",
        title="Nobody unknown can write to a bucket",
        types=(BUCKET,),
        check=_closed_to_everyone(*_WRITES),
    ),
    EnvironmentRule(
        id="S3.5",
        severity="MEDIUM",
        title="A bucket refuses requests without TLS",
        types=(BUCKET,),
        check=_refuses_plain_http,
    ),
    EnvironmentRule(
        id="S3.6",
        severity="HIGH",
        title="No other account can change a bucket's protection",
        types=(BUCKET,),
        check=_keeps_strangers_off,
    ),
    EnvironmentRule(
        id="S3.8",
        severity="HIGH",
        title="A bucket blocks public access",
        types=(BUCKET,),
        check=_blocks_public_access,
    ),
    EnvironmentRule(
        id="S3.9",
        severity="MEDIUM",
        title="Requests to a bucket are logged",
        types=(BUCKET,),
        check=_is_logged,
    ),
    EnvironmentRule(
        id="S3.12",
        severity="MEDIUM",
        title="A bucket has no ACLs",
        types=(BUCKET,),
        check=_has_no_acl,
    ),
    EnvironmentRule(
        id="S3.13",
        severity="LOW",
        title="What is in a bucket expires or moves by rule",
        types=(BUCKET,),
        check=_has_a_rule,
    ),
)
