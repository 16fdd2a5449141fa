"""How many connections a database instance allows: never more than it really does."""

import pytest

from infra.connections import max_connections


@pytest.mark.parametrize(
    ("instance_class", "connections"),
    [
        ("db.t4g.micro", 98),
        ("db.t4g.small", 197),
        ("db.t3.medium", 394),
        ("db.t4g.large", 788),
        ("db.m7g.large", 788),
        ("db.m8gd.xlarge", 1577),
        ("db.m7i.4xlarge", 5000),
        ("db.r7g.large", 1577),
        ("db.c6gd.large", 394),
        ("db.c6gd.2xlarge", 1577),
    ],
)
def test_the_number_follows_the_memory(instance_class: str, connections: int) -> None:
    assert max_connections(instance_class) == connections


@pytest.mark.parametrize(
    ("instance_class", "reported"), [("db.t2.small", 198), ("db.t2.medium", 413)]
)
def test_it_is_no_more_than_instances_report(instance_class: str, reported: int) -> None:
    assert 0.9 * reported < max_connections(instance_class) <= reported


@pytest.mark.parametrize(
    "instance_class", ["db.x2g.large", "db.c6gd.medium", "db.m5.huge", "db.z1d.large", "m5.large"]
)
def test_a_class_that_is_not_known_has_none(instance_class: str) -> None:
    assert max_connections(instance_class) == 0
