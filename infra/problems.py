"""Every problem of a settings file as one line: path, what must be there, what is there."""

import dataclasses
import types
import typing
from collections.abc import Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Annotated, Any, Literal

from pydantic_core import ErrorDetails

from infra.bounds import Bound

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


def line(problem: ErrorDetails, shape: type) -> str:
    """One line for one finding of pydantic about a value of the dataclass `shape`."""
    path = "/".join(map(_step, problem["loc"]))
    match problem["type"]:
        case "unexpected_keyword_argument":
            keys = _type_at(shape, problem["loc"][:-1])
            return f"{path}: unknown key, expected one of {', '.join(_field_names(keys))}"
        case "missing":
            return f"{path}: is missing, must be {_allowed(_type_at(shape, problem['loc']))}"
        case _:
            wanted = _allowed(_type_at(shape, problem["loc"]))
            return f"{path}: must be {wanted}, got {_shown(problem['input'])}"


def contradictions(settings: "Settings") -> list[str]:
    """A line for each pair of settings that AWS, or a cutover, could not honour together."""
    found = []
    for zone in settings.network.zones:
        if zone[:-1] != settings.aws.region:
            found.append(
                f"network/zones: must be zones of aws/region {settings.aws.region}, got {zone!r}"
            )
    needed = ENDPOINTS_WITHOUT_NAT + (("xray",) if settings.tracing else ())
    missing = [name for name in needed if name not in settings.network.endpoints]
    if settings.network.nat == "none" and missing:
        found.append(
            f"network/endpoints: must include {', '.join(missing)} when network/nat is none"
        )
    postgres = settings.postgres
    # RDS wants a tenth above the allocated storage (storage autoscaling, RDS user guide).
    least_gib = -(-postgres.storage_gib * 11 // 10)
    if postgres.max_storage_gib < least_gib:
        found.append(
            f"postgres/max_storage_gib: must be at least {least_gib}, a tenth above "
            f"postgres/storage_gib, got {postgres.max_storage_gib}"
        )
    backup = settings.backup
    for shorter, longer in (("daily_days", "weekly_days"), ("weekly_days", "monthly_days")):
        least, days = getattr(backup, shorter), getattr(backup, longer)
        if days < least:
            found.append(f"backup/{longer}: must be at least backup/{shorter} {least}, got {days}")
    if backup.copy_region == settings.aws.region:
        found.append(
            "backup/copy_region: must be another region than aws/region, "
            f"got {backup.copy_region!r}"
        )
    service = settings.service
    low, high, step = _FARGATE_MEMORY_MIB[service.cpu]
    if service.memory_mib not in range(low, high + 1, step):
        found.append(
            f"service/memory_mib: must be {low} to {high} in steps of {step} for "
            f"{service.cpu} CPU units, got {service.memory_mib}"
        )
    if settings.tracing and service.memory_mib < TRACED_MEMORY_MIB:
        found.append(
            f"service/memory_mib: must be at least {TRACED_MEMORY_MIB} with tracing, whose "
            f"collector takes a quarter of it, got {service.memory_mib}"
        )
    if service.max_tasks < service.min_tasks:
        found.append(
            f"service/max_tasks: must be at least service/min_tasks {service.min_tasks}, "
            f"got {service.max_tasks}"
        )
    # Where no number fits between the two, that is the problem, and not the floors.
    floors = service.floors if service.max_tasks >= service.min_tasks else ()
    for position, floor in enumerate(floors):
        if not service.min_tasks <= floor.tasks <= service.max_tasks:
            found.append(
                f"service/floors/{position}/tasks: must be service/min_tasks {service.min_tasks} "
                f"to service/max_tasks {service.max_tasks}, got {floor.tasks}"
            )
    for position, window in enumerate(settings.cutover.freeze_windows):
        if datetime.fromisoformat(window.end) <= datetime.fromisoformat(window.start):
            found.append(
                f"cutover/freeze_windows/{position}/end: must be after its start "
                f"{window.start}, got {window.end!r}"
            )
    return found


def _step(step: str | int) -> str:
    # A key may hold anything, and a problem has one line.
    text = str(step)
    return text if text and text.isprintable() else repr(text)


def _type_at(shape: Any, steps: Sequence[str | int]) -> Any:
    for step in steps:
        shape = _bare(shape)
        if isinstance(step, int):
            shape = typing.get_args(shape)[0]
        else:
            shape = typing.get_type_hints(shape, include_extras=True)[step]
    return shape


def _bare(annotation: Any) -> Any:
    """The type inside Annotated[...] and `... | None`."""
    if typing.get_origin(annotation) is Annotated:
        return _bare(typing.get_args(annotation)[0])
    if isinstance(annotation, types.UnionType) or typing.get_origin(annotation) is typing.Union:
        return _bare(typing.get_args(annotation)[0])
    return annotation


def _allowed(annotation: Any) -> str:
    if typing.get_origin(annotation) is Annotated:
        bounds = [
            extra.allowed for extra in typing.get_args(annotation)[1:] if isinstance(extra, Bound)
        ]
        return bounds[0]
    if annotation != _bare(annotation):
        return f"{_allowed(typing.get_args(annotation)[0])}, or left out"
    if typing.get_origin(annotation) is Literal:
        return f"one of {', '.join(str(value) for value in typing.get_args(annotation))}"
    if dataclasses.is_dataclass(annotation):
        return f"a section with {', '.join(_field_names(annotation))}"
    named = {bool: "true or false", str: "a text", int: "a whole number"}
    return named.get(annotation, "a list")


def _field_names(shape: Any) -> list[str]:
    return [field.name for field in dataclasses.fields(_bare(shape))]


def _shown(value: object) -> str:
    match value:
        case None:
            text = "nothing"
        case bool():
            text = str(value).lower()
        case _:
            text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."
