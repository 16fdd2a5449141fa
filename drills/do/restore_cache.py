"""The drill of the cache: a snapshot while it is in use, restored elsewhere and compared."""

import contextlib
from collections.abc import Callable

import redis

from drills.decide.keys import compare_keys
from drills.decide.report import Check, within
from drills.do.cache import entries
from drills.do.errors import DrillError
from drills.do.place import CachePlace, Clock
from drills.do.restore import Found

# A key of the drill's own: an empty cache can be restored too, and it has to be told from a lost
# one. It goes away by itself.
MARK, MARK_SECONDS = "slipway-drill:mark", 86_400


def restore_cache(
    place: CachePlace,
    *,
    drill_id: str,
    rto_minutes: int,
    clock: Clock,
    tell: Callable[[str], None],
) -> Found:
    """Whatever happens, the scratch copy is removed before this returns or raises."""
    for name in place.sweep():
        tell(f"Removed {name}, which an earlier drill has left behind")
    try:
        with contextlib.closing(place.source()) as source:
            source.set(MARK, drill_id, ex=MARK_SECONDS)
            before = entries(source)
            tell("Making a snapshot")
            place.snapshot()
            made = clock.now()
            after = entries(source)
        started = clock.monotonic()
        tell("Restoring")
        place.restore()
        with contextlib.closing(place.restored()) as copy:
            copy.ping()
            restore_seconds = clock.monotonic() - started
            found = compare_keys(before, after, entries(copy), now_ms=int(clock.now() * 1_000))
            marked = copy.get(MARK) in (drill_id, drill_id.encode())
    except redis.RedisError as error:
        raise DrillError(f"Redis broke off: {' '.join(str(error).split())}") from error
    finally:
        place.remove()
    saw = f"{found.equal} keys are equal; {found.moved} changed or expired meanwhile"
    wrong = f"{found.lost} lost and {found.different} different of those that stood still"
    return Found(
        restored_to=made,
        checks=(
            within("recovery time", "it answered after", restore_seconds, rto_minutes),
            Check(name="keys", held=found.right, saw=saw if found.right else f"{wrong}; {saw}"),
            Check(
                name="this drill's mark",
                held=marked,
                saw="it is there" if marked else "it is missing: the snapshot is another's",
            ),
        ),
        figures={
            "restore_seconds": restore_seconds,
            "keys_equal": float(found.equal),
            "keys_moved": float(found.moved),
        },
    )
