"""The account's own resources: kept, encrypted, held to the guardrails, named as expected."""

import json
from datetime import date
from typing import Any

import pytest

from bootstrap.account import account
from bootstrap.deploy_policy import edge_denials, write_policy
from bootstrap.images import BUILT, REPOSITORIES, SCRATCH
from bootstrap.settings import PROJECT, parse
from bootstrap.state_policy import write_state
from bootstrap.statements import Place, document
from infra.guardrails import waiver_file
from infra.guardrails.verdict import judge, sentence
from pipeline import build
from rehearsal.guardrails import evaluated
from rehearsal.recording import record
from rehearsal.stack_file import ROOT, stack_config, stack_names
from tests.accounts import CONFIG, STACK, chosen, recorded

ENVIRONMENTS = ("staging", "testing", "prod")
PURPOSES = ("preview", "drift", "deploy", "cutover", "break-glass")
ROLE = "aws:iam/role:Role"
# A day on which the waivers hold: those of the account end when those of the environments do.
TODAY = date(2026, 11, 24)


def test_the_account_has_the_environments_that_have_a_stack() -> None:
    assert sorted(one.name for one in chosen().environments) == stack_names(ROOT)
    for stack in stack_names(ROOT):
        aws = json.loads(stack_config(stack)["slipway:aws"])
        assert aws == {"account_id": chosen().aws.account_id, "region": chosen().aws.region}


def test_the_state_is_versioned_encrypted_private_and_protected() -> None:
    bucket = recorded().only("aws:s3/bucket:Bucket")
    key = recorded().only("aws:kms/key:Key", "slipway-state")
    assert bucket.protect
    assert key.protect
    # It keeps its copies itself (infra/backup_tags.py).
    assert bucket.inputs == {"forceDestroy": False, "tags": {"backup": "service"}}
    policy = recorded().only("aws:s3/bucketPolicy:BucketPolicy").inputs["policy"]
    arn = bucket.outputs["arn"]
    assert json.loads(policy)["Statement"] == [
        {
            "Sid": "DenyPlainHttp",
            "Effect": "Deny",
            "Principal": "*",
            "Action": "s3:*",
            "Resource": [arn, f"{arn}/*"],
            "Condition": {"Bool": {"aws:SecureTransport": "false"}},
        }
    ]
    versioning = recorded().only("aws:s3/bucketVersioning:BucketVersioning")
    assert versioning.inputs["versioningConfiguration"] == {"status": "Enabled"}
    encryption = recorded().only(
        "aws:s3/bucketServerSideEncryptionConfiguration:BucketServerSideEncryptionConfiguration"
    )
    [rule] = encryption.inputs["rules"]
    assert rule["applyServerSideEncryptionByDefault"] == {
        "sseAlgorithm": "aws:kms",
        "kmsMasterKeyId": key.outputs["arn"],
    }
    assert rule["bucketKeyEnabled"] is True
    assert rule["blockedEncryptionTypes"] == ["SSE-C"]
    lifecycle = recorded().only("aws:s3/bucketLifecycleConfiguration:BucketLifecycleConfiguration")
    assert lifecycle.inputs["rules"] == [
        {
            "id": "old-versions",
            "status": "Enabled",
            "filter": {},
            "noncurrentVersionExpiration": {"noncurrentDays": 365},
            "abortIncompleteMultipartUpload": {"daysAfterInitiation": 7},
        }
    ]


def test_each_environments_secrets_have_a_key_of_their_own() -> None:
    aliases = recorded().every("aws:kms/alias:Alias")
    assert sorted(one.inputs["name"] for one in aliases) == [
        "alias/slipway-prod-secrets",
        "alias/slipway-staging-secrets",
        "alias/slipway-state",
        "alias/slipway-testing-secrets",
    ]
    for key in recorded().every("aws:kms/key:Key"):
        assert key.inputs["enableKeyRotation"] is True
        assert key.inputs["deletionWindowInDays"] == 30
        assert key.inputs["tags"] == {"part": "bootstrap"}
        [statement] = json.loads(key.inputs["policy"])["Statement"]
        assert statement == {
            "Sid": "AccountDecidesThroughIam",
            "Effect": "Allow",
            "Principal": {"AWS": f"arn:aws:iam::{chosen().aws.account_id}:root"},
            "Action": "kms:*",
            "Resource": "*",
        }


def test_what_is_lost_with_the_account_is_protected() -> None:
    """The keys of secrets too: without one, nobody can read a stack's state any more."""
    kinds = ("aws:kms/key:Key", "aws:s3/bucket:Bucket", "aws:ecr/repository:Repository")
    kept = [one for kind in kinds for one in recorded().every(kind)]
    assert len(kept) == 4 + 1 + 3
    assert [one.name for one in kept if not one.protect] == []


def test_a_tag_of_an_image_is_set_once_and_images_are_scanned() -> None:
    repositories = recorded().every("aws:ecr/repository:Repository")
    assert sorted(one.inputs["name"] for one in repositories) == [
        f"slipway/{image}" for image in REPOSITORIES
    ]
    for one in repositories:
        assert one.inputs["imageTagMutability"] == "IMMUTABLE"
        assert one.inputs["imageScanningConfiguration"] == {"scanOnPush": True}
        assert one.inputs["forceDelete"] is False


def test_only_what_a_pull_request_has_built_is_ever_deleted() -> None:
    """ECR can't see which digest is in use: no rule may reach one without a tag, or any tag."""
    policies = recorded().every("aws:ecr/lifecyclePolicy:LifecyclePolicy")
    assert len(policies) == len(REPOSITORIES)
    for policy in policies:
        kept, rule = json.loads(policy.inputs["policy"])["rules"]
        assert (kept["rulePriority"], rule["rulePriority"]) == (1, 2)
        assert kept["action"] == rule["action"] == {"type": "expire"}
        # What it selects no later rule deletes, whatever other tags it has.
        assert kept["selection"] == {
            "tagStatus": "tagged",
            "tagPrefixList": [BUILT],
            "countType": "imageCountMoreThan",
            "countNumber": 100_000,
        }
        assert rule["selection"] == {
            "tagStatus": "tagged",
            "tagPrefixList": [SCRATCH],
            "countType": "sinceImagePushed",
            "countUnit": "days",
            "countNumber": 14,
        }
        assert rule["action"] == {"type": "expire"}
    assert SCRATCH == "pr-"
    assert BUILT == build.BUILT == "tree-"


def test_the_provider_is_githubs_and_of_this_account_alone() -> None:
    github = recorded().only("aws:iam/openIdConnectProvider:OpenIdConnectProvider")
    assert github.inputs == {
        "url": "https://token.actions.githubusercontent.com",
        "clientIdLists": ["sts.amazonaws.com"],
    }
    provider = recorded().only("pulumi:providers:aws")
    assert json.loads(provider.inputs["allowedAccountIds"]) == [chosen().aws.account_id]
    assert json.loads(provider.inputs["defaultTags"]) == {
        "tags": {"managed-by": "pulumi", "project": "slipway"}
    }
    assert provider.inputs["region"] == chosen().aws.region
    skipped = {key: value for key, value in provider.inputs.items() if key.startswith("skip")}
    assert skipped == {"skipCredentialsValidation": "false", "skipRegionValidation": "true"}


def test_roles_have_the_names_by_which_they_are_trusted_and_a_short_life() -> None:
    named = {
        *(f"slipway-{name}-{purpose}" for name in ENVIRONMENTS for purpose in PURPOSES),
        "slipway-images",
    }
    roles = recorded().every(ROLE)
    assert {one.inputs["name"] for one in roles} == named
    assert len(roles) == len(named)
    assert {one.inputs["maxSessionDuration"] for one in roles} == {3600}


def test_what_changes_an_environment_is_bounded() -> None:
    boundary = recorded().only("aws:iam/policy:Policy", "slipway-boundary")
    bounded = {
        one.name
        for one in recorded().every(ROLE)
        if one.inputs.get("permissionsBoundary") == boundary.outputs["arn"]
    }
    assert bounded == {
        f"slipway-{name}-{purpose}"
        for name in ENVIRONMENTS
        for purpose in ("preview", "drift", "deploy", "break-glass")
    }


def test_what_reads_and_what_writes_is_attached_to_what_it_was_made_for() -> None:
    made_for = {
        "slipway-reads": ("drift", "deploy", "break-glass"),
        "slipway-writes": ("deploy", "break-glass"),
    }
    attached = recorded().every("aws:iam/rolePolicyAttachment:RolePolicyAttachment")
    found = sorted((one.inputs["policyArn"], one.inputs["role"]) for one in attached)
    assert found == sorted(
        (recorded().only("aws:iam/policy:Policy", policy).outputs["arn"], f"slipway-{name}-{one}")
        for policy, purposes in made_for.items()
        for one in purposes
        for name in ENVIRONMENTS
    )


def test_policies_are_of_a_size_that_iam_takes() -> None:
    """Characters without white space (IAM and STS quotas): 6,144 managed, 10,240 in a role."""
    for policy in recorded().every("aws:iam/policy:Policy"):
        assert len("".join(policy.inputs["policy"].split())) <= 6_144
    for policy in recorded().every("aws:iam/rolePolicy:RolePolicy"):
        assert len("".join(policy.inputs["policy"].split())) <= 10_240
    for role in recorded().every(ROLE):
        assert len(role.inputs["assumeRolePolicy"]) <= 2_048


def test_the_longest_names_fit_into_a_role_too() -> None:
    place = Place(environment="a" * 16, account_id="1" * 12, region="ap-southeast-2")
    bucket, key = "arn:aws:s3:::slipway-state-1a2b3c4", place.arn("kms", f"key/{'1' * 36}")
    deploy = [*write_policy(place), *edge_denials(place), *write_state(place, bucket, [key, key])]
    assert 5_000 < len("".join(json.dumps(document(*deploy)).split())) <= 10_240


def test_the_guardrails_hold_but_for_what_is_waived() -> None:
    found = evaluated(recorded())
    verdict = judge(found, waiver_file.read(STACK, ROOT), TODAY)
    file = waiver_file.name(STACK)
    assert [sentence(one, file) for one in verdict.violations] == []
    assert [*verdict.problems] == []
    assert {one.control.id for one in found.violations} == {"IAM.21", "KMS.1", "KMS.2", "S3.9"}


def test_a_preview_before_anything_exists_is_whole() -> None:
    first = record(account, stack=STACK, project=PROJECT, config=CONFIG, preview=True)
    assert len(first.resources) == len(recorded().resources)


def test_exports_are_what_stack_files_and_workflows_need() -> None:
    exports = recorded().exports
    assert sorted(exports) == ["images", "images_role", "login", "roles", "secrets_providers"]
    assert sorted(exports["images"]) == [*REPOSITORIES]
    assert {name: sorted(roles) for name, roles in exports["roles"].items()} == {
        name: sorted(PURPOSES) for name in ENVIRONMENTS
    }
    assert exports["secrets_providers"]["prod"] == (
        "awskms://alias/slipway-prod-secrets?region=eu-west-1"
    )
    assert exports["login"].startswith("s3://")
    assert exports["login"].endswith("?region=eu-west-1")


GOOD: dict[str, Any] = {
    "aws": {"account_id": "123456789012", "region": "eu-west-1"},
    "github": {"repository": "a/b", "owner_id": "2", "repository_id": "1", "branch": "main"},
    "break_glass": ["arn:aws:iam::123456789012:user/anna"],
    "environments": [{"name": "prod", "previews": "the branch"}],
}


@pytest.mark.parametrize(
    ("section", "value", "said"),
    [
        ("environments", [], "environments: must be a list of 1 to 10 different environments"),
        (
            "environments",
            [{"name": "Prod", "previews": "the branch"}],
            "environments/0/name: must be 2 to 16 lower-case letters, digits and single hyphens, "
            "which do not begin with internal, sg, sthree or amzn-s3-demo as a word",
        ),
        (
            "environments",
            [{"name": "prod", "previews": "always"}],
            "environments/0/previews: must be one of every pull request, the branch",
        ),
        (
            "environments",
            [{"name": name, "previews": "the branch"} for name in ("prod", "prod-eu", "product")],
            "environments: prod-eu must not begin with the name of prod, another one",
        ),
        (
            "environments",
            [{"name": "slipway", "previews": "the branch"}],
            "environments: slipway would give its parts names of the account's own",
        ),
        (
            "environments",
            [{"name": "slipway-eu", "previews": "the branch"}],
            "environments: slipway-eu would give its parts names of the account's own",
        ),
        (
            "github",
            {"repository": "b", "owner_id": "2", "repository_id": "1", "branch": "main"},
            "github/repository: must be owner/name of a GitHub repository, got 'b'",
        ),
        (
            "github",
            {"repository": "a/*", "owner_id": "2", "repository_id": "1", "branch": "main"},
            "github/repository: must be owner/name of a GitHub repository, got 'a/*'",
        ),
        (
            "github",
            {"repository": "a/b", "owner_id": "2", "repository_id": "x", "branch": "main"},
            "github/repository_id: must be GitHub's id, in quotes: \"1234567890\", got 'x'",
        ),
        (
            "github",
            {"repository": "a/b", "owner_id": "*", "repository_id": "1", "branch": "main"},
            "github/owner_id: must be GitHub's id, in quotes: \"1234567890\", got '*'",
        ),
        (
            "github",
            {"repository": "a/b", "owner_id": "2", "repository_id": "1", "branch": "*"},
            "github/branch: must be a branch's name, such as main, got '*'",
        ),
        (
            "break_glass",
            ["arn:aws:iam::123456789012:role/*"],
            "break_glass/0: must be the ARN of a role or user, with * for what differs",
        ),
        (
            "break_glass",
            ["arn:aws:iam::999999999999:user/anna"],
            "break_glass/0: must be of aws/account_id 123456789012, got 'arn:aws:iam::9999",
        ),
        ("region", "eu-west-1", "region: unknown key, expected one of aws, github, break_glass"),
    ],
)
def test_wrong_settings_are_told(section: str, value: object, said: str) -> None:
    assert parse(GOOD)[1] == []
    _, found = parse(GOOD | {section: value})
    assert len(found) == 1
    assert found[0].startswith(said)


def test_every_problem_of_the_file_is_told_at_once() -> None:
    config = CONFIG | {f"{PROJECT}:github": '{"repository": "b"}', f"{PROJECT}:x": "1"}
    with pytest.raises(Exception, match=r"bootstrap/Pulumi.account.yaml is not") as refused:
        record(account, stack=STACK, project=PROJECT, config=config)
    assert "github/repository: must be" in str(refused.value)
    assert "github/branch: is missing" in str(refused.value)
    assert "github/owner_id: is missing" in str(refused.value)
    assert "x: unknown key" in str(refused.value)
