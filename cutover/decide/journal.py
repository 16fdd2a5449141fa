"""The journal: what was decided and seen, in order, each entry holding the hash of the one before.

Entries are only ever appended. What they add up to is `State`, and nothing else is remembered.
"""

import dataclasses
import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from pydantic import TypeAdapter

from cutover.decide.model import Filled, Outcome, Page, Plan, Step, Weights, active, other
from infra.outputs import Slot

Kind = Literal[
    "started",  # plan, reason, by
    "resumed",  # reason, by, by_hand; despite, if there is anything
    "intent",  # step, before, after: weights that are about to be written
    "applied",  # step, weights: read back
    "converged",  # step, evidence: what the data plane showed
    "committed",  # step, weights
    "pointing",  # step, before, after: a page that is about to be written as index.html
    "pointed",  # step, page, evidence: what the public path shows
    "noted",  # step, name, value: an id that a later attempt must find again
    "filled",  # step, slot, filled
    "raised",  # tasks: both slots are to have so many, since autoscaling wants them of one
    "grown",  # slot, tasks: so many of what was raised are healthy
    "migrated",  # step, schema: what the database has from now on, whatever becomes of the run
    "emptied",  # step, slot
    "passed",  # step, evidence, home_latency_seconds of a gate: a step that leaves nothing else
    "turned",  # steps, reason, by_hand, aborts: the run goes back to where it came from; or forward
    "forward_only",  # reason: what the slot to go back to lacks; empty when it has it again
    "paused",  # reason: a freeze stops the run on its ladder, and its gates go on
    "held",  # cause, reason: nothing moves until a person has looked
    "adopted",  # weights: a person accepted what somebody else wrote
    "kept",  # page, step, by: a person accepted the index.html that somebody else wrote
    "ended",  # outcome, summary
    "frozen",  # reason, by, until
    "unfrozen",  # reason, by
    "observed",  # what: something that a person should find here later
]
HoldCause = Literal["foreign", "frozen", "gates", "invariant", "late", "refused", "schema"]
FIRST_HASH = "0" * 64


class Malformed(ValueError):
    """A journal that can't be what this program wrote. One sentence."""


@dataclass(frozen=True, kw_only=True)
class Entry:
    """One line of the journal. `at` is epoch seconds; `token` is the writer's fencing token;
    `run` is empty for what belongs to no run."""

    sequence: int
    run: str
    token: int
    at: float
    kind: Kind
    data: Mapping[str, Any]
    previous: str
    hash: str

    def digest(self) -> str:
        """The hash that the entry must have: of all its other fields, as canonical JSON."""
        fields = {name: value for name, value in vars(self).items() if name != "hash"}
        return hashlib.sha256(canonical(fields).encode()).hexdigest()


@dataclass(frozen=True)
class Draft:
    """An entry to be: the store numbers and chains it."""

    kind: Kind
    data: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, kw_only=True)
class Write:
    """A change of weights under way: from its intent to its commitment. `resumed` once a run has
    gone on with it that was left, or held."""

    step: str
    before: Weights
    after: Weights
    applied: bool = False
    resumed: bool = False


@dataclass(frozen=True, kw_only=True)
class Pointing:
    """A change of `index.html` under way. `before` is the SHA-256 of what was there."""

    step: str
    before: str
    after: Page


@dataclass(frozen=True, kw_only=True)
class Run:
    """An open run. `done` has the finished steps, `notes` the ids that were noted: step/name."""

    id: str
    plan: Plan
    steps: tuple[Step, ...]
    started_at: float
    step_began_at: float
    """When its newest step began, or it was resumed. Deadlines count from here."""
    watched_from: float
    """When traffic last changed or the run was resumed: gates count from here."""
    raised: int = 0
    """To how many tasks autoscaling has brought the larger slot since; 0 while to none."""
    raised_at: float = 0
    smoked_at: float = 0
    """When the release last began to answer as it should: what alarms saw before is no fault."""
    home_latency_seconds: float | None = None
    """The mean response of the slot that is left, at the last gate that knew it: the baseline of
    the bake, when it answers nobody any more."""
    done: frozenset[str] = frozenset()
    before: frozenset[str] = frozenset()
    """Steps that were finished before the run turned."""
    notes: Mapping[str, str] = field(default_factory=dict)
    write: Write | None = None
    explained: tuple[Weights, ...] = ()
    """What the weights may be, beside the committed ones, since a write was cut short."""
    pointing: Pointing | None = None
    pages: frozenset[str] = frozenset()
    """SHA-256 of what `index.html` may be, beside the committed page, since the run first meant to
    change it."""
    by_hand: bool = False
    """A person ordered the way back: it overwrites what somebody else wrote."""
    aborts: bool = False
    """Given up for good: the slot that was to enter is emptied too."""
    turned: str | None = None
    forward: bool = False
    """A person has turned it once more: to all of the traffic, for there is no way back."""
    forward_only: str = ""
    """What the slot to go back to lacks, a sentence; empty when it lacks nothing."""
    paused: str = ""
    """Why it waits on its ladder, gates and all; empty when it doesn't."""
    held: str | None = None
    cause: HoldCause | None = None

    @property
    def tasks(self) -> int:
        """How many tasks each slot is to have: one takes the traffic of the other."""
        return max(self.plan.tasks, self.raised)

    @property
    def unique_name(self) -> str:
        """A name that no other run ever has: a person may give an id again."""
        return f"{self.started_at:.0f}-{self.id}"

    @property
    def step(self) -> Step | None:
        """Where it stands: its first step that is not finished; None when all are."""
        return next((step for step in self.steps if step.key not in self.done), None)

    def done_at(self, weights: Weights) -> frozenset[str]:
        """What is finished once these weights are taken as right, whoever has set them.

        A run on its way up its ladder stands on the rung at or below them, whose gates hold once
        more before the next one; one that somebody has put back to nothing begins it anew.
        """
        if self.turned or self.plan.verb != "deploy":
            return self.done
        share = weights[self.plan.entering]
        rungs = [step for step in self.steps if step.kind in ("shift", "watch")]
        below = [step for step in rungs if step.kind == "watch" and step.percent <= share]
        earlier = self.steps[: self.steps.index([rungs[0], *below][-1])]
        climbed = {step.key for step in earlier if step in rungs}
        return self.done & {step.key for step in earlier} | climbed


@dataclass(frozen=True, kw_only=True)
class Summary:
    """What outlives a run; each `ended` carries it, so that nobody reads older entries.

    `committed` is None in an EMPTY environment. `outcome` and `last_run` are the last run's.
    `committed_at` is when the weights last changed, epoch seconds.
    """

    committed: dict[Slot, int] | None = None
    committed_at: float = 0
    slots: dict[Slot, Filled] = field(default_factory=dict)
    schema: int = 0
    outcome: Outcome | None = None
    last_run: str = ""
    frozen: str = ""
    frozen_until: float | None = None
    page: Page | None = None
    """What the journal left as `index.html`; None when it has never written one."""
    pages: dict[Slot, Page] = field(default_factory=dict)
    """What that was when a run last ended with all of the traffic in the slot."""


@dataclass(frozen=True, kw_only=True)
class State:
    """What the journal adds up to."""

    summary: Summary = Summary()
    run: Run | None = None
    sequence: int = 0
    """Number of the newest entry, 0 in an empty journal."""
    hash: str = FIRST_HASH

    @property
    def releases(self) -> dict[Slot, str]:
        """The release id of what runs, or ran last, in each slot that was ever filled."""
        return {slot: filled.release.release_id for slot, filled in self.summary.slots.items()}


# After these another step begins, or the same one anew.
_STEPS_ON = (
    *("resumed", "paused", "turned", "adopted", "kept", "committed", "pointed"),
    *("filled", "emptied", "passed"),
)

_PLAN = TypeAdapter(Plan)
_STEPS = TypeAdapter(tuple[Step, ...])
_FILLED = TypeAdapter(Filled)
_SUMMARY = TypeAdapter(Summary)
_PAGE = TypeAdapter(Page)


def canonical(value: Any) -> str:
    """JSON with one spelling for each value."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))


def plain(value: Any) -> Any:
    """A dataclass as plain nested data: what an entry may hold."""
    return dataclasses.asdict(value) if dataclasses.is_dataclass(value) else value  # pyright: ignore[reportArgumentType]


def chain(
    drafts: Sequence[Draft], *, state: State, run: str, token: int, at: float
) -> tuple[Entry, ...]:
    """The drafts as the entries that come next."""
    entries: list[Entry] = []
    sequence, previous = state.sequence, state.hash
    for draft in drafts:
        sequence += 1
        unsigned = Entry(
            sequence=sequence,
            run=run,
            token=token,
            at=at,
            kind=draft.kind,
            data=draft.data,
            previous=previous,
            hash="",
        )
        entry = dataclasses.replace(unsigned, hash=unsigned.digest())
        entries.append(entry)
        previous = entry.hash
    return tuple(entries)


def fold(entries: Iterable[Entry], state: State = State()) -> State:
    """The state after these entries, oldest first.

    They begin with the journal, with an `ended` entry, or where `state` stops. Raises Malformed
    for a gap, a changed entry, or a shape that this program never wrote.
    """
    for entry in entries:
        if entry.hash != entry.digest():
            raise Malformed(
                f"entry {entry.sequence} of the journal was changed after it was written"
            )
        begins = state.sequence == 0 and entry.kind == "ended"
        if not begins and (entry.sequence, entry.previous) != (state.sequence + 1, state.hash):
            raise Malformed(f"entry {entry.sequence} of the journal does not follow its forerunner")
        try:
            summary, run = _after(entry, state)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Malformed(
                f"entry {entry.sequence} of the journal ({entry.kind}) can't be read "
                f"({type(error).__name__}); it was written by another version of this program"
            ) from None
        state = State(summary=summary, run=run, sequence=entry.sequence, hash=entry.hash)
    return state


def _after(entry: Entry, state: State) -> tuple[Summary, Run | None]:
    summary, run, data = state.summary, state.run, entry.data
    match entry.kind:
        case "started":
            plan = _PLAN.validate_python(data["plan"])
            if plan.verb == "deploy":  # the slot to go back to keeps what it has now
                summary = _with_tasks(summary, other(plan.entering), plan.tasks)
            return summary, Run(
                id=entry.run,
                plan=plan,
                steps=plan.steps,
                started_at=entry.at,
                step_began_at=entry.at,
                watched_from=entry.at,
                by_hand=plan.verb == "rollback",
            )
        case "ended":
            return _SUMMARY.validate_python(data["summary"]), None
        case "frozen":
            return dataclasses.replace(
                summary, frozen=data["reason"], frozen_until=data["until"]
            ), run
        case "unfrozen":
            return dataclasses.replace(summary, frozen="", frozen_until=None), run
        case "observed":
            return summary, run
        case "adopted" | "committed":
            summary = dataclasses.replace(
                summary, committed=dict(data["weights"]), committed_at=entry.at
            )
        case "filled":
            filled = _FILLED.validate_python(data["filled"])
            summary = dataclasses.replace(summary, slots={**summary.slots, data["slot"]: filled})
        case "emptied":
            summary = _with_tasks(summary, data["slot"], 0)
            if run:  # and the other one scales freely again
                summary = _with_tasks(summary, other(data["slot"]), run.plan.floor)
        case "grown":
            summary = _with_tasks(summary, data["slot"], data["tasks"])
        case "migrated":
            summary = dataclasses.replace(summary, schema=data["schema"])
        case "pointed" | "kept":
            page, pages = _PAGE.validate_python(data["page"]), summary.pages
            if run is None and summary.committed:
                pages = {**pages, active(summary.committed): page}
            summary = dataclasses.replace(summary, page=page, pages=pages)
        case _:
            pass
    return summary, _run_after(entry, run)


def _with_tasks(summary: Summary, slot: Slot, tasks: int) -> Summary:
    """The slot's release can be counted on with so many tasks from now on."""
    filled = summary.slots.get(slot)
    if filled is None:
        return summary
    slots = {**summary.slots, slot: dataclasses.replace(filled, tasks=tasks)}
    return dataclasses.replace(summary, slots=slots)


def _run_after(entry: Entry, run: Run | None) -> Run | None:
    if run is None:
        if entry.kind in ("adopted", "kept"):
            return None
        raise KeyError("run")
    data = entry.data
    if entry.kind in _STEPS_ON:
        run = dataclasses.replace(run, step_began_at=entry.at)
    match entry.kind:
        case "resumed":
            despite = {f"despite_{what}": True for what in data.get("despite", ())}
            return dataclasses.replace(
                run,
                plan=dataclasses.replace(run.plan, **despite),
                paused="",
                held=None,
                cause=None,
                watched_from=entry.at,
                done=_ordered_again(run) if data["by_hand"] else run.done,
                write=None if data["by_hand"] else _resumed(run.write),
                pointing=None if data["by_hand"] else run.pointing,
            )
        case "intent":
            write = Write(step=data["step"], before=data["before"], after=data["after"])
            return dataclasses.replace(
                run, write=write, explained=(*run.explained, data["before"], data["after"])
            )
        case "applied" if run.write:
            return dataclasses.replace(run, write=dataclasses.replace(run.write, applied=True))
        case "committed":
            return dataclasses.replace(
                run,
                write=None,
                explained=(),
                done=run.done | {data["step"]},
                watched_from=entry.at,
            )
        case "pointing":
            after = _PAGE.validate_python(data["after"])
            pointing = Pointing(step=data["step"], before=data["before"], after=after)
            pages = run.pages | {data["before"], after.sha256}
            return dataclasses.replace(run, pointing=pointing, pages=pages)
        case "pointed" | "kept":
            return dataclasses.replace(
                run,
                pointing=None,
                done=run.done | ({data["step"]} if data["step"] else frozenset()),
                watched_from=entry.at,
            )
        case "noted":
            notes = {**run.notes, f"{data['step']}/{data['name']}": data["value"]}
            return dataclasses.replace(run, notes=notes)
        case "filled" | "emptied":
            return dataclasses.replace(run, done=run.done | {data["step"]})
        case "passed":
            smoked = any(step.kind == "smoke" and step.key == data["step"] for step in run.steps)
            return dataclasses.replace(
                run,
                done=run.done | {data["step"]},
                smoked_at=entry.at if smoked else run.smoked_at,
                home_latency_seconds=data.get("home_latency_seconds", run.home_latency_seconds),
            )
        case "turned":
            return dataclasses.replace(
                run,
                turned=data["reason"],
                by_hand=data["by_hand"],
                aborts=data["aborts"],
                forward=data.get("forward", False),
                steps=_STEPS.validate_python(data["steps"]),
                done=frozenset(),
                before=run.before | run.done,
                write=None,
                pointing=None,
                paused="",
                held=None,
                cause=None,
            )
        case "raised":
            return dataclasses.replace(run, raised=data["tasks"], raised_at=entry.at)
        case "paused":
            return dataclasses.replace(run, paused=data["reason"])
        case "forward_only":
            return dataclasses.replace(run, forward_only=data["reason"])
        case "held":
            return dataclasses.replace(run, held=data["reason"], cause=data["cause"])
        case "adopted":
            return dataclasses.replace(
                run, write=None, explained=(), done=run.done_at(data["weights"])
            )
        case _:
            return run


def _ordered_again(run: Run) -> frozenset[str]:
    """What is done, when a person orders the way back once more: somebody else may have changed
    the weights after they were proven, and more tasks are waited for no longer."""
    shifts = [step.key for step in run.steps if step.kind == "shift"]
    return run.done - {*shifts[-1:]} | {step.key for step in run.steps if step.kind == "top_up"}


def _resumed(write: Write | None) -> Write | None:
    return write and dataclasses.replace(write, resumed=True)
