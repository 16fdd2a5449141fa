"""The contract between the stack and the drills: names and types. Imports no pulumi."""

import dataclasses
import json
from dataclasses import dataclass

from infra.shape import problems, shown

DRILLS_VERSION = 1


def drills_name(environment: str) -> str:
    """The SSM parameter that holds what a drill may know of an environment."""
    return f"/slipway/{environment}/drills"


@dataclass(frozen=True, kw_only=True)
class DrillContract:
    """Everything that a drill may know of an environment; the rest it asks of AWS by these names.

    `protected` environments are drilled only when somebody says so by name. Both limits are whole
    minutes. Without a second region `copy_region` and `frontend_copy` are "".
    """

    version: int
    environment: str
    region: str
    account_id: str
    protected: bool
    rto_minutes: int
    rpo_minutes: int
    database_instance: str
    database: str
    owner_secret: str
    replication_group: str
    redis_url_secret: str
    frontend_bucket: str
    frontend_copy: str
    copy_region: str
    signing_key: str

    def to_json(self) -> str:
        """Canonical JSON: the same contract is the same text, so a second preview is empty."""
        return json.dumps(dataclasses.asdict(self), sort_keys=True, separators=(",", ":"))

    @classmethod
    def from_json(cls, text: str) -> "DrillContract":
        """The contract that `to_json` wrote; ValueError with all that is wrong when it is none, or
        of another version."""
        try:
            fields = json.loads(text)
        except (ValueError, RecursionError):
            raise ValueError(
                f"the contract is no JSON: {shown(text)}; run `pulumi up` again"
            ) from None
        version = fields.get("version") if isinstance(fields, dict) else None
        if type(version) is int and version != DRILLS_VERSION:
            raise ValueError(
                f"the contract has version {version}, and this program reads {DRILLS_VERSION}; "
                "use the same checkout for `pulumi up` and the drills"
            )
        if found := list(problems(fields, cls)):
            raise ValueError(
                f"the contract can't be used: {'; '.join(found)}; run `pulumi up` again"
            )
        return cls(**fields)
