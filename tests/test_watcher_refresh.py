"""Tasks with a value that was replaced too long ago are counted, and Secrets Manager rarely asked.

The answers are AWS's by botocore's models; no call leaves the process.
"""

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from watcher.refresh import Refresh, overdue

DAY = 86_400.0
DUE = 7 * DAY
NOW = 1795489950.0
CLUSTER = "arn:aws:ecs:eu-central-1:123456789012:cluster/prod"
LOGIN, KEY = (
    f"arn:aws:secretsmanager:eu-central-1:123456789012:secret:{name}-AbCdEf"
    for name in ("prod-login", "prod-key")
)


@pytest.mark.parametrize(
    ("created", "replaced", "count"),
    [
        # To the second in which it is due, and whoever came with the value is not sure to have it.
        ([50.0], [100.0], 1),
        ([50.0], [100.5], 0),
        ([100.0], [100.0], 1),
        ([100.5], [100.0], 0),
        # Tasks of different ages; a value that is too new does not count yet.
        ([50.0, 99.0, 101.0], [100.0, 150.0], 2),
        # The last value that is due counts, in whatever order they come.
        ([50.0, 85.0, 99.0], [90.0, 70.0, 150.0], 2),
        ([], [100.0], 0),
        ([50.0], [], 0),
    ],
)
def test_a_task_is_overdue_when_it_is_older_than_a_value_that_came_long_ago(
    created: Sequence[float], replaced: Sequence[float], count: int
) -> None:
    assert overdue(created, replaced, now=200.0, due_seconds=100.0) == count


class World:
    """The three services, each with the answers that it is going to give, in order."""

    def __init__(self) -> None:
        clients = {
            service: boto3.client(
                service,
                region_name="eu-central-1",
                aws_access_key_id="none",
                aws_secret_access_key="none",
            )
            for service in ("ecs", "secretsmanager", "cloudwatch")
        }
        self.stubs = {service: Stubber(client) for service, client in clients.items()}
        self.refresh = Refresh(
            cluster=CLUSTER,
            secrets=(LOGIN, KEY),
            due_seconds=DUE,
            namespace="Slipway/prod",
            **clients,
        )

    def page(
        self, *created: float, group: str = "service:prod-blue", after: str = "", more: str = ""
    ) -> None:
        """A page of tasks that were created so many days ago."""
        arns = [f"{CLUSTER}/{number}" for number, _ in enumerate(created)]
        self.stubs["ecs"].add_response(
            "list_tasks",
            {"taskArns": arns, **({"nextToken": more} if more else {})},
            {"cluster": CLUSTER, **({"nextToken": after} if after else {})},
        )
        if arns:
            tasks = [{"group": group, "createdAt": _ago(days)} for days in created]
            self.stubs["ecs"].add_response(
                "describe_tasks", {"tasks": tasks}, {"cluster": CLUSTER, "tasks": arns}
            )

    def secret(self, arn: str, versions: dict[str, float], rotated: float | None = None) -> None:
        """A secret with versions that were created so many days ago, by their label."""
        answer: dict[str, Any] = {} if rotated is None else {"LastRotatedDate": _ago(rotated)}
        self.stubs["secretsmanager"].add_response("describe_secret", answer, {"SecretId": arn})
        listed = [
            {"VersionStages": [label], "CreatedDate": _ago(days)}
            for label, days in versions.items()
        ]
        self.stubs["secretsmanager"].add_response(
            "list_secret_version_ids", {"Versions": listed}, {"SecretId": arn}
        )

    def counted(self, count: int) -> None:
        """Looks, and is to have written this count, and to have asked for no more and no less."""
        datum = {"MetricName": "TasksToRefresh", "Value": float(count), "Unit": "Count"}
        self.stubs["cloudwatch"].add_response(
            "put_metric_data", {}, {"Namespace": "Slipway/prod", "MetricData": [datum]}
        )
        self.refresh.look(NOW)
        for stub in self.stubs.values():
            stub.assert_no_pending_responses()


@pytest.fixture
def world() -> Iterator[World]:
    world = World()
    for stub in world.stubs.values():
        stub.activate()
    yield world
    for stub in world.stubs.values():
        stub.deactivate()


def _ago(days: float) -> datetime:
    return datetime.fromtimestamp(NOW - days * DAY, UTC)


def test_tasks_from_before_the_current_login_are_counted_a_week_after_it(world: World) -> None:
    world.page(30, 9, 6)
    world.secret(LOGIN, {"AWSCURRENT": 8, "AWSPREVIOUS": 40})
    world.secret(KEY, {"AWSCURRENT": 40})
    world.counted(2)


def test_within_the_week_nothing_is_overdue(world: World) -> None:
    world.page(30, 9)
    world.secret(LOGIN, {"AWSCURRENT": 6.9, "AWSPREVIOUS": 40})
    world.secret(KEY, {"AWSCURRENT": 40})
    world.counted(0)


def test_any_of_the_secrets_counts(world: World) -> None:
    world.page(30)
    world.secret(LOGIN, {"AWSCURRENT": 40})
    world.secret(KEY, {"AWSCURRENT": 8})
    world.counted(1)


def test_the_next_rotation_is_no_respite_for_who_missed_the_last(world: World) -> None:
    world.page(35)
    world.secret(LOGIN, {"AWSCURRENT": 1, "AWSPREVIOUS": 31})
    world.secret(KEY, {"AWSCURRENT": 40})
    world.counted(1)


def test_a_rotation_that_was_stuck_counts_from_its_end(world: World) -> None:
    world.page(30, 19)
    world.secret(LOGIN, {"AWSCURRENT": 20, "AWSPREVIOUS": 50}, rotated=10)
    world.secret(KEY, {"AWSCURRENT": 40})
    world.counted(2)


def test_a_rotation_that_ended_a_moment_ago_is_not_overdue_however_it_was_stuck(
    world: World,
) -> None:
    world.page(30)
    world.secret(LOGIN, {"AWSCURRENT": 20, "AWSPREVIOUS": 50}, rotated=1)
    world.secret(KEY, {"AWSCURRENT": 40})
    world.counted(0)


def test_a_value_that_waits_or_is_only_kept_replaces_nothing(world: World) -> None:
    world.page(30)
    world.secret(LOGIN, {"AWSPENDING": 8, "first": 9, "AWSCURRENT": 40})
    world.secret(KEY, {"AWSCURRENT": 40})
    world.counted(0)


def test_both_are_due_to_the_second(world: World) -> None:
    world.page(7)
    world.secret(LOGIN, {"AWSCURRENT": 7})
    world.secret(KEY, {"AWSCURRENT": 40})
    world.counted(1)


def test_secrets_manager_is_not_asked_while_every_task_is_younger_than_a_week(
    world: World,
) -> None:
    world.page(6.99, 0)
    world.counted(0)


def test_every_page_of_tasks_is_read_and_an_empty_one_is_none(world: World) -> None:
    world.page(30, more="2")
    world.page(30, 30, after="2")
    world.secret(LOGIN, {"AWSCURRENT": 8})
    world.secret(KEY, {"AWSCURRENT": 40})
    world.counted(3)
    world.page()
    world.counted(0)


def test_a_one_off_task_is_none_of_its_business(world: World) -> None:
    world.page(30, group="family:prod-migrate")
    world.counted(0)


def test_a_failure_of_aws_is_left_to_the_alarm(world: World) -> None:
    world.stubs["ecs"].add_client_error("list_tasks", "AccessDeniedException")
    with pytest.raises(ClientError, match="AccessDeniedException"):
        world.refresh.look(NOW)
