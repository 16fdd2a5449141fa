"""One change of the pointer, from the intent to what the public path shows."""

from cutover.decide.actions import Action, Append, Look, Point, Wait
from cutover.decide.holding import hold, stopped
from cutover.decide.journal import Draft, plain
from cutover.decide.live import Index, Live
from cutover.decide.model import SCALE, Page, Step
from cutover.decide.pointer import INDEX, explained, stray
from cutover.decide.run import Run
from cutover.decide.setting import Setting
from cutover.decide.state import State


def point_to(
    state: State, run: Run, step: Step, live: Live, now: float, setting: Setting
) -> Action:
    """Intent, write, read back, proof; resumed from whatever of it is there.

    What is there already is not written again. The release of the page has all of the traffic
    before anybody gets its page, so that a page meets no API that is older than itself.
    """
    page = _page(step)
    committed = state.summary.committed
    if committed is None or committed[step.slot] != SCALE:
        return hold("invariant", f"{step.slot} has not all of the traffic, and gets no page")
    if live.index is None:
        return Look(at="index")
    if live.index.sha256 != page.sha256:
        if run.pointing and live.index.sha256 != run.pointing.before:
            return foreign(state, live.index)
        if not run.pointing and not run.by_hand and not explained(state, live.index):
            return foreign(state, live.index)
        if frozen := stopped(state, run, now, setting):
            return frozen
        if run.pointing:
            return Point(page=page, etag=live.index.etag)
        data = {"step": step.key, "before": live.index.sha256, "after": plain(page)}
        return Append(drafts=(Draft("pointing", data),))
    if live.shown is None:
        return Look(at="shown")
    if live.shown != page.sha256:
        shows = "another page than" if live.shown else "no page, and not"
        return Wait(seconds=setting.poll_seconds, why=f"the public path shows {shows} {page.key}")
    evidence = f"the public path shows {page.key} (SHA-256 {page.sha256[:12]})"
    data = {"step": step.key, "page": plain(page), "evidence": evidence}
    return Append(drafts=(Draft("pointed", data),))


def foreign(state: State, index: Index) -> Append:
    """Somebody else has written `index.html`; overwriting it is for a person to decide."""
    return hold(
        "foreign",
        f"{stray(state, index)}; `cutover resume --adopt` keeps it as it is, `cutover rollback` "
        "sets it back",
    )


def late(step: Step) -> str:
    """Why a pointer that could not be moved in time is a person's matter."""
    return (
        f"{INDEX} did not become {_page(step).key} within {step.timeout_seconds:g} s, as seen on "
        f"the public path; {step.slot} has all of the traffic"
    )


def _page(step: Step) -> Page:
    if step.page is None:
        raise ValueError(f"{step.key} names no page")
    return step.page
