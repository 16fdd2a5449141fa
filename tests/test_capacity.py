"""What ten times the traffic needs: the figures of the real files, and each piece of advice."""

import re
from dataclasses import replace
from typing import Any

import pytest

from infra import capacity
from infra.capacity import Line
from infra.capacity_page import markdown
from infra.settings import Settings
from rehearsal.stack_file import ROOT, stack_names
from tests.environments import STACKS, chosen, recorded


def edited(stack: str = "prod", **sections: dict[str, Any]) -> Settings:
    """The settings of a stack's file with some dials changed."""
    settings = chosen(stack)
    parts = {name: replace(getattr(settings, name), **dials) for name, dials in sections.items()}
    return replace(settings, **parts)


def line(settings: Settings, what: str) -> Line:
    (found,) = (one for one in capacity.lines(settings) if one.what.startswith(what))
    return found


# Of a design that does not follow the dials of the file: three tasks at least, as prod has.
THREE = edited(
    network={"cidr": "10.10.0.0/16", "nat": "per_zone", "endpoints": ("logs", "kms")},
    postgres={"instance_class": "db.m7g.large"},
    pgbouncer={"pool_size": 12},
    service={
        "cpu": 1024,
        "min_tasks": 3,
        "max_tasks": 30,
        "requests_per_minute_per_task": 600,
        "floors": (),
    },
    cdn={"waf_requests_per_5_minutes": 2000},
)


def test_every_need_is_counted_for_two_slots() -> None:
    assert [(one.what, one.today, one.tenfold, one.there_is) for one in capacity.lines(THREE)] == [
        ("tasks of a slot", 3, 30, 30),
        ("connections to the database", 3 * 2 * 12 + 10, 30 * 2 * 12 + 10, 788),
        ("connections to Redis", 3 * 2 * 16, 30 * 2 * 16, 65_000),
        ("vCPUs on Fargate, a migration's with them", 7, 61, 6),
        ("targets of the balancer", 6, 60, 1000),
        # Two zones hold all tasks; a migration, the balancer, the rotation and two endpoints.
        ("addresses of a private subnet, a zone lost", 3 + 104, 30 + 104, 4096 - 5),
        ("connections through a NAT gateway to one service", 3 * 16, 30 * 16, 55_000),
        ("requests in nginx, were each to take 55 s, a task", 550, 550, 2048),
        ("threads of the app, at 200 ms a request, a task", 2, 2, 16),
    ]


def test_the_traffic_is_what_the_least_tasks_are_good_for() -> None:
    assert capacity.requests_per_minute(THREE) == 1800
    assert capacity.least_addresses(THREE) == 1800 * 10 * 5 / 2000
    assert capacity.least_addresses(edited(cdn={"waf_requests_per_5_minutes": 89_999})) == 2


def test_prod_is_ready_but_for_a_quota_of_the_account() -> None:
    """A rule, not a dial: whoever gives it up should see this red."""
    short = [one.what for one in capacity.lines(chosen("prod")) if not one.enough]
    assert set(short) <= {"vCPUs on Fargate, a migration's with them"}


@pytest.mark.parametrize("stack", STACKS)
def test_a_cutover_of_today_fits_every_file(stack: str) -> None:
    for one in capacity.lines(chosen(stack)):
        assert one.today <= one.there_is or one.what.startswith("vCPUs"), one


@pytest.mark.parametrize(
    ("section", "dials", "what", "verdict"),
    [
        (
            "service",
            {"max_tasks": 29},
            "tasks",
            "raise service/max_tasks from 29 to 30",
        ),
        (
            "service",
            {"min_tasks": 51, "max_tasks": 60},
            "tasks",
            "take larger tasks (service/cpu): service/max_tasks ends at 500",
        ),
        (
            "pgbouncer",
            {"pool_size": 20},
            "connections to the database",
            "raise postgres/instance_class from db.m7g.large to db.m7g.xlarge, or lower "
            "pgbouncer/pool_size from 20 to 12",
        ),
        (
            "pgbouncer",
            {"pool_size": 200},
            "connections to the database",
            "today already: lower pgbouncer/pool_size from 200 to 12",
        ),
        (
            "postgres",
            {"instance_class": "db.t4g.micro"},
            "connections to the database",
            "raise postgres/instance_class from db.t4g.micro to db.t4g.large, or lower "
            "pgbouncer/pool_size from 12 to 1",
        ),
        (
            "service",
            {"min_tasks": 50, "cpu": 256},
            "connections to the database",
            "today already: take larger tasks (service/cpu), and fewer of them",
        ),
        (
            "postgres",
            {"instance_class": "db.x2g.large"},
            "connections to the database",
            "compare with max_connections of db.x2g.large, which is not known here",
        ),
        (
            "service",
            {"cpu": 512},
            "vCPUs",
            "raise the account's quota Fargate On-Demand vCPU resource count to 31",
        ),
        (
            "service",
            {"min_tasks": 51},
            "targets",
            "raise the account's quota Targets per Application Load Balancer to 1020",
        ),
        (
            "network",
            {"cidr": "10.0.0.0/20", "zones": ("eu-west-1a", "eu-west-1b")},
            "addresses",
            "enough",
        ),
        ("service", {"requests_per_minute_per_task": 2234}, "requests in nginx", "enough"),
        (
            "service",
            {"requests_per_minute_per_task": 2235},
            "requests in nginx",
            "today already: lower service/requests_per_minute_per_task by a load test",
        ),
        ("service", {"requests_per_minute_per_task": 4800}, "threads", "enough"),
        (
            "service",
            {"requests_per_minute_per_task": 4801},
            "threads",
            "today already: lower service/requests_per_minute_per_task by a load test",
        ),
    ],
)
def test_what_to_raise_to_what(
    section: str, dials: dict[str, Any], what: str, verdict: str
) -> None:
    changed = replace(THREE, **{section: replace(getattr(THREE, section), **dials)})
    assert line(changed, what).verdict == verdict


def test_the_advice_about_connections_is_enough() -> None:
    crowded = edited(pgbouncer={"pool_size": 20}, postgres={"instance_class": "db.m7g.large"})
    what = "connections to the database"
    assert not line(crowded, what).enough
    for section, dial, value in (
        ("postgres", "instance_class", "db.m7g.xlarge"),
        ("pgbouncer", "pool_size", 12),
    ):
        better = replace(getattr(crowded, section), **{dial: value})
        assert line(replace(crowded, **{section: better}), what).enough
    assert not line(
        replace(crowded, pgbouncer=replace(crowded.pgbouncer, pool_size=13)), what
    ).enough


def test_burstable_classes_end_before_the_largest() -> None:
    crowded = edited(
        postgres={"instance_class": "db.t4g.2xlarge"},
        service={"min_tasks": 10},
        pgbouncer={"pool_size": 20},
    )
    assert line(crowded, "connections to the database").verdict == (
        "lower pgbouncer/pool_size from 20 to 15"
    )


@pytest.mark.parametrize(
    ("nat", "tenfold", "advice"),
    [
        ("one", 400 * 2 * 16, "raise network/nat from one to per_zone"),
        ("per_zone", 400 * 16, "have the app share its connections to that service"),
    ],
)
def test_one_gateway_serves_every_zone(nat: str, tenfold: int, advice: str) -> None:
    found = line(edited(network={"nat": nat}, service={"min_tasks": 40}), "connections through")
    assert (found.tenfold, found.advice) == (tenfold, advice)


def test_without_a_gateway_nothing_goes_through_one() -> None:
    closed = edited(network={"nat": "none"})
    assert not [one for one in capacity.lines(closed) if "NAT" in one.what]


def test_a_network_that_is_too_small_wants_another_environment() -> None:
    crowded = edited(network={"cidr": "10.0.0.0/20"}, service={"min_tasks": 16})
    found = line(crowded, "addresses")
    assert found.there_is == 251
    assert found.verdict == (
        "make a new environment with a network/cidr of /19 instead of 10.0.0.0/20"
    )
    endless = edited(network={"cidr": "10.0.0.0/20"}, service={"min_tasks": 100, "max_tasks": 500})
    assert "/17" in line(endless, "addresses").verdict


@pytest.mark.parametrize("stack", STACKS)
def test_a_private_subnet_is_as_large_as_the_network_makes_it(stack: str) -> None:
    made = {
        one.inputs["cidrBlock"].partition("/")[2]
        for one in recorded(stack).every("aws:ec2/subnet:Subnet")
    }
    there_is = line(chosen(stack), "addresses").there_is
    assert {2 ** (32 - int(size)) - 5 for size in made} == {there_is}


def test_the_images_and_the_workload_are_as_it_says() -> None:
    nginx = (ROOT / "images/nginx/nginx.conf.template").read_text()
    entrypoint = (ROOT / "images/nginx/entrypoint.sh").read_text()
    app = (ROOT / "examples/webapp/webapp/settings.py").read_text()
    (connections,) = re.findall(r"worker_connections (\d+);", nginx)
    (workers,) = re.findall(r"WORKER_PROCESSES:=(\d+)", entrypoint)
    assert int(workers) * int(connections) == capacity.NGINX_CONNECTIONS
    assert f"APP_TIMEOUT_SECONDS:={capacity.APP_TIMEOUT_SECONDS}}}" in entrypoint
    (processes,) = re.findall(r'"WEB_CONCURRENCY", (\d+),', app)
    (threads,) = re.findall(r'"THREADS", (\d+),', app)
    assert int(processes) * int(threads) == capacity.APP_THREADS


def test_the_page_says_what_is_so() -> None:
    """When this fails: `make capacity`, and look at what it changes."""
    page = markdown({stack: chosen(stack) for stack in stack_names()})
    assert (ROOT / "docs" / "capacity.md").read_text() == page
    assert page.count("| tasks of a slot |") == 3
