"""What to raise to what, where ten times the traffic needs more than there is; pure."""

from collections.abc import Callable

from infra.connections import max_connections
from infra.settings import Settings

MOST_TASKS = 500  # that service/max_tasks can be
# In the order of their memory. Burstable classes end before the last two, and beyond those none
# takes more connections.
_SIZES = ("micro", "small", "medium", "large", "xlarge", "2xlarge", "4xlarge", "8xlarge")


def more_tasks(now: int, needed: int) -> str:
    if needed > MOST_TASKS:
        return f"take larger tasks (service/cpu): service/max_tasks ends at {MOST_TASKS}"
    return f"raise service/max_tasks from {now} to {needed}"


def more_connections(settings: Settings, needed: int, others: int) -> str:
    """The smallest class of the family that takes so many, and the pool with which this one does.

    `others` are those of `needed` that no pool opens.
    """
    now, pool = settings.postgres.instance_class, settings.pgbouncer.pool_size
    there_is = max_connections(now)
    if not there_is:
        return f"compare with max_connections of {now}, which is not known here"
    family = now.rpartition(".")[0]
    sizes = _SIZES[:-2] if family.startswith("db.t") else _SIZES
    classes = [f"{family}.{size}" for size in sizes]
    larger = next((one for one in classes if max_connections(one) >= needed), None)
    smaller = (there_is - others) * pool // (needed - others)
    ways = [f"raise postgres/instance_class from {now} to {larger}"] if larger else []
    ways += [f"lower pgbouncer/pool_size from {pool} to {smaller}"] if smaller else []
    return ", or ".join(ways) or "take larger tasks (service/cpu), and fewer of them"


def more_gateways(nat: str) -> str:
    if nat == "one":
        return "raise network/nat from one to per_zone"
    return "have the app share its connections to that service"


def larger_network(cidr: str, needed: int, addresses: Callable[[int], int]) -> str:
    """`addresses` says how many a private subnet has in a VPC of a size. A /16 is always enough."""
    size = next(size for size in (19, 18, 17, 16) if addresses(size) >= needed)
    return f"make a new environment with a network/cidr of /{size} instead of {cidr}"
