"""The steps that plans are made of, each with its name in the journal and its limits of time."""

from cutover.decide.model import SCALE, Page, Step
from cutover.decide.setting import Setting
from infra.outputs import Slot

MIGRATE_SECONDS = 1800
"""Two tasks, each of which pulls an image and may move rows; a longer migration is not for here."""
FILL_SECONDS = 900
"""Placement, an image pull, the start of the app, and three health checks; with room."""
TOP_UP_SECONDS = 300
"""A task that starts beside others of its kind is healthy in a minute or two; users wait for it on
the release that they are to leave."""
SMOKE_SECONDS = 120
SHIFT_SECONDS = 300
"""AWS publishes no bound for the propagation of weights; argo-rollouts #4595 needed under 120 s."""
EMPTY_SECONDS = 600
POINT_SECONDS = 300
"""The edge asks the bucket about `index.html` at each request, so this is for S3 to come back."""


def prepare(slot: Slot, setting: Setting) -> list[Step]:
    """The slot runs the release, answers as it should, and its alarms have forgotten the boot;
    nobody is sent there yet."""
    migrate = Step(key="migrate", kind="migrate", slot=slot, timeout_seconds=MIGRATE_SECONDS)
    return [migrate, fill(slot), smoke(slot, alarm_seconds=setting.alarm_seconds)]


def settle(slot: Slot) -> Step:
    """A migration that was begun comes to its end, and may take as long as it might have."""
    return Step(key="settle migrate", kind="settle", slot=slot, timeout_seconds=MIGRATE_SECONDS)


def fill(slot: Slot) -> Step:
    return Step(key=f"fill {slot}", kind="fill", slot=slot, timeout_seconds=FILL_SECONDS)


def top_up(slot: Slot) -> Step:
    return Step(key=f"top up {slot}", kind="top_up", slot=slot, timeout_seconds=TOP_UP_SECONDS)


def smoke(slot: Slot, *, alarm_seconds: float = 0) -> Step:
    """On the way back no alarm is waited for."""
    timeout = SMOKE_SECONDS + alarm_seconds
    return Step(key=f"smoke {slot}", kind="smoke", slot=slot, timeout_seconds=timeout)


def roll(slot: Slot) -> Step:
    return Step(key=f"roll {slot}", kind="roll", slot=slot, timeout_seconds=FILL_SECONDS)


def shift(slot: Slot, percent: int) -> Step:
    return Step(
        key=f"shift {slot} {percent}",
        kind="shift",
        slot=slot,
        percent=percent,
        timeout_seconds=SHIFT_SECONDS,
    )


def point(slot: Slot, page: Page) -> Step:
    return Step(
        key=f"point {slot}", kind="point", slot=slot, page=page, timeout_seconds=POINT_SECONDS
    )


def watch(slot: Slot, percent: int, setting: Setting) -> Step:
    """The last one, at all of the traffic, is the bake."""
    seconds = setting.bake_seconds if percent == SCALE else setting.step_seconds
    return Step(
        key="bake" if percent == SCALE else f"watch {percent}",
        kind="watch",
        slot=slot,
        percent=percent,
        seconds=seconds,
        timeout_seconds=seconds + setting.extension_seconds + SHIFT_SECONDS,
    )


def quiet(slot: Slot, setting: Setting) -> Step:
    return Step(
        key=f"quiet {slot}",
        kind="quiet",
        slot=slot,
        seconds=setting.warm_seconds,
        timeout_seconds=setting.warm_seconds + setting.extension_seconds,
    )


def empty(slot: Slot) -> Step:
    return Step(key=f"empty {slot}", kind="scale_in", slot=slot, timeout_seconds=EMPTY_SECONDS)


def clear(slot: Slot, setting: Setting) -> list[Step]:
    """The slot is sent nothing any more, and then runs nothing."""
    return [quiet(slot, setting), empty(slot)]
