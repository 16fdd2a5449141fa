"""The one door to AWS: every call bounded, made once, counted, and its errors in two kinds."""

import os
import threading
from collections.abc import Mapping
from contextlib import closing
from datetime import UTC, datetime
from typing import Any

import boto3.session
import botocore.session
from botocore.config import Config

from cutover.do.aws_errors import AwsError, explained
from cutover.do.world import Unavailable

# A connection is there in no time or never; most of a call's seconds are for the answer.
_CONNECTING_SHARE = 0.4
# Where IAM's name of a service is not the one that requests are signed for.
_IAM_NAMES = {"monitoring": "cloudwatch"}


class _Answer(dict[str, Any]):
    """Unavailable for a key that it should have: botocore reads a captive portal's page, with its
    200, as an answer that has none."""

    def __init__(self, action: str, answer: Mapping[str, Any]) -> None:
        super().__init__(answer)
        self._action = action

    def __missing__(self, key: str) -> Any:
        raise Unavailable(
            f"the answer to {self._action} has no {key}, so it is not AWS's; look for a proxy or a "
            "captive portal between here and AWS, and at AWS_ENDPOINT_URL"
        )


class Clients:
    """boto3's clients of one session, which reads the standard environment: AWS_PROFILE, keys,
    AWS_ENDPOINT_URL; and AWS_REGION where `region` is None. May be used from any thread.

    A call takes `call_seconds` at most, name resolution apart, and is never repeated. Raises
    Refused for a profile that doesn't exist.
    """

    def __init__(self, region: str | None = None, *, call_seconds: float = 5) -> None:
        self._region = region or os.environ.get("AWS_REGION") or None
        session = botocore.session.get_session()
        session.register("before-send", self._count)
        try:
            self._session = boto3.session.Session(
                botocore_session=session, region_name=self._region
            )
        except AwsError as error:
            raise explained(error, "this environment") from error
        self._config = Config(
            connect_timeout=call_seconds * _CONNECTING_SHARE,
            read_timeout=call_seconds * (1 - _CONNECTING_SHARE),
            retries={"total_max_attempts": 1},
        )
        self._clients: dict[tuple[str, str | None], Any] = {}
        self._lock = threading.Lock()
        self._calls = 0

    @property
    def calls(self) -> int:
        """Requests sent to AWS until now, those for credentials included."""
        return self._calls

    @property
    def region(self) -> str:
        """Where calls go; empty when nothing says so, and then every call is refused."""
        return self._session.region_name or ""

    @property
    def credentials_from(self) -> str:
        """Where botocore found the credentials, in its words: env, sso, iam-role, …"""
        found = self._session.get_credentials()
        return found.method if found else "nowhere"

    @property
    def credentials_end_at(self) -> float | None:
        """When credentials of the environment end, epoch seconds; None where they don't say, and
        for all others, which botocore renews by itself."""
        text = os.environ.get("AWS_CREDENTIAL_EXPIRATION", "")
        try:
            end = datetime.fromisoformat(text) if self.credentials_from == "env" else None
        except ValueError:
            return None
        return end.astimezone(UTC).timestamp() if end and end.tzinfo else None

    def call(
        self, service: str, operation: str, /, *, region: str | None = None, **arguments: Any
    ) -> Any:
        """boto3's answer to one call, `call("ecs", "run_task", cluster=…)`.

        Raises Unavailable or Refused, with botocore's error as the cause. So does the answer,
        Unavailable without a cause, when it is asked for a key that it lacks.
        """
        try:
            return self._send(self._client(service, region), operation, arguments)
        except AwsError as error:
            raise explained(error, f"{service}:{operation}") from error

    def call_as(
        self,
        credentials: Mapping[str, Any],
        service: str,
        operation: str,
        /,
        **arguments: Any,
    ) -> Any:
        """The same with AssumeRole's `Credentials` in place of one's own, for this call alone."""
        try:
            with self._lock:
                made = self._session.client(
                    service,  # pyright: ignore[reportArgumentType] (any service's name)
                    aws_access_key_id=credentials["AccessKeyId"],
                    aws_secret_access_key=credentials["SecretAccessKey"],
                    aws_session_token=credentials["SessionToken"],
                    config=self._config,
                )
            with closing(made) as client:
                return self._send(client, operation, arguments)
        except AwsError as error:
            raise explained(error, f"{service}:{operation}") from error

    def _client(self, service: str, region: str | None) -> Any:
        # boto3's clients may be shared by threads, but not made by two at once.
        key = (service, region or self._region)
        with self._lock:
            if key not in self._clients:
                self._clients[key] = self._session.client(
                    service,  # pyright: ignore[reportArgumentType] (any service's name)
                    region_name=key[1],
                    config=self._config,
                )
            return self._clients[key]

    def _send(self, client: Any, operation: str, arguments: Mapping[str, Any]) -> Any:
        action = _action(client, operation)
        try:
            return _Answer(action, getattr(client, operation)(**arguments))
        except AwsError as error:
            raise explained(error, action) from error

    def _count(self, **_event: Any) -> None:
        with self._lock:
            self._calls += 1


def _action(client: Any, operation: str) -> str:
    """IAM's name of an operation: elasticloadbalancing:ModifyRule."""
    signing_name = client.meta.service_model.signing_name
    name = client.meta.method_to_api_mapping[operation]
    return f"{_IAM_NAMES.get(signing_name, signing_name)}:{name}"
