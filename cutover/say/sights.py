"""What `status` looks at: each sight by itself, so that one that can't be had hides no other."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeVar

from cutover.decide import definitions, pointer
from cutover.decide.freeze import frozen
from cutover.decide.journal import Entry, Malformed
from cutover.decide.live import Health, Index, Service
from cutover.decide.model import Release, Weights
from cutover.decide.outcome import Exit
from cutover.do.store import Snapshot, Store
from cutover.do.world import Refused, Unavailable
from cutover.say.wiring import Environment
from infra.outputs import SLOTS, Slot

Seen = TypeVar("Seen")


@dataclass(frozen=True, kw_only=True)
class Standing:
    """Journal, lease and what is live, read one after the other. What could not be read is None or
    missing, and has a sentence in `unread`; `exit` says whether asking again may help."""

    snapshot: Snapshot | None
    weights: Weights | None
    services: Mapping[Slot, Service]
    releases: Mapping[Slot, Release]
    """By the services' task definitions; what the journal left, where those could not be read."""
    health: Mapping[Slot, Health]
    index: Index | None
    """None, too, where cutover has never written a page."""
    frozen: str | None
    now: float
    unread: tuple[str, ...] = ()
    exit: Exit = Exit.DONE


class _Eyes:
    """Looks, and notes what could not be seen."""

    def __init__(self) -> None:
        self.unread: list[str] = []
        self.exit = Exit.DONE

    def see(self, what: str, look: Callable[[], Seen]) -> Seen | None:
        try:
            return look()
        except (Refused, Unavailable) as error:
            self.unread.append(f"{what} could not be read: {error}")
            again = isinstance(error, Unavailable) or self.exit == Exit.UNAVAILABLE
            self.exit = Exit.UNAVAILABLE if again else Exit.REFUSED
            return None


def look(environment: Environment) -> Standing:
    """Five calls, one more where there is a page, and the journal's older pages where a slot has a
    task definition of an earlier run. Raises Malformed for a journal that can't be trusted, and
    nothing else."""
    eyes, world, now = _Eyes(), environment.world, environment.clock.now()
    snapshot = eyes.see("the journal", environment.store.read)
    weights = eyes.see("the traffic rule", world.weights)
    services = eyes.see("the services", world.services)
    health: dict[Slot, Health] = {}
    for slot in SLOTS:
        if (seen := eyes.see(f"the health of {slot}", lambda s=slot: world.health(s))) is not None:
            health[slot] = seen
    paged = snapshot is not None and pointer.concerns(snapshot.state)
    return Standing(
        snapshot=snapshot,
        weights=weights,
        services=services or {},
        releases=_releases(eyes, environment.store, snapshot, services) if snapshot else {},
        health=health,
        index=eyes.see("index.html", world.index) if paged else None,
        frozen=frozen(snapshot.state.summary, environment.setting.freeze_windows, now)
        if snapshot
        else None,
        now=now,
        unread=tuple(eyes.unread),
        exit=eyes.exit,
    )


def _releases(
    eyes: _Eyes, store: Store, snapshot: Snapshot, services: Mapping[Slot, Service] | None
) -> dict[Slot, Release]:
    if services is None:
        return {slot: filled.release for slot, filled in snapshot.state.summary.slots.items()}
    live: dict[Slot, str] = {slot: services[slot].task_definition for slot in SLOTS}
    known = definitions.of_state(snapshot.state)
    if snapshot.state.sequence and not known.keys() >= set(live.values()):
        entries = eyes.see("the whole journal", lambda: _history(store))
        known = definitions.of_entries(entries or ()) | known
    return {slot: known[arn] for slot, arn in live.items() if arn in known}


def _history(store: Store) -> Sequence[Entry]:
    """Old damage, which hides a name and nothing else, is Refused."""
    try:
        return store.history()
    except Malformed as malformed:
        raise Refused(str(malformed)) from None
