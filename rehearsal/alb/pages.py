"""The edge's other half: what is not the API's comes from the frontend's bucket."""

from dataclasses import dataclass

from rehearsal.alb.wildcard import wildcard


@dataclass(frozen=True, kw_only=True)
class Pages:
    """Where pages and assets are. `api_paths` are CloudFront's patterns of all that isn't theirs;
    `address` is S3's, and `headers` are what it must be told to open the bucket."""

    api_paths: tuple[str, ...]
    address: str
    bucket: str
    headers: dict[str, str]

    @property
    def api_expression(self) -> str:
        """A regular expression of the paths that go to the balancer."""
        return rf"^(?:{'|'.join(wildcard(path) for path in self.api_paths)})$"
