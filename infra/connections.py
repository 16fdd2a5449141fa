"""How much memory a database instance has, and how many connections it allows, by its class."""

import re

# GiB of memory for each vCPU (RDS user guide, hardware specifications for DB instance classes).
_GIB_PER_VCPU = {"c": 2, "m": 4, "r": 8, "t": 4}
# The sizes of burstable classes that have less than their vCPUs would say.
_SMALL_GIB = {"micro": 1, "small": 2, "medium": 4}
# RDS's default: LEAST({DBInstanceClassMemory/9531392},5000) (RDS user guide, quotas).
_BYTES_PER_CONNECTION = 9_531_392
_MOST = 5000


def max_connections(instance_class: str) -> int:
    """At least so many connections does PostgreSQL accept; 0 for a class that is not known.

    DBInstanceClassMemory is less than the class has, and AWS doesn't say by how much: an eighth
    is taken off, since instances of 2, 4 and 8 GiB report 198, 413 and 856 connections.
    """
    return min(memory_bytes(instance_class) * 7 // 8 // _BYTES_PER_CONNECTION, _MOST)


def memory_bytes(instance_class: str) -> int:
    """What the class has; 0 for one that is not known."""
    found = re.fullmatch(r"db\.([cmrt])\d[a-z]*\.(\d*)(x?large|micro|small|medium)", instance_class)
    if found is None:
        return 0
    family, times, size = found.groups()
    if size in _SMALL_GIB:
        gib = _SMALL_GIB[size] if family == "t" and not times else 0
    else:
        vcpus = 2 if size == "large" else 4 * int(times or 1)
        gib = vcpus * _GIB_PER_VCPU[family]
    return gib * 2**30
