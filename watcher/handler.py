"""Tells people of a cutover that nobody brings to its end: its runner died, or it waits for them.

Runs in Lambda, with that runtime's own boto3 and no other package. It moves nothing, whatever it
finds; all that it writes is what it has seen and told, in a partition of its own.
"""

import itertools
import json
import os
import time
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from functools import cache
from typing import Any

import boto3

from infra.outputs import (
    CALL_SECONDS,
    LEASE_RECORD,
    LEASE_SECONDS,
    record_key,
    takeover_seconds,
    watcher_scope,
)
from watcher.refresh import Refresh
from watcher.subscribers import Subscribers, region_of
from watcher.trouble import Item, trouble

# A lease that is alive is renewed several times in this.
STILL_SECONDS = takeover_seconds(LEASE_SECONDS, CALL_SECONDS)


@dataclass(frozen=True, kw_only=True)
class Memory:
    """The trouble that was seen last, when it was first seen, and when people were told of it;
    epoch seconds of our own clock, never of the lease's owner."""

    seen: str = ""
    since: float = 0
    told_at: float | None = None


@dataclass(frozen=True, kw_only=True)
class Watcher:
    """One environment's lease, and whom to tell. `repeat_seconds` is between two messages of the
    same trouble. `dynamodb` and `sns` are boto3's clients."""

    environment: str
    table: str
    topic: str
    repeat_seconds: float
    dynamodb: Any
    sns: Any

    def look(self, now: float) -> None:
        """Tells of what has been still for longer than a living owner is; `now` is epoch seconds.

        Raises what boto3 raises, which is for the alarm on this function's errors.
        """
        lease = self._read(record_key(self.environment, LEASE_RECORD))
        found = trouble(self.environment, lease) if lease else None
        if found is None:
            return
        known = self._remembered()
        if known.seen != found.seen:
            known = Memory(seen=found.seen, since=now)
            self._remember(known)
        told_at = known.told_at
        due = told_at is None or now - told_at >= self.repeat_seconds
        if due and now - known.since >= STILL_SECONDS:
            self.sns.publish(
                TopicArn=self.topic,
                Subject=f"{self.environment}: a cutover waits for somebody",
                Message=found.sentence(self.environment, known.since),
            )
            self._remember(Memory(seen=known.seen, since=known.since, told_at=now))

    def _read(self, key: Item) -> Item | None:
        answer = self.dynamodb.get_item(TableName=self.table, Key=key, ConsistentRead=True)
        return answer.get("Item")

    @property
    def _own_key(self) -> dict[str, dict[str, str]]:
        return record_key(watcher_scope(self.environment), "memory")

    def _remembered(self) -> Memory:
        item = self._read(self._own_key)
        return Memory(**json.loads(item["memory"]["S"])) if item else Memory()

    def _remember(self, memory: Memory) -> None:
        item = {**self._own_key, "memory": {"S": json.dumps(asdict(memory))}}
        self.dynamodb.put_item(TableName=self.table, Item=item)


@cache
def _watcher() -> Watcher:
    """One for all invocations that this process serves."""
    return Watcher(
        environment=os.environ["ENVIRONMENT"],
        table=os.environ["TABLE"],
        topic=os.environ["TOPIC"],
        repeat_seconds=float(os.environ["REPEAT_SECONDS"]),
        dynamodb=boto3.client("dynamodb"),
        sns=boto3.client("sns"),
    )


@cache
def _refresh() -> Refresh:
    return Refresh(
        cluster=os.environ["CLUSTER"],
        secrets=tuple(os.environ["SECRET_ARNS"].split(",")),
        due_seconds=float(os.environ["REFRESH_SECONDS"]),
        namespace=os.environ["NAMESPACE"],
        ecs=boto3.client("ecs"),
        secretsmanager=boto3.client("secretsmanager"),
        cloudwatch=boto3.client("cloudwatch"),
    )


@cache
def _subscribers() -> tuple[Subscribers, ...]:
    """Of the two topics, each in the metrics of the other's region."""
    topics = json.loads(os.environ["TOPICS"])
    regions = {called: region_of(arn) for called, arn in topics.items()}
    return tuple(
        Subscribers(
            topic=topics[called],
            called=called,
            namespace=os.environ["NAMESPACE"],
            sns=boto3.client("sns", region_name=regions[called]),
            cloudwatch=boto3.client("cloudwatch", region_name=regions[other]),
        )
        for called, other in itertools.permutations(topics)
    )


def handle(_event: object, _context: object) -> None:
    """What Lambda calls; the event says nothing that is needed."""
    now = time.time()
    with ExitStack() as looks:  # each is called, the last one first; none waits for another to work
        for number in range(2):
            looks.callback(lambda number=number: _subscribers()[number].look(now))
        looks.callback(lambda: _refresh().look(now))
        looks.callback(lambda: _watcher().look(now))
