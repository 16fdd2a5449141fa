"""What is made for a resource is attached to that one: the nearest whose name begins its own."""

from collections.abc import Callable
from functools import partial
from typing import Any

import pytest

from rehearsal.recording import Recording
from rehearsal.resource import Resource
from tests import accounts
from tests.environments import STACKS, recorded

BUCKET = ("bucket", "aws:s3/bucket:Bucket", "bucket")
VAULT = ("backupVaultName", "aws:backup/vault:Vault", "name")
TOPIC = "aws:sns/topic:Topic"
ROLE = "aws:iam/role:Role"
# Type -> the input that says whose it is, the type of that, and which output of it.
WHOSE = {
    "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration": BUCKET,
    "aws:s3/bucketLogging:BucketLogging": BUCKET,
    "aws:s3/bucketOwnershipControls:BucketOwnershipControls": BUCKET,
    "aws:s3/bucketPolicy:BucketPolicy": BUCKET,
    "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock": BUCKET,
    "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration": (
        BUCKET
    ),
    "aws:s3/bucketVersioning:BucketVersioning": BUCKET,
    "aws:backup/vaultPolicy:VaultPolicy": VAULT,
    "aws:backup/vaultLockConfiguration:VaultLockConfiguration": VAULT,
    "aws:secretsmanager/secretVersion:SecretVersion": (
        *("secretId", "aws:secretsmanager/secret:Secret", "arn"),
    ),
    "aws:sns/topicPolicy:TopicPolicy": ("arn", TOPIC, "arn"),
    "aws:sns/topicSubscription:TopicSubscription": ("topic", TOPIC, "arn"),
    "aws:kms/alias:Alias": ("targetKeyId", "aws:kms/key:Key", "keyId"),
    "aws:iam/rolePolicy:RolePolicy": ("role", ROLE, "id"),
    "aws:iam/rolePolicyAttachment:RolePolicyAttachment": ("role", ROLE, "name"),
    "aws:ecr/lifecyclePolicy:LifecyclePolicy": (
        *("repository", "aws:ecr/repository:Repository", "name"),
    ),
    "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig": (
        *("functionName", "aws:lambda/function:Function", "name"),
    ),
}
RECORDED: dict[str, Callable[[], Recording]] = {
    **{stack: partial(recorded, stack) for stack in STACKS},
    accounts.STACK: accounts.recorded,
}


def owner(recording: Recording, type_: str, name: str) -> Resource:
    near = [one for one in recording.every(type_) if f"{name}-".startswith(f"{one.name}-")]
    if not near:
        raise LookupError(f"no {type_.rpartition(':')[2].lower()} that {name} is for")
    return max(near, key=lambda one: len(one.name))


def attached(recording: Recording) -> dict[str, tuple[Any, Any]]:
    """By URN of what is attached, to what it is and to what it should be."""
    found: dict[str, tuple[Any, Any]] = {}
    for resource in recording.resources:
        if resource.type in WHOSE:
            key, type_, output = WHOSE[resource.type]
            whose = owner(recording, type_, resource.name)
            found[resource.urn] = (
                resource.inputs.get(key),
                whose.id if output == "id" else whose.outputs[output],
            )
    return found


@pytest.mark.parametrize("stack", RECORDED)
def test_each_is_attached_to_its_own(stack: str) -> None:
    found = attached(RECORDED[stack]())
    assert len(found) >= 30
    assert {urn: is_ for urn, (is_, should) in found.items() if is_ != should} == {}


def test_no_type_is_named_that_nobody_has() -> None:
    there = {one.type for recording in RECORDED.values() for one in recording().resources}
    by_dials = {"aws:sns/topicSubscription:TopicSubscription"}
    assert WHOSE.keys() - there <= by_dials


def test_the_nearest_is_meant_and_there_is_one() -> None:
    role = owner(recorded("prod"), ROLE, "prod-watcher-schedule")
    assert role.name == "prod-watcher-schedule"
    assert owner(recorded("prod"), ROLE, "prod-watcher-x").name == "prod-watcher"
    with pytest.raises(LookupError, match=r"^no role that prod-x is for$"):
        owner(recorded("prod"), ROLE, "prod-x")
