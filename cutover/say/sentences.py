"""What an entry of the journal says to a person: progress, notifications and history alike."""

import time
from collections.abc import Mapping
from typing import Any

from cutover.decide.journal import Kind
from cutover.decide.model import DESPITE, SCALE, said
from infra.outputs import SLOTS

# Too small to tell anybody of; `history` shows them all the same.
_QUIET: frozenset[Kind] = frozenset({"intent", "applied", "pointing", "noted"})
_ENDS = {
    "done": "the run is done",
    "rolled_back": "the run went back",
    "aborted": "the run was given up",
}


def announcement(kind: Kind, data: Mapping[str, Any]) -> str | None:
    """One sentence for who watches or is paged; None for an entry that changes nothing for them."""
    return None if kind in _QUIET else entry_sentence(kind, data)


def entry_sentence(kind: Kind, data: Mapping[str, Any]) -> str:
    """What the entry says, in one sentence."""
    match kind:
        case "started":
            return f"{_started(data['plan'])} begins, by {data['by']}: {data['reason']}"
        case "resumed":
            despite = "".join(f", despite {what}" for what in data.get("despite", ()))
            return f"the run goes on{despite}, by {data['by']}: {data['reason']}"
        case "intent":
            return f"{data['step']}: from {said(data['before'])} to {said(data['after'])}"
        case "applied" | "committed":
            return f"{data['step']}: the weights are {said(data['weights'])}"
        case "converged" | "pointed" | "passed":
            return f"{data['step']}: {data['evidence']}"
        case "pointing":
            return f"{data['step']}: index.html is to be {data['after']['key']}"
        case "noted":
            return f"{data['step']}: {data['name']} {data['value']}"
        case "filled":
            filled = data["filled"]
            release = filled["release"]["release_id"]
            return f"{data['step']}: {filled['tasks']} tasks of {release} are healthy"
        case "raised":
            return f"each slot is to have {data['tasks']} tasks, as autoscaling wants of one"
        case "grown":
            return f"{data['slot']} has {data['tasks']} healthy tasks"
        case "migrated":
            return f"{data['step']}: the schema is at version {data['schema']}"
        case "emptied":
            return f"{data['step']}: {data['slot']} runs nothing"
        case "turned":
            where = "forward after all" if data.get("forward") else "back"
            return f"the run goes {where}{_ordered(data)}: {data['reason']}"
        case "forward_only":
            lost = f"the run is FORWARD_ONLY: {data['reason']}"
            return lost if data["reason"] else "the run can go back again"
        case "paused":
            return f"the run waits where it is, and its gates go on: {data['reason']}"
        case "held":
            return f"the run is held ({data['cause']}): {data['reason']}"
        case "adopted":
            return f"{said(data['weights'])} taken as right, by {data['by']}"
        case "kept":
            return f"index.html taken as right as it is, by {data['by']}"
        case "ended":
            return _ENDS[data["outcome"]] + _ordered(data) + _served(data["summary"])
        case "frozen":
            until = f" until {moment(data['until'])}" if data["until"] is not None else ""
            return f"frozen{until}, by {data['by']}: {data['reason']}"
        case "unfrozen":
            return f"no longer frozen, by {data['by']}: {data['reason']}"
        case "observed":
            return data["what"]


def moment(seconds: float) -> str:
    """A time of day for everybody: 2026-01-31 23:59:59 UTC."""
    return time.strftime("%Y-%m-%d %H:%M:%S UTC", time.gmtime(seconds))


def time_of_day(seconds: float) -> str:
    """23:59:59, in UTC: for lines that are read while they are written."""
    return time.strftime("%H:%M:%S", time.gmtime(seconds))


def lasting(seconds: float) -> str:
    """A duration as people say it: 45 s, 12 min 30 s, 2 h 5 min."""
    minutes, rest = divmod(round(seconds), 60)
    if not minutes:
        return f"{rest} s"
    hours, minutes = divmod(minutes, 60)
    parts = [(hours, "h"), (minutes, "min"), (0 if hours else rest, "s")]
    return " ".join(f"{count} {unit}" for count, unit in parts if count)


def _started(plan: Mapping[str, Any]) -> str:
    if plan["release"]:
        despite = "".join(f", despite {w}" for w in DESPITE if plan.get(f"despite_{w}"))
        return f"{plan['verb']} of {plan['release']['release_id']} to {plan['entering']}{despite}"
    return plan["verb"]


def _ordered(data: Mapping[str, Any]) -> str:
    """By whom, where it was a person's order."""
    return f", by {data['by']}" if data.get("by") else ""


def _served(summary: Mapping[str, Any]) -> str:
    committed = summary["committed"]
    whole = [slot for slot in SLOTS if committed and committed[slot] == SCALE]
    if not whole:
        return ""
    release = summary["slots"][whole[0]]["release"]["release_id"]
    return f": {release} serves from {whole[0]}"
