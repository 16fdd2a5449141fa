"""One look at the world, and what is known of it afterwards."""

import dataclasses
from collections.abc import Callable, Mapping
from typing import TypeVar

from cutover.decide.actions import Look
from cutover.decide.live import Live
from cutover.decide.model import Filled
from cutover.do.world import Unavailable, World
from infra.outputs import Slot

Key = TypeVar("Key")
Seen = TypeVar("Seen")


def looked(world: World, look: Look, live: Live, slots: Mapping[Slot, Filled]) -> Live:
    """`live`, and what was looked at. `slots` is what runs in each, by the journal."""
    slot = look.slot
    match look.at:
        case "weights":
            return dataclasses.replace(live, weights=world.weights())
        case "health":
            seen = world.health(slot)
            steady = live.steady.get(slot, 0) + 1 if 0 < seen.total == seen.healthy else 0
            return dataclasses.replace(
                live, health={**live.health, slot: seen}, steady={**live.steady, slot: steady}
            )
        case "services":
            return dataclasses.replace(live, services=world.services())
        case "alarms":
            return dataclasses.replace(live, alarms=_or_nothing(world.alarms))
        case "samples":
            seen = _or_nothing(lambda: world.samples(look.since))
            return dataclasses.replace(live, samples=seen, samples_since=look.since)
        case "smoke":
            smoke = world.smoke(slot, slots[slot].release, slots[slot].tasks)
            return dataclasses.replace(live, smokes={**live.smokes, slot: smoke})
        case "split":
            return dataclasses.replace(live, split=world.split(look.probes))
        case "index":
            return dataclasses.replace(live, index=world.index())
        case "shown":
            return dataclasses.replace(live, shown=world.shown())
        case "task":
            return dataclasses.replace(live, task=world.task(look.arn))
        case "migration":
            return dataclasses.replace(live, migration=world.migration(look.run))


def _or_nothing(look: Callable[[], Mapping[Key, Seen]]) -> Mapping[Key, Seen]:
    """What CloudWatch can't say now is missing, and the gates know what to make of that."""
    try:
        return look()
    except Unavailable:
        return {}
