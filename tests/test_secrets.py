"""What is asked of Secrets Manager for the app. That AWS accepts it is the preview's to show."""

import json

import pulumi
import pytest

from infra.secrets import Secrets, SecretsArgs
from infra.settings import SecretsSettings
from rehearsal.recording import Recording, record
from tests.environments import STACKS, chosen, recorded

SECRET = "aws:secretsmanager/secret:Secret"
VERSION = "aws:secretsmanager/secretVersion:SecretVersion"
PASSWORD = "random:index/randomPassword:RandomPassword"
ARN = "arn:aws:secretsmanager:eu-west-1:123456789012:secret/prod-"
URL = "rediss://app-g1:password@host:6379/0"


def _recorded(
    *,
    protect: bool = True,
    generation: int = 1,
    recovery_days: int = 30,
    sentry_dsn_secret: str | None = None,
) -> Recording:
    def program() -> None:
        settings = SecretsSettings(
            generation=generation, recovery_days=recovery_days, sentry_dsn_secret=sentry_dsn_secret
        )
        secrets = Secrets(
            "prod",
            SecretsArgs(
                settings=settings,
                key_arn="key-arn",
                redis_url=pulumi.Output.secret(URL),
            ),
            pulumi.ResourceOptions(protect=protect),
        )
        pulumi.export("secret_key_arn", secrets.secret_key_arn)
        pulumi.export("redis_url_arn", secrets.redis_url_arn)
        pulumi.export("probe_token_arn", secrets.probe_token_arn)
        pulumi.export("probe_token", secrets.probe_token)
        pulumi.export("sentry_dsn_arn", secrets.sentry_dsn_arn)

    return record(program, stack="prod")


def _secret_key(generation: int) -> dict[str, str]:
    version = _recorded(generation=generation).only(VERSION, "prod-secret-key-value")
    return json.loads(version.inputs["secretString"])


@pytest.mark.parametrize("days", [7, 30])
def test_each_secret_is_encrypted_with_the_environments_key_and_can_be_recovered(days: int):
    secrets = _recorded(recovery_days=days).every(SECRET)
    assert {secret.name: secret.inputs["description"] for secret in secrets} == {
        "prod-secret-key": "Signs the app's sessions; the previous and the next key verify too",
        "prod-redis-url": "The app's Redis, with its login",
        "prod-probe-token": "Lets a probe past the limits and into a slot",
    }
    for secret in secrets:
        assert secret.inputs["kmsKeyId"] == "key-arn"
        assert secret.inputs["recoveryWindowInDays"] == days


def test_names_are_left_to_pulumi_so_that_a_replacement_needs_no_gap():
    assert [secret.inputs.get("name") for secret in _recorded().every(SECRET)] == [None] * 3


def test_every_value_is_a_secret():
    recording = _recorded()
    versions = recording.every(VERSION)
    assert {version.name: version.secrets for version in versions} == {
        "prod-secret-key-value": {"secretString"},
        "prod-redis-url-value": {"secretString"},
        "prod-probe-token-value": {"secretString"},
    }
    assert recording.only(VERSION, "prod-redis-url-value").inputs["secretString"] == URL
    assert recording.only(VERSION, "prod-probe-token-value").inputs["secretString"] == (
        "prod-probe-token.hex"
    )
    assert recording.secret_exports == {"probe_token"}


def test_the_probe_token_is_32_random_bytes_written_as_64_hexadecimal_characters():
    recording = _recorded()
    assert recording.only("random:index/randomBytes:RandomBytes").inputs == {"length": 32}
    assert recording.exports["probe_token"] == "prod-probe-token.hex"


def test_raising_the_generation_signs_with_the_key_that_every_task_already_knows():
    assert _secret_key(1) == {
        "previous": "prod-secret-key-g0.result",
        "current": "prod-secret-key-g1.result",
        "next": "prod-secret-key-g2.result",
    }
    assert _secret_key(2) == {
        "previous": _secret_key(1)["current"],
        "current": _secret_key(1)["next"],
        "next": "prod-secret-key-g3.result",
    }


def test_each_key_is_64_random_letters_and_digits():
    passwords = _recorded(generation=5).every(PASSWORD)
    assert {password.name for password in passwords} == {
        "prod-secret-key-g4",
        "prod-secret-key-g5",
        "prod-secret-key-g6",
    }
    for password in passwords:
        assert (password.inputs["length"], password.inputs["special"]) == (64, False)


def test_protection_covers_what_stays_and_not_what_a_generation_replaces():
    recording = _recorded(protect=True)
    assert {secret.protect for secret in recording.every(SECRET)} == {True}
    assert {version.protect for version in recording.every(VERSION)} == {False}
    assert {password.protect for password in recording.every(PASSWORD)} == {False}
    assert {secret.protect for secret in _recorded(protect=False).every(SECRET)} == {False}


def test_what_is_handed_on_are_arns_and_the_teams_own_sentry_secret_passes_through():
    sentry = "arn:aws:secretsmanager:eu-west-1:123456789012:secret:sentry-AbCdEf"
    assert _recorded(sentry_dsn_secret=sentry).exports == {
        "secret_key_arn": f"{ARN}secret-key",
        "redis_url_arn": f"{ARN}redis-url",
        "probe_token_arn": f"{ARN}probe-token",
        "probe_token": "prod-probe-token.hex",
        "sentry_dsn_arn": sentry,
    }
    assert "sentry_dsn_arn" not in _recorded().exports


def test_there_are_three_secrets():
    recording = _recorded()
    assert len(recording.every(SECRET)) == 3
    assert len(recording.resources) == 11


@pytest.mark.parametrize("stack", STACKS)
def test_the_stack_file_says_which_key_signs_and_how_long_a_deleted_secret_waits(stack: str):
    recording, settings = recorded(stack), chosen(stack).secrets
    version = recording.only(VERSION, f"{stack}-secret-key-value")
    assert json.loads(version.inputs["secretString"]) == {
        "previous": f"{stack}-secret-key-g{settings.generation - 1}.result",
        "current": f"{stack}-secret-key-g{settings.generation}.result",
        "next": f"{stack}-secret-key-g{settings.generation + 1}.result",
    }
    secrets = recording.every(SECRET)
    # The database's login too, and its owner's where RDS does not manage it.
    assert len(secrets) == (5 if chosen(stack).postgres.read_replica else 4)
    assert {secret.inputs["recoveryWindowInDays"] for secret in secrets} == {settings.recovery_days}
