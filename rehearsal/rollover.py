"""The slots change places, and back, under open-loop load of every kind of client."""

import time
from dataclasses import dataclass

from infra.outputs import SLOTS
from rehearsal import switch
from rehearsal.checks import expect
from rehearsal.deployment import other
from rehearsal.environment import Environment
from rehearsal.load import Kind, Load, LoadPlan
from rehearsal.progress import Progress
from rehearsal.tally import LoadResult

SLOW_BODY_SECONDS = 1.5
# From a request's first byte until its target is chosen, with room for a busy machine.
QUIET_SECONDS = SLOW_BODY_SECONDS + 3.0
# Of the load's time: how long it runs before anything changes, and between the two switches.
BASELINE_SHARE = 0.1
KINDS = (
    Kind(name="health", path="/health", share=40),
    Kind(name="cached read", path="/api/items", share=34),
    Kind(name="new connection", path="/api/release", share=15, new_connection=True),
    Kind(name="large answer", path="/api/large?kib=256", share=3),
    Kind(name="large body", path="/api/echo", method="POST", share=3, body_bytes=1024**2),
    Kind(
        name="slow body",
        path="/api/echo",
        method="POST",
        share=5,
        body_bytes=16 * 1024,
        body_seconds=SLOW_BODY_SECONDS,
    ),
)


@dataclass(frozen=True, kw_only=True)
class Rollover:
    """What the load met. `sent` is by slot, counted by the balancer while the load ran."""

    load: LoadResult
    sent: dict[str, int]
    under_load: bool
    """Whether every change was over before the load was."""


def roll_over(environment: Environment, progress: Progress, *, rate: int, seconds: int) -> Rollover:
    """Fills the idle slot, moves all of the traffic to it and back, while requests never stop."""
    plan = LoadPlan(
        url=environment.url,
        host=environment.host,
        ca=str(environment.authority),
        kinds=KINDS,
        rate_per_second=rate,
        seconds=seconds,
    )
    before = environment.requests()
    home = environment.slot
    with progress.step(f"Sending {rate} requests/s for {seconds} s"):
        load = Load.start(environment.supervisor, plan)
        pause(environment, seconds * BASELINE_SHARE)
    release = environment.build("release-2")
    with progress.step(f"Filling the {other(home)} slot with {release.release_id} under load"):
        switch.fill_idle(environment.deployment, release)
        environment.releases[other(home)] = release
    for entering in (other(home), home):
        with progress.step(f"Moving all of the traffic to the {entering} slot"):
            switch.move(
                environment.deployment, entering, environment.requests, quiet_seconds=QUIET_SECONDS
            )
        if entering != home:
            pause(environment, seconds * BASELINE_SHARE)
    under_load = load.running
    with progress.step("Waiting for the rest of the load"):
        environment.wait_until(
            lambda: not load.running,
            what="the load did not end",
            timeout_seconds=plan.seconds + plan.timeout_seconds,
        )
    slots = {environment.releases[slot].release_id: slot for slot in SLOTS}
    after = environment.requests()
    return Rollover(
        load=load.finish(slots),
        sent={slot: after[slot] - before[slot] for slot in SLOTS},
        under_load=under_load,
    )


def pause(environment: Environment, seconds: float) -> None:
    """Lets time pass, and notices when the environment fails meanwhile."""
    until = time.monotonic() + seconds
    environment.wait_until(
        lambda: time.monotonic() >= until, what="a pause did not end", timeout_seconds=seconds + 10
    )


def nothing_failed(rollover: Rollover) -> str:
    load = rollover.load
    reasons = "; ".join(f"{count} {reason}" for reason, count in load.reasons.items())
    expect(load.failed == 0, f"{load.failed:,} of {load.requests:,} requests failed: {reasons}")
    expect(
        rollover.under_load,
        "the load ended before the traffic was back; give it more time with --seconds",
    )
    return (
        f"{load.requests:,} requests at {load.rate_per_second:g}/s while all traffic moved to the "
        "other slot and back; none failed"
    )


def both_served(rollover: Rollover) -> str:
    seen = ", ".join(f"{slot} {count:,}" for slot, count in rollover.sent.items())
    expect(all(rollover.sent[slot] for slot in SLOTS), f"the balancer sent {seen} requests")
    return f"the balancer sent {seen} requests"
