"""The frontend's bucket: pages of releases, and `index.html`, which says which of them is live."""

import hashlib
from typing import Any

from botocore.exceptions import BotoCoreError

from cutover.decide.live import Index
from cutover.decide.model import Page
from cutover.decide.pointer import INDEX
from cutover.do.aws_errors import error_code, explained
from cutover.do.clients import Clients
from cutover.do.fence import Fence
from cutover.do.world import Refused, Unavailable
from infra.outputs import Contract

# A page names its assets and holds none of them; a larger one would not be read within a call.
MOST_BYTES = 5 * 1024**2
# The edge asks the bucket again at each request (infra/edge_behaviors.py), and so do browsers.
_CACHE_CONTROL, _CONTENT_TYPE = "no-cache", "text/html; charset=utf-8"
_ABSENT = {"NoSuchKey", "NoSuchVersion"}
# Another writer was there first, or in the same moment (S3 user guide, "Conditional writes").
_OVERTAKEN = {"PreconditionFailed", "ConditionalRequestConflict"}


class Frontend:
    """One environment's bucket. What writes takes `not_after`, epoch seconds, as World has it."""

    def __init__(self, clients: Clients, contract: Contract, fence: Fence) -> None:
        self._clients, self._contract, self._fence = clients, contract, fence

    def page(self, key: str) -> Page:
        """A release's page as CI has uploaded it. One call; Refused when there is none."""
        found = self._read(key)
        if found is None:
            raise Refused(
                f"there is no {key} in the bucket {self._contract.frontend_bucket}; upload the "
                "release's assets and its page first"
            )
        return Page(key=key, sha256=hashlib.sha256(found["Body"]).hexdigest())

    def index(self) -> Index:
        """What `index.html` is now, if there is one. One call."""
        found = self._read(INDEX)
        if found is None:
            return Index()
        return Index(
            etag=found["ETag"],
            version=found.get("VersionId", ""),
            sha256=hashlib.sha256(found["Body"]).hexdigest(),
        )

    def point(self, page: Page, *, etag: str, not_after: float) -> None:
        """`index.html` becomes the page, if it still has the ETag, or if there still is none where
        that is empty. Three calls, the second for a role that may write nothing else.

        Unavailable when somebody else was faster: look again. Refused when the page is no longer
        what it was.
        """
        found = self._read(page.key, page.version)
        if found is None or hashlib.sha256(found["Body"]).hexdigest() != page.sha256:
            state = "is gone from" if found is None else "has been changed in"
            raise Refused(
                f"{page.key} {state} the bucket {self._contract.frontend_bucket}; upload it again "
                f"as it was, with SHA-256 {page.sha256}"
            )
        bucket = self._contract.frontend_bucket
        partition = self._contract.weights_role.split(":")[1]
        fenced = self._fence.until(
            not_after, ["s3:PutObject", "s3:GetObject"], f"arn:{partition}:s3:::{bucket}/{INDEX}"
        )
        condition = {"IfMatch": etag} if etag else {"IfNoneMatch": "*"}
        try:
            fenced.call(
                "s3",
                "put_object",
                Bucket=bucket,
                Key=INDEX,
                Body=found["Body"],
                CacheControl=_CACHE_CONTROL,
                ContentType=_CONTENT_TYPE,
                **condition,
            )
        except Refused as error:
            if error_code(error) in _OVERTAKEN:
                raise Unavailable(f"somebody else writes {INDEX} in this moment") from error
            raise

    def _read(self, key: str, version: str = "") -> dict[str, Any] | None:
        """S3's answer with the whole content as its Body; None when there is no such object."""
        pinned = {"VersionId": version} if version else {}
        try:
            found = self._clients.call(
                "s3", "get_object", Bucket=self._contract.frontend_bucket, Key=key, **pinned
            )
        except Refused as error:
            if error_code(error) in _ABSENT:
                return None
            raise
        if found["ContentLength"] > MOST_BYTES:
            found["Body"].close()
            raise Refused(
                f"{key} has {found['ContentLength']:,} bytes, and a page may have {MOST_BYTES:,}; "
                "give --frontend the page that loads the assets"
            )
        try:
            found["Body"] = found["Body"].read()
        except BotoCoreError as error:
            raise explained(error, "s3:GetObject") from error
        return found
