"""ECR, as the images' jobs need it."""

from collections.abc import Mapping
from typing import Any

import boto3
from botocore.exceptions import BotoCoreError, ClientError

from pipeline.errors import PipelineError
from pipeline.image import Image


class Registry:
    """The registry of one image's account and region."""

    def __init__(self, image: Image) -> None:
        self._account = image.account_id
        self._ecr = boto3.client("ecr", region_name=image.region)

    def digest(self, repository: str, tag: str) -> str | None:
        """Of the image that has the tag; None when there is none."""
        try:
            found = self._ecr.describe_images(
                registryId=self._account, repositoryName=repository, imageIds=[{"imageTag": tag}]
            )
        except self._ecr.exceptions.ImageNotFoundException:
            return None
        except (ClientError, BotoCoreError) as error:
            raise PipelineError(f"ECR does not say what {repository}:{tag} is: {error}") from None
        return found["imageDetails"][0]["imageDigest"]

    def findings(self, image: Image, token: str) -> Mapping[str, Any]:
        """One page of what a scan of the image found."""
        more = {"nextToken": token} if token else {}
        try:
            return self._ecr.describe_image_scan_findings(
                registryId=self._account,
                repositoryName=image.repository,
                imageId={"imageDigest": image.digest},
                **more,
            )
        except (ClientError, BotoCoreError) as error:
            raise PipelineError(
                f"ECR does not say what its scan of {image.reference} found: {error}"
            ) from None

    def newest(self, repository: str) -> str | None:
        """The digest that was pushed last and has a tag of our own; None of an empty repository."""
        try:
            pages = self._ecr.get_paginator("describe_images").paginate(
                registryId=self._account, repositoryName=repository, filter={"tagStatus": "TAGGED"}
            )
            images = [
                one
                for page in pages
                for one in page["imageDetails"]
                if any(not tag.startswith("sha256-") for tag in one["imageTags"])
            ]
        except (ClientError, BotoCoreError) as error:
            raise PipelineError(f"ECR does not list the images of {repository}: {error}") from None
        latest = max(images, key=lambda one: one["imagePushedAt"], default=None)
        return latest["imageDigest"] if latest else None
