"""A snapshot by ElastiCache, and a replication group of one node that begins with it."""

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

import redis

from drills.do.aws import Aws, Refused
from drills.do.errors import DrillError
from drills.do.place import Clock
from drills.do.scratch import is_scratch, refuse_living, scratch_name, scratch_tags
from infra.drill_outputs import DrillContract

POLL_SECONDS = 15.0
PATIENCE_SECONDS = 3600.0
_GONE = {"ReplicationGroupNotFoundFault", "SnapshotNotFoundFault"}


class ElastiCache:
    """See drills.do.place.CachePlace. It has to run where the cache can be reached."""

    name = "aws"

    def __init__(
        self,
        aws: Aws,
        contract: DrillContract,
        drill_id: str,
        clock: Clock,
        *,
        take_over: bool = False,
    ) -> None:
        self._aws, self._contract, self._clock = aws, contract, clock
        self._drill_id, self._take_over = drill_id, take_over
        self._scratch = scratch_name(contract.environment, drill_id)
        self._made_snapshot = self._made_group = False

    def sweep(self) -> tuple[str, ...]:
        left: list[tuple[str, Callable[[str], None]]] = []
        for kind, listing, name, remove in (
            ("ReplicationGroups", "describe_replication_groups", "ReplicationGroupId", self._end),
            ("Snapshots", "describe_snapshots", "SnapshotName", self._forget),
        ):
            for one in self._aws.pages("elasticache", listing, kind):
                if one[name].startswith(f"drill-{self._contract.environment}-"):
                    tags = self._aws.call(
                        "elasticache", "list_tags_for_resource", ResourceName=one["ARN"]
                    )["TagList"]
                    if is_scratch(one[name], tags, self._contract.environment):
                        left.append((one[name], remove))
        names = tuple(name for name, _ in left)
        if not self._take_over:
            refuse_living(names, self._contract.environment, self._drill_id)
        for name, remove in left:
            remove(name)
        return names

    def source(self) -> redis.Redis:
        return self._connect(None)

    def snapshot(self) -> None:
        self._made_snapshot = True
        self._aws.call(
            "elasticache",
            "create_snapshot",
            ReplicationGroupId=self._contract.replication_group,
            SnapshotName=self._scratch,
            Tags=scratch_tags(self._contract.environment, self._drill_id),
        )
        self._wait("describe_snapshots", "Snapshots", "SnapshotStatus", SnapshotName=self._scratch)

    def restore(self) -> None:
        group = self._group(self._contract.replication_group)
        cluster = self._aws.call(
            "elasticache", "describe_cache_clusters", CacheClusterId=group["MemberClusters"][0]
        )["CacheClusters"][0]
        key = {"KmsKeyId": group["KmsKeyId"]} if group.get("KmsKeyId") else {}
        self._made_group = True
        self._aws.call(
            "elasticache",
            "create_replication_group",
            ReplicationGroupId=self._scratch,
            ReplicationGroupDescription=f"Drill of {self._contract.environment}, for an hour",
            SnapshotName=self._scratch,
            Engine=cluster["Engine"],
            CacheNodeType=cluster["CacheNodeType"],
            NumCacheClusters=1,
            AutomaticFailoverEnabled=False,
            CacheSubnetGroupName=cluster["CacheSubnetGroupName"],
            SecurityGroupIds=[one["SecurityGroupId"] for one in cluster["SecurityGroups"]],
            CacheParameterGroupName=cluster["CacheParameterGroup"]["CacheParameterGroupName"],
            UserGroupIds=group["UserGroupIds"],
            TransitEncryptionEnabled=True,
            AtRestEncryptionEnabled=True,
            SnapshotRetentionLimit=0,
            Tags=scratch_tags(self._contract.environment, self._drill_id),
            **key,
        )
        self._wait(
            "describe_replication_groups",
            "ReplicationGroups",
            "Status",
            ReplicationGroupId=self._scratch,
        )

    def restored(self) -> redis.Redis:
        endpoint = self._group(self._scratch)["NodeGroups"][0]["PrimaryEndpoint"]
        return self._connect(endpoint["Address"])

    def remove(self) -> None:
        if self._made_group:
            self._end(self._scratch)
        if self._made_snapshot:
            self._forget(self._scratch)

    def _end(self, name: str) -> None:
        self._unless_gone("delete_replication_group", ReplicationGroupId=name)

    def _forget(self, name: str) -> None:
        self._unless_gone("delete_snapshot", SnapshotName=name)

    def _unless_gone(self, operation: str, **named: Any) -> None:
        try:
            self._aws.call("elasticache", operation, **named)
        except Refused as refused:
            if refused.code not in _GONE:
                raise DrillError(
                    f"{refused}; delete {', '.join(named.values())} by hand, or run the drill "
                    "again, which will"
                ) from refused

    def _wait(self, operation: str, kind: str, status: str, **named: str) -> None:
        deadline = self._clock.monotonic() + PATIENCE_SECONDS
        while True:
            found = self._aws.call("elasticache", operation, **named)[kind][0][status]
            if found == "available":
                return
            if "failed" in found or self._clock.monotonic() > deadline:
                raise DrillError(f"ElastiCache did not make {self._scratch}, which is {found}")
            self._clock.sleep(POLL_SECONDS)

    def _group(self, name: str) -> dict[str, Any]:
        return self._aws.call(
            "elasticache", "describe_replication_groups", ReplicationGroupId=name
        )["ReplicationGroups"][0]

    def _connect(self, host: str | None) -> redis.Redis:
        secret = self._aws.call(
            "secretsmanager", "get_secret_value", SecretId=self._contract.redis_url_secret
        )
        url = urlsplit(secret["SecretString"])
        return redis.Redis(
            host=host or url.hostname or "",
            port=url.port or 6379,
            username=url.username,
            password=url.password,
            ssl=url.scheme == "rediss",
            socket_timeout=10,
        )
