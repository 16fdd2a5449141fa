"""Images: whether one can be pulled, before anything is moved for it."""

import re

from cutover.do.aws_errors import error_code
from cutover.do.clients import Clients
from cutover.do.world import Refused

# Private registries' addresses, IPv4 and dual-stack (ECR user guide, "Private registry").
_ECR = re.compile(
    r"(?P<registry>\d{12})\.dkr[.-]ecr(-fips)?\.(?P<region>[a-z0-9-]+)\."
    r"(amazonaws\.com(\.cn)?|on\.(aws|amazonwebservices\.com\.cn))"
    r"/(?P<repository>[^:@]+)(:[^@]+)?@(?P<digest>sha256:[0-9a-f]{64})"
)
_ABSENT = {"ImageNotFoundException", "RepositoryNotFoundException"}


class Images:
    def __init__(self, clients: Clients) -> None:
        self._clients = clients

    def image_exists(self, image: str) -> bool:
        """Whether ECR has the digest, in the registry and region of its address. One call; none,
        and True, for an image elsewhere, of which nothing can be asked."""
        address = _ECR.fullmatch(image)
        if address is None:
            return True
        try:
            self._clients.call(
                "ecr",
                "describe_images",
                region=address["region"],
                registryId=address["registry"],
                repositoryName=address["repository"],
                imageIds=[{"imageDigest": address["digest"]}],
            )
        except Refused as error:
            if error_code(error) in _ABSENT:
                return False
            raise
        return True
