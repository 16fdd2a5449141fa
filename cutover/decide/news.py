"""What people are told of a run: a sentence for each change that they would want to know."""

from collections.abc import Iterator

from cutover.decide.model import SCALE, active, other
from cutover.decide.run import Run
from cutover.decide.state import State

_ENDS = {"done": "is done", "rolled_back": "has gone back", "aborted": "was given up"}


def news(environment: str, before: State, after: State) -> tuple[str, ...]:
    """What has changed between two states of the journal, as one would tell it."""
    return tuple(f"{environment}: {sentence}" for sentence in _sentences(before, after))


def _sentences(before: State, after: State) -> Iterator[str]:
    old, new = before.run, after.run
    same = old if old and new and old.id == new.id else None
    if after.summary.committed not in (before.summary.committed, None):
        yield _traffic(after)
    page = after.summary.page
    if page and page != before.summary.page:
        yield f"index.html is {page.key}"
    if old and not same:
        yield _end(old, after)
    if new and not same:
        yield f"{_what(new)} has started, run {new.id}"
    if new and new.turned and (same is None or same.turned != new.turned):
        where = "goes forward after all" if new.forward else "turns back"
        yield f"run {new.id} {where}: {new.turned}"
    elif new and same and (same.held or same.paused) and not (new.held or new.paused):
        yield f"run {new.id} goes on"
    if new and same and new.forward_only and not same.forward_only:
        yield f"run {new.id} is FORWARD_ONLY: {new.forward_only}"
    elif new and same and same.forward_only and not new.forward_only:
        yield f"run {new.id} can go back again"
    if new and new.paused and not new.held and (same is None or same.paused != new.paused):
        yield f"run {new.id} waits where it is, and its gates go on: {new.paused}"
    if new and new.held and (same is None or same.held != new.held):
        yield (
            f"run {new.id} is held: {new.held}; it waits for `resume`, `rollback` or `abort` of "
            "`python -m cutover`"
        )
    if after.summary.frozen != before.summary.frozen:
        frozen = after.summary.frozen
        yield f"frozen, no step forward: {frozen}" if frozen else "no longer frozen"


def _what(run: Run) -> str:
    release = f" of release {run.plan.release.release_id}" if run.plan.release else ""
    return f"{run.plan.verb}{release} into the {run.plan.entering} slot"


def _traffic(state: State) -> str:
    weights = state.summary.committed or {}
    most = active(weights)
    if weights[most] == SCALE:
        return f"{most} has all of the traffic"
    return f"{most} has {weights[most]} % of the traffic, {other(most)} {weights[other(most)]} %"


def _end(run: Run, after: State) -> str:
    summary = after.summary
    how = (
        f"{run.plan.verb} {_ENDS[summary.outcome]}" if summary.outcome else f"{run.plan.verb} ended"
    )
    if summary.committed is None:
        return f"{how}, run {run.id}"
    slot = active(summary.committed)
    serving = after.releases.get(slot, "an unknown release")
    return f"{how}, run {run.id}: {serving} serves from {slot}"
