"""The bucket of an environment's frontend, as S3 and the contract have it."""

from typing import Self

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from infra.outputs import Contract, contract_name
from pipeline.errors import PipelineError


class FrontendBucket:
    def __init__(self, name: str, region: str) -> None:
        self._name = name
        self._s3 = boto3.client("s3", region_name=region)

    @classmethod
    def of(cls, stack: str, region: str) -> Self:
        """From the environment's contract; PipelineError when it can't be read."""
        name = contract_name(stack)
        try:
            answer = boto3.client("ssm", region_name=region).get_parameter(Name=name)
            contract = Contract.from_json(answer["Parameter"]["Value"])
        except (ClientError, BotoCoreError) as error:
            raise PipelineError(f"the contract {name} in {region} can't be read: {error}") from None
        except ValueError as error:
            raise PipelineError(
                f"{name} in {region}: {error}; run `pulumi up --stack {stack}` with this checkout"
            ) from None
        return cls(contract.frontend_bucket, region)

    def add(self, key: str, body: bytes, *, content_type: str, cache_control: str) -> None:
        """As pipeline.bundle.Bucket has it: what is there already stays as it is."""
        try:
            self._s3.put_object(
                Bucket=self._name,
                Key=key,
                Body=body,
                ContentType=content_type,
                CacheControl=cache_control,
                IfNoneMatch="*",
            )
        except ClientError as error:
            if error.response["Error"]["Code"] != "PreconditionFailed":
                raise PipelineError(f"{key} can't be written to {self._name}: {error}") from None
        except BotoCoreError as error:
            raise PipelineError(f"{key} can't be written to {self._name}: {error}") from None
