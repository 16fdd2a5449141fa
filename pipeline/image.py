"""An image in ECR, named by its digest."""

import re
from dataclasses import dataclass
from typing import Self

from pipeline.errors import PipelineError

# A private registry's address (ECR user guide, "Private registry").
_REFERENCE = re.compile(
    r"(?P<registry>\d{12}\.dkr\.ecr\.(?P<region>[a-z0-9-]+)\.amazonaws\.com(\.cn)?)"
    r"/(?P<repository>[a-z0-9][a-z0-9._/-]*)@(?P<digest>sha256:[0-9a-f]{64})"
)


@dataclass(frozen=True, kw_only=True)
class Image:
    """`registry` is a host name, `repository` a path in it, `digest` begins with sha256:."""

    registry: str
    region: str
    repository: str
    digest: str

    @classmethod
    def of(cls, reference: str) -> Self:
        """PipelineError when the reference is none of ECR, or has no digest."""
        found = _REFERENCE.fullmatch(reference)
        if found is None:
            raise PipelineError(
                f"{reference!r} is no image of ECR by its digest; it must look like "
                "123456789012.dkr.ecr.eu-west-1.amazonaws.com/slipway/app@sha256:…"
            )
        return cls(
            registry=found["registry"],
            region=found["region"],
            repository=found["repository"],
            digest=found["digest"],
        )

    @property
    def account_id(self) -> str:
        return self.registry.partition(".")[0]

    @property
    def reference(self) -> str:
        return f"{self.registry}/{self.repository}@{self.digest}"

    def beside(self, name: str) -> str:
        """The repository of another image in the same namespace."""
        return f"{self.repository.rpartition('/')[0]}/{name}"
