"""The drill of the frontend: its copy in the second region, file by file, and its versions."""

import hashlib
import random
from collections.abc import Callable

from drills.decide.catalogue import differences
from drills.decide.report import Check, same
from drills.do.aws import Aws
from drills.do.errors import BadInput
from drills.do.place import Clock
from drills.do.restore import Found
from infra.drill_outputs import DrillContract

# S3 copies most objects within 15 minutes (S3 user guide, "Replication Time Control").
FRESH_SECONDS = 900
SAMPLE = 20


def restore_assets(
    aws: Aws, contract: DrillContract, *, clock: Clock, tell: Callable[[str], None]
) -> Found:
    """Reads both buckets and writes nothing. BadInput where there is no copy."""
    if not contract.frontend_copy:
        raise BadInput(
            f"{contract.environment} has no copy of its frontend; backup/copy_region names a "
            "region for it"
        )
    started, now = clock.monotonic(), clock.now()
    tell("Listing both buckets")
    here = _objects(aws, contract.frontend_bucket, contract.region)
    there = _objects(aws, contract.frontend_copy, contract.copy_region)
    # The copy keeps what was deleted, and may be behind by minutes.
    old = {key: tag for key, (tag, at) in here.items() if at < now - FRESH_SECONDS}
    copied = {key: there[key][0] for key in old if key in there}
    apart = differences(_lines(old), _lines(copied))
    tell("Reading a sample of the copy")
    sample = random.sample(sorted(copied), min(SAMPLE, len(copied)))
    wrong = [
        key
        for key in sample
        if _read(aws, contract.frontend_bucket, contract.region, key)
        != _read(aws, contract.frontend_copy, contract.copy_region, key)
    ]
    versioned = [
        bucket
        for bucket, region in (
            (contract.frontend_bucket, contract.region),
            (contract.frontend_copy, contract.copy_region),
        )
        if aws.call("s3", "get_bucket_versioning", region=region, Bucket=bucket).get("Status")
        != "Enabled"
    ]
    seconds = clock.monotonic() - started
    return Found(
        restored_to=now,
        checks=(
            Check(name="there is something", held=bool(here), saw=f"{len(here)} files"),
            same("copied", apart, f"{len(copied)} files are in the copy as they are here"),
            same("readable", ", ".join(wrong), f"{len(sample)} of them were read and are equal"),
            same("versions", ", ".join(versioned), "both buckets keep replaced versions"),
        ),
        figures={"files": float(len(here)), "compare_seconds": seconds},
    )


def _objects(aws: Aws, bucket: str, region: str) -> dict[str, tuple[str, float]]:
    """Key -> ETag, which is the same where the bytes and the encryption are, and its age."""
    listed = aws.pages("s3", "list_objects_v2", "Contents", region=region, Bucket=bucket)
    return {one["Key"]: (one["ETag"], one["LastModified"].timestamp()) for one in listed}


def _lines(objects: dict[str, str]) -> list[str]:
    return [f"{key} {tag}" for key, tag in objects.items()]


def _read(aws: Aws, bucket: str, region: str, key: str) -> str:
    body = aws.call("s3", "get_object", region=region, Bucket=bucket, Key=key)["Body"]
    return hashlib.sha256(body.read()).hexdigest()
