"""Counts the tasks that still run with a secret's value that was replaced long ago.

ECS gives a task its secrets when it starts, and never again. No value is read here, only when each
came.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from infra.outputs import REFRESH_METRIC


@dataclass(frozen=True, kw_only=True)
class Refresh:
    """The slots' tasks of a cluster, by its ARN, and the secrets that they are given, by theirs.

    `due_seconds` after a value was replaced no task may run with it. `namespace` is CloudWatch's.
    `ecs`, `secretsmanager` and `cloudwatch` are boto3's clients.
    """

    cluster: str
    secrets: tuple[str, ...]
    due_seconds: float
    namespace: str
    ecs: Any
    secretsmanager: Any
    cloudwatch: Any

    def look(self, now: float) -> None:
        """Writes the number of overdue tasks as a metric; `now` is epoch seconds.

        Raises what boto3 raises, which is for the alarm on this function's errors.
        """
        created = self._created()
        # Where releases are frequent no task is old enough, and each question is paid for.
        old = any(now - moment >= self.due_seconds for moment in created)
        replaced = [moment for arn in self.secrets for moment in self._replaced(arn)] if old else []
        count = overdue(created, replaced, now=now, due_seconds=self.due_seconds)
        self.cloudwatch.put_metric_data(
            Namespace=self.namespace,
            MetricData=[{"MetricName": REFRESH_METRIC, "Value": float(count), "Unit": "Count"}],
        )

    def _created(self) -> list[float]:
        """When each task of a slot was created, which is before it was given its secrets."""
        created: list[float] = []
        # A page is 100 tasks at most, which is what DescribeTasks takes.
        for page in self.ecs.get_paginator("list_tasks").paginate(cluster=self.cluster):
            if arns := page["taskArns"]:
                tasks = self.ecs.describe_tasks(cluster=self.cluster, tasks=arns)["tasks"]
                # All others are one-off tasks, and soon over.
                slots = [task for task in tasks if task["group"].startswith("service:")]
                created += [task["createdAt"].timestamp() for task in slots]
        return created

    def _replaced(self, secret: str) -> list[float]:
        """When the current value and the one before it took the place of another."""
        # A rotation that had to be tried again became current long after its version was created.
        rotated = self.secretsmanager.describe_secret(SecretId=secret).get("LastRotatedDate")
        versions = self.secretsmanager.list_secret_version_ids(SecretId=secret)["Versions"]
        moments = [
            max(version["CreatedDate"], rotated or version["CreatedDate"])
            if label == "AWSCURRENT"
            else version["CreatedDate"]
            for label in ("AWSCURRENT", "AWSPREVIOUS")
            for version in versions
            if label in version["VersionStages"]
        ]
        return [moment.timestamp() for moment in moments]


def overdue(
    created: Sequence[float], replaced: Sequence[float], *, now: float, due_seconds: float
) -> int:
    """How many tasks are no younger than a value that came at least so long ago."""
    due = [moment for moment in replaced if now - moment >= due_seconds]
    return sum(moment <= max(due) for moment in created) if due else 0
