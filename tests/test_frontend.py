"""The frontend's bucket is private, versioned, logged, and loses nothing that is current.

Mocks prove what is asked of AWS, not that AWS accepts it.
"""

import pulumi
import pytest

from infra.frontend import Frontend, FrontendArgs
from rehearsal.recording import Recording, record
from tests.environments import STACKS, chosen, recorded

LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"


@pytest.fixture(scope="module")
def recording() -> Recording:
    def program() -> None:
        frontend = Frontend(
            "prod", FrontendArgs(asset_days=90, protect=True, log_bucket="prod-logs-1a2b3c4")
        )
        pulumi.export("bucket", frontend.bucket)
        pulumi.export("arn", frontend.arn)
        pulumi.export("domain_name", frontend.domain_name)

    return record(program, stack="prod")


def test_the_bucket_is_made_of_seven_parts(recording):
    parts = [r for r in recording.resources if r.custom]
    assert len(parts) == 7
    assert {r.parent.type for r in parts} == {"slipway:infra:Frontend"}
    assert {r.inputs["bucket"] for r in parts if r.name != "prod-frontend"} == {
        "prod-frontend.bucket"
    }


def test_a_protected_bucket_is_no_website_and_is_not_emptied_to_be_deleted(recording):
    assert recording.only("aws:s3/bucket:Bucket").inputs == {
        "forceDestroy": False,
        "tags": {"backup": "continuous"},
    }


def test_nothing_in_the_bucket_can_be_public(recording):
    block = recording.only("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock").inputs
    assert block == {
        "bucket": "prod-frontend.bucket",
        "blockPublicAcls": True,
        "blockPublicPolicy": True,
        "ignorePublicAcls": True,
        "restrictPublicBuckets": True,
    }
    ownership = recording.only("aws:s3/bucketOwnershipControls:BucketOwnershipControls").inputs
    assert ownership["rule"] == {"objectOwnership": "BucketOwnerEnforced"}


def test_files_are_encrypted_without_a_key_that_cloudfront_would_need(recording):
    type_ = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    assert recording.only(type_).inputs["rules"] == [
        {
            "applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"},
            "blockedEncryptionTypes": ["SSE-C"],
        }
    ]


def test_only_replaced_versions_expire(recording):
    assert recording.only(LIFECYCLE).inputs["rules"] == [
        {
            "id": "expire-replaced",
            "status": "Enabled",
            "filter": {},
            "expiration": {"expiredObjectDeleteMarker": True},
            "noncurrentVersionExpiration": {"noncurrentDays": 90},
            "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
        }
    ]
    versioning = recording.only("aws:s3/bucketVersioning:BucketVersioning").inputs
    assert versioning["versioningConfiguration"] == {"status": "Enabled"}


def test_accesses_are_logged_where_the_log_bucket_allows_it(recording):
    assert recording.only("aws:s3/bucketLogging:BucketLogging").inputs == {
        "bucket": "prod-frontend.bucket",
        "targetBucket": "prod-logs-1a2b3c4",
        "targetPrefix": "frontend/",
    }


def test_cloudfront_is_given_the_regional_name(recording):
    assert recording.exports == {
        "bucket": "prod-frontend.bucket",
        "arn": "arn:aws:s3:::bucket/prod-frontend",
        "domain_name": "prod-frontend.bucketRegionalDomainName",
    }


@pytest.mark.parametrize("stack", STACKS)
def test_the_stack_file_says_how_long_a_replaced_asset_stays(stack: str):
    (rule,) = recorded(stack).only(LIFECYCLE, f"{stack}-frontend-lifecycle").inputs["rules"]
    assert rule["noncurrentVersionExpiration"] == {"noncurrentDays": chosen(stack).cdn.asset_days}
