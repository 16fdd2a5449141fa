"""Calls of AWS's APIs; whatever goes wrong is one sentence."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3.session
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    NoCredentialsError,
    NoRegionError,
    PartialCredentialsError,
)

from drills.do.errors import BadInput, DrillError

# Nothing here is in a hurry, and every call may be repeated.
_CONFIG = Config(retries={"mode": "standard", "total_max_attempts": 5})


class Refused(DrillError):
    """AWS took the call and said no; `code` is AWS's own."""

    def __init__(self, sentence: str, code: str) -> None:
        super().__init__(sentence)
        self.code = code


class Aws:
    """Credentials, region and AWS_ENDPOINT_URL are read as the AWS CLI reads them."""

    def __init__(self) -> None:
        try:
            self._session = boto3.session.Session(region_name=os.environ.get("AWS_REGION"))
        except BotoCoreError as error:
            raise DrillError(f"there is no AWS session: {error}; check AWS_PROFILE") from error
        self._clients: dict[tuple[str, str | None], Any] = {}

    @property
    def region(self) -> str:
        """Where calls go unless they say otherwise; "" when nobody has said."""
        return self._session.region_name or ""

    def call(
        self, service: str, operation: str, /, *, region: str | None = None, **given: Any
    ) -> Any:
        """`call("rds", "describe_db_instances", …)`. Refused or DrillError."""
        with _told(service, operation):
            return getattr(self._client(service, region), operation)(**given)

    def pages(self, service: str, operation: str, of: str, /, **given: Any) -> list[Any]:
        """Every item of a listing, however many pages it has."""
        region = given.pop("region", None)
        with _told(service, operation):
            paginator = self._client(service, region).get_paginator(operation)
            return [item for page in paginator.paginate(**given) for item in page.get(of, [])]

    def _client(self, service: str, region: str | None) -> Any:
        key = (service, region)
        if key not in self._clients:
            self._clients[key] = self._session.client(
                service,  # pyright: ignore[reportArgumentType] (any service's name)
                region_name=region,
                config=_CONFIG,
            )
        return self._clients[key]


@contextmanager
def _told(service: str, operation: str) -> Iterator[None]:
    """Whatever botocore raises, as one sentence."""
    try:
        yield
    except ClientError as error:
        code = error.response["Error"].get("Code", "")
        text = " ".join(error.response["Error"].get("Message", "").split()).rstrip(".")
        raise Refused(f"AWS refuses {service}:{operation} ({code}: {text})", code) from error
    except NoRegionError:
        raise BadInput(
            "no AWS region is chosen; set AWS_REGION to the environment's region"
        ) from None
    except (NoCredentialsError, PartialCredentialsError) as error:
        raise BadInput(f"there are no AWS credentials: {error}; log in, then try again") from None
    except (BotoCoreError, ValueError) as error:
        raise DrillError(f"{service}:{operation} was not answered: {error}") from error
