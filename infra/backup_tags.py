"""Every stateful resource says in its tag `backup` who keeps copies of it. Imports no pulumi."""

from typing import Literal, get_args

TAG = "backup"
# `snapshots` and `continuous` are the two plans of AWS Backup; `service` is the resource's own
# service, which AWS Backup can't stand in for; `none` is for what may be lost, with the reason
# beside it.
KeptBy = Literal["snapshots", "continuous", "service", "none"]
KEEPERS: tuple[KeptBy, ...] = get_args(KeptBy)
# Type tokens of what holds data that no `pulumi up` can bring back.
STATEFUL_TYPES = frozenset(
    {
        "aws:dynamodb/table:Table",
        "aws:elasticache/replicationGroup:ReplicationGroup",
        "aws:rds/instance:Instance",
        "aws:s3/bucket:Bucket",
    }
)


def kept_by(keeper: KeptBy) -> dict[str, str]:
    """The tags of a stateful resource."""
    return {TAG: keeper}
