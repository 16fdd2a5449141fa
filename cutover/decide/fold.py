"""From the entries of the journal to the state that they add up to."""

import dataclasses
from collections.abc import Iterable, Sequence

from pydantic import TypeAdapter

from cutover.decide.fold_run import run_after
from cutover.decide.journal import Draft, Entry, Malformed, chain
from cutover.decide.model import Filled, Page, active, other
from cutover.decide.run import Run
from cutover.decide.state import State, Summary

_FILLED = TypeAdapter(Filled)
_PAGE = TypeAdapter(Page)
_SUMMARY = TypeAdapter(Summary)
_EMPTY = State()


def fold(entries: Iterable[Entry], state: State = _EMPTY) -> State:
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
            run = run_after(entry, state.run)
            summary = _summary_after(entry, state.summary, run)
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            raise Malformed(
                f"entry {entry.sequence} of the journal ({entry.kind}) can't be read "
                f"({type(error).__name__}); it was written by another version of this program"
            ) from None
        state = State(summary=summary, run=run, sequence=entry.sequence, hash=entry.hash)
    return state


def foreseen(state: State, drafts: Sequence[Draft], *, run: str = "", at: float = 0) -> State:
    """The state after entries that are not written yet."""
    return fold(chain(drafts, state=state, run=run, token=0, at=at), state)


def _summary_after(entry: Entry, summary: Summary, run: Run | None) -> Summary:
    """`run` is the one that is open after the entry."""
    data = entry.data
    match entry.kind:
        case "started" if run and run.plan.verb == "deploy":
            # The slot to go back to keeps what it has now.
            return summary.with_tasks(other(run.plan.entering), run.plan.tasks)
        case "ended":
            return _SUMMARY.validate_python(data["summary"])
        case "frozen":
            return dataclasses.replace(summary, frozen=data["reason"], frozen_until=data["until"])
        case "unfrozen":
            return dataclasses.replace(summary, frozen="", frozen_until=None)
        case "adopted" | "committed":
            weights = dict(data["weights"])
            return dataclasses.replace(summary, committed=weights, committed_at=entry.at)
        case "filled":
            filled = _FILLED.validate_python(data["filled"])
            return dataclasses.replace(summary, slots={**summary.slots, data["slot"]: filled})
        case "emptied" if run:
            # And the other one scales freely again.
            emptied = summary.with_tasks(data["slot"], 0)
            return emptied.with_tasks(other(data["slot"]), run.plan.floor)
        case "grown":
            return summary.with_tasks(data["slot"], data["tasks"])
        case "migrated":
            return dataclasses.replace(summary, schema=data["schema"])
        case "pointed" | "kept":
            page, pages = _PAGE.validate_python(data["page"]), summary.pages
            if run is None and summary.committed:
                pages = {**pages, active(summary.committed): page}
            return dataclasses.replace(summary, page=page, pages=pages)
        case _:
            return summary
