"""What is asked of Secrets Manager for the app's login. That it rotates is for AWS to show."""

import json

import pulumi
import pytest

from infra.database_login import DatabaseLogin, DatabaseLoginArgs
from rehearsal.recording import Recording, record
from tests.environments import STACKS, chosen, recorded

STACK = "aws:serverlessrepository/cloudFormationStack:CloudFormationStack"
ROTATION = "aws:secretsmanager/secretRotation:SecretRotation"
VERSION = "aws:secretsmanager/secretVersion:SecretVersion"
SECRET = "aws:secretsmanager/secret:Secret"
LOG_GROUP = "aws:cloudwatch/logGroup:LogGroup"
LOGIN_ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret/prod-database-login"


def _recorded(*, preview: bool = False) -> Recording:
    def program() -> None:
        login = DatabaseLogin(
            "prod",
            DatabaseLoginArgs(
                rotation_days=45,
                log_days=365,
                recovery_days=30,
                region="eu-central-1",
                address="database.example",
                port=5433,
                database="app",
                owner_secret_arn="owner-arn",
                subnet_ids=["subnet-a", "subnet-b"],
                security_group_id="sg-rotation",
                key_arn="key-arn",
            ),
        )
        pulumi.export("secret_arn", login.secret_arn)

    return record(program, stack="prod", preview=preview)


def test_the_secret_is_encrypted_and_can_be_recovered():
    assert _recorded().only(SECRET).inputs == {
        "description": "The app's login to the database, rotated",
        "kmsKeyId": "key-arn",
        "recoveryWindowInDays": 30,
    }


def test_the_first_login_has_the_shape_that_the_rotation_function_reads():
    version = _recorded().only(VERSION)
    assert version.inputs["secretId"] == LOGIN_ARN
    assert json.loads(version.inputs["secretString"]) == {
        "engine": "postgres",
        "host": "database.example",
        "port": 5433,
        "dbname": "app",
        "username": "app",
        "password": "prod-database-login-first.result",
        "masterarn": "owner-arn",
        "ssl": True,
    }


def test_the_rotation_owns_the_value():
    assert _recorded().only(VERSION).ignore_changes == ("secretString", "versionStages")


def test_a_first_login_that_is_made_again_does_not_become_the_current_one():
    # PutSecretValue moves AWSCURRENT unless it is told other labels; of a first version it is
    # current whatever it is told.
    assert _recorded().only(VERSION).inputs["versionStages"] == ["first"]


def test_the_password_is_nowhere_in_clear():
    recording = _recorded()
    password = recording.only("random:index/randomPassword:RandomPassword")
    assert (password.inputs["length"], password.inputs["special"]) == (32, False)
    seen = [
        (resource.name, key)
        for resource in recording.resources
        for key, value in resource.inputs.items()
        if "prod-database-login-first.result" in str(value)
    ]
    assert seen == [("prod-database-login-value", "secretString")]
    assert recording.only(VERSION).secrets == {"secretString"}


def test_the_login_rotates_on_schedule_and_not_before_its_role_exists():
    recording = _recorded()
    rotation = recording.only(ROTATION)
    assert rotation.inputs == {
        "secretId": LOGIN_ARN,
        "rotationLambdaArn": (
            "arn:aws:lambda:eu-west-1:123456789012:function:prod-database-login-rotation"
        ),
        "rotationRules": {"automaticallyAfterDays": 45},
        "rotateImmediately": False,
    }
    assert recording.only(VERSION).urn in rotation.depends_on


def test_the_function_is_awss_own_in_a_pinned_version_and_may_read_the_owners_secret():
    assert _recorded().only(STACK).inputs == {
        "applicationId": (
            "arn:aws:serverlessrepo:us-east-1:297356227824:applications/"
            "SecretsManagerRDSPostgreSQLRotationMultiUser"
        ),
        "semanticVersion": "1.1.671",
        "capabilities": ["CAPABILITY_IAM", "CAPABILITY_RESOURCE_POLICY"],
        "parameters": {
            "endpoint": "https://secretsmanager.eu-central-1.amazonaws.com",
            "excludeCharacters": " %+~`#$&*()|[]{}:;<>?!'/@\"\\",
            "functionName": "prod-database-login-rotation",
            "kmsKeyArn": "key-arn",
            "masterSecretArn": "owner-arn",
            "masterSecretKmsKeyArn": "key-arn",
            "vpcSecurityGroupIds": "sg-rotation",
            "vpcSubnetIds": "subnet-a,subnet-b",
        },
    }


def test_the_functions_log_ends_is_encrypted_and_exists_before_the_function():
    recording = _recorded()
    group = recording.only(LOG_GROUP)
    assert group.inputs == {
        "name": "/aws/lambda/prod-database-login-rotation",
        "retentionInDays": 365,
        "kmsKeyId": "key-arn",
    }
    assert group.urn in recording.only(STACK).depends_on


def test_there_is_one_login():
    recording = _recorded()
    assert len(recording.resources) == 7
    assert recording.exports == {"secret_arn": LOGIN_ARN}
    assert recording.secret_exports == frozenset()


def test_a_first_preview_survives_what_is_not_known_yet():
    assert len(_recorded(preview=True).resources) == 7


@pytest.mark.parametrize("stack", STACKS)
def test_the_stack_file_says_how_long_a_login_its_log_and_its_secret_live(stack: str):
    recording, postgres = recorded(stack), chosen(stack).postgres
    rotation = recording.only(ROTATION).inputs
    assert rotation["rotationRules"] == {"automaticallyAfterDays": postgres.rotation_days}
    group = recording.only(LOG_GROUP, f"{stack}-database-login-rotation-log").inputs
    assert group["retentionInDays"] == postgres.log_days
    secret = recording.only(SECRET, f"{stack}-database-login").inputs
    assert secret["recoveryWindowInDays"] == chosen(stack).secrets.recovery_days
    assert recording.only(STACK).inputs["parameters"]["endpoint"] == (
        f"https://secretsmanager.{chosen(stack).aws.region}.amazonaws.com"
    )
