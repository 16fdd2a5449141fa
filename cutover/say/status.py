"""`status` and `verify`: what is live, what the journal says, and whether they agree."""

import dataclasses
from typing import Any

from cutover.decide.freeze import frozen
from cutover.decide.live import Health, Service
from cutover.decide.model import Weights, active
from cutover.decide.outcome import Exit
from cutover.decide.proof import LEAST_PROBES
from cutover.decide.standing import ends_hold, forward_only, verdict
from cutover.do.store import Lease, Snapshot
from cutover.say import wiring
from cutover.say.answer import Answer, of_result
from cutover.say.job import at_work, order_of
from cutover.say.progress import current
from cutover.say.wiring import Environment
from infra.outputs import SLOTS, Slot


@dataclasses.dataclass(frozen=True, kw_only=True)
class Standing:
    """Journal, lease and what is live, read one after the other."""

    snapshot: Snapshot
    weights: Weights
    services: dict[Slot, Service]
    health: dict[Slot, Health]
    frozen: str | None
    now: float


def status(stack: str) -> Answer:
    """Reads, and judges nothing: DONE whenever it could be read."""
    environment = wiring.open_environment(stack, order_of("status", None).run)
    standing = read(environment)
    return Answer(exit=Exit.DONE, sentence="", text=text(stack, standing), data=data(standing))


def verify(stack: str, *, adopt: bool, reason: str | None) -> Answer:
    """Live AWS against the journal, with probes; writes nothing but what `adopt` accepts."""
    if adopt:
        with at_work(stack, order_of("adopt", reason)) as job:
            adopted = job.session.adopt()
        if adopted.exit:
            return of_result(adopted)
    environment = wiring.open_environment(stack, order_of("verify", None).run)
    state, weights = environment.store.read().state, environment.world.weights()
    health: dict[Slot, Health] = {slot: environment.world.health(slot) for slot in SLOTS}
    split = environment.world.split(LEAST_PROBES) if state.summary.committed else None
    return of_result(verdict(state, weights, health, split))


def read(environment: Environment) -> Standing:
    """Five calls."""
    world, setting, now = environment.world, environment.setting, environment.clock.now()
    snapshot = environment.store.read()
    summary = snapshot.state.summary
    return Standing(
        snapshot=snapshot,
        weights=world.weights(),
        services=dict(world.services()),
        health={slot: world.health(slot) for slot in SLOTS},
        frozen=frozen(
            setting.freeze_windows, now, stop=summary.frozen, stop_until=summary.frozen_until
        ),
        now=now,
    )


def data(standing: Standing) -> dict[str, Any]:
    """The keys of `--json`."""
    state, lease = standing.snapshot.state, standing.snapshot.lease
    summary, run = state.summary, state.run
    step = current(state)
    return {
        "active": active(standing.weights) if summary.committed else None,
        "weights": {"live": dict(standing.weights), "journal": summary.committed},
        "slots": {slot: _slot(standing, slot) for slot in SLOTS},
        "schema": summary.schema,
        "run": {
            "id": run.id,
            "verb": run.plan.verb,
            "step": step.key if step else None,
            "goes_back": run.turned,
            "held": run.held,
            "cause": run.cause,
            "ends_hold": ends_hold(run.cause) if run.cause else None,
        }
        if run
        else None,
        "lease": {
            **dataclasses.asdict(lease.owner),
            "remaining_seconds": lease.ends_at - standing.now,
            "wanted": lease.wanted,
        }
        if lease.owner
        else None,
        "frozen": standing.frozen,
        "forward_only": forward_only(state, standing.health),
    }


def text(stack: str, standing: Standing) -> str:
    """The same for a person, most important first."""
    seen = data(standing)
    state, lease = standing.snapshot.state, standing.snapshot.lease
    lines = [f"{stack}: {seen['active']} is active" if seen["active"] else f"{stack}: empty"]
    live, left = seen["weights"]["live"], seen["weights"]["journal"]
    agree = "as the journal left them" if live == left else f"the journal left {_said(left)}"
    lines += [f"weights: {_said(live)}; {agree}"]
    lines += [f"{slot}: {_slot_said(seen['slots'][slot])}" for slot in SLOTS]
    if run := seen["run"]:
        lines += [f"run: {run['id']} ({run['verb']}), at {run['step'] or 'its end'}"]
        if run["goes_back"]:
            lines += [f"goes back: {run['goes_back']}"]
        if run["held"]:
            lines += [f"held ({run['cause']}): {run['held']}", f"what to do: {run['ends_hold']}"]
    else:
        lines += ["run: none is open"]
    lines += [f"lease: {_lease_said(lease, standing.now)}"]
    if standing.frozen:
        lines += [f"frozen: {standing.frozen}"]
    lines += [f"schema: {state.summary.schema}"]
    if seen["forward_only"]:
        lines += [f"FORWARD_ONLY: {seen['forward_only']}"]
    return "\n".join(lines)


def _slot(standing: Standing, slot: Slot) -> dict[str, Any]:
    service, health = standing.services[slot], standing.health[slot]
    filled = standing.snapshot.state.summary.slots.get(slot)
    return {
        "release": filled.release.release_id if filled else None,
        "image": filled.release.image if filled else None,
        "task_definition": service.task_definition,
        "desired": service.desired,
        "running": service.running,
        "pending": service.pending,
        "healthy": health.healthy,
    }


def _slot_said(slot: dict[str, Any]) -> str:
    release = slot["release"] or "no release"
    return (
        f"{release}, {slot['running']} of {slot['desired']} tasks running, {slot['healthy']} "
        "healthy"
    )


def _said(weights: Weights | None) -> str:
    return ", ".join(f"{slot} {weights[slot]}" for slot in SLOTS) if weights else "none"


def _lease_said(lease: Lease, now: float) -> str:
    owner = lease.owner
    if owner is None:
        return "free"
    left = lease.ends_at - now
    ends = f"for another {left:.0f} s" if left > 0 else f"which ended {-left:.0f} s ago"
    return f"{owner.purpose} of {owner.by} (run {owner.run}, {owner.host}), {ends}"
