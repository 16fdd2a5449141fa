"""A call to AWS is bounded, made once and counted, and its errors say what to do."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import (
    ClientError,
    EndpointConnectionError,
    NoCredentialsError,
    NoRegionError,
    ParamValidationError,
    ReadTimeoutError,
)
from botocore.parsers import ResponseParserError

from cutover.do.aws_errors import AwsError, error_code, explained
from cutover.do.clients import Clients
from cutover.do.world import Refused, Unavailable
from rehearsal.aws.control_plane import ControlPlane
from rehearsal.machine import ports
from tests.cutover_aws import REGION

ACCOUNT = "100000000011"


@pytest.fixture(scope="module")
def plane() -> Iterator[ControlPlane]:
    with ControlPlane(port=ports.reserve(), account_id=ACCOUNT, region=REGION) as started:
        yield started


@pytest.fixture
def clients(plane: ControlPlane, monkeypatch: pytest.MonkeyPatch) -> Clients:
    for name, value in plane.variables.items():
        monkeypatch.setenv(name, value)
    return Clients(REGION, call_seconds=60)


def client_error(code: str, status: int = 400, message: str = "Because.") -> ClientError:
    return ClientError(
        {
            "Error": {"Code": code, "Message": message},
            "ResponseMetadata": {
                "HTTPStatusCode": status,
                "RequestId": "",
                "HostId": "",
                "HTTPHeaders": {},
                "RetryAttempts": 0,
            },
        },
        "RunTask",
    )


@pytest.mark.parametrize(
    ("error", "kind", "sentence"),
    [
        (
            client_error("ThrottlingException", message="Rate\n exceeded."),
            Unavailable,
            "AWS can't take ecs:RunTask now (ThrottlingException: Rate exceeded)",
        ),
        (
            client_error("ServerException", 500),
            Unavailable,
            "AWS can't take ecs:RunTask now (ServerException: Because)",
        ),
        (
            client_error("Whatever", 429),
            Unavailable,
            "AWS can't take ecs:RunTask now (Whatever: Because)",
        ),
        (
            client_error("AccessDenied", 403, "User x is not authorized to perform: ecs:RunTask"),
            Refused,
            "AWS denies ecs:RunTask (User x is not authorized to perform: ecs:RunTask); allow it "
            "for the role that runs cutover, or use that role",
        ),
        (
            client_error("ExpiredTokenException"),
            Refused,
            "the AWS credentials have expired (ecs:RunTask: ExpiredTokenException); log in again",
        ),
        (
            client_error("UnrecognizedClientException", 403),
            Refused,
            "AWS does not know the credentials of ecs:RunTask (UnrecognizedClientException: "
            "Because); check AWS_PROFILE or the keys in the environment",
        ),
        (
            client_error(
                "InvalidSignatureException",
                403,
                "Signature expired: 20260301T115000Z is now earlier than 20260301T115500Z",
            ),
            Refused,
            "this machine's clock is too far from AWS's for ecs:RunTask (Signature expired: "
            "20260301T115000Z is now earlier than 20260301T115500Z); set the clock (chrony, or "
            "another NTP client), then try again",
        ),
        (
            client_error("ClusterNotFoundException", message=""),
            Refused,
            "AWS refuses ecs:RunTask (ClusterNotFoundException: no reason given)",
        ),
        (
            client_error("LimitExceededException", 499),
            Refused,
            "AWS refuses ecs:RunTask (LimitExceededException: Because)",
        ),
        (
            ReadTimeoutError(endpoint_url="https://ecs"),
            Unavailable,
            'ecs:RunTask got no answer from AWS: Read timeout on endpoint URL: "https://ecs"',
        ),
        (
            EndpointConnectionError(endpoint_url="https://ecs"),
            Unavailable,
            "ecs:RunTask got no answer from AWS: Could not connect to the endpoint URL: "
            '"https://ecs"',
        ),
        (
            ResponseParserError("a page of a proxy"),
            Unavailable,
            "ecs:RunTask got no answer from AWS: a page of a proxy",
        ),
        (
            NoCredentialsError(),
            Refused,
            "there are no AWS credentials for ecs:RunTask: Unable to locate credentials; log in, "
            "then try again",
        ),
        (
            NoRegionError(),
            Refused,
            "no AWS region is chosen; set AWS_REGION to the environment's region",
        ),
        (
            ParamValidationError(report="no such argument"),
            Refused,
            "ecs:RunTask was not sent to AWS: Parameter validation failed: no such argument",
        ),
    ],
)
def test_an_error_is_one_sentence_and_says_whether_to_ask_again(
    error: AwsError, kind: type[Exception], sentence: str
) -> None:
    found = explained(error, "ecs:RunTask")
    assert (type(found), str(found)) == (kind, sentence)


def test_calls_go_where_the_environment_points_and_are_counted(clients: Clients) -> None:
    assert clients.calls == 0
    assert clients.call("sts", "get_caller_identity")["Account"] == ACCOUNT
    assert clients.call("ecs", "list_clusters")["clusterArns"] == []
    assert clients.calls == 2


def test_another_region_is_asked_in_another_region(clients: Clients, plane: ControlPlane) -> None:
    plane.client("ecr", "us-east-1").create_repository(repositoryName="elsewhere")
    there = clients.call("ecr", "describe_repositories", region="us-east-1")["repositories"]
    assert [repository["repositoryName"] for repository in there] == ["elsewhere"]
    assert clients.call("ecr", "describe_repositories")["repositories"] == []


def test_a_refusal_names_the_action_and_keeps_the_code(clients: Clients) -> None:
    with pytest.raises(Refused, match=r"^AWS refuses elasticloadbalancing:DescribeRules \(") as at:
        clients.call("elbv2", "describe_rules", RuleArns=["arn:aws:elasticloadbalancing:x"])
    assert error_code(at.value) == "RuleNotFound"
    assert clients.calls == 1


def test_cloudwatch_is_named_as_iam_names_it(clients: Clients) -> None:
    with pytest.raises(Refused, match=r"^cloudwatch:DescribeAlarms was not sent to AWS: "):
        clients.call("cloudwatch", "describe_alarms", AlarmNames="no list")
    assert clients.calls == 0


def test_what_got_no_answer_has_no_code() -> None:
    assert error_code(Unavailable("nobody there")) == ""


def test_nobody_there_is_unavailable_and_asked_once(
    clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{free.getsockname()[1]}")
        with pytest.raises(Unavailable, match=r"^ecs:ListClusters got no answer from AWS: "):
            clients.call("ecs", "list_clusters")
    assert clients.calls == 1


def test_who_says_nothing_is_left_in_time_and_not_asked_again(
    clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert clients.calls == 0
    impatient = Clients(REGION, call_seconds=0.5)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        silent.listen()
        monkeypatch.setenv("AWS_ENDPOINT_URL", f"http://127.0.0.1:{silent.getsockname()[1]}")
        with pytest.raises(Unavailable, match=r"ecs:ListClusters got no answer.*Read timeout"):
            impatient.call("ecs", "list_clusters")
    assert impatient.calls == 1


def test_connecting_and_answering_share_the_seconds_of_a_call() -> None:
    config: Any = Clients(REGION)._client("ecs", None).meta.config
    assert (config.connect_timeout, config.read_timeout) == (2, 3)
    assert config.retries["total_max_attempts"] == 1


def test_the_region_of_the_environment_is_taken_where_none_is_given(
    clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_DEFAULT_REGION")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    with pytest.raises(Refused, match=r"^no AWS region is chosen; set AWS_REGION"):
        Clients().call("ecs", "list_clusters")
    monkeypatch.setenv("AWS_REGION", "ap-south-1")
    assert Clients()._client("ecs", None).meta.region_name == "ap-south-1"


def test_a_profile_that_does_not_exist_is_named(
    clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert clients.calls == 0
    monkeypatch.setenv("AWS_PROFILE", "nowhere")
    monkeypatch.setenv("AWS_CONFIG_FILE", "/nonexistent")
    with pytest.raises(Refused) as refused:
        Clients(REGION)
    assert str(refused.value) == (
        "The config profile (nowhere) could not be found; set AWS_PROFILE to one that `aws "
        "configure list-profiles` names, or unset it"
    )


def test_a_call_can_be_made_as_somebody_else(clients: Clients) -> None:
    role = clients.call(
        "sts", "assume_role", RoleArn=f"arn:aws:iam::{ACCOUNT}:role/weights", RoleSessionName="run"
    )
    found = clients.call_as(role["Credentials"], "sts", "get_caller_identity")
    assert found["Arn"] == f"arn:aws:sts::{ACCOUNT}:assumed-role/weights/run"
    assert clients.calls == 2
    assert clients.call("sts", "get_caller_identity")["Arn"] != found["Arn"]


@pytest.mark.parametrize(
    ("end", "seconds"),
    [
        ("2100-01-01T00:00:00Z", 4_102_444_800),
        ("2100-01-01T02:00:00+02:00", 4_102_444_800),
        ("", None),
        ("soon", None),
    ],
)
def test_the_end_of_the_environments_credentials_is_known_where_they_say_so(
    plane: ControlPlane, monkeypatch: pytest.MonkeyPatch, end: str, seconds: float | None
) -> None:
    for name, value in plane.variables.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setenv("AWS_CREDENTIAL_EXPIRATION", end)
    assert Clients(REGION).credentials_end_at == seconds


def test_credentials_that_are_renewed_have_no_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_SESSION_TOKEN", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    keys = tmp_path / "credentials"
    keys.write_text("[default]\naws_access_key_id = a\naws_secret_access_key = b\n")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", str(keys))
    monkeypatch.setenv("AWS_CREDENTIAL_EXPIRATION", "2100-01-01T00:00:00Z")
    clients = Clients(REGION)
    assert (clients.credentials_from, clients.credentials_end_at) == (
        "shared-credentials-file",
        None,
    )
