"""The log bucket is private, keeps logs for `log_days`, and takes them from three services of AWS.

Mocks prove what is asked of AWS, not that AWS accepts it.
"""

import json

import pulumi
import pytest

from infra.log_bucket import LogBucket, LogBucketArgs
from rehearsal.recording import Recording, record
from tests.environments import STACKS, chosen, recorded

ACCOUNT = "210987654321"
LIFECYCLE = "aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration"
POLICY = "aws:s3/bucketPolicy:BucketPolicy"
BUCKET = "arn:aws:s3:::bucket/prod-logs"


def program() -> None:
    logs = LogBucket("prod", LogBucketArgs(account_id=ACCOUNT, protect=True, log_days=365))
    pulumi.export("bucket", logs.bucket)
    pulumi.export("arn", logs.arn)


@pytest.fixture(scope="module")
def recording() -> Recording:
    return record(program, stack="prod")


@pytest.fixture(scope="module")
def statements(recording: Recording) -> dict[str, dict]:
    policy = json.loads(recording.only(POLICY).inputs["policy"])
    assert policy["Version"] == "2012-10-17"
    return {statement["Sid"]: statement for statement in policy["Statement"]}


def test_the_bucket_is_made_of_one_component_and_seven_parts(recording):
    assert [r.type for r in recording.resources if not r.custom] == ["slipway:infra:LogBucket"]
    parts = [r for r in recording.resources if r.custom]
    assert len(parts) == 7
    assert {r.parent.type for r in parts} == {"slipway:infra:LogBucket"}
    assert {r.inputs["bucket"] for r in parts if r.name != "prod-logs"} == {"prod-logs.bucket"}


def test_protected_logs_are_never_thrown_away_with_the_bucket(recording):
    assert recording.only("aws:s3/bucket:Bucket").inputs == {
        "forceDestroy": False,
        "tags": {"backup": "none"},
    }


def test_nothing_in_the_bucket_can_be_public(recording):
    block = recording.only("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock").inputs
    assert block == {
        "bucket": "prod-logs.bucket",
        "blockPublicAcls": True,
        "blockPublicPolicy": True,
        "ignorePublicAcls": True,
        "restrictPublicBuckets": True,
    }
    ownership = recording.only("aws:s3/bucketOwnershipControls:BucketOwnershipControls").inputs
    assert ownership["rule"] == {"objectOwnership": "BucketOwnerEnforced"}


def test_encryption_is_the_only_kind_that_a_load_balancer_can_write_to(recording):
    type_ = "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    assert recording.only(type_).inputs["rules"] == [
        {
            "applyServerSideEncryptionByDefault": {"sseAlgorithm": "AES256"},
            "blockedEncryptionTypes": ["SSE-C"],
        }
    ]


def test_logs_expire_after_log_days_and_survive_a_deletion_for_a_week(recording):
    assert recording.only(LIFECYCLE).inputs["rules"] == [
        {
            "id": "expire",
            "status": "Enabled",
            "filter": {},
            "expiration": {"days": 365},
            "noncurrentVersionExpiration": {"noncurrentDays": 7},
            "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
        }
    ]
    versioning = recording.only("aws:s3/bucketVersioning:BucketVersioning").inputs
    assert versioning["versioningConfiguration"] == {"status": "Enabled"}


def test_four_statements_and_no_more(statements):
    assert list(statements) == [
        "DenyPlainHttp",
        "BalancerLogs",
        "AWSLogDeliveryWrite",
        "FrontendAccessLogs",
    ]


def test_plain_http_is_refused_to_everyone(statements):
    assert statements["DenyPlainHttp"] == {
        "Sid": "DenyPlainHttp",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:*",
        "Resource": [BUCKET, f"{BUCKET}/*"],
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def test_load_balancers_write_below_the_number_of_this_account(statements):
    assert statements["BalancerLogs"] == {
        "Sid": "BalancerLogs",
        "Effect": "Allow",
        "Principal": {"Service": "logdelivery.elasticloadbalancing.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": [
            f"{BUCKET}/alb/AWSLogs/{ACCOUNT}/*",
            f"{BUCKET}/alb-connections/AWSLogs/{ACCOUNT}/*",
        ],
    }


def test_cloudfront_writes_as_a_delivery_source_of_this_account(statements):
    assert statements["AWSLogDeliveryWrite"] == {
        "Sid": "AWSLogDeliveryWrite",
        "Effect": "Allow",
        "Principal": {"Service": "delivery.logs.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"{BUCKET}/AWSLogs/{ACCOUNT}/*",
        "Condition": {
            "StringEquals": {
                "s3:x-amz-acl": "bucket-owner-full-control",
                "aws:SourceAccount": ACCOUNT,
            },
            "ArnLike": {"aws:SourceArn": f"arn:aws:logs:us-east-1:{ACCOUNT}:delivery-source:*"},
        },
    }


def test_only_the_frontends_bucket_logs_its_accesses_here(statements):
    assert statements["FrontendAccessLogs"] == {
        "Sid": "FrontendAccessLogs",
        "Effect": "Allow",
        "Principal": {"Service": "logging.s3.amazonaws.com"},
        "Action": "s3:PutObject",
        "Resource": f"{BUCKET}/frontend/*",
        "Condition": {
            "StringEquals": {"aws:SourceAccount": ACCOUNT},
            "ArnLike": {"aws:SourceArn": "arn:aws:s3:::prod-frontend-*"},
        },
    }


def test_the_policy_waits_for_the_public_access_block(recording):
    private = recording.only("aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock")
    assert private.urn in recording.only(POLICY).depends_on


def test_who_logs_here_waits_for_the_policy():
    """Only the policy answers with this name here, so that a shortcut would show."""

    def outputs(type_: str, name: str, _inputs: dict) -> dict:
        known = {POLICY: {"bucket": "writable"}}
        return {"id": name, "arn": "arn", "bucket": "bare", **known.get(type_, {})}

    assert record(program, stack="prod", outputs=outputs).exports == {
        "bucket": "writable",
        "arn": "arn:aws:s3:::writable",
    }


@pytest.mark.parametrize("stack", STACKS)
def test_the_stack_file_says_how_long_logs_are_kept_and_whose_they_are(stack: str):
    (rule,) = recorded(stack).only(LIFECYCLE, f"{stack}-logs-lifecycle").inputs["rules"]
    assert rule["expiration"] == {"days": chosen(stack).cdn.log_days}
    policy = json.loads(recorded(stack).only(POLICY, f"{stack}-logs-policy").inputs["policy"])
    (condition,) = [s["Condition"] for s in policy["Statement"] if s["Sid"] == "FrontendAccessLogs"]
    assert condition["StringEquals"] == {"aws:SourceAccount": chosen(stack).aws.account_id}
