"""What ten times today's traffic needs, and what of it there is; pure, from the settings alone.

Today's traffic is what the least number of tasks is good for. Everything is counted for a cutover
at that traffic, when both slots have as many tasks.
"""

import ipaddress
from collections.abc import Callable, Iterator
from dataclasses import dataclass

from infra import capacity_advice as advice
from infra.connections import max_connections
from infra.outputs import SLOTS
from infra.settings import Settings

TIMES = 10
# The reference workload's: 2 processes of 8 threads (examples/webapp/README.md). A thread holds at
# most one connection to Redis, and asks at most one other service at a time.
APP_THREADS = 16
MEAN_MS = 200  # the mean response time that is to be met
# images/nginx: two workers of 2,048 connections, of which a request takes two, and how long the
# app may take to answer.
NGINX_CONNECTIONS = 2 * 2048
APP_TIMEOUT_SECONDS = 55
# Quotas of a new account ("Service endpoints and quotas", AWS General Reference).
FARGATE_VCPUS = 6
TARGETS_PER_BALANCER = 1000
REDIS_CONNECTIONS = 65_000  # of a node, whatever its type (ElastiCache user guide, quotas)
NAT_CONNECTIONS = 55_000  # to one destination at a time (VPC user guide, NAT gateway basics)
# AWS keeps five of each subnet, and a balancer under load takes up to 100 (user guides of VPC,
# "Subnet sizing", and of Elastic Load Balancing, "Subnets for your load balancer").
AWS_ADDRESSES = 5
BALANCER_ADDRESSES = 100
# PostgreSQL's and RDS's own reserve (3 and 2), a migration's, the rotation's and RDS's monitoring.
OTHER_CONNECTIONS = 10


@dataclass(frozen=True, kw_only=True)
class Line:
    """One thing that may run out: how much of it today's traffic needs, and ten times as much."""

    what: str
    today: int
    tenfold: int
    there_is: int
    advice: str
    """What to raise to what, for where it is not enough."""

    @property
    def enough(self) -> bool:
        return self.tenfold <= self.there_is

    @property
    def verdict(self) -> str:
        if self.enough:
            return "enough"
        # Nothing of a thing: it is not known how much there is.
        short = 0 < self.there_is < self.today
        return f"today already: {self.advice}" if short else self.advice


def requests_per_minute(settings: Settings) -> int:
    """Today's traffic: what the least number of tasks answers with room to spare."""
    return settings.service.min_tasks * settings.service.requests_per_minute_per_task


def lines(settings: Settings) -> Iterator[Line]:
    """Everything that the settings limit, or AWS."""
    service, pool, network = settings.service, settings.pgbouncer.pool_size, settings.network
    yield _line(
        "tasks of a slot",
        settings,
        lambda tasks: tasks,
        service.max_tasks,
        lambda needed: advice.more_tasks(service.max_tasks, needed),
    )
    yield _line(
        "connections to the database",
        settings,
        lambda tasks: tasks * len(SLOTS) * pool + OTHER_CONNECTIONS,
        max_connections(settings.postgres.instance_class),
        lambda needed: advice.more_connections(settings, needed, OTHER_CONNECTIONS),
    )
    yield _line(
        "connections to Redis",
        settings,
        lambda tasks: tasks * len(SLOTS) * APP_THREADS,
        REDIS_CONNECTIONS,
        lambda needed: f"have fewer than {needed}: larger tasks (service/cpu) need fewer of them",
    )
    yield _line(
        "vCPUs on Fargate, a migration's with them",
        settings,
        lambda tasks: -(-(tasks * len(SLOTS) + 1) * service.cpu // 1024),
        FARGATE_VCPUS,
        lambda needed: (
            f"raise the account's quota Fargate On-Demand vCPU resource count to {needed}"
        ),
    )
    yield _line(
        "targets of the balancer",
        settings,
        lambda tasks: tasks * len(SLOTS),
        TARGETS_PER_BALANCER,
        lambda needed: (
            f"raise the account's quota Targets per Application Load Balancer to {needed}"
        ),
    )
    yield _line(
        "addresses of a private subnet, a zone lost",
        settings,
        lambda tasks: _in_a_zone(tasks, network.zones) + 1 + _other_addresses(settings),
        addresses(ipaddress.IPv4Network(network.cidr).prefixlen),
        lambda needed: advice.larger_network(network.cidr, needed, addresses),
    )
    if network.nat != "none":
        through_one = network.zones[:1] if network.nat == "one" else network.zones
        yield _line(
            "connections through a NAT gateway to one service",
            settings,
            lambda tasks: _in_a_zone(tasks, through_one) * APP_THREADS,
            NAT_CONNECTIONS,
            lambda _: advice.more_gateways(network.nat),
        )
    per_minute = service.requests_per_minute_per_task
    yield _of_a_task(
        f"requests in nginx, were each to take {APP_TIMEOUT_SECONDS} s",
        -(-per_minute * APP_TIMEOUT_SECONDS // 60),
        NGINX_CONNECTIONS // 2,
    )
    yield _of_a_task(
        f"threads of the app, at {MEAN_MS} ms a request",
        -(-per_minute * MEAN_MS // 60_000),
        APP_THREADS,
    )


def least_addresses(settings: Settings) -> int:
    """The firewall would not let ten times as much through from fewer client addresses."""
    in_five_minutes = requests_per_minute(settings) * TIMES * 5
    return -(-in_five_minutes // settings.cdn.waf_requests_per_5_minutes)


def _line(
    what: str,
    settings: Settings,
    need: Callable[[int], int],
    there_is: int,
    to_do: Callable[[int], str],
) -> Line:
    """`need` says how much so many tasks of a slot take, `to_do` what to do for so much of it."""
    tasks = settings.service.min_tasks
    tenfold = need(tasks * TIMES)
    return Line(
        what=what, today=need(tasks), tenfold=tenfold, there_is=there_is, advice=to_do(tenfold)
    )


def _of_a_task(what: str, need: int, there_is: int) -> Line:
    """Traffic adds tasks, and no task gets more of it."""
    return Line(
        what=f"{what}, a task",
        today=need,
        tenfold=need,
        there_is=there_is,
        advice="lower service/requests_per_minute_per_task by a load test",
    )


def _in_a_zone(tasks: int, zones: tuple[str, ...]) -> int:
    """Of both slots' tasks, those that one zone holds once another one is lost."""
    return -(-tasks * len(SLOTS) // max(len(zones) - 1, 1))


def addresses(prefix_length: int) -> int:
    """Of one subnet in a VPC of this size: a tier has a quarter of it, a zone a quarter of that."""
    return 2 ** (32 - prefix_length - 4) - AWS_ADDRESSES


def _other_addresses(settings: Settings) -> int:
    # The rotation's function has one, and each endpoint.
    return BALANCER_ADDRESSES + 1 + len(settings.network.endpoints)
