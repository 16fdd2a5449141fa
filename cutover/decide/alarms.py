"""What CloudWatch's alarms say of the slot that enters: whose alarm it is decides."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Literal

from cutover.decide.model import SCALE, other
from cutover.decide.setting import Alarms
from infra.outputs import Slot

Finding = tuple[Literal["fail", "hold"], str]


def unquiet(names: Iterable[str], states: Mapping[str, str]) -> dict[str, str]:
    """Name -> state of those that are not OK; one that nobody could read is `missing`."""
    seen = {name: states.get(name, "missing") for name in sorted(names)}
    return {name: state for name, state in seen.items() if state != "OK"}


def found(
    entering: Slot,
    *,
    states: Mapping[str, str] | None,
    alarms: Alarms,
    percent: int,
    despite: bool,
    booting: bool,
) -> Iterator[Finding]:
    """Fail: an alarm of the entering slot, unless the other one's of the same kind is in alarm too.

    Hold: that, an alarm that may speak of when the slot was still `booting`, any other alarm that
    is not quiet, and what can't be read. `despite` leaves only the entering slot's. At 100 % the
    other slot has no traffic, and its alarms neither hold nor excuse.
    """
    if states is None:
        yield "hold", "the alarms could not be read"
        return
    home, beside = other(entering), percent < SCALE
    for kind, name in sorted(alarms.slots[entering].items()):
        state, at_home = states.get(name, "missing"), alarms.slots[home][kind]
        if state == "ALARM" and beside and states.get(at_home) == "ALARM":
            yield "hold", f"alarm {name} is ALARM, and so is {at_home}"
        elif state == "ALARM" and booting:
            yield "hold", f"alarm {name} is ALARM, maybe still of when {entering} booted"
        elif state != "OK":
            yield "fail" if state == "ALARM" else "hold", f"alarm {name} is {state}"
    if despite:
        return
    others = {*alarms.environment, *(alarms.slots[home].values() if beside else ())}
    for name, state in unquiet(others, states).items():
        yield "hold", f"alarm {name} is {state}"
