"""The slots change places, and back, under open-loop load of every kind of client."""

import time
from dataclasses import dataclass

from infra.outputs import SLOTS, Slot
from rehearsal import switch
from rehearsal.aws.deployment import other
from rehearsal.checks import expect
from rehearsal.environment import Environment
from rehearsal.progress import Progress
from rehearsal.traffic.load import Kind, Load, LoadPlan
from rehearsal.traffic.tally import LoadResult

SLOW_BODY_SECONDS = 1.5
# From a request's first byte until its target is chosen, with room for a busy machine.
QUIET_SECONDS = SLOW_BODY_SECONDS + 3.0
# Parts of the load's time: when the idle slot is filled, and when the traffic goes back.
FILL_AT, BACK_AT = 0.1, 0.65
# What the changes may take beyond the load's own time, on a machine that is busy with other things.
LONGEST_CHANGE_SECONDS = 240
# Mostly what an API is asked all day; the rest is what a change of slots could break.
KINDS = (
    Kind(name="health", path="/health", share=28),
    Kind(name="cached read", path="/api/items", share=60),
    Kind(name="new connection", path="/api/release", share=4, new_connection=True),
    Kind(name="large answer", path="/api/large?kib=256", share=2),
    Kind(name="large body", path="/api/echo", method="POST", share=2, body_bytes=512 * 1024),
    Kind(
        name="slow body",
        path="/api/echo",
        method="POST",
        share=4,
        body_bytes=16 * 1024,
        body_seconds=SLOW_BODY_SECONDS,
    ),
)


@dataclass(frozen=True, kw_only=True)
class Rollover:
    """What the load met. `sent` is by slot, counted by the balancer while the load ran."""

    load: LoadResult
    sent: dict[str, int]


def roll_over(environment: Environment, progress: Progress, *, rate: int, seconds: int) -> Rollover:
    """Fills the idle slot, moves all of the traffic to it and back, while requests never stop.

    They go on for `seconds`, and for as long as the changes take.
    """
    plan = LoadPlan(
        url=environment.url,
        host=environment.host,
        ca=str(environment.authority),
        kinds=KINDS,
        rate_per_second=rate,
        seconds=seconds + LONGEST_CHANGE_SECONDS,
    )
    before = environment.requests()
    home, started = environment.slot, time.monotonic()
    with progress.step(f"Sending {rate} requests/s for {seconds} s"):
        load = Load.start(environment.supervisor, plan)
        environment.watch.pause(seconds * FILL_AT)
    release = environment.build("release-2")
    with progress.step(f"Filling the {other(home)} slot with {release.release_id} under load"):
        switch.fill_idle(environment.deployment, release)
        environment.releases[other(home)] = release
    _move(environment, progress, other(home))
    with progress.step(f"Serving from the {other(home)} slot"):
        environment.watch.pause(started + seconds * BACK_AT - time.monotonic())
    _move(environment, progress, home)
    with progress.step("Going on with the load"):
        environment.watch.pause(started + seconds - time.monotonic())
    result = load.finish({environment.releases[slot].release_id: slot for slot in SLOTS})
    after = environment.requests()
    return Rollover(load=result, sent={slot: after[slot] - before[slot] for slot in SLOTS})


def _move(environment: Environment, progress: Progress, entering: Slot) -> None:
    with progress.step(f"Moving all of the traffic to the {entering} slot"):
        switch.move(
            environment.deployment, entering, environment.requests, quiet_seconds=QUIET_SECONDS
        )


def nothing_failed(rollover: Rollover) -> str:
    load = rollover.load
    reasons = "; ".join(f"{count} {reason}" for reason, count in load.reasons.items())
    expect(load.failed == 0, f"{load.failed:,} of {load.requests:,} requests failed: {reasons}")
    return (
        f"{load.requests:,} requests at {load.rate_per_second:g}/s while all traffic moved to the "
        "other slot and back; none failed"
    )


def both_served(rollover: Rollover) -> str:
    seen = ", ".join(f"{slot} {count:,}" for slot, count in rollover.sent.items())
    expect(all(rollover.sent[slot] for slot in SLOTS), f"the balancer sent {seen} requests")
    return f"the balancer sent {seen} requests"
