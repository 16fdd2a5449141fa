"""The drill of the database: restored elsewhere, held against its source, and taken away again."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import get_args

import psycopg

from drills.decide.catalogue import differences, facts_apart
from drills.decide.report import Check, same, within
from drills.decide.rows import Compared, Verdict, compare
from drills.do import database
from drills.do.errors import DrillError
from drills.do.place import Clock, DatabasePlace


@dataclass(frozen=True, kw_only=True)
class Found:
    """What a drill has seen, and how long it took: seconds and counts by name."""

    restored_to: float
    checks: tuple[Check, ...]
    figures: dict[str, float]


def restore(
    place: DatabasePlace,
    *,
    rto_minutes: int,
    rpo_minutes: int,
    clock: Clock,
    tell: Callable[[str], None],
) -> Found:
    """Restores the newest second there is. DrillError when that can't even be tried.

    Whatever happens, the scratch copy is removed before this returns or raises.
    """
    for name in place.sweep():
        tell(f"Removed {name}, which an earlier drill has left behind")
    with place.source() as source:
        _refuse_without_commit_times(source)
    # Whole seconds: RDS goes to no other.
    at = float(int(place.newest()))
    age_seconds = clock.now() - at
    try:
        started = clock.monotonic()
        tell("Restoring")
        place.restore(at)
        with place.restored() as restored:
            restored.execute("SELECT 1")
            restore_seconds = clock.monotonic() - started
            tell(f"Restored in {restore_seconds:.0f} s; comparing")
            with place.source() as source:
                checks, figures = comparison(place, source, restored, at)
        figures["compare_seconds"] = clock.monotonic() - started - restore_seconds
    except psycopg.Error as error:
        raise DrillError(f"the drill broke off: {' '.join(str(error).split())}") from error
    finally:
        removing = clock.monotonic()
        place.remove()
        removed_seconds = clock.monotonic() - removing
    return Found(
        restored_to=at,
        checks=(
            within("recovery time", "it took logins after", restore_seconds, rto_minutes),
            within("recovery point", "the newest second is", age_seconds, rpo_minutes),
            *checks,
            Check(
                name="cleaning up", held=True, saw=f"nothing is left after {removed_seconds:.1f} s"
            ),
        ),
        figures={
            "restore_seconds": restore_seconds,
            "recovery_point_age_seconds": age_seconds,
            "remove_seconds": removed_seconds,
            **figures,
        },
    )


def _refuse_without_commit_times(source: psycopg.Connection) -> None:
    if not database.keeps_commit_times(source):
        raise DrillError(
            "the database does not keep commit times, without which a lost row can't be told from "
            "a newer one; track_commit_timestamp is in the parameter group and takes a reboot"
        )


def comparison(
    place: DatabasePlace, source: psycopg.Connection, restored: psycopg.Connection, at: float
) -> tuple[tuple[Check, ...], dict[str, float]]:
    """What holds of the restored database beside its source, and counts by name."""
    for session in (source, restored):
        database.prepare(session)
    here, there = database.catalogue(source), database.catalogue(restored)
    tables = database.tables(source)
    if apart := differences(map(str, tables), map(str, database.tables(restored))):
        return (Check(name="tables", held=False, saw=apart),), {}
    found = {
        str(table): compare(database.rows(source, table), database.rows(restored, table), at=at)
        for table in tables
    }
    in_all = {kind: sum(getattr(one, kind) for one in found.values()) for kind in get_args(Verdict)}
    newest = max((one.newest for one in found.values() if one.newest), default=None)
    outside = place.facts()
    around = "key, network and parameters are the source's"
    checks = (
        *([same("around it", facts_apart(*outside), around)] if outside[0] else []),
        same("settings", differences(here.settings, there.settings), "equal"),
        same("extensions", differences(here.extensions, there.extensions), "equal"),
        same("roles", differences(here.roles, there.roles), f"{len(here.roles)} are equal"),
        same("schema", differences(here.schema, there.schema), f"{len(here.schema)} are equal"),
        same("sequences", "; ".join(sorted(there.behind)), "none is behind its column"),
        _rows(found, in_all),
        same("indexes", database.damaged_index(restored), "amcheck agrees with all of them"),
    )
    figures = {"tables": float(len(tables)), **{f"rows_{k}": float(n) for k, n in in_all.items()}}
    if newest is not None:
        figures["newest_row_seconds_before"] = at - newest
    return checks, figures


def _rows(found: dict[str, Compared], in_all: dict[str, int]) -> Check:
    wrong = [
        f"{table}: {one.lost} lost, {one.different} different, {one.too_new} too new"
        for table, one in found.items()
        if not one.right
    ]
    equal = (
        f"{in_all['equal']} rows of {len(found)} tables are equal; {in_all['since']} were written "
        "or deleted since"
    )
    return Check(name="rows", held=not wrong, saw="; ".join(wrong) or equal)
