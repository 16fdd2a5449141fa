"""`make mutate ARGS=--inputs` weakens what guards something, and finds what nothing notices."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pulumi_aws as aws
import pytest

from rehearsal.recording import Recording, record
from rehearsal.stack_file import ROOT
from scripts.input_guardrails import Guardrails
from scripts.input_mutants import InputMutant, input_mutants
from scripts.mutate_inputs import in_no_name
from scripts.weakness import GONE, Weakness, guards, weakened, weaknesses
from tests import accounts
from tests.accounts import recorded as account
from tests.environments import STACKS, recorded


def changes(type_: str, inputs: dict[str, Any]) -> list[str]:
    return [str(weakness) for weakness in weaknesses(type_, inputs)]


@pytest.mark.parametrize(
    ("inputs", "expected"),
    [
        ({"anything": True}, ["anything became False"]),
        (
            {"storageEncrypted": False},
            ["left out", "storageEncrypted became True"],
        ),
        ({"retentionInDays": 90}, ["left out", "became 1", "became 900"]),
        ({"backupDays": 1}, ["left out", "became 0", "became 10"]),
        ({"cidrBlock": "10.0.0.0/16"}, ["left out", "became '0.0.0.0/0'"]),
        ({"cidrBlock": "0.0.0.0/0"}, ["left out"]),
        ({"sslPolicy": "Policy-TLS13-1-2"}, ["left out", "became 'Policy-TLSv1'"]),
        ({"reason": "they agree on no TLS"}, []),
        ({"status": "Enabled"}, ["status became 'Disabled'"]),
        ({"status": "DISABLED"}, ["status became 'ENABLED'"]),
        ({"kmsKeyId": "arn:key"}, ["left out", "became 'another'"]),
        ({"description": "Deny", "size": 7, "text": "words"}, ["description became 'Allow'"]),
        ({"subnets": ["a"], "policies": ["b"]}, ["left out", "0 left out", "0 became 'another'"]),
    ],
)
def test_what_guards_something_is_weakened(inputs: dict[str, Any], expected: list[str]) -> None:
    found = changes("aws:x/y:Y", inputs)
    assert len(found) == len(expected)
    for change, end in zip(found, expected, strict=True):
        assert change.endswith(end)


def test_the_value_of_a_pair_is_called_as_the_pair() -> None:
    pairs = [{"name": "rds.force_ssl", "value": "1"}, {"name": "work_mem", "value": "4"}]
    assert changes("aws:rds/parameterGroup:ParameterGroup", {"parameters": pairs}) == [
        "parameters.0.value left out",
        "parameters.0.value became '0'",
    ]


STATEMENTS = [
    {
        "Sid": "Read",
        "Effect": "Allow",
        "Principal": {"Service": "s3.amazonaws.com"},
        "Action": ["s3:GetObject", "s3:ListBucket"],
        "Resource": "*",
        "Condition": {"StringEquals": {"aws:SourceAccount": "1"}},
    },
    {
        "Effect": "Deny",
        "Action": ["s3:Delete*", "s3:Put*"],
        "Resource": "a",
        "Condition": {"ArnNotLike": {"aws:PrincipalArn": "b"}, "Bool": {"c": "false"}},
    },
]


def test_an_allow_allows_more_and_a_deny_denies_less_also_in_a_text() -> None:
    text = json.dumps({"Version": "2012-10-17", "Statement": STATEMENTS})
    assert changes("aws:s3/bucketPolicy:BucketPolicy", {"policy": text}) == [
        "policy left out",
        "policy.$.Statement left out",
        "policy.$.Statement.0.Action became '*'",
        "policy.$.Statement.0.Principal became '*'",
        "policy.$.Statement.0.Condition.StringEquals.aws:SourceAccount left out",
        "policy.$.Statement.1 left out",
        "policy.$.Statement.1.Effect became 'Allow'",
        "policy.$.Statement.1.Action.0 left out",
        "policy.$.Statement.1.Action.1 left out",
        "policy.$.Statement.1.Condition.ArnNotLike.aws:PrincipalArn became '*'",
        "policy.$.Statement.1.Condition.Bool.c became 'another'",
    ]


def test_one_place_is_weakened_and_nothing_else() -> None:
    inputs = {"policy": json.dumps({"Statement": STATEMENTS}), "a": {"b": [1, {"c": 2}]}}
    changed = weakened(inputs, Weakness(("policy", "$", "Statement", 0), GONE))
    assert changed == {**inputs, "policy": json.dumps({"Statement": STATEMENTS[1:]})}
    assert weakened(inputs, Weakness(("a", "b", 1, "c"), 3)) == {
        **inputs,
        "a": {"b": [1, {"c": 3}]},
    }
    assert inputs["a"] == {"b": [1, {"c": 2}]}
    for path in (("b",), ("a", "b", 2), ("a", "b", "c"), ("a", "$", "b")):
        assert weakened(inputs, Weakness(path, GONE)) is None
    assert weakened(inputs, Weakness(("a", "b", 0), 1)) is None


def test_a_part_that_is_in_no_name_is_told() -> None:
    mutant = InputMutant(("aws:s3/bucket:Bucket", "*-logs"), Weakness(("bucket",), GONE), ("prod",))
    assert in_no_name(["Bucket *-logs", "infra/nope.py", "left out"], [mutant]) == ["infra/nope.py"]


def test_what_only_shows_and_what_people_read_guards_nothing() -> None:
    assert changes("aws:cloudwatch/dashboard:Dashboard", {"kmsKeyId": "a", "on": True}) == []
    assert guards(("Role", "policy")) is True
    assert guards(("securityGroup", "port")) is True
    assert guards(("Role", "description")) is False
    assert guards(("Policy", "a", "b")) is False


def program() -> None:
    aws.s3.BucketPublicAccessBlock(
        "prod-private", bucket="b", block_public_acls=True, ignore_public_acls=False
    )
    aws.sns.TopicSubscription("prod-mail", topic="t", protocol="email", endpoint="a@b.cd")


@pytest.fixture
def recordings() -> dict[str, Recording]:
    def other() -> None:
        aws.s3.BucketPublicAccessBlock("testing-private", bucket="b", block_public_acls=True)

    return {
        "prod": record(program, stack="prod", config={}),
        "testing": record(other, stack="testing", config={}),
    }


def test_a_part_of_several_environments_is_one(recordings: dict[str, Recording]) -> None:
    assert sorted(map(str, input_mutants(recordings))) == [
        "BucketPublicAccessBlock *-private: blockPublicAcls became False (prod, testing)",
        "BucketPublicAccessBlock *-private: blockPublicAcls left out (prod, testing)",
        "BucketPublicAccessBlock *-private: bucket became 'another' (prod, testing)",
        "BucketPublicAccessBlock *-private: bucket left out (prod, testing)",
        "BucketPublicAccessBlock *-private: ignorePublicAcls became True (prod)",
        "BucketPublicAccessBlock *-private: ignorePublicAcls left out (prod)",
        "TopicSubscription *-mail: protocol became 'another' (prod)",
        "TopicSubscription *-mail: protocol left out (prod)",
    ]


@pytest.mark.parametrize(
    ("protected", "expected"),
    [(True, ["left out", "became False"]), (False, ["became True"])],
)
def test_a_guardrail_notices_one_violation_more_and_one_less(
    *, protected: bool, expected: list[str]
) -> None:
    recording = record(lambda: table(protected=protected), stack="prod", config={})
    rails = Guardrails(recording)
    assert [
        str(one.weakness)
        for one in input_mutants({"prod": recording})
        if one.weakness.path == ("deletionProtectionEnabled",) and rails.catch(one)
    ] == [f"deletionProtectionEnabled {change}" for change in expected]


def table(*, protected: bool) -> None:
    """DynamoDB.6 is about it."""
    aws.dynamodb.Table("prod-t", hash_key="k", deletion_protection_enabled=protected)


def test_a_policy_that_no_guardrail_can_read_is_noticed() -> None:
    def unreadable() -> None:
        aws.iam.RolePolicy("prod-r", role="r", policy=json.dumps({"Statement": STATEMENTS[:1]}))

    recording = record(unreadable, stack="prod", config={})
    rails = Guardrails(recording)
    assert [
        str(one.weakness) for one in input_mutants({"prod": recording}) if rails.catch(one)
    ] == [
        "policy left out",
        "policy.$.Statement.0.Action became '*'",
    ]


NOTICED_AT_ONCE = {
    "BucketPublicAccessBlock": {
        "blockPublicAcls",
        "blockPublicPolicy",
        "ignorePublicAcls",
        "restrictPublicBuckets",
    },
    "EventSubscription": {"enabled"},
    "Instance": {
        "autoMinorVersionUpgrade",
        "copyTagsToSnapshot",
        "deletionProtection",
        "iamDatabaseAuthenticationEnabled",
        "multiAz",
        "publiclyAccessible",
        "storageEncrypted",
    },
    "LoadBalancer": {"accessLogs.enabled", "dropInvalidHeaderFields", "enableDeletionProtection"},
    "ReplicationGroup": {
        "atRestEncryptionEnabled",
        "autoMinorVersionUpgrade",
        "automaticFailoverEnabled",
        "transitEncryptionEnabled",
    },
    "Repository": {"imageScanningConfiguration.scanOnPush"},
    "Service": {"networkConfiguration.assignPublicIp"},
    "Subnet": {"assignIpv6AddressOnCreation", "mapPublicIpOnLaunch"},
    "Table": {"deletionProtectionEnabled", "pointInTimeRecovery.enabled"},
    "TaskDefinition": {
        "containerDefinitions.$.privileged",
        "containerDefinitions.$.readonlyRootFilesystem",
    },
    "WebAcl": {"rules.visibilityConfig.cloudwatchMetricsEnabled"},
}


def test_these_booleans_nobody_turns_without_a_guardrail_that_says_so() -> None:
    """In whatever environment, and in the account. Of the others tests take notice: that takes
    minutes, and `make mutate ARGS=--inputs`."""
    recordings = {**{stack: recorded(stack) for stack in STACKS}, accounts.STACK: account()}
    rails = {stack: Guardrails(recording) for stack, recording in recordings.items()}
    booleans = [one for one in input_mutants(recordings) if isinstance(one.weakness.value, bool)]
    assert len(booleans) > 250
    by_all: dict[str, dict[str, bool]] = {}
    for one in booleans:
        path = ".".join(str(step) for step in one.weakness.path if not isinstance(step, int))
        of = by_all.setdefault(one.part[0].rpartition(":")[2], {})
        of[path] = of.get(path, True) and all(rails[stack].catch(one) for stack in one.stacks)
    noticed = {class_: {path for path, is_ in of.items() if is_} for class_, of in by_all.items()}
    assert {class_: paths for class_, paths in noticed.items() if paths} == NOTICED_AT_ONCE


TOY = """
from functools import cache

import pytest

from rehearsal.recording import Recording, record
from tests.test_mutate_inputs import program

BLOCK = "aws:s3/bucketPublicAccessBlock:BucketPublicAccessBlock"
pytestmark = pytest.mark.mocked


@cache
def recorded() -> Recording:
    return record(program, stack="prod", config={})


@cache
def derived() -> dict[str, object]:
    return dict(recorded().only(BLOCK).inputs)


def test_a_cached_recording():
    assert derived()["blockPublicAcls"] is True


def test_a_recording_of_its_own():
    assert record(program, stack="prod", config={}).only(BLOCK).inputs["bucket"] == "b"


def test_every_resource():
    for resource in recorded().resources:
        assert resource.inputs.get("protocol") != "another"
"""
RUN = """
import json, sys
import pytest
from scripts.input_mutants import InputMutant, input_mutants
from scripts.mutate_inputs import in_no_name
from scripts.input_trials import OPTIONS, Trials

trials = Trials(jobs=2, timeout_seconds=60)
import test_toy

trials.mutants = [*input_mutants({"prod": test_toy.recorded()})]
pytest.main([*OPTIONS, "."], plugins=[trials])
said = {str(one): trials.caught.get(one) for one in trials.mutants}
print("\\n" + json.dumps({"failed": trials.failed, "said": said}))
"""


def tried(folder: Path, tests: str) -> dict[str, Any]:
    (folder / "test_toy.py").write_text(tests)
    done = subprocess.run(
        [sys.executable, "-c", RUN],
        cwd=folder,
        env={"PYTHONPATH": f"{ROOT}:{folder}", "PATH": ""},
        capture_output=True,
        text=True,
        timeout=120,
        check=True,
    )
    return json.loads(done.stdout.splitlines()[-1])


def test_a_weakness_is_seen_in_recordings_that_there_are_and_that_come(tmp_path: Path) -> None:
    assert tried(tmp_path, TOY) == {
        "failed": "",
        "said": {
            "BucketPublicAccessBlock *-private: blockPublicAcls left out (prod)": CACHED,
            "BucketPublicAccessBlock *-private: blockPublicAcls became False (prod)": CACHED,
            "BucketPublicAccessBlock *-private: ignorePublicAcls left out (prod)": None,
            "BucketPublicAccessBlock *-private: ignorePublicAcls became True (prod)": None,
            "BucketPublicAccessBlock *-private: bucket left out (prod)": OWN,
            "BucketPublicAccessBlock *-private: bucket became 'another' (prod)": OWN,
            "TopicSubscription *-mail: protocol left out (prod)": None,
            "TopicSubscription *-mail: protocol became 'another' (prod)": EVERY,
        },
    }


CACHED = "test_toy.py::test_a_cached_recording"
OWN = "test_toy.py::test_a_recording_of_its_own"
EVERY = "test_toy.py::test_every_resource"


def test_tests_that_fail_as_they_are_prove_nothing(tmp_path: Path) -> None:
    found = tried(tmp_path, TOY.replace("is True", "is False"))
    assert found["failed"] == CACHED
    assert {*found["said"].values()} == {None}


def test_a_file_that_does_not_load_proves_nothing(tmp_path: Path) -> None:
    (tmp_path / "test_broken.py").write_text("nowhere")
    assert tried(tmp_path, TOY)["failed"] == "a test file that does not load"
