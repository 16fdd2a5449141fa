"""What an entry of the journal makes of the open run."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from pydantic import TypeAdapter

from cutover.decide.journal import Entry
from cutover.decide.model import Page, Plan, Step
from cutover.decide.run import Pointing, Run, Write

# After these another step begins, or the same one anew.
_STEPS_ON = (
    *("resumed", "paused", "turned", "adopted", "kept", "committed", "pointed"),
    *("filled", "emptied", "passed"),
)

_PAGE = TypeAdapter(Page)
_PLAN = TypeAdapter(Plan)
_STEPS = TypeAdapter(tuple[Step, ...])


def run_after(entry: Entry, run: Run | None) -> Run | None:
    """The run that is open after the entry; KeyError when the entry needs one and none is."""
    match entry.kind:
        case "started":
            plan = _PLAN.validate_python(entry.data["plan"])
            return Run(
                id=entry.run,
                plan=plan,
                steps=plan.steps,
                started_at=entry.at,
                step_began_at=entry.at,
                watched_from=entry.at,
                by_hand=plan.verb == "rollback",
            )
        case "ended":
            return None
        case "frozen" | "unfrozen" | "observed":
            return run
        case "adopted" | "kept" if run is None:
            return None
        case _ if run is None:
            raise KeyError("run")
        case kind:
            began_at = entry.at if kind in _STEPS_ON else run.step_began_at
            return _gone_on(entry, replace(run, step_began_at=began_at))


def _gone_on(entry: Entry, run: Run) -> Run:
    data = entry.data
    match entry.kind:
        case "resumed":
            despite = {f"despite_{what}": True for what in data.get("despite", ())}
            run = replace(
                run,
                plan=replace(run.plan, **despite),
                paused="",
                held=None,
                cause=None,
                watched_from=entry.at,
                notes=_asked_anew(run),
            )
            if not data["by_hand"]:
                return replace(run, write=_resumed(run.write))
            return replace(run, done=_ordered_again(run), write=None, pointing=None)
        case "intent":
            before, after = data["before"], data["after"]
            write = Write(step=data["step"], before=before, after=after)
            return replace(run, write=write, explained=(*run.explained, before, after))
        case "committed":
            done = run.done | {data["step"]}
            return replace(run, write=None, explained=(), done=done, watched_from=entry.at)
        case "pointing":
            after = _PAGE.validate_python(data["after"])
            pointing = Pointing(step=data["step"], before=data["before"], after=after)
            pages = run.pages | {data["before"], after.sha256}
            return replace(run, pointing=pointing, pages=pages)
        case "pointed" | "kept":
            done = run.done | ({data["step"]} if data["step"] else frozenset())
            return replace(run, pointing=None, done=done, watched_from=entry.at)
        case "noted":
            return replace(
                run, notes={**run.notes, f"{data['step']}/{data['name']}": data["value"]}
            )
        case "filled" | "emptied":
            return replace(run, done=run.done | {data["step"]})
        case "passed":
            smoked = any(step.kind == "smoke" and step.key == data["step"] for step in run.steps)
            return replace(
                run,
                done=run.done | {data["step"]},
                smoked_at=entry.at if smoked else run.smoked_at,
                home_latency_seconds=data.get("home_latency_seconds", run.home_latency_seconds),
            )
        case "turned":
            return replace(
                run,
                turned=data["reason"],
                went_back=run.went_back or _why(run, data),
                by_hand=data["by_hand"],
                aborts=data["aborts"],
                forward=data.get("forward", False),
                steps=_STEPS.validate_python(data["steps"]),
                notes=_asked_anew(run),
                done=frozenset(),
                before=run.before | run.done,
                write=None,
                pointing=None,
                paused="",
                held=None,
                cause=None,
            )
        case "raised":
            return replace(run, raised=data["tasks"], raised_at=entry.at)
        case "paused":
            return replace(run, paused=data["reason"])
        case "forward_only":
            return replace(run, forward_only=data["reason"])
        case "held":
            return replace(run, held=data["reason"], cause=data["cause"])
        case "adopted":
            done = run.done_at(data["weights"])
            return replace(run, write=None, explained=(), done=done)
        case _:
            return run


def _why(run: Run, data: Mapping[str, Any]) -> str:
    by = f", by {data['by']}" if data.get("by") else ""
    at = run.step.key if run.step else "its end"
    return f"went back at {at}{by}: {data['reason'].removeprefix(f'{at} ')}"


def _asked_anew(run: Run) -> dict[str, str]:
    """The notes without what ECS was asked for: a deployment that its circuit breaker has given up
    starts nothing, whatever a person has mended since, until it is asked for once more."""
    return {name: value for name, value in run.notes.items() if not name.endswith("/asked")}


def _ordered_again(run: Run) -> frozenset[str]:
    """What is done, when a person orders the way back once more: somebody else may have changed
    the weights after they were proven, and more tasks are waited for no longer."""
    shifts = [step.key for step in run.steps if step.kind == "shift"]
    return run.done - {*shifts[-1:]} | {step.key for step in run.steps if step.kind == "top_up"}


def _resumed(write: Write | None) -> Write | None:
    return write and replace(write, resumed=True)
