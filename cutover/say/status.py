"""`status`: what is live, and what the journal says of it."""

import dataclasses
from typing import Any

from cutover.decide import pointer
from cutover.decide.model import active, said
from cutover.decide.outcome import Exit
from cutover.decide.run import Run
from cutover.decide.standing import ends_hold, forward_only
from cutover.decide.state import State
from cutover.do.store import Lease
from cutover.say import wiring
from cutover.say.answer import AGAIN, Answer
from cutover.say.job import order_of
from cutover.say.progress import current
from cutover.say.sights import Standing, look
from infra.outputs import SLOTS, Slot

_UNKNOWN = "not known"


def status(stack: str) -> Answer:
    """Reads, and judges nothing: DONE when all could be read, else what could, and the code of the
    rest."""
    standing = look(wiring.open_environment(stack, order_of("status", None).run))
    again = [AGAIN] if standing.exit == Exit.UNAVAILABLE else []
    return Answer(
        exit=standing.exit,
        sentence="; ".join([*standing.unread, *again]),
        text=text(stack, standing),
        data=data(standing),
    )


def data(standing: Standing) -> dict[str, Any]:
    """The keys of `--json`; null, too, where it could not be read, which `unread` names."""
    snapshot, weights = standing.snapshot, standing.weights
    state, lease = (snapshot.state, snapshot.lease) if snapshot else (None, None)
    committed = state.summary.committed if state else None
    return {
        "active": None if weights is None or _empty(standing) else active(weights),
        "weights": {"live": dict(weights) if weights else None, "journal": committed},
        "slots": {slot: _slot(standing, slot) for slot in SLOTS},
        "schema": state.summary.schema if state else None,
        "frontend": _frontend(standing, state) if state and standing.index else None,
        "run": _run(state, state.run) if state and state.run else None,
        "lease": {
            **dataclasses.asdict(lease.owner),
            "remaining_seconds": lease.ends_at - standing.now,
            "wanted": lease.wanted,
        }
        if lease and lease.owner
        else None,
        "frozen": standing.frozen,
        "forward_only": forward_only(state, standing.health)
        if state and len(standing.health) == len(SLOTS)
        else None,
        "unread": list(standing.unread),
    }


def _frontend(standing: Standing, state: State) -> dict[str, Any]:
    page, index = state.summary.page, standing.index
    return {
        "journal": page.key if page else None,
        "explained": index is not None and pointer.explained(state, index),
    }


def text(stack: str, standing: Standing) -> str:
    """The same for a person, most important first."""
    seen, snapshot = data(standing), standing.snapshot
    lines = [_headline(stack, standing), f"weights: {_weights_said(standing)}"]
    for slot in SLOTS:
        never = snapshot is not None and slot not in snapshot.state.summary.slots
        release = "no release" if never else f"release {_UNKNOWN}"
        lines += [f"{slot}: {_slot_said(seen['slots'][slot], release)}"]
    if page := seen["frontend"]:
        as_left = "as the journal left it" if page["explained"] else "somebody else has changed it"
        lines += [f"frontend: {page['journal'] or 'no page'}; {as_left}"]
    if run := seen["run"]:
        verb = ", despite ".join([run["verb"], *run["despite"]])
        lines += [f"run: {run['id']} ({verb}), at {run['step'] or 'its end'}"]
        if run["goes_back"]:
            lines += [f"goes back: {run['goes_back']}"]
        if run["paused"]:
            lines += [f"waits, and its gates go on: {run['paused']}"]
        if run["held"]:
            lines += [f"held ({run['cause']}): {run['held']}", f"what to do: {run['ends_hold']}"]
    else:
        lines += ["run: none is open" if snapshot else f"run: {_UNKNOWN}"]
    lines += [f"lease: {_lease_said(snapshot.lease, standing.now) if snapshot else _UNKNOWN}"]
    if standing.frozen:
        lines += [f"frozen: {standing.frozen}"]
    lines += [f"schema: {snapshot.state.summary.schema if snapshot else _UNKNOWN}"]
    if seen["forward_only"]:
        lines += [f"FORWARD_ONLY: {seen['forward_only']}"]
    return "\n".join(lines)


def _run(state: State, run: Run) -> dict[str, Any]:
    step = current(state)
    return {
        "id": run.id,
        "verb": run.plan.verb,
        "despite": list(run.plan.despite),
        "step": step.key if step else None,
        "goes_back": None if run.forward else run.turned,
        "paused": (run.paused or None) if not run.held else None,
        "held": run.held,
        "cause": run.cause,
        "ends_hold": ends_hold(state),
    }


def _slot(standing: Standing, slot: Slot) -> dict[str, Any]:
    service, health = standing.services.get(slot), standing.health.get(slot)
    release = standing.releases.get(slot)
    return {
        "release": release.release_id if release else None,
        "image": release.image if release else None,
        "task_definition": service.task_definition if service else None,
        "desired": service.desired if service else None,
        "running": service.running if service else None,
        "pending": service.pending if service else None,
        "healthy": health.healthy if health else None,
    }


def _headline(stack: str, standing: Standing) -> str:
    if _empty(standing):
        return f"{stack}: empty"
    if standing.weights is None:
        return f"{stack}: which slot is active is {_UNKNOWN}"
    return f"{stack}: {active(standing.weights)} is active"


def _empty(standing: Standing) -> bool:
    """So the journal says; where it can't be read, the traffic rule says who is active."""
    snapshot = standing.snapshot
    return snapshot is not None and snapshot.state.summary.committed is None


def _weights_said(standing: Standing) -> str:
    live, snapshot = standing.weights, standing.snapshot
    shown = said(live) if live else _UNKNOWN
    if snapshot is None:
        return f"{shown}; what the journal left is {_UNKNOWN}"
    left = snapshot.state.summary.committed
    if live and live == left:
        return f"{shown}; as the journal left them"
    return f"{shown}; the journal left {said(left) if left else 'none'}"


def _slot_said(slot: dict[str, Any], unnamed: str) -> str:
    tasks = f"{slot['running']} of {slot['desired']} tasks running"
    if slot["running"] is None:
        tasks = f"its tasks are {_UNKNOWN}"
    healthy = f"{slot['healthy']} healthy"
    if slot["healthy"] is None:
        healthy = f"their health is {_UNKNOWN}"
    return f"{slot['release'] or unnamed}, {tasks}, {healthy}"


def _lease_said(lease: Lease, now: float) -> str:
    owner = lease.owner
    if owner is None:
        return "free"
    left = lease.ends_at - now
    ends = f"for another {left:.0f} s" if left > 0 else f"which ended {-left:.0f} s ago"
    return f"{owner.purpose} of {owner.by} (run {owner.run}, {owner.host}), {ends}"
