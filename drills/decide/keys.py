"""Does a restored cache hold what its source held, while the source goes on changing?"""

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Entry:
    """A key's content as a digest, and when it expires: epoch milliseconds, None for never."""

    digest: str
    expires_ms: int | None


@dataclass(frozen=True, kw_only=True)
class KeysCompared:
    """`equal`, `lost` and `different` are of keys that stood still while the snapshot was made."""

    equal: int
    moved: int
    lost: int
    different: int

    @property
    def right(self) -> bool:
        return self.equal > 0 and not (self.lost or self.different)


def compare_keys(
    before: Mapping[str, Entry],
    after: Mapping[str, Entry],
    restored: Mapping[str, Entry],
    *,
    now_ms: int,
) -> KeysCompared:
    """What was the same before the snapshot and after it must be in it, unless it has expired."""
    still = {
        key: entry
        for key, entry in before.items()
        if after.get(key) == entry and (entry.expires_ms is None or entry.expires_ms > now_ms)
    }
    found = {key: restored.get(key) for key in still}
    lost = sum(entry is None for entry in found.values())
    equal = sum(found[key] == entry for key, entry in still.items())
    return KeysCompared(
        equal=equal,
        moved=len({*before, *after} - {*still}),
        lost=lost,
        different=len(still) - equal - lost,
    )
