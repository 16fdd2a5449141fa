"""Settings that are allowed each by itself, and that AWS, or a cutover, can't honour together."""

import contextlib
from collections.abc import Callable, Iterator
from datetime import datetime
from functools import partial
from operator import attrgetter
from typing import TYPE_CHECKING

from infra.valid_part import Unusable

if TYPE_CHECKING:
    from infra.settings import Settings

# Without NAT: what a Fargate task calls before its first line of code runs, and what the rotation
# of the app's login asks about the owner's secret.
ENDPOINTS_WITHOUT_NAT = ("ecr.api", "ecr.dkr", "logs", "secretsmanager", "kms", "rds")
TRACED_MEMORY_MIB = 1024
# CPU units -> least, most and step of memory in MiB (ECS developer guide, Fargate task sizes).
_FARGATE_MEMORY_MIB = {
    256: (512, 2048, 512),
    512: (1024, 4096, 1024),
    1024: (2048, 8192, 1024),
    2048: (4096, 16_384, 1024),
    4096: (8192, 30_720, 1024),
    8192: (16_384, 61_440, 4096),
    16_384: (32_768, 122_880, 8192),
}


def contradictions(settings: "Settings") -> list[str]:
    """A line for each. Of the valid part of a file, those between values that are valid."""
    found: list[str] = []
    for rule in _RULES:
        with contextlib.suppress(Unusable):
            found += rule(settings)
    return found


def _zones(settings: "Settings") -> Iterator[str]:
    for zone in settings.network.zones:
        if zone[:-1] != settings.aws.region:
            yield f"network/zones: must be zones of aws/region {settings.aws.region}, got {zone!r}"


def _endpoints(settings: "Settings") -> Iterator[str]:
    needed = ENDPOINTS_WITHOUT_NAT + (("xray",) if settings.tracing else ())
    missing = [name for name in needed if name not in settings.network.endpoints]
    if settings.network.nat == "none" and missing:
        yield f"network/endpoints: must include {', '.join(missing)} when network/nat is none"


def _storage(settings: "Settings") -> Iterator[str]:
    # RDS wants a tenth above the allocated storage (storage autoscaling, RDS user guide).
    least_gib = -(-settings.postgres.storage_gib * 11 // 10)
    if settings.postgres.max_storage_gib < least_gib:
        yield (
            f"postgres/max_storage_gib: must be at least {least_gib}, a tenth above "
            f"postgres/storage_gib, got {settings.postgres.max_storage_gib}"
        )


def _in_order(lower: str, upper: str, settings: "Settings") -> Iterator[str]:
    """Both are paths, such as backup/daily_days."""
    least, most = (attrgetter(path.replace("/", "."))(settings) for path in (lower, upper))
    if most < least:
        yield f"{upper}: must be at least {lower} {least}, got {most}"


def _copy_region(settings: "Settings") -> Iterator[str]:
    region = settings.backup.copy_region
    if region == settings.aws.region:
        yield f"backup/copy_region: must be another region than aws/region, got {region!r}"


def _memory(settings: "Settings") -> Iterator[str]:
    cpu, memory_mib = settings.service.cpu, settings.service.memory_mib
    low, high, step = _FARGATE_MEMORY_MIB[cpu]
    if memory_mib not in range(low, high + 1, step):
        yield (
            f"service/memory_mib: must be {low} to {high} in steps of {step} for "
            f"{cpu} CPU units, got {memory_mib}"
        )


def _traced_memory(settings: "Settings") -> Iterator[str]:
    memory_mib = settings.service.memory_mib
    if settings.tracing and memory_mib < TRACED_MEMORY_MIB:
        yield (
            f"service/memory_mib: must be at least {TRACED_MEMORY_MIB} with tracing, whose "
            f"collector takes a quarter of it, got {memory_mib}"
        )


def _floors(settings: "Settings") -> Iterator[str]:
    least, most = settings.service.min_tasks, settings.service.max_tasks
    # Where no number fits between the two, that is the problem, and not the floors.
    floors = settings.service.floors if most >= least else ()
    for position, floor in enumerate(floors):
        if not least <= floor.tasks <= most:
            yield (
                f"service/floors/{position}/tasks: must be service/min_tasks {least} "
                f"to service/max_tasks {most}, got {floor.tasks}"
            )


def _freeze_windows(settings: "Settings") -> Iterator[str]:
    for position, window in enumerate(settings.cutover.freeze_windows):
        if datetime.fromisoformat(window.end) <= datetime.fromisoformat(window.start):
            yield (
                f"cutover/freeze_windows/{position}/end: must be after its start "
                f"{window.start}, got {window.end!r}"
            )


_RULES: tuple[Callable[["Settings"], Iterator[str]], ...] = (
    *(_zones, _endpoints, _storage),
    partial(_in_order, "backup/daily_days", "backup/weekly_days"),
    partial(_in_order, "backup/weekly_days", "backup/monthly_days"),
    *(_copy_region, _memory, _traced_memory),
    partial(_in_order, "service/min_tasks", "service/max_tasks"),
    *(_floors, _freeze_windows),
)
