"""The pointer: which frontend is current is what the bucket's `index.html` is, nothing else."""

import dataclasses

from cutover.decide.journal import Draft, plain
from cutover.decide.live import Index
from cutover.decide.model import SCALE, Page, Step, active, other
from cutover.decide.outcome import Exit, Result
from cutover.decide.run import Run
from cutover.decide.state import State, Summary
from cutover.decide.steps import point

INDEX = "index.html"


def explained(state: State, index: Index) -> bool:
    """The journal knows how `index.html` came to be what it is; before its first page there is
    none."""
    page = state.summary.page
    known = {page.sha256 if page else "", *(state.run.pages if state.run else ())}
    return index.sha256 in known


def stray(state: State, index: Index) -> str:
    """What is wrong with an `index.html` that the journal doesn't explain, without a way out."""
    page = state.summary.page
    left = f"left {page.key} there" if page else "has never written one"
    found = "there is no index.html in the bucket" if not index.sha256 else "index.html is another"
    return f"{found}, and the journal {left}: somebody else has changed it"


def refusal(state: State, page: Page, index: Index) -> str | None:
    """Why a deploy of the page may not begin; None when it may."""
    if index.sha256 == page.sha256 or explained(state, index):
        return None
    remedy = (
        "`cutover verify --adopt` takes it as it is"
        if state.summary.committed
        else "nothing was ever live here, so move it to a key of its own"
    )
    return f"{stray(state, index)}; {remedy}"


def concerns(state: State) -> bool:
    """Whether `index.html` is a matter of cutover's here; elsewhere nobody asks S3 for it."""
    return state.summary.page is not None or _held_at(state) is not None


def adoption(state: State, index: Index, by: str) -> Draft | None:
    """The entry that takes `index.html` as it is, whoever has written it; None when it need not be.

    A run that is held for it goes on behind that step. A version is kept for as long as replaced
    assets are, so that it can be gone back to.
    """
    step = _held_at(state)
    if step is None and explained(state, index):
        return None
    page = Page(key=INDEX, sha256=index.sha256, version=index.version)
    return Draft("kept", {"page": plain(page), "step": step or "", "by": by})


def _held_at(state: State) -> str | None:
    run = state.run
    step = run.step if run and run.held else None
    return step.key if step and step.kind == "point" else None


def way_back(state: State, run: Run, *, by_hand: bool) -> tuple[Step, ...]:
    """The step that brings back the page that was live with the slot which the run left.

    None unless this run has moved the pointer, or may have; a person's order also sets what
    somebody else wrote, once the run has come as far. Where there was no page before, none is
    taken away.
    """
    home = other(run.plan.entering)
    page, left = state.summary.pages.get(home), state.summary.page
    moved = bool(run.pages) or left != page
    reached = bool(run.plan.release and run.plan.release.page) and (
        f"shift {run.plan.entering} {SCALE}" in run.done | run.before
    )
    known = page is not None and page.sha256
    return (point(home, page),) if page and known and (moved or (by_hand and reached)) else ()


def verdict(found: Result, page: Page, index: Index, shown: str) -> Result:
    """What is `found` of weights and slots, and whether the page is what the journal left."""
    if index.sha256 != page.sha256:
        sentence = f"{stray(found.state, index)}; `cutover verify --adopt` takes it as it is"
        return dataclasses.replace(found, exit=Exit.FOREIGN_CHANGE, sentence=sentence)
    if page.sha256 and shown != page.sha256:
        sentence = f"index.html is {page.key}, and the public path does not show it"
        return dataclasses.replace(found, exit=Exit.INVARIANT_BROKEN, sentence=sentence)
    return dataclasses.replace(found, sentence=f"{found.sentence}; index.html is {page.key}")


def settled(summary: Summary) -> Summary:
    """The summary of a run that is over: the page belongs to the slot with all of the traffic."""
    committed, page = summary.committed, summary.page
    if committed is None or page is None or SCALE not in committed.values():
        return summary
    return dataclasses.replace(summary, pages={**summary.pages, active(committed): page})
