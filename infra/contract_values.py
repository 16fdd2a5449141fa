"""What values of the contract may be, beyond their types: whatever cutover counts on.

Settings have narrower bounds (infra/bounds.py), and a rehearsal's pace is wider than those. Imports
the standard library alone, which is all that the watcher's archive has.
"""

import itertools
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Any

from infra.shape import Allowed

_MOST = 1_000_000


def _from(low: int) -> Allowed:
    return Allowed(f"a whole number from {low} to {_MOST}", lambda value: low <= value <= _MOST)


def _is_ladder(value: Sequence[int]) -> bool:
    rises = all(low < high for low, high in itertools.pairwise([0, *value]))
    return rises and [*value[-1:]] == [100]


def _is_moment(value: str) -> bool:
    try:
        return datetime.fromisoformat(value).tzinfo is not None
    except ValueError:
        return False


def _is_window(window: Mapping[str, str]) -> bool:
    whole = window.keys() == {"start", "end", "reason"}
    return whole and _is_moment(window["start"]) and _is_moment(window["end"])


def _have_the_same_alarms(slots: Mapping[str, Mapping[str, Any]]) -> bool:
    return len({frozenset(slot["alarms"]) for slot in slots.values()}) == 1


Count = Annotated[int, _from(0)]
Natural = Annotated[int, _from(1)]
Ratio = Annotated[float, Allowed("a number between 0 and 1", lambda value: 0 < value < 1)]
Seconds = Annotated[float, Allowed("a number above 0", lambda value: 0 < value <= _MOST)]
RoleArn = Annotated[str, Allowed("a role's ARN", lambda value: value.count(":") == 5)]
# The name of an alarm may have colons of its own.
AlarmArn = Annotated[str, Allowed("an alarm's ARN", lambda value: value.count(":") >= 6)]
Ladder = Annotated[
    tuple[int, ...], Allowed("rising whole percentages that end with 100", _is_ladder)
]
FreezeWindow = Annotated[
    dict[str, str],
    Allowed(
        "a window with a reason, whose start and end are moments with their offset from UTC",
        _is_window,
    ),
]
# Gates compare each alarm with the other slot's of its kind.
ALIKE = Allowed("two slots with alarms of the same kinds", _have_the_same_alarms)
